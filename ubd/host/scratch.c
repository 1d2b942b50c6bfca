// SPDX-License-Identifier: GPL-2.0
/*
 * Where a throw-away layer goes.
 *
 * Beside the image there is usually room, and it is no tmpfs. A tmpfs is
 * memory that other programs count on: it is taken only if the user named it,
 * if the image itself is there, or if there is nothing else; and then, unless
 * the user gave a limit, no more than half of what is free there. The last
 * resort is tried without being choosy, so that its error is what the user
 * sees.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "scratch.h"

#define LEAST_ROOM	(64ull << 20)	/* a directory with less is skipped */

static int open_unlinked(const char *dir)
{
	char path[256];
	int fd;

	fd = open(dir, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return -errno;
	if (snprintf(path, sizeof(path), "%s/.ubd-XXXXXX", dir) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

/* Free bytes of fd's file system; *memory: it is a tmpfs. */
static u64 room(int fd, bool *memory)
{
	struct statfs fs;

	*memory = false;
	if (fstatfs(fd, &fs))
		return ~0ull;
	*memory = fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
	return (u64)fs.f_bavail * (u64)fs.f_bsize;
}

static int try_dir(const char *dir, u64 bytes, u64 max, bool choosy,
		   bool memory_ok, struct scratch *s)
{
	int fd = open_unlinked(dir), err = 0;
	bool memory;
	u64 free_bytes;

	snprintf(s->dir, sizeof(s->dir), "%s", dir);
	if (fd < 0)
		return fd;
	free_bytes = room(fd, &memory);
	if (choosy && (free_bytes < LEAST_ROOM || (memory && !memory_ok)))
		err = -ENOSPC;
	else if (ftruncate(fd, (off_t)bytes))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	s->fd = fd;
	s->max = max || !memory ? max : free_bytes / 2;
	return 0;
}

static void dir_of(const char *file, char *dir, size_t size)
{
	const char *slash = strrchr(file, '/');

	if (!slash)
		snprintf(dir, size, ".");
	else if (slash == file)
		snprintf(dir, size, "/");
	else
		snprintf(dir, size, "%.*s", (int)(slash - file), file);
}

int scratch_make(const char *image, const char *dir, u64 bytes, u64 max,
		 struct scratch *s)
{
	const char *tmp = getenv("TMPDIR");
	char beside[200];

	if (dir && *dir)
		return try_dir(dir, bytes, max, false, true, s);
	dir_of(image, beside, sizeof(beside));
	if (!try_dir(beside, bytes, max, true, true, s))
		return 0;
	if (tmp && *tmp && !try_dir(tmp, bytes, max, true, false, s))
		return 0;
	if (!try_dir("/var/tmp", bytes, max, true, false, s))
		return 0;
	if (tmp && *tmp && !try_dir(tmp, bytes, max, false, true, s))
		return 0;
	return try_dir("/var/tmp", bytes, max, false, true, s);
}
