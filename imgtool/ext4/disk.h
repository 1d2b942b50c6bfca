/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ext4's structures on disk, as libext2fs declares them, and the sizes that
 * images made here always have. Structures are filled in with plain stores:
 * only little-endian hosts are supported, as by the kernel.
 */
#ifndef IMGTOOL_EXT4_DISK_H
#define IMGTOOL_EXT4_DISK_H

#include <assert.h>

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include <ext2fs/ext2_ext_attr.h>
#include <ext2fs/ext3_extents.h>

#undef BLOCK_SIZE
#define BLOCK_BITS	  12
#define BLOCK_SIZE	  4096
#define BLOCKS_PER_GROUP  32768
#define INODE_SIZE	  256
#define INODES_PER_BLOCK  (BLOCK_SIZE / INODE_SIZE)
#define INODE_EXTRA_SIZE  32
#define FIRST_FREE_INODE  11

/* The most bytes a file can have: 2^32 blocks less one. */
#define FILE_LONGEST (((uint64_t)UINT32_MAX) << BLOCK_BITS)

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "see above");
static_assert(sizeof(struct ext3_extent_header) == 12, "on disk");
static_assert(sizeof(struct ext3_extent) == 12, "on disk");
static_assert(sizeof(struct ext3_extent_idx) == 12, "on disk");
static_assert(sizeof(struct ext2_ext_attr_header) == 32, "on disk");
static_assert(sizeof(struct ext2_ext_attr_entry) == 16, "on disk");
static_assert(sizeof(struct ext2_inode_large) == 128 + INODE_EXTRA_SIZE,
	      "on disk");
static_assert(sizeof(struct ext2_dir_entry_tail) == 12, "on disk");
static_assert(sizeof(struct ext2_dx_root_info) == 8, "on disk");
static_assert(sizeof(struct ext2_dx_entry) == 8, "on disk");

static inline uint64_t blocks_of(uint64_t bytes)
{
	return (bytes + BLOCK_SIZE - 1) >> BLOCK_BITS;
}

#endif
