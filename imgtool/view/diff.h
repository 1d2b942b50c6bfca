/* SPDX-License-Identifier: GPL-2.0 */
/* Comparing two inodes of two images. */
#ifndef IMGTOOL_VIEW_DIFF_H
#define IMGTOOL_VIEW_DIFF_H

#include "imgtool/view/view.h"

/* What may differ; in the order in which it is printed. */
enum {
	DIFF_TYPE = 1 << 0,
	DIFF_CONTENT = 1 << 1,
	DIFF_TARGET = 1 << 2,
	DIFF_DEVICE = 1 << 3,
	DIFF_MODE = 1 << 4,
	DIFF_OWNER = 1 << 5,
	DIFF_LINKS = 1 << 6,
	DIFF_FLAGS = 1 << 7,
	DIFF_XATTRS = 1 << 8,
	DIFF_TIMES = 1 << 9,
};

/* The word for one of them. */
const char *diff_word(unsigned int bit);

struct diff_side {
	struct view view;
	uint8_t *buffer;
};

/* Sides whose contents are compared need buffers of this size. */
#define DIFF_CHUNK (1 << 20)

/*
 * What differs between an inode of A and one of B, as bits; times (of
 * modification) only if TIMES. Something that cannot be read gives -errno, and
 * *BAD is the side it is on.
 */
int diff_inodes(struct diff_side *a, const struct fs_attr *a_attr,
		struct diff_side *b, const struct fs_attr *b_attr, bool times,
		struct diff_side **bad);

#endif
