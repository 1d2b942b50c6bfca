/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libext2fs over a disk: an io_manager that stays inside the chosen part, has
 * a cache of metadata blocks, and can show blocks as a journal has them
 * without writing them.
 */
#ifndef IMGTOOL_IMAGE_IO_H
#define IMGTOOL_IMAGE_IO_H

#include <stdint.h>

#include <ext2fs/ext2fs.h>

#include "imgtool/image/held.h"
#include "imgtool/image/overlay.h"

extern io_manager disk_io_manager;

/* The disk that the next ext2fs_open() with this manager is for, and what is
 * newer than it, or NULL; that is taken over. */
void disk_io_use(struct disk *disk, struct overlay *overlay);

/* From now on what is written is added to HELD, which is the caller's, and not
 * written; NULL: it is written at once. */
void disk_io_hold(io_channel channel, struct held *held);

/* Does the overlay, or what is held, have any of COUNT blocks from NUMBER on?
 * Their data cannot be read from the disk itself then. */
bool disk_io_overlaid(io_channel channel, uint64_t number, uint64_t count);

#endif
