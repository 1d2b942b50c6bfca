/* SPDX-License-Identifier: GPL-2.0 */
/* Putting a COW file over another backing. */
#ifndef UBD_FORMAT_COW_REBASE_H
#define UBD_FORMAT_COW_REBASE_H

#include "cow_header.h"
#include "format.h"

struct cow_rebase {
	struct image *img;	/* the COW file over its present backing */
	struct io *io;		/* the COW file, with */
	const struct cow_header *h;	/* its header */
	struct image *base;	/* the new backing, of the same size */
	/* How many of the len bytes at off, whole sectors, are known to be the
	 * same in both backings, unread. NULL: none. */
	u64 (*same)(struct cow_rebase *r, u64 off, u64 len);
	/* called now and then with how much of the work is done; or NULL */
	void (*progress)(u64 done, u64 of);
};

/*
 * Writes what `img` shows into it wherever it would show something else over
 * `base`; flushed. 0 or -errno; what has been written by then changes nothing.
 */
int cow_rebase_copy(struct cow_rebase *r);

/*
 * Puts a planned header over that of the V3 file io, if what changes is within
 * one sector, so that a crash leaves the one or the other; synced. Else
 * -EFBIG, and nothing was changed. 0 or -errno.
 */
int cow_rebase_header(struct io *io, const struct cow_header *h);

#endif
