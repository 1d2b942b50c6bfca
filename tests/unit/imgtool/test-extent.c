// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "imgtool/ext4/disk.h"
#include "imgtool/ext4/extent.h"
#include "tests/unit/imgtool/suite.h"

START_TEST(joins)
{
	struct extents e = { 0 };

	extents_add(&e, 0, 100, 10);
	extents_add(&e, 10, 110, 5);
	ck_assert_uint_eq(e.count, 1);
	ck_assert_uint_eq(extents_list(&e)[0].count, 15);
	extents_add(&e, 15, 200, 1); /* elsewhere in the image */
	extents_add(&e, 17, 201, 1); /* a hole in the file */
	ck_assert_uint_eq(e.count, 3);
	ck_assert_uint_eq(extents_blocks(&e), 17);
	extents_free(&e);
	ck_assert_uint_eq(e.count, 0);
}
END_TEST

START_TEST(splits)
{
	struct extents e = { 0 };

	extents_add(&e, 0, 1000, 100000);
	ck_assert_uint_eq(e.count, 4);
	ck_assert_uint_eq(extents_list(&e)[3].logical, 3 * 32768);
	ck_assert_uint_eq(extents_list(&e)[3].physical, 1000 + 3 * 32768);
	ck_assert_uint_eq(extents_blocks(&e), 100000);
	extents_add(&e, 100000, 101000, 40000);
	ck_assert_uint_eq(e.count, 5);
	ck_assert_uint_eq(extents_list(&e)[3].count, 32768);
	ck_assert_uint_eq(extents_blocks(&e), 140000);
	extents_free(&e);
	extents_add(&e, 5, 0, 1000000); /* without a place: no limit */
	ck_assert_uint_eq(e.count, 1);
	extents_free(&e);
}
END_TEST

START_TEST(tree_sizes)
{
	ck_assert_uint_eq(extent_tree_blocks(0), 0);
	ck_assert_uint_eq(extent_tree_blocks(4), 0);
	ck_assert_uint_eq(extent_tree_blocks(5), 1);
	ck_assert_uint_eq(extent_tree_blocks(340), 1);
	ck_assert_uint_eq(extent_tree_blocks(341), 2);
	ck_assert_uint_eq(extent_tree_blocks(4 * 340), 4);
	ck_assert_uint_eq(extent_tree_blocks(4 * 340 + 1), 6);
	ck_assert_uint_eq(extent_tree_blocks(340 * 340 * 4 + 1),
			  4 * 340 + 1 + 5 + 1);
}
END_TEST

/* The blocks of a tree, by number. */
static uint8_t store[2000][BLOCK_SIZE];
static size_t stored;

static int keep(void *context, uint64_t block, void *data)
{
	ck_assert_uint_ge(block, 5000);
	ck_assert_uint_lt(block, 7000);
	memcpy(store[block - 5000], data, BLOCK_SIZE);
	stored++;
	return 0;
}

static uint32_t next_logical;

/* Walk a node and check that it gives extents 0, 2, 4, ... in order. */
static void walk(const uint8_t *node, size_t max, int depth)
{
	const struct ext3_extent_header *h = (const void *)node;
	const struct ext3_extent_idx *index = (const void *)(h + 1);
	const struct ext3_extent *extent = (const void *)(h + 1);
	size_t i;

	ck_assert_uint_eq(h->eh_magic, EXT3_EXT_MAGIC);
	ck_assert_uint_eq(h->eh_max, max);
	ck_assert_uint_le(h->eh_entries, max);
	ck_assert_uint_ge(h->eh_entries, 1);
	if (depth >= 0)
		ck_assert_int_eq(h->eh_depth, depth);
	for (i = 0; i < h->eh_entries; i++) {
		if (h->eh_depth) {
			ck_assert_uint_eq(index[i].ei_block, next_logical);
			walk(store[index[i].ei_leaf - 5000], 340,
			     h->eh_depth - 1);
			continue;
		}
		ck_assert_uint_eq(extent[i].ee_block, next_logical);
		ck_assert_uint_eq(extent[i].ee_len, 1);
		ck_assert_uint_eq(extent[i].ee_start,
				  100000 + 2 * next_logical);
		ck_assert_uint_eq(extent[i].ee_start_hi, 1);
		next_logical += 2;
	}
}

static void check_tree(size_t count)
{
	struct extents e = { 0 }, blocks = { 0 };
	size_t size = extent_tree_blocks(count), i;
	uint8_t root[60];

	for (i = 0; i < count; i++)
		extents_add(&e, 2 * i, (UINT64_C(1) << 32) + 100000 + 4 * i, 1);
	/* in two pieces */
	if (size > 1)
		extents_add(&blocks, 0, 5000, size / 2);
	if (size)
		extents_add(&blocks, size / 2, 6000, size - size / 2);
	stored = 0;
	next_logical = 0;
	ck_assert_int_eq(extent_tree_make(&e, &blocks, root, keep, NULL), 0);
	ck_assert_uint_eq(stored, size);
	walk(root, 4, -1);
	ck_assert_uint_eq(next_logical, 2 * count);
	extents_free(&e);
	extents_free(&blocks);
}

START_TEST(trees)
{
	check_tree(1);
	check_tree(4);
	check_tree(5);
	check_tree(340);
	check_tree(341);
	check_tree(1360);
	check_tree(1361);
	check_tree(340000);
}
END_TEST

static int refuse(void *context, uint64_t block, void *data)
{
	return -1;
}

START_TEST(failure)
{
	struct extents e = { 0 }, blocks = { 0 };
	uint8_t root[60];
	size_t i;

	for (i = 0; i < 10; i++)
		extents_add(&e, 2 * i, 100 + 2 * i, 1);
	extents_add(&blocks, 0, 1, 1);
	ck_assert_int_eq(extent_tree_make(&e, &blocks, root, refuse, NULL),
			 -1);
	extents_free(&e);
	extents_free(&blocks);
}
END_TEST

RUN_TESTS("extent", joins, splits, tree_sizes, trees, failure)
