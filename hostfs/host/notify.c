// SPDX-License-Identifier: GPL-2.0
/*
 * Changes that others make: one inotify instance per mount, which watches the
 * very inodes the guest names.
 */
#define _GNU_SOURCE 1
#define ALLOW_SECTION "host_allow_files"
#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <host/allow.h>

#include "root.h"

HOST_ALLOW(inotify_init1);
HOST_ALLOW(inotify_add_watch);
HOST_ALLOW(inotify_rm_watch);
HOST_ALLOW(read);

/* EXCL_UNLINK: the guest knows its own removed files by name no more. */
#define CHANGES (IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVED_FROM |	\
		 IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF |		\
		 IN_MOVE_SELF | IN_EXCL_UNLINK)

int host_hostfs_notify(void)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int host_hostfs_watch(struct host_hostfs *root, const struct host_hostfs_at *at,
		      int notify)
{
	char path[HOSTFS_FD_PATH];
	int node = hostfs_node(root, at), wd;

	if (node < 0)
		return node;
	wd = inotify_add_watch(notify, hostfs_fd_path(node, path), CHANGES);
	if (wd < 0)
		wd = -errno;
	hostfs_node_put(at, node);
	return wd;
}

void host_hostfs_unwatch(int notify, int wd)
{
	inotify_rm_watch(notify, wd);
}

s64 host_hostfs_changes(int notify, void *buf, u64 size)
{
	ssize_t n = read(notify, buf, size);

	return n < 0 ? -errno : n;
}
