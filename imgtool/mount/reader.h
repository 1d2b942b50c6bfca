/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Several readers of one file system, each for one thread at a time: an opened
 * fs is not safe for several threads, and opening one more costs little. So
 * reading needs no lock; taking a reader does, for a moment. The reader given
 * back last is taken first: its caches are warm.
 */
#ifndef IMGTOOL_MOUNT_READER_H
#define IMGTOOL_MOUNT_READER_H

#include <pthread.h>

#include "imgtool/view/fs.h"

struct reader {
	struct fs fs;
	char *buffer; /* for data */
	size_t room;
	struct reader *next;
};

struct readers {
	struct disk *disk;
	pthread_mutex_t lock;
	pthread_cond_t returned;
	struct reader *idle;
	unsigned int count, most;
};

/* The first reader. 0, or -1: reported. */
int readers_start(struct readers *readers, struct disk *disk);

/* There is only one, FS, which stays the caller's. */
void readers_start_alone(struct readers *readers, const struct fs *fs);
void readers_end(struct readers *readers);

struct reader *reader_take(struct readers *readers);
void reader_return(struct readers *readers, struct reader *reader);

/* A buffer of SIZE bytes, which belongs to the reader. */
char *reader_buffer(struct reader *reader, size_t size);

#endif
