/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plain bytes of an image of any format, over its backing chain. The
 * format below knows whole sectors only; here every range can be read and
 * written. Safe for several threads at once.
 */
#ifndef IMGTOOL_MOUNT_BYTES_H
#define IMGTOOL_MOUNT_BYTES_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "ubd/format/format.h"

struct bytes {
	struct image *image;
	u64 size;	 /* to the byte */
	struct stat st; /* of the image's file */
	/* Held alone to write a part of a sector, for which the rest of it is
	 * read and written, too; shared to write whole ones. */
	pthread_rwlock_t parts;
};

/* Opens and locks FILE. ANY_BACKING: its header may name a backing anywhere.
 * 0, or -1: reported. */
int bytes_open(struct bytes *bytes, const char *file, bool write,
	       bool any_backing);

/* 0 or -errno; the range is inside. */
int bytes_write(struct bytes *bytes, const void *data, size_t length, u64 off);
int bytes_zero(struct bytes *bytes, u64 off, u64 length, bool keep);
int bytes_flush(struct bytes *bytes);

/*
 * LENGTH bytes at OFF, somewhere in *BUFFER, which the caller frees; also
 * after an error. 0 or -errno.
 */
int bytes_read(struct bytes *bytes, size_t length, u64 off, char **buffer,
	       char **data);

void bytes_close(struct bytes *bytes);

#endif
