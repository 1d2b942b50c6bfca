/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/ext4/blockmap.h"
#include "imgtool/ext4/disk.h"
#include "imgtool/ext4/layout.h"
#include "imgtool/msg.h"

/* Room for group descriptors unless the size asks for more: the file system
 * can grow to 512 GiB. */
#define HEADER_DESCS 64
/* The resize inode can list 1024 blocks that are set aside; one less, because
 * a last group that is dropped may save a block of descriptors. */
#define RESERVED_MOST 1023
/* One inode for so many bytes, as mke2fs counts. */
#define BYTES_PER_INODE 16384
#define INODES_PER_GROUP_MOST (BLOCK_SIZE * 8)
/* libext2fs drops a last group with less room than this behind its own
 * structures. */
#define LAST_GROUP_ROOM 50
/* The resize inode's own block, which libext2fs takes at the end. */
#define LATE_BLOCKS 1
/* Block numbers stay below 2^32. */
#define BLOCKS_MOST UINT32_MAX
/* Sizes that are computed are whole MiB. */
#define ROUND_BLOCKS 256

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return (a + b - 1) / b;
}

static uint64_t round_up(uint64_t a, uint64_t b)
{
	return divide_up(a, b) * b;
}

static uint64_t desc_blocks(uint64_t blocks, const struct profile *profile)
{
	uint32_t per_block = BLOCK_SIZE / (profile->bits64 ? 64 : 32);

	return divide_up(divide_up(blocks, BLOCKS_PER_GROUP), per_block);
}

uint32_t layout_header(uint64_t fixed_blocks, const struct profile *profile)
{
	uint64_t now = desc_blocks(fixed_blocks, profile), room = HEADER_DESCS;

	if (now * 2 > room)
		room = now + (now < RESERVED_MOST ? now : RESERVED_MOST);
	return 1 + room;
}

uint32_t layout_every(uint64_t fixed_blocks, const struct profile *profile)
{
	uint64_t inodes = fixed_blocks < BLOCKS_PER_GROUP ? fixed_blocks : 0;

	if (profile->extents)
		return 0;
	inodes = (inodes ?: BLOCKS_PER_GROUP) * BLOCK_SIZE / BYTES_PER_INODE;
	return 2 + divide_up(inodes, INODES_PER_BLOCK);
}

/* What the kernel keeps back from everybody (ext4's s_resv_clusters). */
static uint64_t kernel_reserve(uint64_t blocks)
{
	return blocks / 50 < 4096 ? blocks / 50 : 4096;
}

/* Blocks that the last group must have to be of use. */
static uint64_t last_group_needs(const struct layout *layout, uint32_t header)
{
	uint64_t needs = 2 + layout->table_blocks + LAST_GROUP_ROOM;

	return needs + (group_has_super(layout->groups - 1) ? header : 0);
}

/* The parameters of a file system with SIZE blocks and INODES inodes. False
 * if it cannot have that many inodes or not even one group. */
static bool shape(struct layout *layout, uint64_t size, uint64_t inodes,
		  const struct alloc *alloc, const struct profile *profile)
{
	uint32_t header = alloc->header;
	uint64_t per_group, rest;
	int journal;

	memset(layout, 0, sizeof(*layout));
	layout->blocks = size;
	for (;;) {
		layout->groups = divide_up(layout->blocks, BLOCKS_PER_GROUP);
		if (!layout->groups)
			return false;
		per_group = round_up(divide_up(inodes, layout->groups),
				     INODES_PER_BLOCK);
		if (alloc->every) {
			if (per_group > (alloc->every - 2) * INODES_PER_BLOCK)
				return false;
			per_group = (alloc->every - 2) * INODES_PER_BLOCK;
		}
		if (per_group > INODES_PER_GROUP_MOST)
			return false;
		layout->inodes_per_group = per_group;
		layout->table_blocks = per_group / INODES_PER_BLOCK;
		rest = layout->blocks % BLOCKS_PER_GROUP;
		if (!rest || rest >= last_group_needs(layout, header))
			break;
		layout->blocks -= rest;
	}
	layout->in_groups = alloc->every;
	layout->desc_blocks = desc_blocks(layout->blocks, profile);
	journal = profile->journal ?
		  ext2fs_default_journal_size(layout->blocks) : 0;
	layout->journal_blocks = journal > 0 ? journal : 0;
	return layout->desc_blocks < header;
}

/* Would it fit? If not, return how many blocks are missing, roughly. */
static uint64_t shortage(const struct alloc *alloc, struct layout *layout,
			 uint64_t free_wanted)
{
	uint64_t usable, needed, missing = 0;
	struct placement placement;
	struct alloc trial;

	alloc_clone(&trial, alloc);
	layout_place(&trial, layout, &placement);
	usable = layout->blocks - header_blocks(alloc->header, layout->groups) -
		 layout->groups * alloc->every;
	needed = trial.taken + LATE_BLOCKS +
		 (free_wanted ? kernel_reserve(layout->blocks) : 0);
	if (trial.cursor > layout->blocks)
		missing = trial.cursor - layout->blocks;
	if (needed + free_wanted > usable &&
	    needed + free_wanted - usable > missing)
		missing = needed + free_wanted - usable;
	layout->free_blocks = usable > needed ? usable - needed : 0;
	placement_free(&placement);
	alloc_free_all(&trial);
	return missing;
}

static uint64_t wanted_inodes(uint64_t needed, uint64_t blocks)
{
	uint64_t ratio = blocks * BLOCK_SIZE / BYTES_PER_INODE;

	needed += needed / 8 + INODES_PER_BLOCK;
	return needed > ratio ? needed : ratio;
}

/* The least size that is enough. It only goes up, by what is missing. */
static int compute_size(const struct alloc *alloc,
			const struct layout_request *request,
			uint64_t free_wanted, struct layout *layout)
{
	uint64_t inodes = request->inodes;
	uint64_t size = alloc->taken + free_wanted, missing;

	if (size < alloc->cursor)
		size = alloc->cursor;
	for (;; size += missing) {
		size = round_up(size, ROUND_BLOCKS);
		if (size > BLOCKS_MOST)
			return -EFBIG;
		missing = ROUND_BLOCKS;
		if (!shape(layout, size, alloc->every ? inodes :
			   wanted_inodes(inodes, size), alloc,
			   request->profile)) {
			if (desc_blocks(size, request->profile) >=
			    alloc->header)
				return -EFBIG;
			continue;
		}
		missing = size - layout->blocks;
		if (!missing)
			missing = shortage(alloc, layout, free_wanted);
		if (!missing)
			return 0;
	}
}

/* A size that was asked for, as generous with inodes as it allows. */
static bool try_fixed(const struct alloc *alloc,
		      const struct layout_request *request, uint64_t inodes,
		      struct layout *layout)
{
	return shape(layout, request->fixed_blocks, inodes, alloc,
		     request->profile) &&
	       !shortage(alloc, layout, 0);
}

int layout_compute(const struct alloc *alloc,
		   const struct layout_request *request, struct layout *layout)
{
	uint64_t size = request->fixed_blocks;
	uint64_t inodes = request->inodes;
	int r;

	if (!size)
		return compute_size(alloc, request, request->free_blocks,
				    layout);
	if (size > BLOCKS_MOST)
		return -EFBIG;
	if (try_fixed(alloc, request, wanted_inodes(inodes, size), layout) ||
	    try_fixed(alloc, request, inodes, layout))
		return 0;
	r = compute_size(alloc, request, 0, layout);
	return r < 0 ? r : -ENOSPC;
}

/*
 * Inode tables first: each must be one piece, and what they leave over is
 * good for everything else.
 */
void layout_place(struct alloc *alloc, const struct layout *layout,
		  struct placement *placement)
{
	uint64_t group;

	memset(placement, 0, sizeof(*placement));
	placement->tables = mem_alloc(layout->groups * sizeof(uint64_t));
	for (group = 0; group < layout->groups; group++)
		placement->tables[group] = layout->in_groups ?
			group * BLOCKS_PER_GROUP + alloc_front(alloc, group) -
				layout->table_blocks :
			alloc_contiguous(alloc, layout->table_blocks);
	if (!layout->in_groups) {
		alloc_blocks(alloc, &placement->block_bitmaps, 0,
			     layout->groups);
		alloc_blocks(alloc, &placement->inode_bitmaps, 0,
			     layout->groups);
	}
	alloc_blocks(alloc, &placement->journal, 0, layout->journal_blocks);
	alloc_blocks(alloc, &placement->journal_tree, 0, layout->in_groups ?
		     blockmap_blocks(&placement->journal) :
		     extent_tree_blocks(placement->journal.count));
}

void placement_free(struct placement *placement)
{
	free(placement->tables);
	extents_free(&placement->block_bitmaps);
	extents_free(&placement->inode_bitmaps);
	extents_free(&placement->journal);
	extents_free(&placement->journal_tree);
	memset(placement, 0, sizeof(*placement));
}
