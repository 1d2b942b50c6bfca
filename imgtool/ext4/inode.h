/* SPDX-License-Identifier: GPL-2.0 */
/* Inodes on disk. */
#ifndef IMGTOOL_EXT4_INODE_H
#define IMGTOOL_EXT4_INODE_H

#include "imgtool/ext4/volume.h"

/* Symlinks shorter than this stand in the inode itself. */
#define FAST_SYMLINK 60

/* Does the inode have data blocks (or might, being an empty file)? */
static inline int inode_has_extents(const struct inode *inode)
{
	return S_ISREG(inode->mode) || S_ISDIR(inode->mode) ||
	       (S_ISLNK(inode->mode) && inode->size >= FAST_SYMLINK);
}

/* Seconds and nanoseconds as ext4 keeps them: 34 bits and 30 bits. What is
 * out of range becomes the nearest time that is not. */
void stamp_encode(const struct stamp *stamp, uint32_t *low, uint32_t *extra);

/*
 * Make the 256 bytes of an inode with its number, checksum and all, and write
 * the blocks of its extent tree if it has some.
 */
int inode_encode(struct volume *volume, const struct inode *inode,
		 uint8_t out[256]);

#endif
