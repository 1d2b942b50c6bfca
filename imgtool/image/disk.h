/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An image, opened: its bytes, and the partitions on it. What a COW file holds
 * is read through its backing chain; who uses a disk does not notice.
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

struct image; /* ubd/format/format.h */

/* A file below a COW file, the uppermost first. */
struct backing {
	char *file;
	uint64_t allocated;
};

struct disk {
	char *name; /* of the file, for messages */
	int fd;	    /* its bytes are the disk's only if IMAGE is NULL */
	struct image *image;
	bool writable;
	const char *format; /* "raw", "cow" */
	uint64_t granule;   /* of a COW file: bytes that a bit stands for */
	struct backing *backings;
	size_t backing_count, backing_capacity;
	uint64_t file_size; /* of the whole, as a guest sees it */
	uint64_t allocated; /* bytes that take space on the host, in all files */
	uint64_t offset;    /* the chosen part */
	uint64_t size;
	char table[16];	      /* "gpt", "dos", or "" */
	char fs[32];	      /* on the whole of it; "" unknown */
	struct partition *partitions;
	size_t partition_count;
};

/* From now on a COW file's header may name a backing in any directory. */
void disk_allow_backing(void);
bool disk_backing_allowed(void);

/* Open and lock FILE and look for partitions. Returns 0, or -1: reported. */
int disk_open(struct disk *disk, const char *file, bool write);

/*
 * Choose the part to work on: partition NUMBER, or with 0 the whole if it has
 * a file system, else the only partition that has one. -1: reported.
 */
int disk_choose(struct disk *disk, unsigned int number);

/* Fill in table, fs and partitions; what cannot be read is not there. Returns
 * 0, or -1: reported. */
int disk_find_partitions(struct disk *disk);

/* Label and uuid of the file system on the chosen part, as blkid knows them;
 * "" if there is none. */
void disk_names(struct disk *disk, char label[256], char uuid[64]);

/*
 * All LENGTH bytes at OFFSET of the chosen part. 0 or -errno; -EIO past it.
 * Threads may read at once; a write of part of a sector of 512 bytes must be
 * the only one in it.
 */
int disk_read(struct disk *disk, uint64_t offset, void *data, size_t length);
int disk_write(struct disk *disk, uint64_t offset, const void *data,
	       size_t length);

/* Make a range zero, giving the space back where possible. 0 or -errno. */
int disk_zero(struct disk *disk, uint64_t offset, uint64_t length);

/* Everything written is on the host's disk. 0 or -errno. */
int disk_sync(struct disk *disk);

/* Close and unlock its files, for somebody else who is to have them; what is
 * known of it stays. */
void disk_release(struct disk *disk);

void disk_close(struct disk *disk);

#endif
