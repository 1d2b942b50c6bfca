/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files of source directories, in the order in which they are copied. Where the
 * host does not have them in memory, the next ones are opened before it is their
 * turn and the kernel is asked to read them, so that the disk always has work.
 * Where they are in memory, nothing is done but opening each in its turn.
 */
#ifndef IMGTOOL_EXT4_COPIES_H
#define IMGTOOL_EXT4_COPIES_H

#include <stdbool.h>
#include <stddef.h>

#include "imgtool/ext4/volume.h"

/* Files that are open before their turn. */
#define AHEAD_FILES 32

struct copies {
	struct inode *const *next, *const *end; /* not opened yet */
	struct {
		const struct inode *inode;
		int fd;
	} open[AHEAD_FILES]; /* a ring */
	size_t first, count;
	size_t left; /* so many files are still worth it */
};

/* Inodes from NEXT to END are taken in this order. */
void copies_begin(struct copies *copies, struct inode *const *next,
		 struct inode *const *end);

/* Has the inode data that are copied from a source directory? */
bool copies_include(const struct inode *inode);

/* The file of *INODE, open, for the caller to close; -1: reported. */
int copies_take(struct copies *copies, struct inode *const *inode);

/* It is copied; WAITED: the disk had to be waited for. */
void copies_done(struct copies *copies, bool waited);

/* Close what is still open. */
void copies_end(struct copies *copies);

#endif
