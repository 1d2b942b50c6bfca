// SPDX-License-Identifier: GPL-2.0
/*
 * Data may go only when its bit can't come back: the bits are cleared, then
 * comes a sync, also if there were none to clear (an earlier run may have been
 * killed before its sync), then the holes are punched. Which of the cleared
 * bits a crash keeps makes no difference, since these sectors are the same in
 * file and base.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cow_check.h"
#include "cow_walk.h"

#define SECTOR	512u
#define CHUNK	2048u		/* sectors */

struct compact {
	struct io *io;
	const struct cow_header *h;
	u64 file_bytes;
	struct image *base;
	struct cow_compaction *out;
	unsigned char *here, *below;	/* CHUNK sectors each */
};

static struct io_span span_of(struct iovec *v, void *data, u64 len)
{
	*v = (struct iovec){ data, len };
	return (struct io_span){ v, 0, len };
}

static int read_both(struct compact *c, u64 first, u64 n)
{
	struct iovec a, b;
	struct io_span here = span_of(&a, c->here, n * SECTOR);
	struct io_span below = span_of(&b, c->below, n * SECTOR);
	int err = io_read_span(c->io, &here, c->h->data_at + first * SECTOR,
			       false);

	return err ? err : c->base->fmt->read(c->base, &below, first * SECTOR,
					      false);
}

/* Clears in map, which begins with the byte of sector first, the bits of those
 * that are the same; returns how many. */
static u64 clear_same(struct compact *c, unsigned char *map, u64 first, u64 n)
{
	u64 i, cleared = 0;

	for (i = 0; i < n; i++) {
		u64 b = first % 8 + i;

		if (memcmp(c->here + i * SECTOR, c->below + i * SECTOR, SECTOR))
			continue;
		map[b / 8] &= (unsigned char)~(1u << b % 8);
		cleared++;
	}
	return cleared;
}

static int clear_chunk(struct compact *c, u64 first, u64 n)
{
	unsigned char map[CHUNK / 8 + 1];
	u64 at = c->h->map_at + first / 8;
	struct iovec v;
	struct io_span span = span_of(&v, map, (first % 8 + n + 7) / 8);
	int err = read_both(c, first, n);
	u64 cleared;

	if (!err)
		err = io_read_span(c->io, &span, at, false);
	if (err)
		return err;
	cleared = clear_same(c, map, first, n);
	if (!cleared)
		return 0;
	span = span_of(&v, map, (first % 8 + n + 7) / 8);
	c->out->cleared += cleared;
	return io_write_span(c->io, &span, at);
}

static void tell(struct compact *c, u64 done, u64 of)
{
	if (c->out->progress)
		c->out->progress(c->out, done, of);
}

static int clear_bits(struct compact *c)
{
	struct cow_walk w;
	int err = walk_begin(&w, c->io, c->h);
	u64 at = 0, n, many;

	while (!err && (err = walk_set(&w, at, &at, &n)) > 0) {
		for (err = 0; n && !err; at += many, n -= many) {
			many = n < CHUNK ? n : CHUNK;
			err = clear_chunk(c, at, many);
			tell(c, at, w.bits);
		}
	}
	walk_end(&w);
	return err;
}

/* With a map read anew. */
static int punch_holes(struct compact *c)
{
	struct cow_walk w;
	int err = walk_begin(&w, c->io, c->h);
	u64 off = 0, from, to;

	while (!err && (err = walk_garbage(&w, off, &from, &to)) > 0) {
		off = to;
		c->out->punched += to - from;
		/* a last block is given back as a whole, or not at all */
		if (to >= c->file_bytes)
			to = (to + COW_ALIGN - 1) & ~(COW_ALIGN - 1ull);
		err = c->io->ops->punch(c->io, from, to - from);
	}
	walk_end(&w);
	return err;
}

int cow_compact(struct io *io, const struct cow_header *h, u64 file_bytes,
		struct image *base, struct cow_compaction *out)
{
	struct compact c = {
		.io = io, .h = h, .file_bytes = file_bytes, .base = base,
		.out = out,
	};
	int err = -ENOMEM;

	out->cleared = out->punched = 0;
	if (h->sector != SECTOR)
		return -EROFS;
	c.here = malloc(CHUNK * SECTOR);
	c.below = malloc(CHUNK * SECTOR);
	if (c.here && c.below)
		err = clear_bits(&c);
	if (!err)
		err = io->ops->sync(io);
	if (!err)
		err = punch_holes(&c);
	free(c.here);
	free(c.below);
	return err;
}
