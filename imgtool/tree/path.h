/* SPDX-License-Identifier: GPL-2.0 */
/* Names as they stand in archives, made safe. */
#ifndef IMGTOOL_TREE_PATH_H
#define IMGTOOL_TREE_PATH_H

#include <stddef.h>

#include "imgtool/tree/tree.h"

/* Longest path in an image, and longest name in a path, without the NUL. */
#define PATH_LONGEST 4095
#define NAME_LONGEST 255

/*
 * Bring a path into one form: no leading "/", no "." or empty component, no
 * trailing "/". The root gives "". OUT has PATH_LONGEST + 1 bytes.
 *
 * Returns NULL, or why the path is refused: a ".." component, a name or the
 * whole being too long.
 */
const char *path_normalise(const char *path, char *out);

/*
 * The directory in which the last name of the normalised PATH stands, making
 * missing parents (0755, of tree->made_uid, `made` set: they get their times
 * when the tree is complete). *NAME is set to the last name.
 *
 * A parent that is a symlink to a directory in this tree is followed, never
 * leaving the tree; any other non-directory is replaced by a directory.
 */
struct inode *path_parent(struct tree *tree, const char *path,
			  const char **name);

/*
 * The entry of the normalised PATH, or NULL. Parents that are symlinks are
 * followed as above; the last name is not.
 */
struct entry *path_lookup(struct tree *tree, const char *path);

/*
 * Does a shell pattern exclude PATH? A pattern with a slash is matched
 * against the whole path, one without against every name in it; * and ?
 * match no slash. What lies below an excluded directory is excluded.
 */
bool path_matches(const char *pattern, const char *path);

#endif
