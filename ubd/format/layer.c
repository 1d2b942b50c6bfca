// SPDX-License-Identifier: GPL-2.0
/*
 * The throw-away layer: a bit per sector says whether it is to be found in
 * `over` (at the same offset; over is sparse) or still in `base`.
 *
 * The map is a table of leaves of 4 KiB, each for 16 MiB of disk, made when
 * first needed. Bits only go from 0 to 1, and only after the data is there,
 * so readers need no lock: a reader that sees the old bit reads the old
 * sector, as if it had come before the write. The sector is the unit, so a
 * small first write reads nothing.
 *
 * Nothing here survives the process, so a flush has nothing to do.
 *
 * Limit: `credit` is what may be written before the store has to be asked
 * how much it takes by now. Writing a sector again costs credit too, and gets
 * it back at the next question; punched ranges are counted by the store.
 * Writers that ask at the same time may go over the limit by what they have
 * in hand.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "format.h"

#define SECTOR_SHIFT	9
#define LEAF_BYTES	4096u
#define LEAF_SECTORS	(LEAF_BYTES * 8)

typedef _Atomic unsigned char map_byte;

struct layer {
	struct image img;
	struct io *base, *over;
	u64 max;
	_Atomic s64 credit;
	atomic_bool said_full;
	void (*full)(void *arg, int err);
	void *arg;
	_Atomic(map_byte *) leaves[];
};

static struct layer *to_layer(struct image *img)
{
	return (struct layer *)img;
}

/* ---- the map ---- */

static unsigned char map_get(struct layer *l, u64 sector)
{
	map_byte *leaf = atomic_load(&l->leaves[sector / LEAF_SECTORS]);

	return leaf ? atomic_load(&leaf[sector % LEAF_SECTORS / 8]) : 0;
}

static bool is_over(struct layer *l, u64 sector)
{
	return map_get(l, sector) >> sector % 8 & 1;
}

/* How many sectors from the first, at most n, are in the same store. */
static u64 map_run(struct layer *l, u64 sector, u64 n, bool over)
{
	unsigned char whole = over ? 0xff : 0;
	u64 i = 0;

	while (i < n) {
		if ((sector + i) % 8 == 0 && map_get(l, sector + i) == whole)
			i += 8;
		else if (is_over(l, sector + i) == over)
			i++;
		else
			break;
	}
	return i < n ? i : n;
}

static map_byte *make_leaf(struct layer *l, u64 index)
{
	map_byte *leaf = atomic_load(&l->leaves[index]), *fresh;

	if (leaf)
		return leaf;
	fresh = calloc(1, LEAF_BYTES);
	if (!fresh)
		return NULL;
	if (atomic_compare_exchange_strong(&l->leaves[index], &leaf, fresh))
		return fresh;
	free(fresh);
	return leaf;
}

/* All leaves that map_set() will need. */
static int map_prepare(struct layer *l, u64 sector, u64 n)
{
	u64 i, last = (sector + n - 1) / LEAF_SECTORS;

	for (i = sector / LEAF_SECTORS; i <= last; i++)
		if (!make_leaf(l, i))
			return -ENOMEM;
	return 0;
}

static void map_set(struct layer *l, u64 sector, u64 n)
{
	while (n) {
		map_byte *leaf = atomic_load(&l->leaves[sector / LEAF_SECTORS]);
		u32 bit = sector % 8, many = 8 - bit;

		if (many > n)
			many = (u32)n;
		atomic_fetch_or(&leaf[sector % LEAF_SECTORS / 8],
				(unsigned char)(((1u << many) - 1) << bit));
		sector += many;
		n -= many;
	}
}

/* ---- the limit ---- */

static int no_room(struct layer *l, int err)
{
	if (l->full && !atomic_exchange(&l->said_full, true))
		l->full(l->arg, err);
	return err;
}

static bool ask_store(struct layer *l, u64 len)
{
	s64 used = l->over->ops->used ? l->over->ops->used(l->over) : -1;

	if (used < 0 || used + (s64)len > (s64)l->max)
		return false;
	atomic_store(&l->credit, (s64)l->max - used - (s64)len);
	return true;
}

static int take_credit(struct layer *l, u64 len)
{
	if (!l->max)
		return 0;
	if (atomic_fetch_sub(&l->credit, (s64)len) >= (s64)len)
		return 0;
	atomic_fetch_add(&l->credit, (s64)len);
	return ask_store(l, len) ? 0 : no_room(l, -ENOSPC);
}

static int check_room(struct layer *l, int err)
{
	if (err == -ENOSPC || err == -EDQUOT || err == -EFBIG)
		no_room(l, err);
	return err;
}

/* ---- operations ---- */

/* Reads the front of a span, `len` bytes of it, and advances it. */
static int read_part(struct io *io, struct io_span *span, u64 len, u64 off,
		     bool nowait)
{
	struct io_span part = { span->iov, span->at, len };
	int err = io_read_span(io, &part, off, nowait);

	span->iov = part.iov;
	span->at = part.at;
	span->len -= len - part.len;
	return err;
}

static int layer_read(struct image *img, struct io_span *span, u64 off,
		      bool nowait)
{
	struct layer *l = to_layer(img);
	u64 end = off + span->len;
	int err = 0;

	while (span->len && !err) {
		u64 at = end - span->len, sector = at >> SECTOR_SHIFT;
		u64 left = (end - 1) >> SECTOR_SHIFT;
		bool over = is_over(l, sector);
		u64 stop = sector + map_run(l, sector, left - sector + 1, over);
		u64 len = (stop << SECTOR_SHIFT) - at;

		if (len > span->len)
			len = span->len;
		err = read_part(over ? l->over : l->base, span, len, at,
				nowait);
	}
	return err;
}

static int layer_write(struct image *img, struct io_span *span, u64 off)
{
	struct layer *l = to_layer(img);
	u64 sector = off >> SECTOR_SHIFT, n = span->len >> SECTOR_SHIFT;
	int err = map_prepare(l, sector, n);

	if (!err)
		err = take_credit(l, span->len);
	if (err)
		return err;
	err = io_write_span(l->over, span, off);
	if (!err)
		map_set(l, sector, n);
	return check_room(l, err);
}

static int layer_flush(struct image *img)
{
	(void)img;
	return 0;
}

static bool layer_clean(struct image *img)
{
	(void)img;
	return true;
}

/* What is in the layer becomes zero and gives its room back; what is still in
 * the base stays: a discard may do nothing. */
static int layer_discard(struct image *img, u64 off, u64 len)
{
	struct layer *l = to_layer(img);
	u64 sector = off >> SECTOR_SHIFT, end = (off + len) >> SECTOR_SHIFT;

	while (sector < end) {
		bool over = is_over(l, sector);
		u64 n = map_run(l, sector, end - sector, over);

		if (over)
			l->over->ops->punch(l->over, sector << SECTOR_SHIFT,
					    n << SECTOR_SHIFT);
		sector += n;
	}
	return 0;
}

/* Holes read as zero; what a failed write left there is punched as well. */
static int layer_zero(struct image *img, u64 off, u64 len, bool keep)
{
	struct layer *l = to_layer(img);
	u64 sector = off >> SECTOR_SHIFT, n = len >> SECTOR_SHIFT;
	int err = map_prepare(l, sector, n);

	(void)keep;
	if (err)
		return err;
	err = l->over->ops->punch(l->over, off, len);
	if (err) {
		err = take_credit(l, len);
		if (!err)
			err = io_zero(l->over, off, len, true);
	}
	if (!err)
		map_set(l, sector, n);
	return check_room(l, err);
}

static void layer_close(struct image *img)
{
	struct layer *l = to_layer(img);
	u64 i, n = (img->bytes >> SECTOR_SHIFT) / LEAF_SECTORS + 1;

	for (i = 0; i < n; i++)
		free((void *)atomic_load(&l->leaves[i]));
	l->base->ops->close(l->base);
	l->over->ops->close(l->over);
	free(l);
}

static const struct ubd_format layer_format = {
	.name	 = "layer",
	.needs_no_sync = true,
	.read	 = layer_read,
	.write	 = layer_write,
	.flush	 = layer_flush,
	.clean	 = layer_clean,
	.discard = layer_discard,
	.zero	 = layer_zero,
	.close	 = layer_close,
};

struct image *layer_image(struct io *base, struct io *over, u64 bytes, u64 max,
			  void (*full)(void *arg, int err), void *arg)
{
	u64 leaves = (bytes >> SECTOR_SHIFT) / LEAF_SECTORS + 1;
	struct layer *l = calloc(1, sizeof(*l) + leaves * sizeof(l->leaves[0]));

	if (!l) {
		base->ops->close(base);
		over->ops->close(over);
		return NULL;
	}
	l->img.fmt = &layer_format;
	l->img.bytes = bytes;
	l->base = base;
	l->over = over;
	l->max = max;
	l->credit = (s64)max;
	l->full = full;
	l->arg = arg;
	return &l->img;
}
