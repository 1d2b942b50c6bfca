// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "cow_check.h"
#include "cow_walk.h"

static int transfer(struct io *io, bool write, u64 off, void *data, u64 len)
{
	struct iovec v = { data, len };
	struct io_span span = { &v, 0, len };

	return write ? io_write_span(io, &span, off) :
		       io_read_span(io, &span, off, false);
}

/* The map's bytes from the last sector's on, at most one, which may have bits
 * behind it. False: there is none such. */
static bool last_byte(const struct cow_header *h, u64 *off, unsigned char *mask)
{
	u64 sectors = (h->size + h->sector - 1) / h->sector;

	if (sectors % 8 == 0 || sectors / 8 >= h->map_bytes)
		return false;
	*off = h->map_at + sectors / 8;
	*mask = (unsigned char)(0xff << sectors % 8);
	return true;
}

static int scan_bits(struct cow_walk *w, struct cow_report *r, u64 file_bytes,
		     void (*progress)(u64 done, u64 of))
{
	u64 there = file_bytes > w->h->data_at ? file_bytes - w->h->data_at : 0;
	u64 at = 0, n, limit = there >= w->h->size ? ~0ull :
						     there / w->h->sector;
	int err;

	while ((err = walk_set(w, at, &at, &n)) > 0) {
		u64 from = at > limit ? at : limit;

		r->set += n;
		at += n;
		if (progress)
			progress(at, w->bits);
		if (from >= at)
			continue;
		if (!r->lost)
			r->first_lost = from;
		r->lost += at - from;
	}
	return err;
}

static int scan_garbage(struct cow_walk *w, struct cow_report *r)
{
	u64 off = 0, from, to;
	int err;

	while ((err = walk_garbage(w, off, &from, &to)) > 0) {
		r->garbage += to - from;
		off = to;
	}
	return err == -EOPNOTSUPP ? 0 : err;
}

int cow_scan(struct io *io, const struct cow_header *h, u64 file_bytes,
	     struct cow_report *r, void (*progress)(u64 done, u64 of))
{
	unsigned char mask, byte;
	struct cow_walk w;
	int err = walk_begin(&w, io, h);
	u64 off;

	*r = (struct cow_report){
		.length = h->data_at + h->size,
		.length_most = h->data_at +
			       (h->size + h->sector - 1) / h->sector * h->sector,
	};
	if (err)
		return err;
	r->sectors = w.bits;
	err = scan_bits(&w, r, file_bytes, progress);
	if (!err)
		err = scan_garbage(&w, r);
	walk_end(&w);
	if (err || !last_byte(h, &off, &mask))
		return err;
	err = transfer(io, false, off, &byte, 1);
	if (!err)
		r->stray = (u64)__builtin_popcount(byte & mask);
	return err;
}

int cow_clear_stray(struct io *io, const struct cow_header *h)
{
	unsigned char mask, byte;
	u64 off;
	int err;

	if (!last_byte(h, &off, &mask))
		return 0;
	err = transfer(io, false, off, &byte, 1);
	byte &= (unsigned char)~mask;
	if (!err)
		err = transfer(io, true, off, &byte, 1);
	return err ? err : io->ops->sync(io);
}
