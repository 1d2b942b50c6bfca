/* SPDX-License-Identifier: GPL-2.0 */
/* Single files that go over everything the sources have. */
#ifndef IMGTOOL_SOURCE_INJECT_H
#define IMGTOOL_SOURCE_INJECT_H

#include "imgtool/source/source.h"

struct injection {
	char *source; /* a file of this host; NULL: `text` it is, ... */
	char *text;
	char *target; /* ... or a symlink to this, ... */
	uint64_t swap; /* ... or a swap file with so many bytes */
	bool over; /* only where there is a regular file already */
	char *path; /* in the image, normalised */
	bool set_mode, set_owner;
	uint32_t mode, uid, gid;
};

struct injections {
	struct injection *list;
	size_t count, capacity;
};

/* Add "SRC:DST[,[MODE][,UID:GID]]". Returns NULL, or why it makes no sense. */
const char *injections_add(struct injections *injections, const char *text);

/* Add a file with this text, owned by 0:0. PATH is normalised. */
void injections_add_text(struct injections *injections, const char *path,
			 const char *text, uint32_t mode);

/* Add a symlink; OVER: only instead of a regular file. */
void injections_add_link(struct injections *injections, const char *path,
			 const char *target, bool over);

/* Add a swap file of BYTES bytes, a multiple of a block. */
void injections_add_swap(struct injections *injections, const char *path,
			 uint64_t bytes);

/* Add the file SOURCE of this host, owned by 0:0. */
void injections_add_file(struct injections *injections, const char *path,
			 const char *source, uint32_t mode);

/* Put all of them into the tree. Returns 0, or -1: reported. */
int injections_apply(const struct injections *injections,
		     struct import *import);

void injections_free(struct injections *injections);

#endif
