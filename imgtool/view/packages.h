/* SPDX-License-Identifier: GPL-2.0 */
/* What package managers have written down in an image. */
#ifndef IMGTOOL_VIEW_PACKAGES_H
#define IMGTOOL_VIEW_PACKAGES_H

#include "imgtool/view/fs.h"

struct package {
	const char *name, *version, *arch; /* "" where nothing is said */
};

struct packages {
	const char *manager;  /* "dpkg", "apk", "pacman" or "rpm" */
	const char *database; /* of rpm: the kind; or NULL */
	const char *file;     /* what was or could not be read */
	int err;	      /* -errno: it cannot be read */
	struct package *list; /* installed ones */
	size_t count, capacity;
	char **texts; /* that the list points into */
	size_t text_count, text_capacity, bytes;
};

/* Managers there can be. */
#define PACKAGES_MANAGERS 4

/* Fill in manager NUMBER. False: the image does not have it. */
bool packages_read(struct packages *packages, struct fs *fs, int number);

void packages_free(struct packages *packages);

/*
 * A small file as text with a NUL behind it, in new memory. 0 or -errno;
 * -EFBIG if it is longer than MOST.
 */
int fs_read_text(struct fs *fs, const char *path, size_t most, char **text);

#endif
