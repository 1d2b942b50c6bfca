/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A block of the map takes the next of the blocks that were set aside when
 * the first number goes into it. Numbers come in order, so that at any time
 * one block of each level is being filled.
 */
#include <stdbool.h>
#include <string.h>

#include "imgtool/ext4/blockmap.h"
#include "imgtool/ext4/disk.h"

#define DIRECT 12
#define PER_BLOCK (BLOCK_SIZE / 4)
#define LEVELS 3

/* Leaf 0 is the one that the inode points to; middle 0, too. */
size_t blockmap_blocks(const struct extents *extents)
{
	const struct extent *list = extents_list(extents);
	int64_t leaf = -1, middle = -1, from, to;
	size_t total = 0, i;
	bool top = false;

	for (i = 0; i < extents->count; i++) {
		from = list[i].logical;
		to = from + list[i].count - 1;
		if (to < DIRECT)
			continue;
		from = from < DIRECT ? 0 : (from - DIRECT) / PER_BLOCK;
		to = (to - DIRECT) / PER_BLOCK;
		total += to - (from > leaf ? from - 1 : leaf);
		leaf = to;
		if (to < 1)
			continue;
		from = from < 1 ? 0 : (from - 1) / PER_BLOCK;
		to = (to - 1) / PER_BLOCK;
		total += to - (from > middle ? from - 1 : middle);
		middle = to;
		top |= to > 0;
	}
	return total + top;
}

/* A block of numbers that is being filled. */
struct part {
	int64_t index; /* -1: none */
	uint64_t block;
	uint32_t numbers[PER_BLOCK];
};

struct map {
	struct part parts[LEVELS]; /* leaf, middle, top */
	struct extent_cursor cursor;
	uint32_t *root;
	int (*put)(void *context, uint64_t block, void *data);
	void *context;
};

static int flush(struct map *map, struct part *part)
{
	if (part->index < 0)
		return 0;
	part->index = -1;
	return map->put(map->context, part->block, part->numbers);
}

/* Begin block INDEX of a level. */
static int begin(struct map *map, struct part *part, int64_t index)
{
	if (flush(map, part) < 0)
		return -1;
	memset(part->numbers, 0, sizeof(part->numbers));
	part->index = index;
	part->block = extent_cursor_next(&map->cursor);
	return 0;
}

/* What points to middle block INDEX. */
static int link_middle(struct map *map, int64_t index)
{
	struct part *top = &map->parts[2];

	if (!index) {
		map->root[13] = map->parts[1].block;
		return 0;
	}
	if (top->index < 0) {
		if (begin(map, top, 0) < 0)
			return -1;
		map->root[14] = top->block;
	}
	top->numbers[index - 1] = map->parts[1].block;
	return 0;
}

static int link_leaf(struct map *map, int64_t index)
{
	struct part *middle = &map->parts[1];
	int64_t at;

	if (!index) {
		map->root[12] = map->parts[0].block;
		return 0;
	}
	at = (index - 1) / PER_BLOCK;
	if (middle->index != at) {
		if (begin(map, middle, at) < 0 || link_middle(map, at) < 0)
			return -1;
	}
	middle->numbers[(index - 1) % PER_BLOCK] = map->parts[0].block;
	return 0;
}

static int set(struct map *map, uint32_t logical, uint32_t physical)
{
	struct part *leaf = &map->parts[0];
	int64_t index;

	if (logical < DIRECT) {
		map->root[logical] = physical;
		return 0;
	}
	index = (logical - DIRECT) / PER_BLOCK;
	if (leaf->index != index) {
		if (begin(map, leaf, index) < 0 || link_leaf(map, index) < 0)
			return -1;
	}
	leaf->numbers[(logical - DIRECT) % PER_BLOCK] = physical;
	return 0;
}

int blockmap_make(const struct extents *extents, const struct extents *blocks,
		  uint8_t root[60],
		  int (*put)(void *context, uint64_t block, void *data),
		  void *context)
{
	uint32_t numbers[15] = { 0 };
	struct map map = { .cursor = { .blocks = blocks }, .root = numbers,
			   .put = put, .context = context };
	const struct extent *list = extents_list(extents);
	size_t i;
	uint32_t n;
	int r = 0;

	for (i = 0; i < LEVELS; i++)
		map.parts[i].index = -1;
	for (i = 0; i < extents->count; i++)
		for (n = 0; n < list[i].count && r == 0; n++)
			r = set(&map, list[i].logical + n,
				list[i].physical + n);
	for (i = 0; i < LEVELS && r == 0; i++)
		r = flush(&map, &map.parts[i]);
	memcpy(root, numbers, sizeof(numbers));
	return r;
}
