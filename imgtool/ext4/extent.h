/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which blocks of the image hold which blocks of a file: lists of extents in
 * memory, and the trees that ext4 stores them in.
 */
#ifndef IMGTOOL_EXT4_EXTENT_H
#define IMGTOOL_EXT4_EXTENT_H

#include <stddef.h>
#include <stdint.h>

/* The most blocks one ext4 extent can have. */
#define EXTENT_LONGEST 32768

/* `count` blocks from `logical` on in the file stand from `physical` on. */
struct extent {
	uint32_t logical;
	uint32_t count;
	uint64_t physical; /* 0: not placed yet */
} __attribute__((packed, aligned(4)));

/*
 * In order of `logical`, without overlap. Most files have one, which stands
 * here itself: there may be millions of these.
 */
struct extents {
	uint32_t count;
	union {
		struct extent one; /* if count < 2 */
		struct {
			struct extent *many;
			uint32_t capacity;
		} __attribute__((packed));
	};
} __attribute__((packed, aligned(4)));

static inline const struct extent *extents_list(const struct extents *extents)
{
	return extents->count < 2 ? &extents->one : extents->many;
}

/*
 * Append blocks behind the last ones; joins what is adjacent in the file and
 * in the image, up to EXTENT_LONGEST (not placed: up to any length).
 */
void extents_add(struct extents *extents, uint32_t logical, uint64_t physical,
		 uint32_t count);

/* How many blocks all extents have. */
uint64_t extents_blocks(const struct extents *extents);

void extents_free(struct extents *extents);

/* How many blocks of 4096 bytes the tree for COUNT extents takes, besides the
 * root in the inode. */
size_t extent_tree_blocks(size_t count);

/* Block after block of a list of extents that has enough of them. */
struct extent_cursor {
	const struct extents *blocks;
	size_t extent;
	uint32_t within;
};

uint64_t extent_cursor_next(struct extent_cursor *cursor);

/*
 * Make the tree. ROOT gets the 60 bytes that stand in the inode. Every block
 * outside of it is given to PUT, with the block number that is next in
 * BLOCKS (which must have extent_tree_blocks() blocks).  PUT may fill in the
 * checksum at the end; it returns 0 or -1, which ends the work.
 */
int extent_tree_make(const struct extents *extents,
		     const struct extents *blocks, uint8_t root[60],
		     int (*put)(void *context, uint64_t block, void *data),
		     void *context);

#endif
