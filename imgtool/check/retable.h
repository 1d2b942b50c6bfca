/* SPDX-License-Identifier: GPL-2.0 */
/* A table of partitions whose disk and last partition change their size. */
#ifndef IMGTOOL_CHECK_RETABLE_H
#define IMGTOOL_CHECK_RETABLE_H

#include "imgtool/image/disk.h"
#include "imgtool/io/output.h"

/* The partition that ends last, if that can be done with it. NULL: reported. */
const struct partition *retable_last(const struct disk *disk);

/* What PART will have on a disk of SIZE bytes: whole blocks of 4 KiB. 0:
 * reported. */
uint64_t retable_room(const struct disk *disk, const struct partition *part,
		      uint64_t size);

/*
 * OUT, a copy of DISK, gets SIZE bytes, and PART gets ROOM: only the entry, and
 * where the copy of a GPT is. 0, or -1: reported.
 */
int retable_write(const struct disk *disk, const struct partition *part,
		  struct output *out, uint64_t size, uint64_t room);

#endif
