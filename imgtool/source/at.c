/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "imgtool/source/at.h"

/* Of Linux 6.13, on every architecture. */
#define CALL_GETXATTRAT 464
#define CALL_LISTXATTRAT 465

struct getxattrat_args {
	uint64_t value;
	uint32_t size, flags;
};

/* Linux does not have the call, or a container's filter does not know it. */
static bool is_missing(long r)
{
	return r < 0 && (errno == ENOSYS || errno == EPERM);
}

int at_open(int dir, const char *path, int flags)
{
	struct open_how how = {
		.flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK |
			 O_NOCTTY | O_NOATIME | flags,
		.resolve = RESOLVE_NO_SYMLINKS,
	};
	int fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

	if (!is_missing(fd))
		return fd;
	/* Only its owner may read a file without a trace. */
	how.flags &= ~O_NOATIME;
	fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
	return is_missing(fd) ? openat(dir, path, how.flags) : fd;
}

/* A name that leads to NAME in DIR: FULL, or where that is too long another. */
static const char *by_path(int dir, const char *name, const char *full,
			   char room[PATH_MAX])
{
	if (strlen(full) < PATH_MAX)
		return full;
	snprintf(room, PATH_MAX, "/proc/self/fd/%d/%s", dir, name);
	return room;
}

ssize_t at_listxattr(int dir, const char *name, const char *full, char *list,
		     size_t size)
{
	long r = syscall(CALL_LISTXATTRAT, dir, name, AT_SYMLINK_NOFOLLOW, list,
			 size);
	char room[PATH_MAX];

	if (!is_missing(r))
		return r;
	return llistxattr(by_path(dir, name, full, room), list, size);
}

ssize_t at_getxattr(int dir, const char *name, const char *full,
		    const char *attribute, void *value, size_t size)
{
	struct getxattrat_args args = { (uintptr_t)value, size, 0 };
	long r = syscall(CALL_GETXATTRAT, dir, name, AT_SYMLINK_NOFOLLOW,
			 attribute, &args, sizeof(args));
	char room[PATH_MAX];

	if (!is_missing(r))
		return r;
	return lgetxattr(by_path(dir, name, full, room), attribute, value,
			 size);
}
