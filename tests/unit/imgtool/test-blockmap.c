// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "imgtool/ext4/blockmap.h"
#include "imgtool/ext4/disk.h"
#include "tests/unit/imgtool/suite.h"

#define FIRST 5000000 /* number of the map's first block */
#define MOST 8192

static uint32_t *written[MOST];
static size_t count;

static int put(void *context, uint64_t block, void *data)
{
	ck_assert_uint_ge(block, FIRST);
	ck_assert_uint_lt(block - FIRST, MOST);
	ck_assert_ptr_null(written[block - FIRST]);
	written[block - FIRST] = malloc(BLOCK_SIZE);
	memcpy(written[block - FIRST], data, BLOCK_SIZE);
	count++;
	return 0;
}

static uint32_t number(uint32_t block, uint32_t n)
{
	if (!block)
		return 0;
	/* ck_assert() is slow */
	if (block < FIRST || block - FIRST >= MOST || !written[block - FIRST])
		ck_abort_msg("map block %u", block);
	return written[block - FIRST][n];
}

/* As ext2 reads it. */
static uint32_t look_up(const uint32_t root[15], uint64_t logical)
{
	if (logical < 12)
		return root[logical];
	logical -= 12;
	if (logical < 1024)
		return number(root[12], logical);
	logical -= 1024;
	if (logical < 1 << 20)
		return number(number(root[13], logical >> 10), logical & 1023);
	logical -= 1 << 20;
	return number(number(number(root[14], logical >> 20),
			     logical >> 10 & 1023), logical & 1023);
}

static void check(const struct extents *e)
{
	struct extents blocks = { 0 };
	const struct extent *list = extents_list(e);
	size_t total = blockmap_blocks(e), i;
	uint32_t root[15], n;

	ck_assert_uint_le(total, MOST);
	if (total)
		extents_add(&blocks, 0, FIRST, total);
	count = 0;
	ck_assert_int_eq(blockmap_make(e, &blocks, (void *)root, put, NULL), 0);
	ck_assert_uint_eq(count, total);
	for (i = 0; i < e->count; i++) {
		for (n = 0; n < list[i].count; n++)
			if (look_up(root, (uint64_t)list[i].logical + n) !=
			    list[i].physical + n)
				ck_abort_msg("block %u", list[i].logical + n);
		n = list[i].logical + list[i].count;
		if (i + 1 < e->count && list[i + 1].logical > n)
			ck_assert_uint_eq(look_up(root, n), 0);
	}
	for (i = 0; i < total; i++) {
		free(written[i]);
		written[i] = NULL;
	}
	extents_free(&blocks);
}

START_TEST(edges)
{
	static const uint32_t at[] = {
		0, 11, 12, 13, 1035, 1036, 2059, 2060, 1049611, 1049612,
		1050635, 1050636, 2098187, 2098188, 535820283,
	};
	const size_t most = sizeof(at) / sizeof(at[0]);
	struct extents e;
	size_t i, j;

	memset(&e, 0, sizeof(e));
	check(&e);
	for (i = 0; i < most; i++) {
		for (j = i; j < most; j++) {
			memset(&e, 0, sizeof(e));
			extents_add(&e, at[i], 100, 1);
			if (j > i)
				extents_add(&e, at[j], 300, 1);
			check(&e);
			extents_free(&e);
		}
	}
}
END_TEST

START_TEST(long_runs)
{
	struct extents e = { 0 };

	extents_add(&e, 5, 70000, 3000000);
	check(&e);
	extents_free(&e);
	extents_add(&e, 1500, 70000, 1048000);
	extents_add(&e, 1049600, 2000000, 2000);
	check(&e);
	extents_free(&e);
}
END_TEST

START_TEST(random_runs)
{
	unsigned int seed = 7, round;
	struct extents e;
	uint32_t at, n;

	for (round = 0; round < 10; round++) {
		memset(&e, 0, sizeof(e));
		for (at = 0; at < 3000000; at += n + rand_r(&seed) % 60000) {
			n = 1 + rand_r(&seed) % 3000;
			extents_add(&e, at, 1 + rand_r(&seed) % 4000000, n);
		}
		check(&e);
		extents_free(&e);
	}
}
END_TEST

RUN_TESTS("blockmap", edges, long_runs, random_runs)
