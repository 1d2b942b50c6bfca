/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tree is made bottom up, each level packed full, so its size follows from
 * the number of extents alone and the blocks can be set aside before anything
 * is written.
 */
#include <stdlib.h>
#include <string.h>

#include "imgtool/ext4/disk.h"
#include "imgtool/ext4/extent.h"
#include "imgtool/msg.h"

#define PER_ROOT  ((60 - sizeof(struct ext3_extent_header)) / 12)
#define PER_BLOCK ((BLOCK_SIZE - sizeof(struct ext3_extent_header)) / 12)

/* Room for one more. */
static struct extent *append(struct extents *extents)
{
	struct extent one = extents->one;
	size_t capacity;

	if (!extents->count++)
		return &extents->one;
	if (extents->count == 2) {
		extents->many = mem_alloc(4 * sizeof(one));
		extents->many[0] = one;
		extents->capacity = 4;
	}
	capacity = extents->capacity;
	extents->many = mem_grow(extents->many, extents->count - 1, &capacity,
				 sizeof(one));
	extents->capacity = capacity;
	return &extents->many[extents->count - 1];
}

void extents_add(struct extents *extents, uint32_t logical, uint64_t physical,
		 uint32_t count)
{
	struct extent *last = NULL, *e;
	uint32_t n, room;

	if (extents->count)
		last = (struct extent *)extents_list(extents) +
		       extents->count - 1;
	if (last && last->logical + last->count == logical && physical &&
	    last->physical + last->count == physical &&
	    last->count < EXTENT_LONGEST) {
		room = EXTENT_LONGEST - last->count;
		n = count < room ? count : room;
		last->count += n;
		logical += n;
		physical += n;
		count -= n;
	}
	if (last && last->logical + last->count == logical && !physical &&
	    !last->physical) {
		last->count += count;
		return;
	}
	while (count) {
		n = physical && count > EXTENT_LONGEST ? EXTENT_LONGEST : count;
		e = append(extents);
		e->logical = logical;
		e->physical = physical;
		e->count = n;
		logical += n;
		physical += physical ? n : 0;
		count -= n;
	}
}

uint64_t extents_blocks(const struct extents *extents)
{
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < extents->count; i++)
		total += extents_list(extents)[i].count;
	return total;
}

void extents_free(struct extents *extents)
{
	if (extents->count > 1)
		free(extents->many);
	memset(extents, 0, sizeof(*extents));
}

size_t extent_tree_blocks(size_t count)
{
	size_t total = 0;

	while (count > PER_ROOT) {
		count = (count + PER_BLOCK - 1) / PER_BLOCK;
		total += count;
	}
	return total;
}

/* One entry of a node; extents and indices have the same size. */
union node_entry {
	struct ext3_extent extent;
	struct ext3_extent_idx index;
};

static void fill_extent(union node_entry *to, const struct extent *e)
{
	to->extent.ee_block = e->logical;
	to->extent.ee_len = e->count;
	to->extent.ee_start_hi = e->physical >> 32;
	to->extent.ee_start = e->physical;
}

static void fill_index(union node_entry *to, uint32_t logical, uint64_t block)
{
	to->index.ei_block = logical;
	to->index.ei_leaf = block;
	to->index.ei_leaf_hi = block >> 32;
	to->index.ei_unused = 0;
}

static void fill_node(void *node, const union node_entry *entries, size_t count,
		      size_t max, unsigned int depth)
{
	struct ext3_extent_header *header = node;

	memset(header, 0, sizeof(*header));
	header->eh_magic = EXT3_EXT_MAGIC;
	header->eh_entries = count;
	header->eh_max = max;
	header->eh_depth = depth;
	memcpy(header + 1, entries, count * sizeof(*entries));
}

uint64_t extent_cursor_next(struct extent_cursor *c)
{
	const struct extent *e = &extents_list(c->blocks)[c->extent];
	uint64_t block = e->physical + c->within;

	if (++c->within == e->count) {
		c->within = 0;
		c->extent++;
	}
	return block;
}

/* Write ENTRIES as full nodes, and leave in their place what points there. */
static int make_level(union node_entry *entries, size_t *count,
		      unsigned int depth, struct extent_cursor *blocks,
		      int (*put)(void *context, uint64_t block, void *data),
		      void *context)
{
	uint8_t node[BLOCK_SIZE];
	size_t i, n, nodes = 0;
	uint32_t logical;
	uint64_t block;

	for (i = 0; i < *count; i += n) {
		n = *count - i < PER_BLOCK ? *count - i : PER_BLOCK;
		memset(node, 0, sizeof(node));
		fill_node(node, &entries[i], n, PER_BLOCK, depth);
		logical = entries[i].extent.ee_block;
		block = extent_cursor_next(blocks);
		if (put(context, block, node) < 0)
			return -1;
		fill_index(&entries[nodes++], logical, block);
	}
	*count = nodes;
	return 0;
}

int extent_tree_make(const struct extents *extents,
		     const struct extents *blocks, uint8_t root[60],
		     int (*put)(void *context, uint64_t block, void *data),
		     void *context)
{
	struct extent_cursor cursor = { .blocks = blocks };
	size_t count = extents->count, i;
	union node_entry *entries;
	unsigned int depth = 0;
	int r = 0;

	entries = mem_alloc(count * sizeof(*entries));
	for (i = 0; i < count; i++)
		fill_extent(&entries[i], &extents_list(extents)[i]);
	while (count > PER_ROOT && r == 0)
		r = make_level(entries, &count, depth++, &cursor, put, context);
	if (r == 0) {
		memset(root, 0, 60);
		fill_node(root, entries, count, PER_ROOT, depth);
	}
	free(entries);
	return r;
}
