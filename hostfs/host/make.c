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
HOST_ALLOW(pwrite64);
HOST_ALLOW(mkdirat);
HOST_ALLOW(mknodat);
HOST_ALLOW(symlinkat);
HOST_ALLOW(readlinkat);
HOST_ALLOW(geteuid);
HOST_ALLOW(fchownat);
HOST_ALLOW(chmod);

/* Owner and full mode of a file just made. An ordinary host user's files stay
 * its own: then the guest sees that. */
static int finish_new(const struct host_hostfs *root, int node, u32 mode,
		      u32 uid, u32 gid, dev_t rdev,
		      struct host_hostfs_stat *st)
{
	char path[HOSTFS_FD_PATH];
	int err = hostfs_statx(node, "", st);
	bool owner, full;

	if (err)
		return err;
	if (hostfs_records(root)) {
		err = hostfs_put_record(node, &(struct host_hostfs_stat){
			.mode = mode, .uid = uid, .gid = gid,
			.rdev_major = major(rdev), .rdev_minor = minor(rdev) });
		return err ? err : hostfs_look(root, node, st);
	}
	owner = st->uid != uid || st->gid != gid;
	full = !S_ISLNK(mode) &&
	       (mode & 06000 || (st->mode & 07777) != (mode & 07777));
	if (owner && fchownat(node, "", uid, gid, AT_EMPTY_PATH) &&
	    errno != EPERM && errno != EINVAL)
		return -errno;
	if (full && chmod(hostfs_fd_path(node, path), mode & 07777) &&
	    errno != EPERM)
		return -errno;
	return owner || full ? hostfs_statx(node, "", st) : 0;
}

static int make_one(const struct host_hostfs *root, int dir, const char *name,
		    u32 mode, dev_t rdev, const char *target)
{
	int ret;

	switch (mode & S_IFMT) {
	case S_IFDIR:
		ret = mkdirat(dir, name, hostfs_host_mode(root, mode));
		break;
	case S_IFLNK:
		ret = symlinkat(target, dir, name);
		break;
	default:
		ret = mknodat(dir, name, mode & (S_IFMT | 01777), rdev);
	}
	return ret ? -errno : 0;
}

/* What could not be finished is not left behind, if it is still there. */
static void take_back(struct host_hostfs *root, const struct host_hostfs_at *at,
		      int node)
{
	struct host_hostfs_at made = *at;
	struct host_hostfs_stat st;

	if (!at->name || hostfs_statx(node, "", &st))
		return;
	made.dev = st.dev;
	made.ino = st.ino;
	host_hostfs_unlink(root, &made, S_ISDIR(st.mode));
}

/* Of a file just opened, fd or -errno: text into it, owner, mode. */
static int finish_file(const struct host_hostfs *root, int fd, u32 mode,
		       u32 uid, u32 gid, dev_t rdev, const char *text,
		       struct host_hostfs_stat *st)
{
	size_t len = strlen(text);
	ssize_t n;
	int err;

	if (fd < 0)
		return fd;
	n = len ? pwrite(fd, text, len, 0) : 0;
	err = n < 0 ? -errno : n < (ssize_t)len ? -ENOSPC : 0;
	if (!err)
		err = finish_new(root, fd, mode, uid, gid, rdev, st);
	return err ? err : fd;
}

static int make_file(struct host_hostfs *root, const struct host_hostfs_at *at,
		     u32 mode, u32 uid, u32 gid, dev_t rdev, const char *text,
		     struct host_hostfs_stat *st)
{
	struct hostfs_hold hold;
	int fd, ret, err = hostfs_get_for_change(root, at, &hold);

	if (err)
		return err;
	fd = openat(hold.fd, at->name,
		    O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC,
		    hostfs_host_mode(root, mode) & 0777);
	if (fd < 0)
		fd = -errno;
	hostfs_put(root, &hold);
	ret = finish_file(root, fd, mode, uid, gid, rdev, text, st);
	if (ret < 0 && fd >= 0) {
		take_back(root, at, fd);
		close(fd);
	}
	return ret;
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

static int make_node(struct host_hostfs *root, const struct host_hostfs_at *at,
		     u32 mode, u32 uid, u32 gid, dev_t rdev,
		     const char *target, struct host_hostfs_stat *st)
{
	struct hostfs_hold hold;
	int node, err = hostfs_get_for_change(root, at, &hold);

	if (err)
		return err;
	node = make_one(root, hold.fd, at->name, mode, rdev, target);
	if (!node)
		node = hostfs_open_node(hold.fd, at->name);
	hostfs_put(root, &hold);
	if (node < 0)
		return node == -ENOENT ? -ESTALE : node;
	err = hostfs_statx(node, "", st);
	if (!err && (st->mode & S_IFMT) != (mode & S_IFMT))
		err = -ESTALE;
	if (!err && is_made(node, mode, rdev, target, st)) {
		err = finish_new(root, node, mode, uid, gid, rdev, st);
		if (err)
			take_back(root, at, node);
	}
	close(node);
	return err;
}

int host_hostfs_make(struct host_hostfs *root, const struct host_hostfs_at *at,
		     u32 mode, u32 uid, u32 gid, u32 rdev_major,
		     u32 rdev_minor, const char *target,
		     struct host_hostfs_stat *st)
{
	dev_t rdev = makedev(rdev_major, rdev_minor);
	int fd;

	if (!S_ISREG(mode) && (S_ISDIR(mode) || !hostfs_records(root)))
		return make_node(root, at, mode, uid, gid, rdev, target, st);
	fd = make_file(root, at, mode, uid, gid, rdev,
		       S_ISLNK(mode) ? target : "", st);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

int host_hostfs_create(struct host_hostfs *root,
		       const struct host_hostfs_at *at, u32 mode, u32 uid,
		       u32 gid, struct host_hostfs_stat *st)
{
	return make_file(root, at, S_IFREG | (mode & 07777), uid, gid, 0, "",
			 st);
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
	mode = S_IFREG | (mode & 07777);
	err = hostfs_get(root, at, &hold);
	if (err)
		return err;
	fd = open(hostfs_fd_path(hold.fd, path), O_TMPFILE | O_RDWR | O_CLOEXEC,
		  hostfs_host_mode(root, mode) & 0777);
	if (fd < 0)
		fd = -errno;
	hostfs_put(root, &hold);
	err = finish_file(root, fd, mode, uid, gid, 0, "", st);
	if (err < 0 && fd >= 0)
		close(fd);
	return err;
}
