// SPDX-License-Identifier: GPL-2.0
/*
 * Where the command's standard descriptors lead.
 *
 *	ours is			the command gets	and the kernel is given
 *	closed, /dev/null	/dev/null		nothing
 *	the terminal		a pty			a socket that we relay
 *	anything else		a pipe			our descriptor itself
 *
 * It is the terminal if standard input is one, for standard input, and for
 * the other two where they are the same terminal. With standard input from
 * elsewhere, a terminal is just somewhere to write to.
 *
 * If standard output and standard error are one and the same, they are one
 * channel, and what is written to both keeps its order.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/run/run.h"

/* /dev/null is character device 1, 3 everywhere. */
static bool is_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* One open file description, or near enough where kcmp is denied. */
static bool same_output(void)
{
	struct stat a, b;
	long r;

	if (fstat(1, &a) || fstat(2, &b) || a.st_dev != b.st_dev ||
	    a.st_ino != b.st_ino)
		return false;
	if (!S_ISREG(a.st_mode))
		return true;
	r = syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, 1, 2);
	return r == 0 || r < 0;
}

static bool same_terminal(int fd)
{
	struct stat a, b;

	return isatty(fd) && !fstat(0, &a) && !fstat(fd, &b) &&
	       a.st_rdev == b.st_rdev;
}

/* A pair of sockets for channel N; our end is returned. */
static int relayed(struct run_stdio *stdio, int n)
{
	int pair[2], ours, theirs;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return msg_errno("socketpair", errno, "cannot be made");
	ours = fcntl(pair[0], F_DUPFD_CLOEXEC, RUN_FD_MIN);
	theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, RUN_FD_MIN);
	close(pair[0]);
	close(pair[1]);
	if (ours < 0 || theirs < 0)
		return msg_errno("socketpair", errno, "cannot be made");
	stdio->kernel_fd[n] = theirs;
	return ours;
}

/* Our descriptor FD, as the kernel's for channel FD + 1. */
static int direct(struct run_stdio *stdio, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, RUN_FD_MIN);

	if (copy < 0)
		return msg_errno("descriptor", errno, "cannot be copied");
	stdio->kernel_fd[fd + 1] = copy;
	stdio->kind[fd] = AGENT_STDIO_CHANNEL(fd + 1);
	return 0;
}

static int prepare_one(struct run_stdio *stdio, int fd)
{
	struct stat st;

	if (fstat(fd, &st) || is_null(&st)) {
		stdio->kind[fd] = AGENT_STDIO_NULL;
		return 0;
	}
	if (stdio->terminal && same_terminal(fd)) {
		stdio->kind[fd] = AGENT_STDIO_TTY;
		return 0;
	}
	if (fd == 2 && stdio->kind[1] >= AGENT_STDIO_CHANNEL(0) &&
	    same_output()) {
		stdio->kind[2] = stdio->kind[1];
		return 0;
	}
	return direct(stdio, fd);
}

/* Whatever we open later must not become a standard descriptor. */
static void fill_holes(void)
{
	int fd;

	for (fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			break; /* then nothing can be opened at all */
}

int stdio_prepare(struct run_stdio *stdio)
{
	int i;

	memset(stdio, 0, sizeof(*stdio));
	for (i = 0; i < RUN_CHANNELS; i++)
		stdio->kernel_fd[i] = -1;
	stdio->tty = -1;
	fill_holes();
	stdio->control = relayed(stdio, 0);
	if (stdio->control < 0)
		return -1;
	stdio->terminal = isatty(0);
	if (stdio->terminal) {
		/* Standard input's own channel is free then. */
		stdio->tty_channel = 1;
		stdio->tty = relayed(stdio, 1);
		if (stdio->tty < 0)
			return -1;
	}
	for (i = 0; i < 3; i++)
		if (prepare_one(stdio, i) < 0)
			return -1;
	return 0;
}

void stdio_release(struct run_stdio *stdio)
{
	int i, null;

	for (i = 0; i < RUN_CHANNELS; i++) {
		if (stdio->kernel_fd[i] >= 0)
			close(stdio->kernel_fd[i]);
		stdio->kernel_fd[i] = -1;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (i = 0; i < 2 && null >= 0; i++)
		if (stdio->kind[i] >= AGENT_STDIO_CHANNEL(0))
			dup2(null, i);
	if (null >= 0)
		close(null);
}
