/* SPDX-License-Identifier: GPL-2.0 */
/* Putting a COW file over another backing. */
#ifndef UBD_FORMAT_COW_REBASE_H
#define UBD_FORMAT_COW_REBASE_H

#include "cow_header.h"
#include "format.h"

/*
 * Writes what `img` shows into it wherever it would show something else over
 * `base`, an image of the same size; flushed. img is the COW file io, whose
 * header is h, over its present backing. *copied: bytes. 0 or -errno; what has
 * been written by then changes nothing.
 */
int cow_rebase_copy(struct image *img, struct io *io,
		    const struct cow_header *h, struct image *base,
		    u64 *copied);

/*
 * Puts a planned header over that of the V3 file io, if what changes is within
 * one sector, so that a crash leaves the one or the other; synced. Else
 * -EFBIG, and nothing was changed. 0 or -errno.
 */
int cow_rebase_header(struct io *io, const struct cow_header *h);

#endif
