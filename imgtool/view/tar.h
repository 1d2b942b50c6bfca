/* SPDX-License-Identifier: GPL-2.0 */
/* Entries of a tar from inodes. */
#ifndef IMGTOOL_VIEW_TAR_H
#define IMGTOOL_VIEW_TAR_H

#include <archive_entry.h>

#include "imgtool/view/fs.h"

/* Type, mode, owner, device and times. True if a time cannot be told
 * exactly. */
bool tar_set_attributes(struct archive_entry *entry,
			const struct fs_attr *attr);

/* In the order of their names. 0, -errno, or 1: one has a name that a tar
 * cannot have. */
int tar_set_xattrs(struct archive_entry *entry, struct fs *fs, uint64_t ino);

/* The first names of inodes with several; zeroed there are none. */
struct tar_link {
	uint64_t ino;
	char *name;
};

struct tar_links {
	struct tar_link *table;
	size_t size, count;
};

/* The name INO was added with, or NULL. */
const char *tar_links_find(const struct tar_links *links, uint64_t ino);

/* INO must not be there yet. */
void tar_links_add(struct tar_links *links, uint64_t ino, const char *name);

void tar_links_free(struct tar_links *links);

#endif
