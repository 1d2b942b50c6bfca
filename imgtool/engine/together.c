/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading many small files. For each of them the way into the guest and back,
 * and from the agent into its kernel and back, costs more than the bytes do.
 * So whoever reads two of a directory gets those that stand behind them too, in
 * the order of their names, which is that of all who walk through trees; and
 * the next ones are under way while he has these.
 */
#include <errno.h>
#include <string.h>

#include "imgtool/engine/engine.h"
#include "imgtool/msg.h"

#define FILE_MOST  (128u << 10)
#define BATCH_MOST (512u << 10)
#define NAMES_MOST (16u << 10)
#define FILES_MOST (sizeof(((struct batch *)0)->files) / sizeof(struct batch_file))

struct batch *together_first(struct engine *e)
{
	struct batch *b, *first = NULL;

	for (b = e->batches; b < e->batches + BATCHES; b++)
		if (b->pending && (!first || b->used < first->used))
			first = b;
	return first;
}

void together_forget(struct engine *e)
{
	int i;

	for (i = 0; i < BATCHES; i++)
		e->batches[i].dir = e->batches[i].count = 0;
	e->small_dir = 0;
}

static struct batch_file *find(struct engine *e, uint32_t node,
			       struct batch **batch)
{
	struct batch *b;
	unsigned int i;

	for (b = e->batches; b < e->batches + BATCHES; b++)
		for (i = 0; i < b->count; i++)
			if (b->files[i].node == node) {
				*batch = b;
				return &b->files[i];
			}
	return NULL;
}

/* ---- asking ---- */

/* Is it one to be read with others? Not by another name of it. */
static bool is_small(const struct node *node, uint32_t number)
{
	return node->same == number && !node->error && !node->stale &&
	       S_ISREG(node->attr.mode) && node->attr.size &&
	       node->attr.size <= FILE_MOST;
}

static size_t put_want(char *to, const struct node *node)
{
	struct engine_want want = { node->attr.size, strlen(node->name) };
	size_t n = ENGINE_ALIGN(sizeof(want) + want.name_size);

	memset(to, 0, n);
	memcpy(to, &want, sizeof(want));
	memcpy(to + sizeof(want), node->name, want.name_size);
	return n;
}

/* Choose files from PLACE in a directory on; what asks for them is put into
 * NAMES, of NAMES_MOST bytes. Returns its size. */
static size_t choose(struct engine *e, struct batch *b, const struct node *dir,
		     size_t place, char *names)
{
	size_t used = 0, bytes = 0;

	for (; place < dir->entry_count && b->count < FILES_MOST; place++) {
		uint32_t number = dir->entries[place];
		const struct node *node = e->nodes.list[number];

		if (!is_small(node, number))
			continue;
		if (bytes + node->attr.size > BATCH_MOST ||
		    used + 300 > NAMES_MOST)
			break;
		bytes += node->attr.size;
		used += put_want(names + used, node);
		b->files[b->count++] = (struct batch_file){
			.node = number, .size = node->attr.size };
	}
	b->next = place;
	return used;
}

/* Ask for what is in DIR from PLACE on. 0 or -errno, maybe -EAGAIN. */
static int ask(struct engine *e, struct batch *b, uint32_t dir, size_t place)
{
	char names[NAMES_MOST];
	struct client_request request = { .op = ENGINE_READ_FILES,
					  .data = names };
	int r = engine_path(e, dir, &request.path);

	b->dir = b->count = 0;
	if (r < 0)
		return r;
	request.data_size = choose(e, b, nodes_get(&e->nodes, dir), place,
				   names);
	if (b->count < 2)
		r = -EAGAIN;
	r = r ?: client_send(&e->client, &request);
	if (r < 0) {
		b->count = 0;
		return r;
	}
	b->dir = dir;
	b->pending = true;
	b->used = ++e->window_uses;
	return 0;
}

/* ---- the answer ---- */

/* All files that were asked for, one after the other. 0, or -EPROTO. */
static int take(struct batch *b, const char *data, size_t size)
{
	struct engine_file file;
	size_t at = 0, n;
	unsigned int i;

	for (i = 0; i < b->count; i++, at += n) {
		struct batch_file *f = &b->files[i];

		if (size - at < sizeof(file))
			return -EPROTO;
		memcpy(&file, data + at, sizeof(file));
		if (file.size > f->size || file.error > 0)
			return -EPROTO;
		n = ENGINE_ALIGN(sizeof(file) + (size_t)file.size);
		if (n > size - at)
			return -EPROTO;
		f->at = at + sizeof(file);
		/* what is not as expected is read by itself */
		if (file.error || file.size != f->size)
			f->node = 0;
	}
	return at == size ? 0 : -EPROTO;
}

void together_receive(struct engine *e, struct batch *b)
{
	bool more;
	int r = client_receive(&e->client, ENGINE_DATA_MOST, &more);

	b->pending = false;
	if (r == 0 && (more || take(b, e->client.reply, e->client.size) < 0))
		r = client_broken(&e->client);
	if (r < 0)
		b->dir = b->count = 0;
	else
		ahead_take(e, &b->data);
}

/* ---- reading ---- */

/* The one to be used next: not under way, and used longest ago. */
static struct batch *oldest(struct engine *e)
{
	struct batch *b, *found = NULL;

	for (b = e->batches; b < e->batches + BATCHES; b++)
		if (!b->pending && (!found || b->used < found->used))
			found = b;
	return found;
}

/* A small file is read that is in no batch: ask for one that begins with it, if
 * another one in its directory was read before. */
static int begin(struct engine *e, uint32_t number, const struct node *node)
{
	bool again = e->small_dir == node->parent;

	e->small_dir = node->parent;
	if (!again || !node->entered)
		return -EAGAIN;
	ahead_settle(e);
	return ask(e, oldest(e), node->parent, node->place);
}

/* Some of B have been read, F now: see that the next ones come. */
static void go_on(struct engine *e, const struct batch *b,
		  const struct batch_file *f)
{
	const struct node *dir = nodes_get(&e->nodes, b->dir);
	struct batch *other = &e->batches[b == e->batches];

	if (f - b->files < b->count / 4 || b->next >= dir->entry_count ||
	    other->pending || (other->dir == b->dir && other->used > b->used))
		return;
	ask(e, other, b->dir, b->next);
}

ssize_t together_read(struct engine *e, uint32_t number, uint64_t offset,
		      void *data, size_t length)
{
	const struct node *node = nodes_get(&e->nodes, number);
	struct batch_file *f;
	struct batch *b;

	if (!is_small(node, number) || offset >= node->attr.size)
		return -EAGAIN;
	f = find(e, number, &b);
	if (!f && !offset && begin(e, number, node) == 0)
		f = find(e, number, &b);
	while (f && b->pending)
		ahead_receive(e);
	if (!f || f->node != number || f->size != node->attr.size || !b->dir)
		return -EAGAIN;
	if (length > f->size - offset)
		length = f->size - offset;
	memcpy(data, b->data + f->at + offset, length);
	go_on(e, b, f);
	return length;
}
