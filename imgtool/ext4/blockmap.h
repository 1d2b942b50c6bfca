/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the blocks of a file stand, as ext2 and ext3 keep it: twelve numbers
 * in the inode, then blocks of 1024 numbers, in up to three levels.
 */
#ifndef IMGTOOL_EXT4_BLOCKMAP_H
#define IMGTOOL_EXT4_BLOCKMAP_H

#include "imgtool/ext4/extent.h"

/* How many blocks the map takes besides the numbers in the inode. */
size_t blockmap_blocks(const struct extents *extents);

/* As extent_tree_make(). Every block number is below 2^32. */
int blockmap_make(const struct extents *extents, const struct extents *blocks,
		  uint8_t root[60],
		  int (*put)(void *context, uint64_t block, void *data),
		  void *context);

#endif
