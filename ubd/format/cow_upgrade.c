// SPDX-License-Identifier: GPL-2.0
/*
 * COW files of old kinds made into V3, as new files: the backing is not
 * needed, for a sector without a bit stays one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cow.h"
#include "cow_map.h"

#define CHUNK	(1u << 20)

struct upgrade {
	struct io *from, *to;
	const struct cow_header *old, *new;
	struct cow_map *old_map, *new_map;
	char *buffer;
	void (*progress)(u64 done, u64 of);
};

static int copy(struct upgrade *u, u64 off, u64 len)
{
	u64 n;

	for (; len; off += n, len -= n) {
		struct iovec v = { u->buffer, n = len < CHUNK ? len : CHUNK };
		struct io_span in = { &v, 0, n }, out = in;
		int err = io_read_span(u->from, &in, u->old->data_at + off,
				       false);

		if (!err)
			err = io_write_span(u->to, &out, u->new->data_at + off);
		if (err)
			return err;
		if (u->progress)
			u->progress(off + n, u->new->size);
	}
	return 0;
}

static int store(struct upgrade *u)
{
	int err = 0;

	if (map_snapshot(u->new_map))
		err = map_store(u->new_map);
	if (!err)
		map_settle(u->new_map);
	return err;
}

static int copy_all(struct upgrade *u)
{
	u64 ss = u->old->sector, end = (u->new->size + 511) & ~511ull;
	u64 at, run, bits = (u->old->size + ss - 1) / ss;
	int here, err = 0;

	if (bits > u->old->map_bytes * 8)
		bits = u->old->map_bytes * 8;
	for (at = 0; at < bits && !err; at += run) {
		u64 off = at * ss, len;

		here = map_run_far(u->old_map, at, bits - at, &run);
		if (here <= 0) {
			err = here;
			continue;
		}
		len = run * ss < end - off ? run * ss : end - off;
		err = copy(u, off, len);
		if (!err)
			err = map_set(u->new_map, off / 512, len / 512);
		if (!err && map_crowded(u->new_map))
			err = store(u);
	}
	return err ? err : store(u);
}

int cow_upgrade(struct io *from, const struct cow_header *old, struct io *to,
		const struct cow_header *new,
		void (*progress)(u64 done, u64 of))
{
	struct upgrade u = { .from = from, .to = to, .old = old, .new = new,
			     .progress = progress };
	int err = -ENOMEM;

	u.old_map = map_new(from, old->map_at, old->map_bytes * 8);
	u.new_map = map_new(to, new->map_at, new->map_bytes * 8);
	u.buffer = malloc(CHUNK);
	if (u.old_map && u.new_map && u.buffer)
		err = copy_all(&u);
	if (!err)
		err = cow_write_header(to, new);
	if (u.old_map)
		map_free(u.old_map);
	if (u.new_map)
		map_free(u.new_map);
	free(u.buffer);
	return err;
}
