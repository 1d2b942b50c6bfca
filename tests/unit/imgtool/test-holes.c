// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "imgtool/ext4/holes.h"
#include "tests/unit/imgtool/suite.h"

#define BLOCKS 4096

/* The first run of COUNT free blocks, 0 if there is none; its start is at least 1. */
static uint64_t first_fit(const char *is_free, uint64_t count)
{
	uint64_t at, run = 0;

	for (at = 1; at < BLOCKS; at++) {
		run = is_free[at] ? run + 1 : 0;
		if (run == count)
			return at - count + 1;
	}
	return 0;
}

/* All holes in order say the same as the map. */
static void compare(const struct holes *holes, const char *is_free)
{
	struct hole hole, last = { 0 };
	uint64_t at = 0, end;
	size_t n = 0;

	while (holes_next(holes, at, &hole)) {
		for (; at < hole.start; at++)
			ck_assert(!is_free[at]);
		ck_assert_uint_gt(hole.count, 0);
		for (end = hole.start + hole.count; at < end; at++)
			ck_assert(is_free[at]);
		ck_assert(at == BLOCKS || !is_free[at]);
		last = hole;
		n++;
	}
	for (; at < BLOCKS; at++)
		ck_assert(!is_free[at]);
	ck_assert_uint_eq(n, holes->count);
	ck_assert(holes_last(holes, &hole) == (n != 0));
	if (n)
		ck_assert(!memcmp(&hole, &last, sizeof(hole)));
}

START_TEST(none)
{
	struct holes holes = { 0 };
	struct hole hole;

	ck_assert(!holes_have(&holes, 1));
	ck_assert(!holes_have(&holes, 0));
	ck_assert_uint_eq(holes_take(&holes, 1), 0);
	ck_assert_uint_eq(holes_take(&holes, 0), 0);
	ck_assert(!holes_next(&holes, 0, &hole));
	ck_assert(!holes_last(&holes, &hole));
	holes_drop(&holes, 7);
	holes_add(&holes, 7, 1);
	ck_assert_uint_eq(holes_take(&holes, 0), 0);
	ck_assert_uint_eq(holes_take(&holes, 1), 7);
	ck_assert_uint_eq(holes.count, 0);
	holes_free(&holes);
}
END_TEST

/* Against a map of blocks. */
START_TEST(model)
{
	struct holes holes = { 0 }, copy;
	char is_free[BLOCKS] = { 0 };
	unsigned int seed = 11, round;
	struct hole hole;
	uint64_t at, n, want;

	for (round = 0; round < 40000; round++) {
		n = 1 + rand_r(&seed) % (round % 500 == 0 ? 600 : 12);
		at = 1 + rand_r(&seed) % (BLOCKS - n - 1);
		switch (rand_r(&seed) % 8) {
		case 0: case 1: case 2:
			want = first_fit(is_free, n);
			ck_assert_uint_eq(holes_take(&holes, n), want);
			if (want)
				memset(is_free + want, 0, n);
			break;
		case 3:
			if (!holes_next(&holes, at, &hole))
				break;
			holes_drop(&holes, hole.start);
			memset(is_free + hole.start, 0, hole.count);
			break;
		default:
			if (memchr(is_free + at, 1, n))
				break;
			holes_add(&holes, at, n);
			memset(is_free + at, 1, n);
		}
		ck_assert(holes_have(&holes, n) == (first_fit(is_free, n) != 0));
		if (round % 50 == 0)
			compare(&holes, is_free);
	}
	holes_clone(&copy, &holes);
	while (holes_take(&copy, 1))
		;
	ck_assert_uint_eq(copy.count, 0);
	compare(&holes, is_free);
	holes_free(&copy);
	holes_free(&holes);
}
END_TEST

/* Half a million, too small for what is wanted: in a list that is passed through
 * from its front each time, this takes minutes. */
START_TEST(many)
{
	enum { N = 500000 };
	struct holes holes = { 0 };
	uint64_t i;

	for (i = 0; i < N; i++)
		holes_add(&holes, 1 + 2 * i, 1);
	holes_add(&holes, 3 * N, 2 * N);
	for (i = 0; i < N; i++)
		ck_assert_uint_eq(holes_take(&holes, 2), 3 * N + 2 * i);
	for (i = 0; i < N; i++)
		holes_add(&holes, 2 + 2 * i, 1);
	ck_assert_uint_eq(holes.count, 1);
	ck_assert_uint_eq(holes_take(&holes, 2 * N), 1);
	holes_free(&holes);
}
END_TEST

RUN_TESTS("holes", none, model, many)
