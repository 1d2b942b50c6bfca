/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IMGTOOL_SOURCE_ATTRIBUTES_H
#define IMGTOOL_SOURCE_ATTRIBUTES_H

#include "imgtool/source/source.h"

struct archive_entry;

/*
 * Set owner, times, extended attributes and ACLs (which may change the mode)
 * of INODE from an archive's entry. PATH is for messages. Returns 0, or -1:
 * reported.
 */
int attributes_from_entry(const struct import *import, const char *path,
			  struct archive_entry *entry, struct inode *inode);

#endif
