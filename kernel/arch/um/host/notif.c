// SPDX-License-Identifier: GPL-2.0
/*
 * Listeners: the descriptors at which guest threads and agents notify.
 *
 * Death: when the last thread under a filter has ended, its listener reports
 * POLLHUP. From host 6.11 on NOTIF_RECV returns ENOENT then, so nothing else
 * is needed; before, it would wait for ever, and poll(2) goes first.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>

#include "allow.h"
#include "backend_priv.h"

HOST_ALLOW(ioctl);
HOST_ALLOW(poll);

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	SECCOMP_IOW(4, __u64)
#endif
#define SYNC_WAKE_UP	1ul
#define LOOK_MS		1000

int notif_recv(int fd, struct seccomp_notif *n)
{
	memset(n, 0, sizeof(*n));
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, n) ? -errno : 0;
}

int notif_send(int fd, u64 id, s64 val)
{
	struct seccomp_notif_resp r = { .id = id, .val = val };

	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r) ? -errno : 0;
}

void notif_setup(int fd)
{
	if (backend.sync_wake)
		ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP);
}

bool notif_ended(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) == 1 && p.revents & POLLHUP;
}

static bool has_word(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, LOOK_MS) == 1 && p.revents & POLLIN;
}

int notif_wait(int fd, struct seccomp_notif *n)
{
	int ret;

	for (;;) {
		ret = backend.recv_ends || has_word(fd) ?
			notif_recv(fd, n) : -ENOENT;
		if (!ret || (ret != -EINTR && ret != -ENOENT))
			return ret;
		if (ret == -ENOENT && notif_ended(fd))
			return -ESRCH;
	}
}
