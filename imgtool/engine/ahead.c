/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading files. What is read in order is asked for ahead, a megabyte at a
 * time, so that the guest works while we do; what jumps gets less.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/engine/engine.h"
#include "imgtool/msg.h"

#define FIRST	(128u << 10)

/* Of the windows, one is left for what was asked for out of order. */
#define AHEAD	(WINDOWS - 1)

static bool holds(const struct window *w, uint32_t node, uint64_t offset)
{
	/* also what is known to be behind the end of the file */
	return w->node == node && offset >= w->offset &&
	       offset - w->offset < (w->pending ? w->asked : w->size) +
				    (!w->pending && w->size < w->asked);
}

static struct window *find(struct engine *e, uint32_t node, uint64_t offset)
{
	int i;

	for (i = 0; i < WINDOWS; i++)
		if (holds(&e->windows[i], node, offset))
			return &e->windows[i];
	return NULL;
}

/* One that is free, or was used longest ago. NULL: all are under way. */
static struct window *take(struct engine *e)
{
	struct window *oldest = NULL, *w;

	for (w = e->windows; w < e->windows + WINDOWS; w++)
		if (!w->pending && (!oldest || w->used < oldest->used))
			oldest = w;
	return oldest;
}

/* (OFFSET is in the file) */
static int request(struct engine *e, uint32_t node, uint64_t offset,
		   size_t length)
{
	uint64_t rest = nodes_get(&e->nodes, node)->attr.size - offset;
	struct window *w = take(e);
	struct client_request request = { .op = ENGINE_READ, .offset = offset,
					  .length = length };
	int r = w ? engine_path(e, node, &request.path) : -EAGAIN;

	/* the guest need not look for the end */
	if (length > rest)
		request.length = length = rest;
	if (r == 0)
		r = client_send(&e->client, &request);
	if (r < 0)
		return r;
	*w = (struct window){ .node = node, .pending = true, .asked = length,
			      .offset = offset, .data = w->data,
			      .used = ++e->window_uses };
	return 0;
}

/* (a megabyte is not copied where two pointers can be) */
void ahead_take(struct engine *e, char **data)
{
	char *reply = e->client.reply;

	e->client.reply = *data ?: mem_alloc(ENGINE_REPLY_MOST + 1);
	*data = reply;
}

static void receive(struct engine *e, struct window *w)
{
	bool more;
	int r = client_receive(&e->client, w->asked, &more);

	if (more)
		r = client_broken(&e->client);
	w->pending = false;
	w->error = r;
	w->size = r < 0 ? 0 : e->client.size;
	if (r < 0)
		w->node = 0;
	else
		ahead_take(e, &w->data);
}

/* The window that was asked for first of those under way. */
static struct window *first_window(struct engine *e)
{
	struct window *w, *first = NULL;

	for (w = e->windows; w < e->windows + WINDOWS; w++)
		if (w->pending && (!first || w->used < first->used))
			first = w;
	return first;
}

void ahead_receive(struct engine *e)
{
	struct window *w = first_window(e);
	struct batch *b = together_first(e);

	if (w && (!b || w->used < b->used))
		receive(e, w);
	else if (b)
		together_receive(e, b);
}

void ahead_settle(struct engine *e)
{
	engine_catch_up(e);
	while (first_window(e) || together_first(e))
		ahead_receive(e);
}

void ahead_forget(struct engine *e)
{
	int i;

	ahead_settle(e);
	for (i = 0; i < WINDOWS; i++)
		e->windows[i].node = 0;
	e->read_node = 0;
	together_forget(e);
}

void ahead_end(struct engine *e)
{
	int i;

	for (i = 0; i < BATCHES; i++)
		free(e->batches[i].data);
	memset(e->batches, 0, sizeof(e->batches));
	for (i = 0; i < WINDOWS; i++)
		free(e->windows[i].data);
	memset(e->windows, 0, sizeof(e->windows));
}

/* Ask for what will be read next, as far as there is room. */
static void go_ahead(struct engine *e, uint32_t node, uint64_t offset,
		     uint64_t size)
{
	struct window *w;
	int ahead, i;

	/* (those that are here, too: they must not be pushed out) */
	for (ahead = 0; (w = find(e, node, offset)) && w->asked; ahead++)
		offset = w->offset + w->asked;
	for (i = 0; i < WINDOWS; i++)
		if (e->windows[i].pending && e->windows[i].node != node)
			return;
	for (; ahead < AHEAD && offset < size; ahead++) {
		if (request(e, node, offset, ENGINE_DATA_MOST) < 0)
			return;
		offset += ENGINE_DATA_MOST;
	}
}

/* The window with OFFSET, here. */
static int get(struct engine *e, uint32_t node, uint64_t offset, size_t length,
	       struct window **window)
{
	bool in_order = e->read_node == node && e->read_end == offset;
	struct window *w = find(e, node, offset);
	int r;

	if (!w) {
		ahead_settle(e);
		r = request(e, node, offset,
			    in_order || length > FIRST ? ENGINE_DATA_MOST :
			    FIRST);
		if (r < 0)
			return r;
		w = find(e, node, offset);
	}
	while (w->pending)
		ahead_receive(e);
	w->used = ++e->window_uses;
	*window = w;
	return w->error;
}

ssize_t ahead_read(struct engine *e, uint32_t node, uint64_t offset, void *data,
		  size_t length)
{
	uint64_t size = nodes_get(&e->nodes, node)->attr.size;
	bool in_order = !offset || (e->read_node == node &&
				    e->read_end == offset);
	struct window *w;
	size_t used = 0, n;
	ssize_t r;

	/* answers come in the order of requests */
	engine_catch_up(e);
	r = together_read(e, node, offset, data, length);
	if (r != -EAGAIN)
		return r;
	while (used < length && offset + used < size) {
		r = get(e, node, offset + used, length - used, &w);
		if (r < 0)
			return r;
		n = w->size > offset + used - w->offset ?
		    w->size - (offset + used - w->offset) : 0;
		if (!n)
			break;
		if (n > length - used)
			n = length - used;
		memcpy((char *)data + used, w->data + (offset + used -
						       w->offset), n);
		used += n;
		e->read_node = node;
		e->read_end = offset + used;
	}
	if (in_order && used == length)
		go_ahead(e, node, offset + used, size);
	return used;
}
