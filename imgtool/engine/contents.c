/* SPDX-License-Identifier: GPL-2.0 */
/* What is in the files of an engine: data, targets, extended attributes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/engine/tree.h"
#include "imgtool/msg.h"

ssize_t contents_read(struct fs *fs, uint64_t ino, uint64_t offset,
			 void *data, size_t length)
{
	struct engine *e;
	struct node *node = engine_enter(fs, ino, &e);
	ssize_t n = node ? engine_learn(e, ino, node) : -EUCLEAN;

	if (n == 0 && !S_ISREG(node->attr.mode))
		n = S_ISDIR(node->attr.mode) ? -EISDIR : -EINVAL;
	if (n == 0)
		n = ahead_read(e, ino, offset, data, length);
	pthread_mutex_unlock(&e->lock);
	return n;
}

/* A small file without holes is data, and need not be asked about. */
#define SMALL (128u << 10)

static int find_data(struct engine *e, uint32_t ino, const struct node *node,
		     uint64_t offset, struct engine_extent *x)
{
	uint64_t size = node->attr.size;
	int r;

	*x = (struct engine_extent){ size, size };
	if (offset >= size)
		return 0;
	x->start = offset;
	if (size <= SMALL && node->attr.blocks * 512 >= size)
		return 0;
	r = engine_ask_struct(e, ino, ENGINE_SEEK, offset, x, sizeof(*x));
	if (r < 0)
		return r;
	if (x->end > size)
		x->end = size;
	if (x->start > x->end)
		x->start = x->end;
	/* whoever reads on must get on */
	if (x->start < offset || (x->start == x->end && x->start != size))
		return -EUCLEAN;
	return 0;
}

int contents_data(struct fs *fs, uint64_t ino, uint64_t offset,
		     uint64_t *start, uint64_t *end)
{
	struct engine *e;
	struct engine_extent extent;
	struct node *node = engine_enter(fs, ino, &e);
	int r = node ? engine_learn(e, ino, node) : -EUCLEAN;

	if (r == 0 && !S_ISREG(node->attr.mode))
		r = -EINVAL;
	if (r == 0)
		r = find_data(e, ino, node, offset, &extent);
	if (r == 0) {
		*start = extent.start;
		*end = extent.end;
	}
	return engine_leave(e, r);
}

static int get_link(struct engine *e, uint32_t ino, struct node *node)
{
	int r = node->link ? 0 : engine_ask_about(e, ino, ENGINE_READLINK,
					   FS_LINK_LONGEST);

	if (node->link || r < 0)
		return r;
	if (!e->client.size || memchr(e->client.reply, 0, e->client.size))
		return -EUCLEAN;
	node->link = mem_strdup(e->client.reply);
	return 0;
}

int contents_readlink(struct fs *fs, uint64_t ino, char *target)
{
	struct engine *e;
	struct node *node = engine_enter(fs, ino, &e);
	int r = node ? engine_learn(e, ino, node) : -EUCLEAN;

	if (r == 0 && !S_ISLNK(node->attr.mode))
		r = -EINVAL;
	r = r ?: get_link(e, ino, node);
	if (r == 0)
		strcpy(target, node->link);
	return engine_leave(e, r);
}

/* ---- extended attributes ---- */

/* Those of one answer, in memory of its own since FN may ask for more. */
static int give_xattrs(const char *at, size_t size, fs_xattr_fn *fn,
		       void *context)
{
	char name[FS_NAME_LONGEST + 1];
	const struct engine_xattr *x;
	size_t n;
	int r = 0;

	for (; size && !r; at += n, size -= n) {
		x = (const void *)at;
		if (size < sizeof(*x) || x->name_size > FS_NAME_LONGEST ||
		    x->value_size > size)
			return -EPROTO;
		n = ENGINE_ALIGN(sizeof(*x) + x->name_size + x->value_size);
		if (n > size)
			return -EPROTO;
		memcpy(name, x + 1, x->name_size);
		name[x->name_size] = 0;
		if (!*name || strlen(name) != x->name_size)
			return -EUCLEAN;
		r = fn(context, name, (const char *)(x + 1) + x->name_size,
		       x->value_size);
	}
	return r;
}

static int get_xattrs(struct engine *e, uint32_t ino, char **all, size_t *size)
{
	struct client_request request = { .op = ENGINE_XATTRS };
	bool more = true;
	int r;

	ahead_settle(e);
	r = engine_path(e, ino, &request.path);
	r = r ?: client_send(&e->client, &request);
	while (r == 0 && more) {
		r = client_receive(&e->client, ENGINE_REPLY_MOST, &more);
		if (r < 0)
			break;
		/* 64 KiB of names with 64 KiB each is what Linux allows */
		if (*size > SIZE_MAX / 4 || *size > (1u << 30))
			return client_broken(&e->client);
		*all = realloc(*all, *size + e->client.size + 1);
		if (!*all)
			abort();
		memcpy(*all + *size, e->client.reply, e->client.size);
		*size += e->client.size;
	}
	return r;
}

int contents_xattrs(struct fs *fs, uint64_t ino, fs_xattr_fn *fn,
		       void *context)
{
	struct engine *e;
	struct node *node = engine_enter(fs, ino, &e);
	int r = node ? engine_learn(e, ino, node) : -EUCLEAN;
	char *all = NULL;
	size_t size = 0;

	e->wants_xattrs = true;
	if (r == 0 && !node->no_xattrs)
		r = get_xattrs(e, ino, &all, &size);
	engine_leave(e, 0);
	if (r == 0)
		r = give_xattrs(all, size, fn, context);
	free(all);
	return r;
}
