// SPDX-License-Identifier: GPL-2.0
/*
 * Locks of open files. Never the classic kind, F_SETLK: those go with the
 * process, and closing any descriptor of the file drops them.
 */
#define _GNU_SOURCE 1
#define ALLOW_SECTION "host_allow_files"
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include <host/allow.h>

#include "root.h"

HOST_ALLOW_ARG32(fcntl, 1, F_OFD_SETLK);
HOST_ALLOW_ARG32(fcntl, 1, F_OFD_GETLK);
HOST_ALLOW(flock);

/* The last byte there can be. */
#define LAST	INT64_MAX

static const short types[] = {
	[HOST_HOSTFS_UNLOCKED] = F_UNLCK,
	[HOST_HOSTFS_SHARED] = F_RDLCK,
	[HOST_HOSTFS_EXCLUSIVE] = F_WRLCK,
};

static struct flock range(u32 type, u64 start, u64 end)
{
	return (struct flock){
		.l_type = types[type], .l_whence = SEEK_SET, .l_start = start,
		.l_len = end >= LAST ? 0 : end - start + 1,
	};
}

int host_hostfs_lock(int fd, u32 type, u64 start, u64 end)
{
	struct flock fl = range(type, start, end);

	if (!fcntl(fd, F_OFD_SETLK, &fl))
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

int host_hostfs_test_lock(int fd, struct host_hostfs_range *r)
{
	struct flock fl = range(r->type, r->start, r->end);

	if (fcntl(fd, F_OFD_GETLK, &fl))
		return -errno;
	if (fl.l_type == F_UNLCK) {
		r->type = HOST_HOSTFS_UNLOCKED;
		return 0;
	}
	r->type = fl.l_type == F_RDLCK ? HOST_HOSTFS_SHARED :
					 HOST_HOSTFS_EXCLUSIVE;
	r->start = fl.l_start;
	r->end = fl.l_len ? (u64)fl.l_start + fl.l_len - 1 : LAST;
	return 0;
}

int host_hostfs_flock(int fd, u32 type)
{
	static const int operations[] = {
		[HOST_HOSTFS_UNLOCKED] = LOCK_UN,
		[HOST_HOSTFS_SHARED] = LOCK_SH,
		[HOST_HOSTFS_EXCLUSIVE] = LOCK_EX,
	};

	return flock(fd, operations[type] | LOCK_NB) ? -errno : 0;
}
