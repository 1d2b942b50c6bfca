/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An image, opened: its bytes, and the partitions on it.
 *
 * Everything read from it is hostile. A partition that leaves the image is
 * refused here, and no access leaves the part that was chosen.
 *
 * A disk is locked as long as it is open, in the way guests lock theirs:
 * shared for reading, alone for writing.
 */
#ifndef IMGTOOL_IMAGE_DISK_H
#define IMGTOOL_IMAGE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_PARTITIONS_MOST 256

struct partition {
	unsigned int number;
	uint64_t offset, size; /* bytes */
	char type[64];	       /* MBR type or GPT uuid, as blkid names it */
	char name[64];
	char fs[32]; /* what is on it; "" unknown */
};

struct disk {
	char *name; /* of the file, for messages */
	int fd;
	bool writable;
	const char *format; /* "raw" */
	uint64_t file_size; /* of the whole */
	uint64_t allocated; /* bytes of it that take space on the host */
	uint64_t offset;    /* the chosen part */
	uint64_t size;
	char table[16];	      /* "gpt", "dos", or "" */
	char fs[32];	      /* on the whole of it; "" unknown */
	struct partition *partitions;
	size_t partition_count;
};

/* Open and lock FILE and look for partitions. Returns 0, or -1: reported. */
int disk_open(struct disk *disk, const char *file, bool write);

/*
 * Choose the part to work on: partition NUMBER, or with 0 the whole if it has
 * a file system, else the only partition that has one. -1: reported.
 */
int disk_choose(struct disk *disk, unsigned int number);

/* Fill in table, fs and partitions; what cannot be read is not there. */
void disk_find_partitions(struct disk *disk);

/* All LENGTH bytes at OFFSET of the chosen part. 0 or -errno; -EIO past it. */
int disk_read(struct disk *disk, uint64_t offset, void *data, size_t length);
int disk_write(struct disk *disk, uint64_t offset, const void *data,
	       size_t length);

/* Make a range zero, giving the space back where possible. 0 or -errno. */
int disk_zero(struct disk *disk, uint64_t offset, uint64_t length);

/* Everything written is on the host's disk. 0 or -errno. */
int disk_sync(struct disk *disk);

void disk_close(struct disk *disk);

#endif
