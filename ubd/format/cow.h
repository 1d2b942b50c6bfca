/* SPDX-License-Identifier: GPL-2.0 */
/* UML COW files as images. */
#ifndef UBD_FORMAT_COW_H
#define UBD_FORMAT_COW_H

#include "cow_header.h"
#include "format.h"

/*
 * The image of a COW file whose header was parsed, over its backing. What of
 * the file cannot be written (cow_can_write()) is read-only: writes give
 * -EROFS. Does no I/O, whatever the size. Takes over io and base; NULL: no
 * memory.
 */
struct image *cow_image(struct io *io, const struct cow_header *h,
			struct image *base, bool writable);

/* False for the kinds that are only read. */
bool cow_can_write(const struct cow_header *h);

/* Writes and syncs a planned header into an empty store; that it is as long
 * as data_at + size, and sparse, is the caller's. 0 or -errno. */
int cow_write_header(struct io *io, const struct cow_header *h);

/* Writes what COW file `from`, of any kind, holds into an empty store, under a
 * planned header of the same size; synced. progress is called now and then
 * with how much is done, or NULL. 0 or -errno. */
int cow_upgrade(struct io *from, const struct cow_header *old, struct io *to,
		const struct cow_header *planned,
		void (*progress)(u64 done, u64 of));

#endif
