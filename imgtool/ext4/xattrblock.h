/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Extended attributes on disk: in the inode behind its fields, in one block
 * that inodes with the same attributes share, or in both.
 */
#ifndef IMGTOOL_EXT4_XATTRBLOCK_H
#define IMGTOOL_EXT4_XATTRBLOCK_H

#include "imgtool/ext4/volume.h"

/* Bytes behind the fields of an inode. */
#define XATTR_BODY_SIZE (256 - 128 - 32)

/*
 * Encode LIST. BODY gets the XATTR_BODY_SIZE bytes for the inode, BLOCK the
 * block without its checksum; both are zeroed first. Returns 0 if the inode
 * holds all, 1 if the block is needed, -1 if both are too small (not
 * reported). USE_BODY false: the driver (of ext2) looks into blocks only.
 */
int xattrs_encode(const struct xattr *list, bool use_body, uint8_t *body,
		  uint8_t *block);

/* Give the inode an attribute block if it needs one. */
int xattrs_place(struct volume *volume, struct inode *inode);

/* Write all attribute blocks. */
int xattrs_write(struct volume *volume);

#endif
