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

struct rebase {
	struct image *img, *base;
	char *old, *new;	/* CHUNK bytes */
	u64 *copied;
};

static int read_image(struct image *img, char *buffer, u64 n, u64 off)
{
	struct iovec v = { buffer, n };
	struct io_span span = { &v, 0, n };

	return img->fmt->read(img, &span, off, false);
}

static bool differs(const struct rebase *r, u64 at)
{
	return memcmp(r->old + at, r->new + at, SECTOR) != 0;
}

/* n bytes at off: runs of sectors that differ are written. */
static int compare(struct rebase *r, u64 n, u64 off)
{
	u64 at = 0, end;
	int err = read_image(r->img, r->old, n, off);

	if (!err)
		err = read_image(r->base, r->new, n, off);
	while (at < n && !err) {
		for (end = at; end < n && differs(r, end); end += SECTOR)
			;
		if (end == at) {
			at += SECTOR;
			continue;
		}
		struct iovec v = { r->old + at, end - at };
		struct io_span span = { &v, 0, end - at };

		err = r->img->fmt->write(r->img, &span, off + at);
		*r->copied += end - at;
		at = end;
	}
	return err;
}

static int compare_run(struct rebase *r, u64 off, u64 len)
{
	u64 n;
	int err = 0;

	for (; len && !err; off += n, len -= n) {
		n = len < CHUNK ? len : CHUNK;
		err = compare(r, n, off);
	}
	return err;
}

static int compare_all(struct rebase *r, struct cow_map *m)
{
	u64 at, run, end = r->img->bytes / SECTOR;
	int here, err = 0;

	for (at = 0; at < end && !err; at += run) {
		here = map_run(m, at, end - at, false, &run);
		if (here < 0)
			err = here;
		else if (!here)
			err = compare_run(r, at * SECTOR, run * SECTOR);
	}
	return err;
}

int cow_rebase_copy(struct image *img, struct io *io,
		    const struct cow_header *h, struct image *base,
		    u64 *copied)
{
	/* Of its own, not that of img: pages of it that are read before img
	 * stores new bits don't have them, which does not matter. */
	struct cow_map *m = map_new(io, h->map_at, img->bytes / SECTOR);
	struct rebase r = { .img = img, .base = base, .copied = copied };
	int err = -ENOMEM;

	*copied = 0;
	r.old = malloc(2 * CHUNK);
	if (r.old && m) {
		r.new = r.old + CHUNK;
		err = compare_all(&r, m);
	}
	if (!err)
		err = img->fmt->flush(img);
	if (m)
		map_free(m);
	free(r.old);
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
