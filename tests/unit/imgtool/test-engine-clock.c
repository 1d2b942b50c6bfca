// SPDX-License-Identifier: GPL-2.0
/*
 * The agent's clock: what a directory's wrong time of birth is mended by, where
 * that goes wrong half-way. The system calls are those below.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/imgtool/suite.h"

static bool late;	    /* the clock has gone on */
static bool wrong;	    /* the directory's time of birth */
static char has[256];	    /* of the file */
static int renames, failing; /* which one fails, counted from 1; 0: none */
static int failures;	    /* ... and how many do */

static int fake_settime(clockid_t clock, const struct timespec *to)
{
	late = false;
	return 0;
}

static int fake_gettime(clockid_t clock, struct timespec *now)
{
	*now = (struct timespec){ .tv_sec = 100000, .tv_nsec = late };
	return 0;
}

static int fake_statx(int dir, const char *path, int flags, unsigned int mask,
		      struct statx *stx)
{
	memset(stx, 0, sizeof(*stx));
	stx->stx_mask = STATX_BTIME;
	stx->stx_btime.tv_sec = 100000;
	stx->stx_btime.tv_nsec = wrong;
	return 0;
}

static int fake_rename(int from, const char *old, int to, const char *new,
		       unsigned int flags)
{
	ck_assert_str_eq(old, has);
	renames++;
	if (failing && renames >= failing && renames < failing + failures) {
		errno = EIO;
		return -1;
	}
	snprintf(has, sizeof(has), "%s", new);
	wrong = late;
	return 0;
}

#define clock_settime fake_settime
#define clock_gettime fake_gettime
#define statx(...)    fake_statx(__VA_ARGS__)
#define renameat2     fake_rename
#include "imgtool/engine/agent/clock.c"

int file_find(const char *path)
{
	return -ENOENT;
}

int file_parent(const char *path, const char **last)
{
	return -ENOENT;
}

/* A file was renamed to "target", and the clock was LATE. */
static int renamed(bool is_late, int which, int many, char *other)
{
	clock_hold(100000);
	strcpy(has, "target");
	late = wrong = is_late;
	renames = 0;
	failing = which;
	failures = many;
	return clock_renamed(3, "target", other);
}

START_TEST(in_time)
{
	char other[NAME_MAX + 1];

	ck_assert_int_eq(renamed(false, 0, 0, other), 0);
	ck_assert_int_eq(renames, 0);
}
END_TEST

START_TEST(mended)
{
	char other[NAME_MAX + 1];

	ck_assert_int_eq(renamed(true, 0, 0, other), 0);
	ck_assert_int_eq(renames, 2);
	ck_assert(!wrong);
	ck_assert_str_eq(has, "target");
}
END_TEST

/* It cannot be given another name: no harm was done. */
START_TEST(not_away)
{
	char other[NAME_MAX + 1];

	ck_assert_int_eq(renamed(true, 1, 1000, other), 0);
	ck_assert_str_eq(has, "target");
}
END_TEST

START_TEST(back_at_last)
{
	char other[NAME_MAX + 1];

	ck_assert_int_eq(renamed(true, 2, 1, other), 0);
	ck_assert_int_eq(renames, 3);
	ck_assert_str_eq(has, "target");
}
END_TEST

START_TEST(not_back)
{
	char other[NAME_MAX + 1];

	ck_assert_int_eq(renamed(true, 2, 1000, other), -EIO);
	ck_assert_str_eq(other, "000000");
	ck_assert_str_eq(has, other);
}
END_TEST

RUN_TESTS("engine-clock", in_time, mended, not_away, back_at_last, not_back)
