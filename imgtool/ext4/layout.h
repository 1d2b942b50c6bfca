/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How large the file system is and what stands in it besides the tree:
 * computed, not guessed. When this is called everything that does not depend
 * on the size (data, directories, extent trees, attribute blocks) has its
 * blocks; what is left is bitmaps, inode tables and the journal, and those
 * are tried out on a copy of the allocator until they fit.
 */
#ifndef IMGTOOL_EXT4_LAYOUT_H
#define IMGTOOL_EXT4_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "imgtool/ext4/alloc.h"
#include "imgtool/ext4/profile.h"

struct layout_request {
	const struct profile *profile;
	uint64_t inodes;	/* numbers in use, the reserved ones too */
	uint64_t fixed_blocks;	/* the size; 0: compute it ... */
	uint64_t free_blocks;	/* ... so that this much is free */
};

struct layout {
	uint64_t blocks;
	uint64_t groups;
	uint32_t inodes_per_group;
	uint32_t table_blocks;	 /* of the inode table of one group */
	uint32_t journal_blocks; /* 0: no journal */
	uint32_t desc_blocks;	 /* of the group descriptors */
	bool in_groups;	/* no flex_bg: bitmaps and tables are in their groups */
	uint64_t free_blocks;	 /* what an ordinary user can fill */
};

/* Where those things stand. */
struct placement {
	uint64_t *tables; /* of each group; in_groups: bitmaps are before it */
	struct extents block_bitmaps; /* logical = group */
	struct extents inode_bitmaps; /* logical = group */
	struct extents journal;
	struct extents journal_tree; /* blocks of its extent tree */
};

/* Blocks to set aside at the front of groups for superblock, descriptors and
 * their growth; FIXED_BLOCKS is the final size, 0 if not known. */
uint32_t layout_header(uint64_t fixed_blocks, const struct profile *profile);

/* Blocks to set aside in every group, 0 with flex_bg. Then the number of
 * inodes must be known before anything of the tree is: it is mke2fs's. */
uint32_t layout_every(uint64_t fixed_blocks, const struct profile *profile);

/*
 * 0; -ENOSPC if the fixed size is too small, with layout->blocks set to what
 * would be enough; -EFBIG if it would be more than one image can have.
 */
int layout_compute(const struct alloc *alloc,
		   const struct layout_request *request, struct layout *layout);

/* Take the blocks of a computed layout. */
void layout_place(struct alloc *alloc, const struct layout *layout,
		  struct placement *placement);

void placement_free(struct placement *placement);

#endif
