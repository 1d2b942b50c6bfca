/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Image formats: what a disk's sectors are made of. Each image is used by
 * several vcpus and host threads at once.
 */
#ifndef UBD_HOST_FORMAT_H
#define UBD_HOST_FORMAT_H

#include "io.h"

#define IMAGE_BYTES_MOST	(1ll << 62)

struct image;

/* Bytes [off, off+span.len) of the disk, whole sectors within its size. */
struct ubd_format {
	const char *name;
	bool needs_no_sync;	/* nothing in it outlives the process */
	bool periodic;		/* wants a flush now and then */
	/* 0, or -errno with the span advanced over what was read; a caller
	 * that got -EAGAIN or -EOPNOTSUPP for nowait comes back for the rest. */
	int (*read)(struct image *img, struct io_span *span, u64 off,
		    bool nowait);
	int (*write)(struct image *img, struct io_span *span, u64 off);
	/* Everything written before the call is on stable storage. Fails for
	 * ever once it has failed: the host may call a second one good. Only
	 * the first may fail for want of room. */
	int (*flush)(struct image *img);
	/* True if flush() would find nothing to do. Never waits. */
	bool (*clean)(struct image *img);
	int (*discard)(struct image *img, u64 off, u64 len);
	int (*zero)(struct image *img, u64 off, u64 len, bool keep);
	/* The first range from off on that may be anything but zeroes: 1 with
	 * its start and end; 0 if there is none. NULL or -EOPNOTSUPP: not
	 * known. */
	int (*extent)(struct image *img, u64 off, u64 *from, u64 *to);
	/* Has the store grown? img->bytes is changed; 0, or -errno and it is
	 * not: -ERANGE if it has shrunk. NULL: the size is a fixed one. */
	int (*rescan)(struct image *img);
	void (*close)(struct image *img);
};

struct image {
	const struct ubd_format *fmt;
	u64 bytes;		/* whole sectors */
	/* A flush that finds no room for the map gives -ENOSPC or -EDQUOT and
	 * may be tried again, instead of failing for ever. */
	_Atomic bool patient;
};

/* The plain bytes of a store. Takes over io; NULL: no memory. */
struct image *raw_image(struct io *io, u64 bytes);

/* An image as a store that is only read. Takes over img; NULL: no memory. */
struct io *io_image(struct image *img);

/*
 * A throw-away layer: reads see base until a sector is written, writes go to
 * over, an empty sparse store that nobody keeps. max: most bytes that over
 * may take, 0 for any. full is called with the reason (-ENOSPC, -EDQUOT,
 * -EFBIG) the first time a write finds no room. Takes over both stores; NULL:
 * no memory.
 */
struct image *layer_image(struct io *base, struct io *over, u64 bytes, u64 max,
			  void (*full)(void *arg, int err), void *arg);

#endif
