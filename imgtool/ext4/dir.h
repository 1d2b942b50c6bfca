/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Directory blocks. A directory that fits one block is a plain list in order
 * of names; a larger one is a hash tree (htree): entries in order of their
 * names' hashes, packed into leaf blocks, and one or two levels of index in
 * front of them.
 */
#ifndef IMGTOOL_EXT4_DIR_H
#define IMGTOOL_EXT4_DIR_H

#include <stdbool.h>

#include "imgtool/ext4/volume.h"

/* Is DIR too large for a plain list? */
bool dir_is_indexed(const struct volume *volume, const struct inode *dir);

/* How many blocks DIR takes, 0 if it has too many names (not reported). Needs
 * the hash seed only. */
uint32_t dir_blocks(const struct volume *volume, const struct inode *dir);

/* Write DIR to its blocks. All inodes have numbers. */
int dir_write(struct volume *volume, const struct inode *dir);

/* Below: between dir.c and htree.c. */

/* Bytes that an entry with a name of LENGTH bytes takes. */
static inline uint32_t dirent_size(uint32_t length)
{
	return (8 + length + 3) & ~3u;
}

/* A directory block that is being filled. */
struct dir_block {
	uint8_t *data;
	uint32_t used; /* bytes */
	uint32_t last; /* offset of the last entry; valid if used > 0 */
};

/* Append an entry; the caller knows that it fits. */
void dir_block_add(struct dir_block *block, uint32_t number, const char *name,
		   uint32_t length, uint32_t mode);

/* Stretch the last entry over the rest, and add the checksum. */
int dir_block_finish(struct volume *volume, struct dir_block *block,
		     const struct inode *dir);

/* Memory for block LOGICAL of DIR, all zero. */
int dir_block_begin(struct volume *volume, struct dir_block *block,
		    const struct inode *dir, uint32_t logical);

/* The two parts of dir_blocks() and dir_write() for hash trees. */
uint32_t htree_blocks(const struct volume *volume, const struct inode *dir);
int htree_write(struct volume *volume, const struct inode *dir);

/* The number of the directory that DIR is in. */
uint32_t dir_parent_number(const struct inode *dir);

#endif
