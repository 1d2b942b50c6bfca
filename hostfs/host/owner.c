// SPDX-License-Identifier: GPL-2.0
/*
 * Mounts with HOST_HOSTFS_RECORDS: type, mode, owner and device of a file are
 * in an extended attribute, its record, as text:
 *
 *	user.umkit.owner = "MODE UID GID MAJOR:MINOR"	(MODE in octal, with type)
 *
 * On the host all but directories are regular files, which our user can read
 * and write: elsewhere the host takes no such attributes. Whoever may write to
 * the directory could plant files; so a record counts only on files of our own
 * user, or of the mounted directory's owner. What has no record is what it is.
 */
#define _GNU_SOURCE 1
#define ALLOW_SECTION "host_allow_files"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <host/allow.h>

#include "root.h"

HOST_ALLOW(getxattr);
HOST_ALLOW(setxattr);
HOST_ALLOW(geteuid);

#define RECORD		"user.umkit.owner"
#define RECORD_MAX	64

bool hostfs_records(const struct host_hostfs *root)
{
	return root->flags & HOST_HOSTFS_RECORDS;
}

int hostfs_records_init(struct host_hostfs *root)
{
	char path[HOSTFS_FD_PATH], text[RECORD_MAX];
	struct host_hostfs_stat st;
	int err = hostfs_statx(root->fd, "", &st);

	if (err)
		return err;
	root->owner = st.uid;
	if (getxattr(hostfs_fd_path(root->fd, path), RECORD, text,
		     sizeof(text)) < 0 && errno != ENODATA && errno != ERANGE)
		return -errno;
	return 0;
}

u32 hostfs_host_mode(const struct host_hostfs *root, u32 mode)
{
	if (!hostfs_records(root))
		return mode & 01777;
	if (S_ISDIR(mode))
		return 0700 | (mode & 0111);
	return S_ISREG(mode) ? 0600 | (mode & 0111) : 0600;
}

static bool known_type(u32 type)
{
	return type == S_IFREG || type == S_IFLNK || type == S_IFIFO ||
	       type == S_IFSOCK || type == S_IFCHR || type == S_IFBLK;
}

/* A record is as good as who wrote it: one that makes no sense is none. */
static bool parse(const char *text, struct host_hostfs_stat *st)
{
	u32 mode, uid, gid, major, minor;
	char end;

	if (sscanf(text, "%o %u %u %u:%u%c", &mode, &uid, &gid, &major, &minor,
		   &end) != 5)
		return false;
	if (mode & ~(S_IFMT | 07777) || uid == ~0u || gid == ~0u ||
	    major >= 1 << 12 || minor >= 1 << 20)
		return false;
	if (S_ISDIR(st->mode) ? !S_ISDIR(mode) : !known_type(mode & S_IFMT))
		return false;
	st->mode = mode;
	st->uid = uid;
	st->gid = gid;
	st->rdev_major = major;
	st->rdev_minor = minor;
	return true;
}

int hostfs_look(const struct host_hostfs *root, int fd,
		struct host_hostfs_stat *st)
{
	char path[HOSTFS_FD_PATH], text[RECORD_MAX];
	int err = hostfs_statx(fd, "", st);
	ssize_t n;

	if (err || !hostfs_records(root) ||
	    (!S_ISREG(st->mode) && !S_ISDIR(st->mode)) ||
	    (st->uid != root->owner && st->uid != geteuid()))
		return err;
	n = getxattr(hostfs_fd_path(fd, path), RECORD, text, sizeof(text) - 1);
	if (n < 0)
		return 0;
	text[n] = '\0';
	st->has_record = parse(text, st);
	return 0;
}

int hostfs_put_record(int fd, const struct host_hostfs_stat *st)
{
	char path[HOSTFS_FD_PATH], text[RECORD_MAX];
	int n = snprintf(text, sizeof(text), "%o %u %u %u:%u", st->mode,
			 st->uid, st->gid, st->rdev_major, st->rdev_minor);

	return setxattr(hostfs_fd_path(fd, path), RECORD, text, n, 0) ?
	       -errno : 0;
}
