// SPDX-License-Identifier: GPL-2.0
/*
 * SOURCE_DATE_EPOCH: times of changes and of birth are the kernel's, so its
 * clock must stand still. That it cannot, but it goes on at ticks only as far
 * as file systems see (CLOCK_REALTIME_COARSE). So it is put back in front of
 * every change, and where a tick came in between, which is seldom, that is
 * mended: an inode whose mtime is set has the time of change again, and one
 * that was made is made once more. (exfat gives a time of birth to a directory
 * that gets a name by renaming, too: that is done once more, with another name
 * meanwhile.)
 *
 * The clock cannot be earlier than the guest's start, and nobody wants to know
 * just how long that took: the second day of 1970 is the first time it has.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "imgtool/engine/agent/agent.h"

#define EARLIEST 86400
#define TRIES	 20

static bool holding;
static struct timespec held;

/* It has been put back since the change at hand, which was made too late. */
static bool was_late;

/* What the change at hand touches and what has no name after it; -1: none. */
static int touched[2] = { -1, -1 };

void clock_hold(int64_t sec)
{
	held.tv_sec = sec < EARLIEST ? EARLIEST : sec;
	holding = !clock_settime(CLOCK_REALTIME, &held);
}

void clock_again(void)
{
	if (holding)
		clock_settime(CLOCK_REALTIME, &held);
}

static bool moved(void)
{
	struct timespec now;

	return holding && (clock_gettime(CLOCK_REALTIME_COARSE, &now) ||
			   now.tv_sec != held.tv_sec || now.tv_nsec);
}

bool clock_missed(int dir, const char *name, int flag, int *tries)
{
	struct statx stx;

	if (!moved() || ++*tries > TRIES ||
	    statx(dir, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &stx) ||
	    !(stx.stx_mask & STATX_BTIME))
		return false;
	/* (a file system may have fewer digits, and be right all the same) */
	if (stx.stx_btime.tv_sec <= held.tv_sec && !stx.stx_btime.tv_nsec)
		return false;
	if (unlinkat(dir, name, flag))
		return false;
	clock_again();
	return true;
}

/* A time from the clock as it should have been, or one that we were given. */
static struct timespec right(const struct statx_timestamp *t)
{
	if (t->tv_sec == held.tv_sec)
		return held;
	return (struct timespec){ .tv_sec = t->tv_sec, .tv_nsec = t->tv_nsec };
}

/* Give FD, of O_PATH, the time of change once more, and the others that it has
 * from the clock. */
static void mend(int fd)
{
	struct timespec times[2];
	struct statx stx;
	int i;

	for (i = 0; i < TRIES; i++) {
		clock_again();
		if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx))
			return;
		times[0] = right(&stx.stx_atime);
		times[1] = right(&stx.stx_mtime);
		utimensat(fd, "", times, AT_EMPTY_PATH);
		if (!moved())
			return;
	}
}

static void mend_path(const char *path)
{
	const char *name;
	int fd = file_find(path);

	if (fd >= 0)
		mend(fd);
	fd = file_parent(path, &name);
	if (fd >= 0)
		mend(fd);
}

/* A directory that got a name by renaming: has that given it a time of birth, and
 * a wrong one? */
static bool born_late(int dir)
{
	struct statx stx;

	return !statx(dir, "", AT_EMPTY_PATH, STATX_BTIME, &stx) &&
	       stx.stx_mask & STATX_BTIME &&
	       stx.stx_btime.tv_sec == held.tv_sec && stx.stx_btime.tv_nsec;
}

/* (The name meanwhile takes no less room, so that there is room to go back.) */
int clock_renamed(int dir, const char *name, char other[NAME_MAX + 1])
{
	int i;

	if (!moved())
		return 0;
	was_late = true;
	for (i = 0; i < TRIES && born_late(dir); i++) {
		snprintf(other, NAME_MAX + 1, "%0*d", (int)strlen(name), i);
		if (renameat2(dir, name, dir, other, RENAME_NOREPLACE))
			continue;
		clock_again();
		if (renameat2(dir, other, dir, name, RENAME_NOREPLACE) &&
		    renameat2(dir, other, dir, name, RENAME_NOREPLACE))
			return -errno;
	}
	return 0;
}

static bool has_two(const struct request *request)
{
	return request->head.op == ENGINE_RENAME ||
	       request->head.op == ENGINE_LINK;
}

static bool is_change(const struct request *request)
{
	return request->head.op >= ENGINE_MKNOD;
}

static int keep(const char *path)
{
	int fd = file_find(path);

	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

void clock_before(const struct request *request)
{
	unsigned int op = request->head.op;

	was_late = false;
	if (!holding || (!is_change(request) && op != ENGINE_END))
		return;
	if (op == ENGINE_UNLINK || op == ENGINE_RENAME)
		touched[0] = keep(request->path);
	if (op == ENGINE_RENAME)
		touched[1] = keep(request->data);
	clock_again();
}

void clock_after(const struct request *request)
{
	int i;

	if (holding && is_change(request) && (was_late || moved())) {
		for (i = 0; i < 2; i++)
			if (touched[i] >= 0)
				mend(touched[i]);
		mend_path(request->path);
		if (has_two(request))
			mend_path(request->data);
		clock_again();
	}
	for (i = 0; i < 2; i++) {
		if (touched[i] >= 0)
			close(touched[i]);
		touched[i] = -1;
	}
}
