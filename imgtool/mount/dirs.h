/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Directories in memory: read once, from front to back, then looked into by
 * name and by number. The kernel asks for a directory in pieces of a page and
 * by an offset, which is the number of an entry here.
 *
 * The ones used last are kept, within a limit.
 */
#ifndef IMGTOOL_MOUNT_DIRS_H
#define IMGTOOL_MOUNT_DIRS_H

#include <pthread.h>

#include "imgtool/view/fs.h"

#define DIRS_BUCKETS 1024

struct dir_entry {
	uint64_t ino; /* 0: it was removed */
	size_t name; /* where in names */
};

struct dir {
	uint64_t ino;
	int error; /* what ended reading; the entries before it are good */
	size_t count;
	struct dir_entry *entries;
	char *names;

	/* private */
	uint32_t *table; /* by hash of the name: number + 1 */
	size_t table_size;
	size_t bytes;
	size_t entries_room, names_used, names_room;
	unsigned int users; /* and one for being kept */
	struct dir *chain, *newer, *older;
};

struct dirs {
	pthread_mutex_t lock;
	struct dir *bucket[DIRS_BUCKETS];
	struct dir *newest, *oldest;
	size_t bytes;
};

void dirs_start(struct dirs *dirs);
void dirs_end(struct dirs *dirs);

/* Directory INO, read by FS if it is not known. 0 or -errno. */
int dir_take(struct dirs *dirs, struct fs *fs, uint64_t ino,
	     struct dir **dir);
void dir_return(struct dirs *dirs, struct dir *dir);

/*
 * DIR has changed. Whoever goes through it by numbers misses no entry that
 * stays: a new one comes at the end, one that is removed leaves a gap. If it
 * is not in memory, there is nothing to do. INO 0: NAME is removed.
 */
void dirs_change(struct dirs *dirs, uint64_t dir, const char *name,
		 uint64_t ino);

/* It is no more. */
void dirs_drop(struct dirs *dirs, uint64_t dir);

/* 0; -ENOENT, or what ended reading the directory. */
int dir_find(const struct dir *dir, const char *name, uint64_t *ino);

#endif
