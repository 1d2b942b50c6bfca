// SPDX-License-Identifier: GPL-2.0
/* An image as a store for reading, to put under another layer. */
#include <errno.h>
#include <stdlib.h>

#include "format.h"

struct image_io {
	struct io io;
	struct image *img;
};

static struct image *img_of(struct io *io)
{
	return ((struct image_io *)io)->img;
}

static s64 image_readv(struct io *io, const struct iovec *iov, int n, u64 off,
		       bool nowait)
{
	struct image *img = img_of(io);
	struct io_span span = { iov, 0, 0 };
	u64 len = 0;
	int err;

	while (n--)
		len += (iov++)->iov_len;
	if (off >= img->bytes)
		return 0;
	if (len > img->bytes - off)
		len = img->bytes - off;
	span.len = len;
	err = img->fmt->read(img, &span, off, nowait);
	return err && span.len == len ? err : (s64)(len - span.len);
}

static s64 image_writev(struct io *io, const struct iovec *iov, int n, u64 off)
{
	(void)io;
	(void)iov;
	(void)n;
	(void)off;
	return -EROFS;
}

static int image_sync(struct io *io)
{
	return img_of(io)->fmt->flush(img_of(io));
}

static int image_punch(struct io *io, u64 off, u64 len)
{
	(void)io;
	(void)off;
	(void)len;
	return -EROFS;
}

static s64 image_size(struct io *io)
{
	return (s64)img_of(io)->bytes;
}

static void image_close(struct io *io)
{
	img_of(io)->fmt->close(img_of(io));
	free(io);
}

static const struct io_ops image_ops = {
	.readv	= image_readv,
	.writev	= image_writev,
	.sync	= image_sync,
	.punch	= image_punch,
	.size	= image_size,
	.close	= image_close,
};

struct io *io_image(struct image *img)
{
	struct image_io *i = malloc(sizeof(*i));

	if (!i) {
		img->fmt->close(img);
		return NULL;
	}
	i->io.ops = &image_ops;
	i->img = img;
	return &i->io;
}
