// SPDX-License-Identifier: GPL-2.0
/*
 * commit: a crash at any instant leaves a file that can be opened, or one that
 * has the record and is finished by running it again.
 *
 *	record; sync			nobody opens the file from here on
 *	stamp the backing		nor other COW files of this backing
 *	copy the sectors; sync		(which changes the backing's time)
 *	stamp again			the time that our header will have
 *	our header's time, clear the bits; sync
 *	clear the record; sync
 *	punch the data			below clear bits: means nothing
 *
 * A stamp is on stable storage when it returns. Bits are cleared only when the
 * backing is complete, so that all of it can be done again from any point: a
 * sector whose bit is set is copied, whether it was before or not. The mtime
 * is a new one in each run, for somebody may have made a COW file over the
 * backing in between.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cow_commit.h"
#include "cow_map.h"

#define CHUNK		(1u << 20)
#define MAP_CHUNK	65536u
#define SECTOR		512u
#define MTIME_AT	8u	/* in a V3 header */

static int write_bytes(struct io *io, const void *p, u64 n, u64 off)
{
	struct iovec v = { (void *)p, n };
	struct io_span span = { &v, 0, n };

	return io_write_span(io, &span, off);
}

static int put_record(struct cow_commit *c, bool present)
{
	unsigned char raw[COW_RECORD_BYTES] = { 0 };
	int err;

	if (present)
		cow_record_put(&c->record, raw);
	err = write_bytes(c->cow, raw, sizeof(raw), COW_RECORD_AT);
	return err ? err : c->cow->ops->sync(c->cow);
}

static u64 sectors(const struct cow_commit *c)
{
	return (c->h->size + SECTOR - 1) / SECTOR;
}

static bool all_zero(const char *p, u64 n)
{
	return !p[0] && !memcmp(p, p + 1, n - 1);
}

/* ---- copying ---- */

/* One piece, read already; what the base has no room for is looked at. */
static int put_piece(struct cow_commit *c, char *buffer, u64 n, u64 off)
{
	struct iovec v = { buffer, n };
	struct io_span span = { &v, 0, n };

	if (n > c->base_bytes - off) {
		span.len = c->base_bytes - off;
		c->tail_kept = !all_zero(buffer + span.len, n - span.len);
	}
	c->copied += span.len;
	if (all_zero(buffer, span.len))
		return c->base->fmt->zero(c->base, off, span.len, false);
	return c->base->fmt->write(c->base, &span, off);
}

static int copy_run(struct cow_commit *c, char *buffer, u64 off, u64 len)
{
	u64 n;

	for (; len; off += n, len -= n) {
		struct iovec v = { buffer, n = len < CHUNK ? len : CHUNK };
		struct io_span span = { &v, 0, n };
		int err = io_read_span(c->cow, &span, c->h->data_at + off,
				       false);

		if (!err)
			err = put_piece(c, buffer, n, off);
		if (err)
			return err;
		if (c->progress)
			c->progress(off + n, c->h->size);
	}
	return 0;
}

/* buffer NULL: only whether there is one. 1, 0 or -errno */
static int each_run(struct cow_commit *c, char *buffer)
{
	struct cow_map *m = map_new(c->cow, c->h->map_at, sectors(c));
	u64 at, run, end = sectors(c);
	int here, r = m ? 0 : -ENOMEM;

	for (at = 0; at < end && r >= 0; at += run) {
		here = map_run_far(m, at, end - at, &run);
		if (here > 0 && !buffer) {
			r = 1;
			break;
		}
		if (here > 0)
			r = copy_run(c, buffer, at * SECTOR, run * SECTOR);
		else
			r = here;
	}
	if (m)
		map_free(m);
	return r;
}

static int copy_all(struct cow_commit *c)
{
	char *buffer = malloc(CHUNK);
	int err = buffer ? each_run(c, buffer) : -ENOMEM;

	free(buffer);
	return err ? err : c->base->fmt->flush(c->base);
}

/* ---- clearing ---- */

static int put_mtime(struct cow_commit *c)
{
	u32 t = (u32)c->mtime;
	unsigned char raw[4] = { (unsigned char)(t >> 24),
				 (unsigned char)(t >> 16),
				 (unsigned char)(t >> 8), (unsigned char)t };

	return write_bytes(c->cow, raw, sizeof(raw), MTIME_AT);
}

/* Clears n bytes of the map from byte `from` on; holes are left holes. */
static int clear_chunk(struct cow_commit *c, char *buffer, u64 from, u64 n)
{
	struct iovec v = { buffer, n };
	struct io_span span = { &v, 0, n };
	int err = io_read_span(c->cow, &span, c->h->map_at + from, false);
	bool last = from + n == c->h->map_bytes && c->tail_kept;
	char keep = (char)(1u << (sectors(c) - 1) % 8);

	if (err || all_zero(buffer, n))
		return err;
	memset(buffer, 0, n);
	if (last)
		buffer[n - 1] = keep;
	return write_bytes(c->cow, buffer, n, c->h->map_at + from);
}

static int clear_bits(struct cow_commit *c)
{
	u64 at = c->h->map_at, end = at + c->h->map_bytes, from, to, n;
	char *buffer = malloc(MAP_CHUNK);
	int r = buffer ? 1 : -ENOMEM;

	for (; at < end && r > 0; at += n) {
		n = 0;
		r = io_extent(c->cow, at, &from, &to);
		if (r > 0 && from > at)
			at = from;
		if (r == -EOPNOTSUPP)
			r = 1;
		if (r <= 0 || at >= end)
			break;
		n = end - at < MAP_CHUNK ? end - at : MAP_CHUNK;
		r = clear_chunk(c, buffer, at - c->h->map_at, n) ?: 1;
	}
	free(buffer);
	return r < 0 ? r : 0;
}

static void punch(struct cow_commit *c)
{
	u64 end = sectors(c) - (c->tail_kept ? 1 : 0);
	int err = 0;

	if (end)
		err = c->cow->ops->punch(c->cow, c->h->data_at, end * SECTOR);
	c->punch_error = err;
}

/* ---- all of it ---- */

static int begin(struct cow_commit *c)
{
	int err = put_record(c, true);

	if (!err)
		err = c->stamp(c);
	/* who is not the owner can't set times: as if not begun */
	if (err == -EPERM && !c->resumed && !put_record(c, false))
		c->begun = false;
	return err;
}

int cow_commit(struct cow_commit *c)
{
	int err = each_run(c, NULL);

	c->begun = c->resumed;
	if (err < 0 || (!err && !c->resumed))
		return err;
	c->begun = true;
	err = begin(c);
	if (!err)
		err = copy_all(c);
	if (!err)
		err = c->stamp(c);
	if (!err)
		err = put_mtime(c);
	if (!err)
		err = clear_bits(c);
	if (!err)
		err = c->cow->ops->sync(c->cow);
	if (!err)
		err = put_record(c, false);
	if (!err)
		punch(c);
	return err;
}
