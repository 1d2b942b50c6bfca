// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "imgtool/ext4/alloc.h"
#include "imgtool/ext4/disk.h"
#include "tests/unit/imgtool/suite.h"

START_TEST(supers)
{
	static const uint64_t with[] = { 0, 1, 3, 5, 7, 9, 25, 27, 49, 81,
					 125, 343, 2401, 6561, 59049 };
	static const uint64_t without[] = { 2, 4, 6, 15, 21, 35, 63, 75, 100,
					    147, 1000 };
	size_t i;

	for (i = 0; i < sizeof(with) / sizeof(with[0]); i++)
		ck_assert(group_has_super(with[i]));
	for (i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		ck_assert(!group_has_super(without[i]));
}
END_TEST

START_TEST(headers)
{
	uint64_t groups, slow = 0;

	for (groups = 0; groups < 3000; groups++) {
		ck_assert_uint_eq(header_blocks(65, groups), slow);
		slow += group_has_super(groups) ? 65 : 0;
	}
}
END_TEST

START_TEST(front_to_back)
{
	struct extents e = { 0 };
	struct alloc a;

	alloc_init(&a, 65);
	alloc_blocks(&a, &e, 0, 100);
	ck_assert_uint_eq(extents_list(&e)[0].physical, 65);
	/* over the header of group 1 */
	alloc_blocks(&a, &e, 100, 32768);
	ck_assert_uint_eq(e.count, 2);
	ck_assert_uint_eq(extents_list(&e)[0].count, 32768 - 65);
	ck_assert_uint_eq(extents_list(&e)[1].physical, 32768 + 65);
	/* up to the very end of a group: the cursor is behind the header */
	alloc_free_all(&a);
	alloc_init(&a, 65);
	extents_free(&e);
	alloc_blocks(&a, &e, 0, 32768 - 65);
	ck_assert_uint_eq(a.cursor, 32768 + 65);
	ck_assert_uint_eq(a.taken, 32768 - 65);
	extents_free(&e);
	alloc_free_all(&a);
}
END_TEST

START_TEST(pieces)
{
	struct extents e = { 0 };
	struct alloc a;
	uint64_t b;

	alloc_init(&a, 65);
	alloc_blocks(&a, &e, 0, 32768 - 65 - 10);
	b = alloc_contiguous(&a, 20); /* does not fit before group 1 */
	ck_assert_uint_eq(b, 32768 + 65);
	ck_assert_uint_eq(a.holes.count, 1);
	b = alloc_contiguous(&a, 4); /* the hole that was left */
	ck_assert_uint_eq(b, 32768 - 10);
	extents_free(&e);
	alloc_blocks(&a, &e, 0, 6);
	ck_assert_uint_eq(extents_list(&e)[0].physical, 32768 - 6);
	ck_assert_uint_eq(a.holes.count, 0);
	extents_free(&e);
	alloc_free_all(&a);
}
END_TEST

START_TEST(holes)
{
	struct extents e = { 0 };
	struct hole hole;
	struct alloc a, copy;

	alloc_init(&a, 65);
	alloc_blocks(&a, &e, 0, 1000); /* 65 ... 1064 */
	alloc_release(&a, 100, 10);
	alloc_release(&a, 120, 10);
	ck_assert_uint_eq(a.holes.count, 2);
	alloc_release(&a, 110, 10); /* joins the two */
	ck_assert_uint_eq(a.holes.count, 1);
	ck_assert(holes_next(&a.holes, 0, &hole));
	ck_assert_uint_eq(hole.start, 100);
	ck_assert_uint_eq(hole.count, 30);
	ck_assert_uint_eq(a.taken, 970);
	alloc_clone(&copy, &a);
	ck_assert_uint_eq(alloc_contiguous(&copy, 30), 100);
	ck_assert_uint_eq(a.holes.count, 1);
	alloc_free_all(&copy);
	/* the end goes back to the unused rest */
	alloc_release(&a, 1000, 65);
	ck_assert_uint_eq(a.cursor, 1000);
	ck_assert_uint_eq(a.holes.count, 1);
	alloc_release(&a, 130, 870);
	ck_assert_uint_eq(a.cursor, 100);
	ck_assert_uint_eq(a.holes.count, 0);
	ck_assert_uint_eq(a.taken, 35);
	extents_free(&e);
	alloc_free_all(&a);
}
END_TEST

/* Take and give back at random; a second bookkeeping must agree. */
START_TEST(random_use)
{
	enum { SIZE = 5 * BLOCKS_PER_GROUP, KEPT = 300 };
	static uint8_t used[SIZE];
	struct extents kept[KEPT];
	const struct extent *list;
	struct alloc a;
	unsigned int seed = 1, round;
	uint64_t taken = 0, b;
	size_t i, k;

	memset(kept, 0, sizeof(kept));
	alloc_init(&a, 65);
	for (round = 0; round < 20000; round++) {
		k = rand_r(&seed) % KEPT;
		list = extents_list(&kept[k]);
		for (i = 0; i < kept[k].count; i++) {
			for (b = 0; b < list[i].count; b++)
				used[list[i].physical + b] = 0;
			alloc_release(&a, list[i].physical, list[i].count);
			taken -= list[i].count;
		}
		extents_free(&kept[k]);
		if (rand_r(&seed) % 3 == 0)
			continue;
		alloc_blocks(&a, &kept[k], 0, 1 + rand_r(&seed) % 400);
		list = extents_list(&kept[k]);
		for (i = 0; i < kept[k].count; i++) {
			for (b = 0; b < list[i].count; b++) {
				uint64_t n = list[i].physical + b;
				uint64_t group = n / BLOCKS_PER_GROUP;

				/* ck_assert() is slow */
				if (n >= SIZE || used[n] ||
				    (n % BLOCKS_PER_GROUP < 65 &&
				     group_has_super(group)))
					ck_abort_msg("block %zu", (size_t)n);
				used[n] = 1;
			}
			taken += list[i].count;
		}
		ck_assert_uint_eq(a.taken, taken);
	}
	for (k = 0; k < KEPT; k++)
		extents_free(&kept[k]);
	alloc_free_all(&a);
}
END_TEST

RUN_TESTS("alloc", supers, headers, front_to_back, pieces, holes, random_use)
