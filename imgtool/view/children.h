/* SPDX-License-Identifier: GPL-2.0 */
/* What walkers of trees share. */
#ifndef IMGTOOL_VIEW_CHILDREN_H
#define IMGTOOL_VIEW_CHILDREN_H

#include "imgtool/view/fs.h"

struct child {
	char *name;
	uint64_t ino;
};

/* The entries of a directory, in the order of their names' bytes. */
struct children {
	struct child *list;
	size_t count, capacity;
};

/* Fill a zeroed list. 0 or -errno, with what could be read in it. */
int children_read(struct children *children, struct fs *fs, uint64_t dir);

void children_free(struct children *children);

/* A set of inode numbers; zeroed it is empty. */
struct inode_set {
	uint64_t *bits, count;
};

/* Put INO in; true if it was there. */
bool inode_set_add(struct inode_set *set, uint64_t ino);

void inode_set_free(struct inode_set *set);

#endif
