// SPDX-License-Identifier: GPL-2.0
/*
 * rebase: sectors that the two backings have in different ways are copied into
 * the COW file first. That changes nothing for whoever reads it over the old
 * backing, so a crash is no harm; then the header changes at one stroke.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cow_map.h"
#include "cow_rebase.h"

#define CHUNK	(1u << 20)
#define SECTOR	512u
#define NAME_AT	32u	/* in a V3 header */

struct work {
	struct cow_rebase *r;
	char *old, *new;	/* CHUNK bytes */
};

static int read_image(struct image *img, char *buffer, u64 n, u64 off)
{
	struct iovec v = { buffer, n };
	struct io_span span = { &v, 0, n };

	return img->fmt->read(img, &span, off, false);
}

static bool differs(const struct work *w, u64 at)
{
	return memcmp(w->old + at, w->new + at, SECTOR) != 0;
}

/* n bytes at off: runs of sectors that differ are written. */
static int compare(struct work *w, u64 n, u64 off)
{
	struct image *img = w->r->img;
	u64 at = 0, end;
	int err = read_image(img, w->old, n, off);

	if (!err)
		err = read_image(w->r->base, w->new, n, off);
	while (at < n && !err) {
		for (end = at; end < n && differs(w, end); end += SECTOR)
			;
		if (end == at) {
			at += SECTOR;
			continue;
		}
		struct iovec v = { w->old + at, end - at };
		struct io_span span = { &v, 0, end - at };

		err = img->fmt->write(img, &span, off + at);
		at = end;
	}
	return err;
}

static int compare_run(struct work *w, u64 off, u64 len)
{
	u64 n;
	int err = 0;

	for (; len && !err; off += n, len -= n) {
		n = w->r->same ? w->r->same(w->r, off, len) : 0;
		if (n)
			continue;
		n = len < CHUNK ? len : CHUNK;
		err = compare(w, n, off);
		if (w->r->progress)
			w->r->progress(off + n, w->r->img->bytes);
	}
	return err;
}

static int compare_all(struct work *w, struct cow_map *m)
{
	u64 at, run, end = w->r->img->bytes / SECTOR;
	int here, err = 0;

	for (at = 0; at < end && !err; at += run) {
		here = map_run_far(m, at, end - at, &run);
		if (here < 0)
			err = here;
		else if (!here)
			err = compare_run(w, at * SECTOR, run * SECTOR);
	}
	return err;
}

int cow_rebase_copy(struct cow_rebase *r)
{
	/* Of its own, not that of img: pages of it that are read before img
	 * stores new bits don't have them, which does not matter. */
	struct cow_map *m = map_new(r->io, r->h->map_at,
				    r->img->bytes / SECTOR);
	struct work w = { .r = r, .old = malloc(2 * CHUNK) };
	int err = -ENOMEM;

	if (w.old && m) {
		w.new = w.old + CHUNK;
		err = compare_all(&w, m);
	}
	if (!err)
		err = r->img->fmt->flush(r->img);
	if (m)
		map_free(m);
	free(w.old);
	return err;
}

int cow_rebase_header(struct io *io, const struct cow_header *h)
{
	unsigned char old[COW_V3_BYTES], new[COW_V3_BYTES];
	struct iovec v = { old, sizeof(old) };
	struct io_span span = { &v, 0, sizeof(old) };
	/* behind the name's end may be anything: it stays */
	u32 from = 0, to = NAME_AT + (u32)strlen(h->backing) + 1;
	int err = io_read_span(io, &span, 0, false);

	if (err)
		return err;
	cow_encode(h, new);
	while (from < to && old[from] == new[from])
		from++;
	while (to > from && old[to - 1] == new[to - 1])
		to--;
	if (from == to)
		return 0;
	if (from / SECTOR != (to - 1) / SECTOR)
		return -EFBIG;
	v = (struct iovec){ new + from, to - from };
	span = (struct io_span){ &v, 0, to - from };
	err = io_write_span(io, &span, from);
	return err ? err : io->ops->sync(io);
}
