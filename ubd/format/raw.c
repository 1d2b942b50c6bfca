// SPDX-License-Identifier: GPL-2.0
/*
 * Raw images.
 *
 * `written` counts completed changes. A flush notes the count, syncs, and
 * then knows that all changes up to that count are safe: if nothing was
 * completed since, the next flush has nothing to do. Two flushes at once
 * both sync, which is correct; block layers seldom do that.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "format.h"

struct raw {
	struct image img;
	struct io *io;
	_Atomic u64 written, synced;
	atomic_int sync_error;
};

static struct raw *to_raw(struct image *img)
{
	return (struct raw *)img;
}

static int raw_read(struct image *img, struct io_span *span, u64 off,
		    bool nowait)
{
	return io_read_span(to_raw(img)->io, span, off, nowait);
}

static int raw_write(struct image *img, struct io_span *span, u64 off)
{
	struct raw *r = to_raw(img);
	int err = io_write_span(r->io, span, off);

	atomic_fetch_add(&r->written, 1);
	return err;
}

static bool raw_clean(struct image *img)
{
	struct raw *r = to_raw(img);

	return atomic_load(&r->written) == atomic_load(&r->synced) &&
	       !atomic_load(&r->sync_error);
}

static void raise_to(_Atomic u64 *mark, u64 to)
{
	u64 now = atomic_load(mark);

	while (now < to && !atomic_compare_exchange_weak(mark, &now, to))
		;
}

static int raw_flush(struct image *img)
{
	struct raw *r = to_raw(img);
	u64 upto = atomic_load(&r->written);
	int err = atomic_load(&r->sync_error);

	if (err || upto == atomic_load(&r->synced))
		return err;
	err = r->io->ops->sync(r->io);
	if (err)
		atomic_store(&r->sync_error, err);
	else
		raise_to(&r->synced, upto);
	return err;
}

static int raw_discard(struct image *img, u64 off, u64 len)
{
	struct raw *r = to_raw(img);
	int err = r->io->ops->punch(r->io, off, len);

	atomic_fetch_add(&r->written, 1);
	return err;
}

static int raw_zero(struct image *img, u64 off, u64 len, bool keep)
{
	struct raw *r = to_raw(img);
	int err = io_zero(r->io, off, len, keep);

	atomic_fetch_add(&r->written, 1);
	return err;
}

static int raw_extent(struct image *img, u64 off, u64 *from, u64 *to)
{
	return io_extent(to_raw(img)->io, off, from, to);
}

static void raw_close(struct image *img)
{
	struct raw *r = to_raw(img);

	r->io->ops->close(r->io);
	free(r);
}

static const struct ubd_format raw_format = {
	.name	 = "raw",
	.read	 = raw_read,
	.write	 = raw_write,
	.flush	 = raw_flush,
	.clean	 = raw_clean,
	.discard = raw_discard,
	.zero	 = raw_zero,
	.extent	 = raw_extent,
	.close	 = raw_close,
};

struct image *raw_image(struct io *io, u64 bytes)
{
	struct raw *r = calloc(1, sizeof(*r));

	if (!r) {
		io->ops->close(io);
		return NULL;
	}
	r->img.fmt = &raw_format;
	r->img.bytes = bytes;
	r->io = io;
	return &r->img;
}
