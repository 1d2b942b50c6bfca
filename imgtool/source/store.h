/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The files of a container image, found by name: a directory, or an archive
 * whose files were copied to one nameless file (in $TMPDIR or /var/tmp),
 * since layers must be read in the manifest's order, which is not that of
 * the archive.
 */
#ifndef IMGTOOL_SOURCE_STORE_H
#define IMGTOOL_SOURCE_STORE_H

#include "imgtool/source/source.h"

struct member {
	char *name;   /* normalised */
	char *target; /* another name it stands for, or NULL */
	uint64_t start, size;
};

struct store {
	const struct source *source;
	int spool; /* -1: the source is a directory */
	bool flat; /* blobs are beside the manifest, as skopeo's dir: has them */
	uint64_t spooled;
	struct member *list;
	size_t count, capacity;
};

/* A file of the store, as a part of an open file. */
struct store_file {
	int fd; /* the caller closes it */
	uint64_t start, size;
};

/* Returns 0, or -1: reported, and nothing is left open. */
int store_open(struct store *store, struct source *source,
	       bool is_directory);

bool store_has(const struct store *store, const char *name);

/* Find and open a file. Returns 0, or -1: reported. */
int store_find(const struct store *store, const char *name,
	       struct store_file *file);

/* The whole of a small file, with a NUL behind it; NULL: reported. */
char *store_read(const struct store *store, const char *name, size_t *size);

void store_close(struct store *store);

#endif
