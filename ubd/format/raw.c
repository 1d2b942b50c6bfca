// SPDX-License-Identifier: GPL-2.0
/*
 * Raw images.
 *
 * `written` counts completed changes. A flush notes the count, syncs, and
 * then knows that all changes up to that count are safe: if nothing was
 * completed since, the next flush has nothing to do.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "flush.h"
#include "format.h"

struct raw {
	struct image img;
	struct io *io;
	_Atomic u64 written, synced;
	struct flush flush;
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
	       !flush_failed(&r->flush);
}

static int round_of(void *arg)
{
	struct raw *r = arg;
	u64 upto = atomic_load(&r->written);
	int err = 0;

	if (upto != atomic_load(&r->synced))
		err = r->io->ops->sync(r->io);
	if (!err)
		atomic_store(&r->synced, upto);
	return err;
}

static int raw_flush(struct image *img)
{
	struct raw *r = to_raw(img);

	return flush_wait(&r->flush, round_of, r);
}

static int raw_discard(struct image *img, u64 off, u64 len)
{
	struct raw *r = to_raw(img);
	int err = r->io->ops->punch(r->io, off, len);

	/* a device whose sectors are larger: it is not done, which may be */
	if (err == -EINVAL)
		err = 0;
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

static int raw_rescan(struct image *img)
{
	struct raw *r = to_raw(img);
	s64 size = r->io->ops->size(r->io);
	u64 bytes;

	if (size < 0 || size > IMAGE_BYTES_MOST)
		return size < 0 ? (int)size : -EFBIG;
	bytes = ((u64)size + 511) & ~511ull;
	if (bytes < img->bytes)
		return -ERANGE;
	img->bytes = bytes;
	return 0;
}

static void raw_close(struct image *img)
{
	struct raw *r = to_raw(img);

	r->io->ops->close(r->io);
	flush_free(&r->flush);
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
	.rescan	 = raw_rescan,
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
	flush_init(&r->flush);
	return &r->img;
}
