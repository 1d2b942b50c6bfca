// SPDX-License-Identifier: GPL-2.0
#include "imgtool/ext4/inode.h"
#include "tests/unit/imgtool/suite.h"

/* As the kernel reads it. */
static int64_t decode(uint32_t low, uint32_t extra, uint32_t *nsec)
{
	*nsec = extra >> 2;
	return (int64_t)(int32_t)low + ((int64_t)(extra & 3) << 32);
}

static void keeps(int64_t sec, uint32_t nsec)
{
	struct stamp stamp = { sec, nsec };
	uint32_t low, extra, got;

	stamp_encode(&stamp, &low, &extra);
	ck_assert_int_eq(decode(low, extra, &got), sec);
	ck_assert_uint_eq(got, nsec);
}

START_TEST(stamps)
{
	struct stamp stamp = { INT64_MAX, 5 };
	uint32_t low, extra, nsec;

	keeps(0, 0);
	keeps(1700000000, 999999999);
	keeps(-1, 1);
	keeps(INT32_MIN, 0);
	keeps(INT32_MAX, 0);
	keeps(INT64_C(1) << 31, 0);
	keeps((INT64_C(1) << 32) - 1, 0);
	keeps(INT64_C(1) << 32, 0);
	keeps(INT64_C(3) << 31, 0);
	keeps((INT64_C(7) << 31) - 1, 999999999);
	stamp_encode(&stamp, &low, &extra);
	ck_assert_int_eq(decode(low, extra, &nsec), (INT64_C(7) << 31) - 1);
	stamp.sec = INT64_MIN;
	stamp_encode(&stamp, &low, &extra);
	ck_assert_int_eq(decode(low, extra, &nsec), INT32_MIN);
}
END_TEST

START_TEST(kinds)
{
	struct inode inode = { .mode = S_IFLNK, .size = 59 };

	ck_assert(!inode_has_extents(&inode));
	inode.size = 60;
	ck_assert(inode_has_extents(&inode));
	inode.mode = S_IFCHR;
	ck_assert(!inode_has_extents(&inode));
	inode.mode = S_IFREG;
	ck_assert(inode_has_extents(&inode));
}
END_TEST

RUN_TESTS("inode", stamps, kinds)
