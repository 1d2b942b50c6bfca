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
#include <unistd.h>

#include <host/allow.h>

#include "root.h"

HOST_ALLOW(openat);
HOST_ALLOW(linkat);
HOST_ALLOW(unlinkat);
HOST_ALLOW(renameat2);
HOST_ALLOW(renameat);
HOST_ALLOW(readlinkat);
HOST_ALLOW(pread64);

/* ---- looking, opening ---- */

/* A record must be that of the very file. */
static int look_at_name(const struct host_hostfs *root, int dir,
			const char *name, struct host_hostfs_stat *st)
{
	int node, err;

	if (!name)
		return hostfs_look(root, dir, st);
	if (!hostfs_records(root))
		return hostfs_statx(dir, name, st);
	node = hostfs_open_node(dir, name);
	if (node < 0)
		return node;
	err = hostfs_look(root, node, st);
	close(node);
	return err;
}

int host_hostfs_stat(struct host_hostfs *root, const struct host_hostfs_at *at,
		     struct host_hostfs_stat *st)
{
	struct hostfs_hold hold;
	int err;

	if (at->fd >= 0)
		return hostfs_look(root, at->fd, st);
	err = at->name ? hostfs_check_name(at->name) : 0;
	if (!err)
		err = hostfs_get(root, at, &hold);
	if (err)
		return err;
	err = look_at_name(root, hold.fd, at->name, st);
	hostfs_put(root, &hold);
	if (at->ino && (err == -ENOENT || (!err && !hostfs_is(at, st))))
		err = -ESTALE;
	return err;
}

/* Of the host's own type in mode. */
static int reopen(int node, u32 mode, u32 access)
{
	static const int modes[] = { O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR };
	char path[HOSTFS_FD_PATH];
	int fd;

	if (!S_ISREG(mode) && !S_ISDIR(mode))
		return -EOPNOTSUPP;
	fd = open(hostfs_fd_path(node, path),
		  modes[access & 3] | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int host_hostfs_open(struct host_hostfs *root, const struct host_hostfs_at *at,
		     u32 access, struct host_hostfs_stat *st)
{
	struct host_hostfs_stat look;
	int node, fd, err;

	if ((access & HOST_HOSTFS_WRITE) && hostfs_readonly(root))
		return -EROFS;
	node = hostfs_node_stat(root, at, &look);
	if (node < 0)
		return node;
	fd = reopen(node, look.mode, access);
	err = st && fd >= 0 && hostfs_records(root) ?
	      hostfs_look(root, node, &look) : 0;
	hostfs_node_put(at, node);
	if (err) {
		close(fd);
		return err;
	}
	if (st)
		*st = look;
	return fd;
}

/* A symbolic link whose text is what the file contains. */
static int read_text(int node, char *buf, u32 size)
{
	int fd = reopen(node, S_IFREG, HOST_HOSTFS_READ);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = pread(fd, buf, size, 0);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

int host_hostfs_readlink(struct host_hostfs *root,
			 const struct host_hostfs_at *at, char *buf, u32 size)
{
	int node = hostfs_node(root, at), n;
	struct host_hostfs_stat st;

	if (node < 0)
		return node;
	n = hostfs_records(root) ? hostfs_look(root, node, &st) : 0;
	if (n || !hostfs_records(root) || !st.has_record) {
		n = readlinkat(node, "", buf, size);
		if (n < 0)
			n = errno == ENOENT ? -EINVAL : -errno;
	} else {
		n = S_ISLNK(st.mode) ? read_text(node, buf, size) : -EINVAL;
	}
	hostfs_node_put(at, node);
	return n;
}

/* ---- names ---- */

/* The name at->name in dir is who the guest means. What is swapped from outside
 * between this and the call for its sake is at least of the same directory. */
static int check_name_is(int dir, const struct host_hostfs_at *at)
{
	struct host_hostfs_stat st;
	int err;

	if (!at->ino)
		return 0;
	err = hostfs_statx(dir, at->name, &st);
	if (at->ino == HOST_HOSTFS_NOBODY)
		return err == -ENOENT ? 0 : err ? err : -ESTALE;
	if (err == -ENOENT || (!err && !hostfs_is(at, &st)))
		err = -ESTALE;
	return err;
}

int host_hostfs_unlink(struct host_hostfs *root,
		       const struct host_hostfs_at *at, bool dir)
{
	struct hostfs_hold hold;
	int err = hostfs_get_for_change(root, at, &hold);

	if (err)
		return err;
	err = check_name_is(hold.fd, at);
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
	int node, err = hostfs_get_for_change(root, to, &hold);

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

static int rename_checked(int old, const struct host_hostfs_at *from, int new,
			  const struct host_hostfs_at *to, u32 flags)
{
	/* nobody: the host makes sure by itself, if its file system can */
	bool nobody = to->ino == HOST_HOSTFS_NOBODY && !flags;
	int err = check_name_is(old, from);

	if (!err && !(flags & RENAME_NOREPLACE))
		err = check_name_is(new, to);
	if (err)
		return err;
	if (nobody) {
		if (!renameat2(old, from->name, new, to->name, RENAME_NOREPLACE))
			return 0;
		if (errno != EINVAL)
			return errno == EEXIST ? -ESTALE : -errno;
	}
	if (!renameat2(old, from->name, new, to->name, flags))
		return 0;
	/* so XFS says that a directory is not empty */
	return errno == EEXIST && !(flags & RENAME_NOREPLACE) ? -ENOTEMPTY :
								-errno;
}

int host_hostfs_rename(struct host_hostfs *root,
		       const struct host_hostfs_at *from,
		       const struct host_hostfs_at *to, u32 flags)
{
	struct hostfs_hold old, new;
	int err = hostfs_get_for_change(root, from, &old);

	if (err)
		return err;
	err = hostfs_get_for_change(root, to, &new);
	if (!err) {
		err = rename_checked(old.fd, from, new.fd, to, flags);
		hostfs_put(root, &new);
	}
	hostfs_put(root, &old);
	return err;
}
