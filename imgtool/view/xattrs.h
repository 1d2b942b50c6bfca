/* SPDX-License-Identifier: GPL-2.0 */
/* All extended attributes of an inode at once. */
#ifndef IMGTOOL_VIEW_XATTRS_H
#define IMGTOOL_VIEW_XATTRS_H

#include "imgtool/view/fs.h"

struct xattr_item {
	char *name;
	void *value;
	size_t size;
};

struct xattr_list {
	struct xattr_item *list; /* in the order of names */
	size_t count, capacity, bytes;
};

/* Fill a zeroed list. 0 or -errno; the list is to be freed in any case. */
int xattr_list_read(struct xattr_list *list, struct fs *fs, uint64_t ino);

bool xattr_list_equal(const struct xattr_list *a, const struct xattr_list *b);

void xattr_list_free(struct xattr_list *list);

#endif
