// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "imgtool/ext4/disk.h"
#include "imgtool/ext4/layout.h"
#include "tests/unit/imgtool/suite.h"

/* An allocator with CONTENT blocks taken. */
static void with_content(struct alloc *a, uint64_t fixed, uint64_t content)
{
	struct extents e = { 0 };

	alloc_init(a, layout_header(fixed, &profile_default));
	while (content) {
		uint32_t n = content < 1000000 ? content : 1000000;

		alloc_blocks(a, &e, 0, n);
		extents_free(&e);
		content -= n;
	}
}

/* A layout must hold what it says, within the rules of libext2fs. */
static void check_layout(const struct alloc *a, const struct layout *l)
{
	struct placement p;
	struct alloc trial;
	uint64_t rest = l->blocks % BLOCKS_PER_GROUP, needs;

	ck_assert_uint_eq(l->groups, (l->blocks + BLOCKS_PER_GROUP - 1) /
			  BLOCKS_PER_GROUP);
	ck_assert_uint_eq(l->inodes_per_group % INODES_PER_BLOCK, 0);
	ck_assert_uint_le(l->inodes_per_group, 32768);
	ck_assert_uint_lt(l->desc_blocks, a->header);
	ck_assert_uint_le(a->header - 1 - l->desc_blocks, 1024);
	needs = 2 + l->table_blocks + 50 +
		(group_has_super(l->groups - 1) ? a->header : 0);
	ck_assert(!rest || rest >= needs);
	alloc_clone(&trial, a);
	layout_place(&trial, l, &p);
	ck_assert_uint_le(trial.cursor, l->blocks);
	ck_assert_uint_le(trial.taken + header_blocks(a->header, l->groups) +
			  1 + l->free_blocks, l->blocks);
	ck_assert_uint_eq(extents_blocks(&p.journal), l->journal_blocks);
	placement_free(&p);
	alloc_free_all(&trial);
}

START_TEST(computed)
{
	static const uint64_t contents[] = {
		0, 1, 100, 5000, 32703, 32704, 32768, 65000, 98304, 131000,
		1000000, 20000000,
	};
	static const uint64_t frees[] = { 0, 1, 8192, 32768, 1000000 };
	struct layout_request r = { .profile = &profile_default };
	struct layout l;
	struct alloc a;
	size_t i, j;

	for (i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		for (j = 0; j < sizeof(frees) / sizeof(frees[0]); j++) {
			with_content(&a, 0, contents[i]);
			r.inodes = 11 + contents[i] / 3;
			r.free_blocks = frees[j];
			ck_assert_int_eq(layout_compute(&a, &r, &l), 0);
			check_layout(&a, &l);
			ck_assert_uint_ge(l.free_blocks, frees[j]);
			ck_assert_uint_ge((uint64_t)l.inodes_per_group *
					  l.groups, r.inodes);
			alloc_free_all(&a);
		}
	}
}
END_TEST

START_TEST(fixed)
{
	struct layout_request r = { .profile = &profile_default, .inodes = 100 };
	struct layout l;
	struct alloc a;
	uint64_t size;

	for (size = 1000; size < 400000; size += size / 50 + 1) {
		with_content(&a, size, 500);
		r.fixed_blocks = size;
		ck_assert_int_eq(layout_compute(&a, &r, &l), 0);
		check_layout(&a, &l);
		ck_assert_uint_le(l.blocks, size);
		/* at most one small last group is given up */
		ck_assert_uint_gt(l.blocks + 2048 + 200, size);
		alloc_free_all(&a);
	}
}
END_TEST

/* What an error proposes works, and a good deal less does not. */
START_TEST(too_small)
{
	struct layout_request r = { .profile = &profile_default, .inodes = 5000 };
	struct layout l;
	struct alloc a;
	uint64_t enough;

	with_content(&a, 1, 20000);
	r.fixed_blocks = 10000;
	ck_assert_int_eq(layout_compute(&a, &r, &l), -ENOSPC);
	enough = l.blocks;
	r.fixed_blocks = enough;
	ck_assert_int_eq(layout_compute(&a, &r, &l), 0);
	check_layout(&a, &l);
	r.fixed_blocks = enough * 9 / 10;
	ck_assert_int_eq(layout_compute(&a, &r, &l), -ENOSPC);
	alloc_free_all(&a);
}
END_TEST

/* Inodes alone can ask for groups. */
START_TEST(many_inodes)
{
	struct layout_request r = { .profile = &profile_default, .inodes = 1000000 };
	struct layout l;
	struct alloc a;

	with_content(&a, 0, 10);
	ck_assert_int_eq(layout_compute(&a, &r, &l), 0);
	check_layout(&a, &l);
	ck_assert_uint_ge(l.groups, 31);
	alloc_free_all(&a);
}
END_TEST

START_TEST(largest)
{
	struct layout_request r = { .profile = &profile_default, .inodes = 100 };
	struct layout l;
	struct alloc a;

	r.fixed_blocks = UINT32_MAX;
	with_content(&a, r.fixed_blocks, 10);
	ck_assert_int_eq(layout_compute(&a, &r, &l), 0);
	check_layout(&a, &l);
	r.fixed_blocks++;
	ck_assert_int_eq(layout_compute(&a, &r, &l), -EFBIG);
	alloc_free_all(&a);
	/* more than the descriptors that were set aside can describe */
	with_content(&a, 0, 10);
	r.fixed_blocks = 0;
	r.free_blocks = UINT64_C(1) << 28;
	ck_assert_int_eq(layout_compute(&a, &r, &l), -EFBIG);
	alloc_free_all(&a);
}
END_TEST

RUN_TESTS("layout", computed, fixed, too_small, many_inodes, largest)
