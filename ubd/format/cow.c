// SPDX-License-Identifier: GPL-2.0
/*
 * COW images: a sector is in the file (its bit is set) or still in the base.
 *
 * After a crash at any instant every sector is its old or a later written
 * value, and what a flush covered is there. A bit on disk must therefore
 * never come before its data. A flush is a round (cow_map.h):
 *
 *	snapshot the bits; sync; store those bits only; sync
 *
 * Bits that are set while it runs wait for the next round (flush.h). A stage
 * with nothing to do is left out. A round that failed fails all later flushes:
 * the host may call a second sync good and have lost the data.
 *
 * Below a clear bit is garbage, left by writes that a crash cut off. So a
 * discard leaves such sectors alone (they are the base's), and zeroing makes
 * the range zero before it sets the bits.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "cow.h"
#include "cow_map.h"
#include "flush.h"

struct cow {
	struct image img;
	struct io *io;
	struct image *base;
	struct cow_map *map;
	u64 data_at;
	u32 sector;		/* bytes per bit */
	bool writable;
	_Atomic u64 written, synced;	/* as in raw.c */
	struct flush flush;
};

static struct cow *to_cow(struct image *img)
{
	return (struct cow *)img;
}

/* ---- reading ---- */

/* The front of a span, len bytes of it; the span is advanced. */
static int read_part(struct cow *c, bool here, struct io_span *span, u64 len,
		     u64 off, bool nowait)
{
	struct io_span part = { span->iov, span->at, len };
	int err;

	if (here)
		err = io_read_span(c->io, &part, c->data_at + off, nowait);
	else
		err = c->base->fmt->read(c->base, &part, off, nowait);
	span->iov = part.iov;
	span->at = part.at;
	span->len -= len - part.len;
	return err;
}

static int cow_read(struct image *img, struct io_span *span, u64 off,
		    bool nowait)
{
	struct cow *c = to_cow(img);
	u64 end = off + span->len;
	int err = 0;

	while (span->len && !err) {
		u64 at = end - span->len, first = at / c->sector, run, stop;
		u64 n = (end + c->sector - 1) / c->sector - first;
		int here = map_run(c->map, first, n, nowait, &run);

		if (here < 0)
			return here;
		stop = (first + run) * c->sector;
		err = read_part(c, here, span, (stop < end ? stop : end) - at,
				at, nowait);
	}
	return err;
}

/* ---- rounds ---- */

static int round_of(void *arg)
{
	struct cow *c = arg;
	u64 upto = atomic_load(&c->written);
	bool any = map_snapshot(c->map);
	int err = 0;

	if (any || upto != atomic_load(&c->synced))
		err = c->io->ops->sync(c->io);
	if (!err)
		atomic_store(&c->synced, upto);
	if (err || !any)
		return err;
	err = map_store(c->map);
	if (no_room(err) && atomic_load(&c->img.patient))
		return -err;
	if (!err)
		err = c->io->ops->sync(c->io);
	if (!err)
		map_settle(c->map);
	return err;
}

static int cow_flush(struct image *img)
{
	struct cow *c = to_cow(img);

	return flush_wait(&c->flush, round_of, c);
}

static bool cow_clean(struct image *img)
{
	struct cow *c = to_cow(img);

	return atomic_load(&c->written) == atomic_load(&c->synced) &&
	       !flush_failed(&c->flush) && !map_pending(c->map);
}

/* ---- writing ---- */

static int may_write(struct cow *c)
{
	if (!c->writable)
		return -EROFS;
	return map_crowded(c->map) ? cow_flush(&c->img) : 0;
}

static int cow_write(struct image *img, struct io_span *span, u64 off)
{
	struct cow *c = to_cow(img);
	u64 first = off / c->sector, n = span->len / c->sector;
	int err = may_write(c);

	if (err)
		return err;
	err = io_write_span(c->io, span, c->data_at + off);
	if (!err)
		err = map_set(c->map, first, n);
	atomic_fetch_add(&c->written, 1);
	return err;
}

static int cow_zero(struct image *img, u64 off, u64 len, bool keep)
{
	struct cow *c = to_cow(img);
	int err = may_write(c);

	if (err)
		return err;
	err = io_zero(c->io, c->data_at + off, len, keep);
	if (!err)
		err = map_set(c->map, off / c->sector, len / c->sector);
	atomic_fetch_add(&c->written, 1);
	return err;
}

static int cow_discard(struct image *img, u64 off, u64 len)
{
	struct cow *c = to_cow(img);
	u64 at = off / c->sector, end = at + len / c->sector, run;
	int here, err = c->writable ? 0 : -EROFS;

	for (; at < end && !err; at += run) {
		here = map_run(c->map, at, end - at, false, &run);
		if (here < 0)
			return here;
		if (here)
			err = c->io->ops->punch(c->io,
						c->data_at + at * c->sector,
						run * c->sector);
	}
	atomic_fetch_add(&c->written, 1);
	return err;
}

/* ---- holes ---- */

/* Where the part of the disk [off, stop) has data, all of which is in the file
 * or all in the base. As extent(). */
static int part_extent(struct cow *c, bool here, u64 off, u64 stop, u64 *from,
		       u64 *to)
{
	u64 shift = here ? c->data_at : 0;
	int r = -EOPNOTSUPP;

	if (here)
		r = io_extent(c->io, shift + off, from, to);
	else if (c->base->fmt->extent)
		r = c->base->fmt->extent(c->base, off, from, to);
	if (r == -EOPNOTSUPP) {
		*from = off;
		*to = stop;
		return 1;
	}
	if (r <= 0 || *from >= shift + stop)
		return r < 0 ? r : 0;
	*from -= shift;
	*to = *to - shift < stop ? *to - shift : stop;
	return 1;
}

static int cow_extent(struct image *img, u64 off, u64 *from, u64 *to)
{
	struct cow *c = to_cow(img);
	u64 end = (img->bytes + c->sector - 1) / c->sector, run, stop;
	int r = 0;

	for (; off < img->bytes && !r; off = stop) {
		u64 at = off / c->sector;
		int here = map_run_far(c->map, at, end - at, &run);

		if (here < 0)
			return here;
		stop = (at + run) * c->sector;
		r = part_extent(c, here, off, stop < img->bytes ? stop :
				img->bytes, from, to);
	}
	return r;
}

/* ---- life ---- */

static void free_cow(struct cow *c)
{
	c->io->ops->close(c->io);
	c->base->fmt->close(c->base);
	if (c->map)
		map_free(c->map);
	free(c);
}

static void cow_close(struct image *img)
{
	struct cow *c = to_cow(img);

	flush_free(&c->flush);
	free_cow(c);
}

static const struct ubd_format cow_format = {
	.name	 = "cow",
	.periodic = true,
	.read	 = cow_read,
	.write	 = cow_write,
	.flush	 = cow_flush,
	.clean	 = cow_clean,
	.discard = cow_discard,
	.zero	 = cow_zero,
	.extent	 = cow_extent,
	.close	 = cow_close,
};

bool cow_can_write(const struct cow_header *h)
{
	return h->version == 3 && !h->unpacked && h->sector == 512;
}

struct image *cow_image(struct io *io, const struct cow_header *h,
			struct image *base, bool writable)
{
	struct cow *c = calloc(1, sizeof(*c));
	u64 bits = (h->size + h->sector - 1) / h->sector;

	if (!c) {
		io->ops->close(io);
		base->fmt->close(base);
		return NULL;
	}
	if (bits > h->map_bytes * 8)
		bits = h->map_bytes * 8;
	c->img.fmt = &cow_format;
	c->img.bytes = (h->size + 511) & ~511ull;
	c->io = io;
	c->base = base;
	c->data_at = h->data_at;
	c->sector = h->sector;
	c->writable = writable && cow_can_write(h);
	c->map = map_new(io, h->map_at, bits);
	if (!c->map) {
		free_cow(c);
		return NULL;
	}
	flush_init(&c->flush);
	return &c->img;
}

int cow_write_header(struct io *io, const struct cow_header *h)
{
	unsigned char head[COW_V3_BYTES];
	struct iovec v = { head, sizeof(head) };
	struct io_span span = { &v, 0, sizeof(head) };
	int err;

	cow_encode(h, head);
	err = io_write_span(io, &span, 0);
	return err ? err : io->ops->sync(io);
}
