/* SPDX-License-Identifier: GPL-2.0 */
/* What disk.c sees of image formats: opening one over what lies below it, and
 * bytes from sectors. Private to imgtool/image. */
#ifndef IMGTOOL_IMAGE_CONTAINER_H
#define IMGTOOL_IMAGE_CONTAINER_H

#include "imgtool/image/disk.h"

/*
 * Find out what the open and locked file of DISK is: sets format, and of a COW
 * file image, file_size, backings and allocated. 0 or -1: reported.
 */
int container_open(struct disk *disk);

void container_close(struct disk *disk);

/* Bytes of the whole of disk->image; all of them are within it. 0 or -errno. */
int container_read(struct disk *disk, uint64_t offset, void *data,
		   size_t length);
int container_write(struct disk *disk, uint64_t offset, const void *data,
		    size_t length);
int container_zero(struct disk *disk, uint64_t offset, uint64_t length);
int container_sync(struct disk *disk);

#endif
