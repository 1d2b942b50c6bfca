// SPDX-License-Identifier: GPL-2.0
/* Attributes of a file, set on a descriptor of the file itself. */
#define _GNU_SOURCE 1
#define ALLOW_SECTION "host_allow_files"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <host/allow.h>

#include "root.h"

HOST_ALLOW(fchownat);
HOST_ALLOW(chmod);
HOST_ALLOW(truncate);
HOST_ALLOW(ftruncate);
HOST_ALLOW(utimensat);
HOST_ALLOW(getxattr);
HOST_ALLOW(setxattr);
HOST_ALLOW(listxattr);
HOST_ALLOW(removexattr);

static int set_owner(int node, const struct host_hostfs_attr *a)
{
	uid_t uid = a->what & HOST_HOSTFS_UID ? a->uid : (uid_t)-1;
	gid_t gid = a->what & HOST_HOSTFS_GID ? a->gid : (gid_t)-1;

	return fchownat(node, "", uid, gid, AT_EMPTY_PATH) ? -errno : 0;
}

static int set_mode(const char *path, u32 mode, const struct host_hostfs_attr *a)
{
	if (S_ISLNK(mode))
		return -EOPNOTSUPP;
	return chmod(path, a->mode & 07777) ? -errno : 0;
}

/* The same where owner and mode are in the record. The host's mode comes first:
 * without the right to write there is no record. */
static int set_record(const struct host_hostfs *root, int node,
		      const char *path, const struct host_hostfs_attr *a)
{
	struct host_hostfs_stat st;
	int err;

	if (!(a->what & (HOST_HOSTFS_UID | HOST_HOSTFS_GID | HOST_HOSTFS_MODE)))
		return 0;
	err = hostfs_look(root, node, &st);
	if (err)
		return err;
	if (S_ISLNK(st.mode) && (a->what & HOST_HOSTFS_MODE))
		return -EOPNOTSUPP;
	if (!st.has_record && !S_ISREG(st.mode) && !S_ISDIR(st.mode))
		return -EPERM;
	if ((a->what & HOST_HOSTFS_MODE) || !st.has_record)
		st.mode = (st.mode & S_IFMT) | (a->mode & 07777);
	if ((a->what & HOST_HOSTFS_UID) || !st.has_record)
		st.uid = a->uid;
	if ((a->what & HOST_HOSTFS_GID) || !st.has_record)
		st.gid = a->gid;
	if (chmod(path, hostfs_host_mode(root, st.mode)))
		return -errno;
	return hostfs_put_record(node, &st);
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
	if (!err && !a->what)
		err = set_owner(node, a);
	else if (!err && hostfs_records(root))
		err = set_record(root, node, path, a);
	else if (!err && (a->what & (HOST_HOSTFS_UID | HOST_HOSTFS_GID)))
		err = set_owner(node, a);
	if (!err && (a->what & HOST_HOSTFS_SIZE))
		err = set_size(at, path, st.mode, a->size);
	if (!err && (a->what & HOST_HOSTFS_MODE) && !hostfs_records(root))
		err = set_mode(path, st.mode, a);
	if (!err && (a->what & (HOST_HOSTFS_ATIME | HOST_HOSTFS_MTIME)))
		err = set_times(node, path, a, S_ISLNK(st.mode));
	hostfs_node_put(at, node);
	return err;
}

/* ---- extended attributes ---- */

static s64 call_xattr(const char *path, const struct host_hostfs_xattr *x)
{
	switch (x->op) {
	case HOST_HOSTFS_XATTR_GET:
		return getxattr(path, x->name, x->value, x->size);
	case HOST_HOSTFS_XATTR_LIST:
		return listxattr(path, x->value, x->size);
	case HOST_HOSTFS_XATTR_SET:
		return setxattr(path, x->name, x->value, x->size, x->flags);
	default:
		return removexattr(path, x->name);
	}
}

s64 host_hostfs_xattr(struct host_hostfs *root, const struct host_hostfs_at *at,
		      const struct host_hostfs_xattr *x)
{
	char path[HOSTFS_FD_PATH];
	int node;
	s64 n;

	if (x->op >= HOST_HOSTFS_XATTR_SET && hostfs_readonly(root))
		return -EROFS;
	node = hostfs_node(root, at);
	if (node < 0)
		return node;
	n = call_xattr(hostfs_fd_path(node, path), x);
	if (n < 0)
		n = -errno;
	hostfs_node_put(at, node);
	return n;
}
