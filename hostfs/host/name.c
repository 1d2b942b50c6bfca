// SPDX-License-Identifier: GPL-2.0
/*
 * What is done to files by name: one component below a directory that is held
 * (root.c). What the host has no *at() call without following links for is
 * done on an O_PATH descriptor, through /proc/self/fd.
 */
#define _GNU_SOURCE 1
#define ALLOW_SECTION "host_allow_files"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <host/allow.h>

#include "root.h"

HOST_ALLOW(openat);
HOST_ALLOW(mkdirat);
HOST_ALLOW(mknodat);
HOST_ALLOW(symlinkat);
HOST_ALLOW(linkat);
HOST_ALLOW(unlinkat);
HOST_ALLOW(renameat2);
HOST_ALLOW(renameat);
HOST_ALLOW(readlinkat);
HOST_ALLOW(fchownat);
HOST_ALLOW(chmod);
HOST_ALLOW(truncate);
HOST_ALLOW(ftruncate);
HOST_ALLOW(utimensat);
HOST_ALLOW(getxattr);
HOST_ALLOW(setxattr);
HOST_ALLOW(listxattr);
HOST_ALLOW(removexattr);

/* The directory of a name that is to be changed. */
static int get_for_change(struct host_hostfs *root,
			  const struct host_hostfs_at *at,
			  struct hostfs_hold *hold)
{
	int err = at->name ? hostfs_check_name(at->name) : -EINVAL;

	if (!err && hostfs_readonly(root))
		err = -EROFS;
	return err ? err : hostfs_get(root, at, hold);
}

/* ---- looking, opening ---- */

int host_hostfs_stat(struct host_hostfs *root, const struct host_hostfs_at *at,
		     struct host_hostfs_stat *st)
{
	struct hostfs_hold hold;
	int err;

	if (at->fd >= 0)
		return hostfs_statx(at->fd, "", st);
	err = at->name ? hostfs_check_name(at->name) : 0;
	if (!err)
		err = hostfs_get(root, at, &hold);
	if (err)
		return err;
	err = hostfs_statx(hold.fd, at->name ? at->name : "", st);
	hostfs_put(root, &hold);
	if (at->ino && (err == -ENOENT ||
			(!err && (st->dev != at->dev || st->ino != at->ino))))
		err = -ESTALE;
	return err;
}

static int reopen(int node, u32 access)
{
	static const int modes[] = { O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR };
	char path[HOSTFS_FD_PATH];
	struct host_hostfs_stat st;
	int fd, err = hostfs_statx(node, "", &st);

	if (err)
		return err;
	if (!S_ISREG(st.mode) && !S_ISDIR(st.mode))
		return -EOPNOTSUPP;
	fd = open(hostfs_fd_path(node, path),
		  modes[access & 3] | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int host_hostfs_open(struct host_hostfs *root, const struct host_hostfs_at *at,
		     u32 access)
{
	int node, fd;

	if ((access & HOST_HOSTFS_WRITE) && hostfs_readonly(root))
		return -EROFS;
	node = hostfs_node(root, at);
	if (node < 0)
		return node;
	fd = reopen(node, access);
	hostfs_node_put(at, node);
	return fd;
}

int host_hostfs_readlink(struct host_hostfs *root,
			 const struct host_hostfs_at *at, char *buf, u32 size)
{
	int node = hostfs_node(root, at), n;

	if (node < 0)
		return node;
	n = readlinkat(node, "", buf, size);
	if (n < 0)
		n = errno == ENOENT ? -EINVAL : -errno;
	hostfs_node_put(at, node);
	return n;
}

/* ---- making ---- */

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

int host_hostfs_make(struct host_hostfs *root, const struct host_hostfs_at *at,
		     u32 mode, u32 uid, u32 gid, u32 rdev_major,
		     u32 rdev_minor, const char *target,
		     struct host_hostfs_stat *st)
{
	struct host_hostfs_at new = *at;
	struct hostfs_hold hold;
	int node, err = get_for_change(root, at, &hold);

	if (err)
		return err;
	err = make_one(hold.fd, at->name, mode,
		       makedev(rdev_major, rdev_minor), target);
	hostfs_put(root, &hold);
	if (err)
		return err;
	new.ino = 0;
	new.fd = -1;
	node = hostfs_node(root, &new);
	if (node < 0)
		return node;
	err = hostfs_statx(node, "", st);
	/* swapped from outside meanwhile: not ours to change */
	if (!err && (st->mode & S_IFMT) != (mode & S_IFMT))
		err = -ESTALE;
	if (!err)
		err = finish_new(node, mode, uid, gid, st);
	close(node);
	return err;
}

int host_hostfs_create(struct host_hostfs *root,
		       const struct host_hostfs_at *at, u32 mode, u32 uid,
		       u32 gid, struct host_hostfs_stat *st)
{
	struct hostfs_hold hold;
	int fd, err = get_for_change(root, at, &hold);

	if (err)
		return err;
	fd = openat(hold.fd, at->name,
		    O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC,
		    mode & 0777);
	if (fd < 0)
		fd = -errno;
	hostfs_put(root, &hold);
	if (fd < 0)
		return fd;
	err = finish_new(fd, mode, uid, gid, st);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
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
	if (fd < 0)
		return fd;
	err = finish_new(fd, mode, uid, gid, st);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* ---- names ---- */

int host_hostfs_unlink(struct host_hostfs *root,
		       const struct host_hostfs_at *at, bool dir)
{
	struct host_hostfs_stat st;
	struct hostfs_hold hold;
	int err = get_for_change(root, at, &hold);

	if (err)
		return err;
	if (at->ino) {
		err = hostfs_statx(hold.fd, at->name, &st);
		if (!err && (st.dev != at->dev || st.ino != at->ino))
			err = -ESTALE;
	}
	if (!err && unlinkat(hold.fd, at->name, dir ? AT_REMOVEDIR : 0))
		err = -errno;
	hostfs_put(root, &hold);
	return err;
}

int host_hostfs_link(struct host_hostfs *root,
		     const struct host_hostfs_at *from,
		     const struct host_hostfs_at *to)
{
	char path[HOSTFS_FD_PATH];
	struct hostfs_hold hold;
	int node, err = get_for_change(root, to, &hold);

	if (err)
		return err;
	node = hostfs_node(root, from);
	if (node < 0) {
		hostfs_put(root, &hold);
		return node;
	}
	/* of the very file, also where it is a symbolic link */
	if (linkat(AT_FDCWD, hostfs_fd_path(node, path), hold.fd, to->name,
		   AT_SYMLINK_FOLLOW))
		err = -errno;
	hostfs_node_put(from, node);
	hostfs_put(root, &hold);
	return err;
}

int host_hostfs_rename(struct host_hostfs *root,
		       const struct host_hostfs_at *from,
		       const struct host_hostfs_at *to, u32 flags)
{
	struct hostfs_hold old, new;
	int err = get_for_change(root, from, &old);

	if (err)
		return err;
	err = get_for_change(root, to, &new);
	if (!err) {
		if (renameat2(old.fd, from->name, new.fd, to->name, flags))
			err = -errno;
		hostfs_put(root, &new);
	}
	hostfs_put(root, &old);
	return err;
}

/* ---- attributes ---- */

static int set_owner(int node, const struct host_hostfs_attr *a)
{
	uid_t uid = a->what & HOST_HOSTFS_UID ? a->uid : (uid_t)-1;
	gid_t gid = a->what & HOST_HOSTFS_GID ? a->gid : (gid_t)-1;

	return fchownat(node, "", uid, gid, AT_EMPTY_PATH) ? -errno : 0;
}

static struct timespec time_arg(const struct host_hostfs_time *t, bool given)
{
	return (struct timespec){ .tv_sec = given ? t->sec : 0,
				  .tv_nsec = given ? t->nsec : UTIME_OMIT };
}

static int set_times(int node, const char *path,
		     const struct host_hostfs_attr *a, bool link)
{
	const struct timespec ts[2] = {
		time_arg(&a->atime, a->what & HOST_HOSTFS_ATIME),
		time_arg(&a->mtime, a->what & HOST_HOSTFS_MTIME),
	};
	int ret = link ? utimensat(node, "", ts, AT_EMPTY_PATH) :
			 utimensat(AT_FDCWD, path, ts, 0);

	return ret ? -errno : 0;
}

static int set_size(const struct host_hostfs_at *at, const char *path, u32 mode,
		    u64 size)
{
	int ret;

	if (!S_ISREG(mode))
		return -EINVAL;
	/* an open file may be written to whatever its mode is by now */
	ret = at->fd >= 0 ? ftruncate(at->fd, size) : truncate(path, size);
	if (ret && at->fd >= 0)
		ret = truncate(path, size);
	return ret ? -errno : 0;
}

int host_hostfs_setattr(struct host_hostfs *root,
			const struct host_hostfs_at *at,
			const struct host_hostfs_attr *a)
{
	char path[HOSTFS_FD_PATH];
	struct host_hostfs_stat st;
	int node, err;

	if (hostfs_readonly(root))
		return -EROFS;
	node = hostfs_node(root, at);
	if (node < 0)
		return node;
	hostfs_fd_path(node, path);
	err = hostfs_statx(node, "", &st);
	if (!err && (a->what & (HOST_HOSTFS_UID | HOST_HOSTFS_GID)))
		err = set_owner(node, a);
	if (!err && (a->what & HOST_HOSTFS_SIZE))
		err = set_size(at, path, st.mode, a->size);
	if (!err && (a->what & HOST_HOSTFS_MODE)) {
		if (S_ISLNK(st.mode))
			err = -EOPNOTSUPP;
		else if (chmod(path, a->mode & 07777))
			err = -errno;
	}
	if (!err && (a->what & (HOST_HOSTFS_ATIME | HOST_HOSTFS_MTIME)))
		err = set_times(node, path, a, S_ISLNK(st.mode));
	hostfs_node_put(at, node);
	return err;
}

/* ---- extended attributes ---- */

s64 host_hostfs_getxattr(struct host_hostfs *root,
			 const struct host_hostfs_at *at, const char *name,
			 void *value, u64 size)
{
	char path[HOSTFS_FD_PATH];
	int node = hostfs_node(root, at);
	s64 n;

	if (node < 0)
		return node;
	n = getxattr(hostfs_fd_path(node, path), name, value, size);
	if (n < 0)
		n = -errno;
	hostfs_node_put(at, node);
	return n;
}

s64 host_hostfs_listxattr(struct host_hostfs *root,
			  const struct host_hostfs_at *at, char *list, u64 size)
{
	char path[HOSTFS_FD_PATH];
	int node = hostfs_node(root, at);
	s64 n;

	if (node < 0)
		return node;
	n = listxattr(hostfs_fd_path(node, path), list, size);
	if (n < 0)
		n = -errno;
	hostfs_node_put(at, node);
	return n;
}

int host_hostfs_setxattr(struct host_hostfs *root,
			 const struct host_hostfs_at *at, const char *name,
			 const void *value, u64 size, u32 flags)
{
	char path[HOSTFS_FD_PATH];
	int node, err;

	if (hostfs_readonly(root))
		return -EROFS;
	node = hostfs_node(root, at);
	if (node < 0)
		return node;
	hostfs_fd_path(node, path);
	err = value ? setxattr(path, name, value, size, flags) :
		      removexattr(path, name);
	if (err)
		err = -errno;
	hostfs_node_put(at, node);
	return err;
}
