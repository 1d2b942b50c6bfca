// SPDX-License-Identifier: GPL-2.0
/*
 * Making files. Owner and mode are set on a descriptor of what was made, never
 * by its name, which may be another file's by then.
 */
#define _GNU_SOURCE 1
#define ALLOW_SECTION "host_allow_files"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <host/allow.h>

#include "root.h"

HOST_ALLOW(openat);
HOST_ALLOW(mkdirat);
HOST_ALLOW(mknodat);
HOST_ALLOW(symlinkat);
HOST_ALLOW(readlinkat);
HOST_ALLOW(geteuid);
HOST_ALLOW(fchownat);
HOST_ALLOW(chmod);

/* Owner and full mode of a file just made. An ordinary host user's files stay
 * its own: then the guest sees that. */
static int finish_new(int node, u32 mode, u32 uid, u32 gid,
		      struct host_hostfs_stat *st)
{
	char path[HOSTFS_FD_PATH];
	int err = hostfs_statx(node, "", st);

	if (err)
		return err;
	if ((st->uid != uid || st->gid != gid) &&
	    fchownat(node, "", uid, gid, AT_EMPTY_PATH) && errno != EPERM &&
	    errno != EINVAL)
		return -errno;
	if (!S_ISLNK(mode) && (mode & 06000 || (st->mode & 07777) != (mode & 07777)))
		if (chmod(hostfs_fd_path(node, path), mode & 07777) &&
		    errno != EPERM)
			return -errno;
	return hostfs_statx(node, "", st);
}

/* Of a file just opened, fd or -errno: the same. */
static int finish_file(int fd, u32 mode, u32 uid, u32 gid,
		       struct host_hostfs_stat *st)
{
	int err = fd < 0 ? fd : finish_new(fd, mode, uid, gid, st);

	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

static int make_one(int dir, const char *name, u32 mode, dev_t rdev,
		    const char *target)
{
	int ret;

	switch (mode & S_IFMT) {
	case S_IFDIR:
		ret = mkdirat(dir, name, mode & 01777);
		break;
	case S_IFLNK:
		ret = symlinkat(target, dir, name);
		break;
	default:
		ret = mknodat(dir, name, mode & (S_IFMT | 01777), rdev);
	}
	return ret ? -errno : 0;
}

/*
 * The host has no call that makes these and gives a descriptor, so the name may
 * have been swapped from outside since. Only what is in all respects what was
 * made, ours and without another name, is given owner and mode.
 */
static bool is_made(int node, u32 mode, dev_t rdev, const char *target,
		    const struct host_hostfs_stat *st)
{
	char text[PATH_MAX];
	ssize_t n;

	if (st->uid != geteuid() || (!S_ISDIR(mode) && st->nlink != 1))
		return false;
	if (S_ISCHR(mode) || S_ISBLK(mode))
		return makedev(st->rdev_major, st->rdev_minor) == rdev;
	if (!S_ISLNK(mode))
		return true;
	n = readlinkat(node, "", text, sizeof(text));
	return n == (ssize_t)strlen(target) && !memcmp(text, target, n);
}

int host_hostfs_make(struct host_hostfs *root, const struct host_hostfs_at *at,
		     u32 mode, u32 uid, u32 gid, u32 rdev_major,
		     u32 rdev_minor, const char *target,
		     struct host_hostfs_stat *st)
{
	dev_t rdev = makedev(rdev_major, rdev_minor);
	struct hostfs_hold hold;
	int node, err;

	if (S_ISREG(mode)) {
		node = host_hostfs_create(root, at, mode, uid, gid, st);
		if (node >= 0)
			close(node);
		return node < 0 ? node : 0;
	}
	err = hostfs_get_for_change(root, at, &hold);
	if (err)
		return err;
	node = make_one(hold.fd, at->name, mode, rdev, target);
	if (!node)
		node = hostfs_open_node(hold.fd, at->name);
	hostfs_put(root, &hold);
	if (node < 0)
		return node == -ENOENT ? -ESTALE : node;
	err = hostfs_statx(node, "", st);
	if (!err && (st->mode & S_IFMT) != (mode & S_IFMT))
		err = -ESTALE;
	if (!err && is_made(node, mode, rdev, target, st))
		err = finish_new(node, mode, uid, gid, st);
	close(node);
	return err;
}

int host_hostfs_create(struct host_hostfs *root,
		       const struct host_hostfs_at *at, u32 mode, u32 uid,
		       u32 gid, struct host_hostfs_stat *st)
{
	struct hostfs_hold hold;
	int fd, err = hostfs_get_for_change(root, at, &hold);

	if (err)
		return err;
	fd = openat(hold.fd, at->name,
		    O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC,
		    mode & 0777);
	if (fd < 0)
		fd = -errno;
	hostfs_put(root, &hold);
	return finish_file(fd, mode, uid, gid, st);
}

int host_hostfs_tmpfile(struct host_hostfs *root,
			const struct host_hostfs_at *at, u32 mode, u32 uid,
			u32 gid, struct host_hostfs_stat *st)
{
	char path[HOSTFS_FD_PATH];
	struct hostfs_hold hold;
	int fd, err;

	if (hostfs_readonly(root))
		return -EROFS;
	err = hostfs_get(root, at, &hold);
	if (err)
		return err;
	fd = open(hostfs_fd_path(hold.fd, path),
		  O_TMPFILE | O_RDWR | O_CLOEXEC, mode & 0777);
	if (fd < 0)
		fd = -errno;
	hostfs_put(root, &hold);
	return finish_file(fd, mode, uid, gid, st);
}

