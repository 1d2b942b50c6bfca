/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the files that read mtree(5) manifests: mtree.c (lines),
 * mtreeword.c (keywords and values), mtreeentry.c (what an entry does to the
 * tree), mtreefile.c (contents=).
 */
#ifndef IMGTOOL_SOURCE_MTREE_H
#define IMGTOOL_SOURCE_MTREE_H

#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "imgtool/source/source.h"
#include "imgtool/tree/path.h"

enum mtree_key {
	MTREE_TYPE,
	MTREE_MODE,
	MTREE_UID,
	MTREE_GID,
	MTREE_UNAME,
	MTREE_GNAME,
	MTREE_TIME,
	MTREE_LINK,
	MTREE_DEVICE,
	MTREE_CONTENTS,
	MTREE_SIZE,
	MTREE_NLINK,
	MTREE_FLAGS,
	MTREE_OPTIONAL,
	MTREE_NOCHANGE,
	MTREE_UNUSED, /* what only checks a tree, or means nothing here */
	MTREE_KEYS,
	MTREE_UNKNOWN = MTREE_KEYS,
};

struct mtree {
	struct import *import;
	struct source *source;
	const char *contents_dir;
	FILE *file;
	unsigned long number; /* of the line */
	char *inherited[MTREE_KEYS]; /* by /set */
	char *value[MTREE_KEYS];     /* of the entry at hand */

	char dir[PATH_LONGEST + 1]; /* the current directory, ... */
	unsigned int depth; /* ... so many ".." below the outermost one */
	char path[PATH_LONGEST + 1];

	unsigned long flags, links; /* entries with what is not kept, ... */
	char *flags_seen, *links_seen; /* ... and the first of them */

	char *last_name[2]; /* of a user and a group that were looked up */
	uint32_t last_id[2];
};

/* "SOURCE: line N: OBJECT: reason". Returns -1. */
int mtree_bad(const struct mtree *m, const char *object, const char *reason,
	      ...) __attribute__((format(printf, 3, 4)));

/*
 * Do what the entry m->path with m->value says. *TYPE becomes what it is said
 * to be, also where it is not taken. Returns 0, or -1: reported.
 */
int mtree_apply(struct mtree *m, uint32_t *type);

/* The key that WORD ("name" or "name=value") begins with; *VALUE is set to
 * its value, "" if it has none. */
enum mtree_key mtree_key(char *word, char **value);

/* The name of a key, as it is written. */
const char *mtree_key_name(enum mtree_key key);

/* Undo \ooo and the like in place. Returns NULL, or what is wrong. */
const char *mtree_unescape(char *text);

/* Values. They return NULL, or what is wrong. */
const char *mtree_type(const char *value, uint32_t *type);
const char *mtree_number(const char *value, uint64_t most, uint64_t *n);
const char *mtree_time(const char *value, struct stamp *time);
const char *mtree_device(const char *value, uint32_t *major, uint32_t *minor);

/*
 * Open the regular file PATH that a manifest names, in the folder DIR or below
 * it, wherever symlinks point to. Returns a descriptor, -ENOENT if there is
 * none, or -1: reported.
 */
int mtree_open_contents(const char *dir, const char *path, struct stat *st);

/* Put the file's data into INODE, which has none. Returns 0, or -1:
 * reported. */
int mtree_copy_contents(struct import *import, struct inode *inode, int fd,
			const struct stat *st, const char *path);

#endif
