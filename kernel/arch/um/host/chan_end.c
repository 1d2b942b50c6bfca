// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and writing one end of a byte channel.
 *
 * O_NONBLOCK belongs to the open file description, which for an inherited
 * descriptor is shared with the shell and everything it starts. So it is
 * never set there. What is tried, in this order:
 *
 *   regular file   used as it is (its offset and O_APPEND are wanted)
 *   socket         MSG_DONTWAIT
 *   pipe, tty      opened anew through /proc/self/fd/N, with O_NONBLOCK;
 *                  not a pty master, which would give another pty
 *   the rest       preadv2/pwritev2 with RWF_NOWAIT where the host knows it
 *                  for this kind of file, else poll() first. Then a write is
 *                  kept so short that the room poll() saw suffices. (Another
 *                  process that uses the same description may still make a
 *                  call wait; there is no way around it.)
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "allow.h"
#include "chan_end.h"
#include "con_term.h"

HOST_ALLOW(readv);
HOST_ALLOW(writev);
HOST_ALLOW(write);
HOST_ALLOW(preadv2);
HOST_ALLOW(pwritev2);
HOST_ALLOW(recvmsg);
HOST_ALLOW(sendmsg);
HOST_ALLOW(poll);
HOST_ALLOW(clock_gettime);
HOST_ALLOW(shutdown);
HOST_ALLOW(close);
HOST_ALLOW(dup2);

#define TTY_ROOM	256	/* n_tty says "writable" from here on */
#define PIPE_WANTED	(512 << 10)
#define OWN_FD_MIN	10	/* keep clear of the numbers people name */

static_assert(sizeof(struct iovec) == sizeof(struct host_iov), "iovec");

static bool is_pty_master(int fd)
{
	int n;

	return ioctl(fd, TIOCGPTN, &n) == 0;
}

/* The same file in a description of our own, or -1. */
static int reopen(int fd, int access, const struct stat *st)
{
	char path[32];
	struct stat now;
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own < 0)
		return -1;
	if (fstat(own, &now) == 0 && now.st_dev == st->st_dev &&
	    now.st_ino == st->st_ino && now.st_rdev == st->st_rdev)
		return own;
	close(own);
	return -1;
}

static bool may_reopen(int fd, const struct stat *st, bool terminal)
{
	if (S_ISFIFO(st->st_mode))
		return true;
	return terminal && !is_pty_master(fd);
}

static u32 write_max(const struct stat *st, bool terminal)
{
	if (terminal)
		return TTY_ROOM;
	return S_ISFIFO(st->st_mode) ? PIPE_BUF : 0;
}

static int end_from(int own, enum end_how how, int access,
		    struct host_end **out)
{
	struct host_end *end = calloc(1, sizeof(*end));

	if (!end) {
		close(own);
		return -ENOMEM;
	}
	end->fd = own;
	end->spare_fd = -1;
	end->owned_fd = -1;
	end->how = how;
	end->output = access == O_WRONLY;
	end->terminal = isatty(own);
	*out = end;
	return 0;
}

int chan_end_inherit(int fd, int access, struct host_end **out)
{
	enum end_how how = END_POLL;
	struct stat st;
	bool terminal;
	int own, err;

	if (fstat(fd, &st))
		return -errno;
	terminal = isatty(fd);
	if (may_reopen(fd, &st, terminal)) {
		own = reopen(fd, access, &st);
		if (own >= 0)
			return end_from(own, END_NONBLOCK, access, out);
	}
	if (S_ISSOCK(st.st_mode))
		how = END_SOCKET;
	else if (S_ISREG(st.st_mode))
		how = END_PLAIN;
	own = fcntl(fd, F_DUPFD_CLOEXEC, OWN_FD_MIN);
	if (own < 0)
		return -errno;
	err = end_from(own, how, access, out);
	if (!err)
		(*out)->write_max = write_max(&st, terminal);
	return err;
}

int chan_end_adopt(int fd, int access, struct host_end **out)
{
	return end_from(fd, END_NONBLOCK, access, out);
}

void chan_end_free(struct host_end *end)
{
	if (!end)
		return;
	if (end->fd >= 0)
		close(end->fd);
	if (end->spare_fd >= 0)
		close(end->spare_fd);
	free(end);
}

int host_end_fd(const struct host_end *end)
{
	return end->fd;
}

static s64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (s64)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 1, 0 after ms without, or -errno. Signals (the vcpu's timer) come often and
 * do not shorten it. */
static int ask_poll(int fd, short events, u32 ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	s64 end = ms ? now_ms() + ms : 0, left = ms;
	int n;

	for (;;) {
		n = poll(&p, 1, (int)left);
		if (n >= 0 || errno != EINTR)
			return n < 0 ? -errno : n;
		left = ms ? end - now_ms() : 0;
		if (left < 0)
			return 0;
	}
}

int host_end_ready(struct host_end *end, u32 ms)
{
	if (end->fd < 0)
		return 1;
	return ask_poll(end->fd, end->output ? POLLOUT : POLLIN, ms);
}

/* ---- reading ---- */

static s64 result(ssize_t n)
{
	return n < 0 ? -errno : n;
}

static s64 recv_socket(int fd, struct iovec *iov, u32 n)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };

	return result(recvmsg(fd, &msg, MSG_DONTWAIT));
}

/* -EOPNOTSUPP and -EINVAL are how hosts refuse RWF_NOWAIT. */
static bool refused(s64 r)
{
	return r == -EOPNOTSUPP || r == -EINVAL || r == -ENOSYS;
}

static s64 read_shared(struct host_end *end, struct iovec *iov, u32 n)
{
	s64 r;

	if (!end->no_nowait) {
		r = result(preadv2(end->fd, iov, (int)n, -1, RWF_NOWAIT));
		if (!refused(r))
			return r;
		end->no_nowait = true;
	}
	if (ask_poll(end->fd, POLLIN, 0) == 0)
		return -EAGAIN;
	return result(readv(end->fd, iov, (int)n));
}

/* In the background, where SIGTTIN is ignored, a terminal answers EIO: what
 * is typed there is not for us. */
static s64 terminal_result(struct host_end *end, s64 r)
{
	if (r == -EIO && !con_term_foreground(end->fd))
		return -EBUSY;
	if (r > 0)
		con_term_check(end->fd);
	return r;
}

s64 host_end_readv(struct host_end *end, const struct host_iov *hiov, u32 n)
{
	struct iovec *iov = (struct iovec *)hiov;
	s64 r;

	if (end->fd < 0)
		return 0;
	do {
		if (end->how == END_SOCKET)
			r = recv_socket(end->fd, iov, n);
		else if (end->how == END_POLL)
			r = read_shared(end, iov, n);
		else
			r = result(readv(end->fd, iov, (int)n));
	} while (r == -EINTR);
	return end->terminal ? terminal_result(end, r) : r;
}

/* ---- writing ---- */

static s64 send_socket(int fd, struct iovec *iov, u32 n)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };

	return result(sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static s64 write_shared(struct host_end *end, struct iovec *iov, u32 n)
{
	struct iovec first = iov[0];
	s64 r;

	if (!end->no_nowait) {
		r = result(pwritev2(end->fd, iov, (int)n, -1, RWF_NOWAIT));
		if (!refused(r))
			return r;
		end->no_nowait = true;
	}
	if (ask_poll(end->fd, POLLOUT, 0) == 0)
		return -EAGAIN;
	if (!end->write_max)
		return result(writev(end->fd, iov, (int)n));
	if (first.iov_len > end->write_max)
		first.iov_len = end->write_max;
	return result(write(end->fd, first.iov_base, first.iov_len));
}

s64 host_end_writev(struct host_end *end, const struct host_iov *hiov, u32 n)
{
	struct iovec *iov = (struct iovec *)hiov;
	s64 r;

	if (end->fd < 0)
		return -EPIPE;
	do {
		if (end->how == END_SOCKET)
			r = send_socket(end->fd, iov, n);
		else if (end->how == END_POLL)
			r = write_shared(end, iov, n);
		else
			r = result(writev(end->fd, iov, (int)n));
	} while (r == -EINTR);
	return r ? r : -EAGAIN;
}

/* Each time a pipe runs full or empty somebody is woken on another CPU; with
 * the usual 64 KiB that is what a fast stream would spend its time on. */
static void enlarge_pipe(int fd)
{
	int size = fcntl(fd, F_GETPIPE_SZ);

	if (size > 0 && size < PIPE_WANTED)
		fcntl(fd, F_SETPIPE_SZ, PIPE_WANTED);
}

static int null_fd = -1;

void chan_end_own(struct host_end *end, int fd)
{
	end->owned_fd = fd;
	enlarge_pipe(end->fd);
	if (fd <= STDERR_FILENO && null_fd < 0)
		null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* The numbers 0 to 2 stay taken, or a later open() would get one and be
 * written to by whoever writes to stderr. */
static void close_inherited(int fd)
{
	if (fd > STDERR_FILENO)
		close(fd);
	else if (null_fd >= 0)
		dup2(null_fd, fd);
}

void host_end_shut(struct host_end *end)
{
	if (end->fd < 0)
		return;
	if (end->how == END_SOCKET) {
		shutdown(end->fd, SHUT_WR);
		return;
	}
	close(end->fd);
	end->fd = -1;
	if (end->owned_fd >= 0)
		close_inherited(end->owned_fd);
	end->owned_fd = -1;
}
