/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a source directory has, found by an open directory and a name from there
 * on, where no symlink leads: one that somebody puts in the place of a directory
 * meanwhile is an error, not a way out of the source.
 *
 * Attributes are read by their whole name (FULL) before Linux 6.13, which has no
 * other way.
 */
#ifndef IMGTOOL_SOURCE_AT_H
#define IMGTOOL_SOURCE_AT_H

#include <stddef.h>
#include <sys/types.h>

/* To read; FLAGS are added. Access times stay, if we may have that. */
int at_open(int dir, const char *path, int flags);

/* As llistxattr() and lgetxattr(), of NAME in DIR. */
ssize_t at_listxattr(int dir, const char *name, const char *full, char *list,
		     size_t size);
ssize_t at_getxattr(int dir, const char *name, const char *full,
		    const char *attribute, void *value, size_t size);

#endif
