/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the blocks of a file are: extent trees and indirect blocks.
 *
 * Every answer covers at least one block and, in an extent tree, goes on from
 * the one before, so that reading ends whatever the tree says. A tree has at
 * most five levels, and each must say that it is one below the last.
 */
#include <errno.h>
#include <string.h>

#include <linux/types.h>

#include <ext2fs/ext3_extents.h>

#include "imgtool/view/ext.h"

#define DEPTH_MOST 5

static bool is_inside(const struct ext *ext, uint64_t block, uint64_t count)
{
	uint64_t end = ext2fs_blocks_count(ext->fs->super);

	return block >= ext->fs->super->s_first_data_block && block < end &&
	       count <= end - block;
}

/* Check a node of SIZE bytes. Returns its number of entries or -EUCLEAN. */
static int check_node(const void *node, size_t size, int depth)
{
	const struct ext3_extent_header *h = node;
	size_t room = (size - sizeof(*h)) / sizeof(struct ext3_extent);
	unsigned int entries = ext2fs_le16_to_cpu(h->eh_entries);

	if (ext2fs_le16_to_cpu(h->eh_magic) != EXT3_EXT_MAGIC ||
	    ext2fs_le16_to_cpu(h->eh_depth) != depth || entries > room)
		return -EUCLEAN;
	return entries;
}

/* Both kinds of entry begin with their first logical block. */
static uint32_t first_of(const void *node, int i)
{
	const struct ext3_extent *e =
		(const void *)((const struct ext3_extent_header *)node + 1);

	return ext2fs_le32_to_cpu(e[i].ee_block);
}

/* The last entry that begins at or before LOGICAL; -1: none. */
static int find_entry(const void *node, int entries, uint64_t logical)
{
	int low = 0, high = entries;

	while (low < high) {
		int middle = (low + high) / 2;

		if (first_of(node, middle) <= logical)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

static int map_leaf(struct ext *ext, const void *node, int entries,
		    uint64_t logical, uint64_t limit, struct ext_run *run)
{
	const struct ext3_extent *e =
		(const void *)((const struct ext3_extent_header *)node + 1);
	int i = find_entry(node, entries, logical);
	uint64_t start, length, physical;
	bool unwritten;

	if (i + 1 < entries && first_of(node, i + 1) < limit)
		limit = first_of(node, i + 1);
	if (limit <= logical)
		return -EUCLEAN;
	run->physical = 0;
	run->count = limit - logical;
	if (i < 0)
		return 0;
	start = ext2fs_le32_to_cpu(e[i].ee_block);
	length = ext2fs_le16_to_cpu(e[i].ee_len);
	unwritten = length > 32768;
	if (unwritten)
		length -= 32768;
	physical = ext2fs_le32_to_cpu(e[i].ee_start) |
		   (uint64_t)ext2fs_le16_to_cpu(e[i].ee_start_hi) << 32;
	if (!length || !is_inside(ext, physical, length))
		return -EUCLEAN;
	if (logical - start >= length)
		return 0;
	if (run->count > length - (logical - start))
		run->count = length - (logical - start);
	if (!unwritten)
		run->physical = physical + (logical - start);
	run->unwritten = unwritten;
	return 0;
}

static int map_extents(struct ext *ext, uint64_t logical, struct ext_run *run)
{
	const struct ext3_extent_header *node =
		(const void *)ext->inode.large.i_block;
	const struct ext3_extent_idx *idx;
	uint64_t limit = 1ULL << 32, child;
	size_t size = sizeof(ext->inode.large.i_block);
	int depth = ext2fs_le16_to_cpu(node->eh_depth), entries, i, r;

	if (depth > DEPTH_MOST)
		return -EUCLEAN;
	for (;; depth--) {
		entries = check_node(node, size, depth);
		if (entries < 0)
			return entries;
		if (!depth)
			return map_leaf(ext, node, entries, logical, limit,
					run);
		i = find_entry(node, entries, logical);
		if (i + 1 < entries && first_of(node, i + 1) < limit)
			limit = first_of(node, i + 1);
		if (limit <= logical)
			return -EUCLEAN;
		if (i < 0) {
			run->physical = 0;
			run->count = limit - logical;
			return 0;
		}
		idx = (const void *)(node + 1);
		child = ext2fs_le32_to_cpu(idx[i].ei_leaf) |
			(uint64_t)ext2fs_le16_to_cpu(idx[i].ei_leaf_hi) << 32;
		r = ext_read_block(ext, child, ext->block);
		if (r < 0)
			return r;
		node = (const void *)ext->block;
		size = ext->fs->blocksize;
	}
}

/* How many following numbers continue NUMBERS[AT] (or its hole). */
static uint64_t count_run(const uint32_t *numbers, size_t at, size_t end)
{
	uint32_t first = ext2fs_le32_to_cpu(numbers[at]);
	uint64_t n = 1;

	while (at + n < end && ext2fs_le32_to_cpu(numbers[at + n]) ==
	       (first ? first + n : 0))
		n++;
	return n;
}

static int give_run(struct ext *ext, const uint32_t *numbers, size_t at,
		    size_t end, struct ext_run *run)
{
	run->physical = ext2fs_le32_to_cpu(numbers[at]);
	run->count = count_run(numbers, at, end);
	if (run->physical && !is_inside(ext, run->physical, run->count))
		return -EUCLEAN;
	return 0;
}

static int map_indirect(struct ext *ext, uint64_t logical, struct ext_run *run)
{
	const uint32_t *direct = ext->inode.large.i_block;
	uint64_t per = ext->fs->blocksize / 4, span = 1, at = logical;
	uint32_t number;
	int level, r;

	if (at < EXT2_NDIR_BLOCKS)
		return give_run(ext, direct, at, EXT2_NDIR_BLOCKS, run);
	at -= EXT2_NDIR_BLOCKS;
	for (level = 1; level <= 3; level++) {
		span *= per;
		if (at < span)
			break;
		at -= span;
	}
	if (level > 3)
		return -EUCLEAN;
	number = ext2fs_le32_to_cpu(direct[EXT2_NDIR_BLOCKS - 1 + level]);
	for (;;) {
		if (!number) {
			run->physical = 0;
			run->count = span - at;
			return 0;
		}
		r = ext_read_block(ext, number, ext->block);
		if (r < 0)
			return r;
		span /= per;
		if (span == 1)
			return give_run(ext, (uint32_t *)ext->block, at, per,
					run);
		number = ext2fs_le32_to_cpu(
			((uint32_t *)ext->block)[at / span]);
		at %= span;
	}
}

int ext_map(struct ext *ext, uint64_t logical, struct ext_run *run)
{
	run->unwritten = false;
	if (logical >> 32)
		return -EUCLEAN;
	if (ext->inode.large.i_flags & EXT4_EXTENTS_FL)
		return map_extents(ext, logical, run);
	return map_indirect(ext, logical, run);
}
