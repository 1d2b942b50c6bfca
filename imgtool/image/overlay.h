/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks of a file system that are newer in its journal than in their place.
 * Only where they are is held in memory, not what is in them.
 */
#ifndef IMGTOOL_IMAGE_OVERLAY_H
#define IMGTOOL_IMAGE_OVERLAY_H

#include "imgtool/image/disk.h"

struct overlay;

struct overlay *overlay_new(unsigned int block_size);
void overlay_free(struct overlay *overlay);

/* From now on block NUMBER is what block FROM of the disk holds, with HEAD as
 * its first four bytes if it is not 0. */
void overlay_add(struct overlay *overlay, uint64_t number, uint64_t from,
		 uint32_t head);

/* How many blocks it has. */
size_t overlay_count(const struct overlay *overlay);

/* Does it have any of the bytes? OVERLAY may be NULL, here and below. */
bool overlay_covers(const struct overlay *overlay, uint64_t offset,
		    uint64_t length);

/* disk_read(), then what the overlay has instead. 0 or -errno. */
int overlay_read(const struct overlay *overlay, struct disk *disk,
		 uint64_t offset, void *data, size_t length);

#endif
