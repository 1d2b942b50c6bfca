// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "cow_walk.h"

int walk_begin(struct cow_walk *w, struct io *io, const struct cow_header *h)
{
	w->io = io;
	w->h = h;
	w->bits = (h->size + h->sector - 1) / h->sector;
	if (w->bits > h->map_bytes * 8)
		w->bits = h->map_bytes * 8;
	w->map = map_new(io, h->map_at, w->bits);
	return w->map ? 0 : -ENOMEM;
}

void walk_end(struct cow_walk *w)
{
	if (w->map)
		map_free(w->map);
}

int walk_set(struct cow_walk *w, u64 at, u64 *first, u64 *n)
{
	int here = 0;

	for (; at < w->bits && !here; at += *n) {
		here = map_run_far(w->map, at, w->bits - at, n);
		*first = at;
	}
	return here;
}

static u64 min64(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* The garbage in the data [from, to) of the store, all of which is there. */
static int garbage_in(struct cow_walk *w, u64 off, u64 stop, u64 *from, u64 *to)
{
	u64 ss = w->h->sector, data_at = w->h->data_at;
	u64 end = data_at + w->h->size;

	while (off < stop) {
		u64 at = (off - data_at) / ss, n;
		u64 left = (stop - data_at + ss - 1) / ss - at;
		int here = map_run(w->map, at, left, false, &n);
		u64 last = min64(data_at + (at + n) * ss, stop);

		if (here < 0)
			return here;
		*from = (off + COW_ALIGN - 1) & ~(COW_ALIGN - 1ull);
		*to = last >= end ? last : last & ~(COW_ALIGN - 1ull);
		if (!here && *from < *to)
			return 1;
		off = last;
	}
	return 0;
}

int walk_garbage(struct cow_walk *w, u64 off, u64 *from, u64 *to)
{
	u64 ss = w->h->sector, data_at = w->h->data_at;
	u64 end = data_at + (w->h->size + ss - 1) / ss * ss;
	u64 start, stop;
	int r;

	if (off < data_at)
		off = data_at;
	for (; off < end; off = stop) {
		r = io_extent(w->io, off, &start, &stop);
		if (r <= 0 || start >= end)
			return r < 0 ? r : 0;
		r = garbage_in(w, start, min64(stop, end), from, to);
		if (r)
			return r;
	}
	return 0;
}
