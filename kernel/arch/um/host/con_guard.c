// SPDX-License-Identifier: GPL-2.0
/*
 * The guard: a forked child which reads from a pipe whose only writer is the
 * kernel process, so end of file is that process's death, whatever caused
 * it. Its rules:
 *
 * - It holds only the pipe and the terminal; everything else would keep
 *   peers from seeing end of file, or locks from going.
 * - All signals are blocked: a Ctrl-C or SIGTERM for the whole job is for the
 *   kernel to answer. (A blocked SIGTTOU also lets it set the terminal after
 *   the shell has taken the foreground back.)
 * - It touches the terminal only if the settings are still exactly our raw
 *   ones: then nobody has taken it over, and after an orderly exit there is
 *   nothing to do.
 *
 * The fork happens while drivers start, before the process is locked down.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allow.h"
#include "con_guard.h"

HOST_ALLOW(close);
HOST_ALLOW(wait4);

#define MAX_GUARDS	16

static struct {
	pid_t pid;
	int pipe_fd;
} guards[MAX_GUARDS];
static int count;

static void close_range_of(unsigned int first, unsigned int last)
{
	unsigned int fd;

	if (first > last || !syscall(SYS_close_range, first, last, 0))
		return;
	for (fd = first; fd <= last && fd < 1024; fd++)
		close((int)fd);
}

/* Leaves only the pipe, as 0, and the terminal, as 1. */
static void keep_only(int pipe_fd, int term_fd)
{
	int a = fcntl(pipe_fd, F_DUPFD, 3), b = fcntl(term_fd, F_DUPFD, 3);

	dup2(a, 0);
	dup2(b, 1);
	close_range_of(2, ~0U);
}

static int same(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag &&
	       a->c_cflag == b->c_cflag && a->c_lflag == b->c_lflag;
}

static void guard(const struct termios *before, const struct termios *raw)
{
	struct termios now;
	char c;

	while (read(0, &c, 1) < 0 && errno == EINTR)
		;
	if (tcgetattr(1, &now) == 0 && same(&now, raw))
		tcsetattr(1, TCSANOW, before);
	_exit(0);
}

void con_guard_start(int fd, const struct termios *before,
		     const struct termios *raw)
{
	sigset_t all, old;
	int ends[2];
	pid_t child;

	if (count == MAX_GUARDS || pipe2(ends, O_CLOEXEC))
		return;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	child = fork();
	if (child == 0) {
		keep_only(ends[0], fd);
		guard(before, raw);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(ends[0]);
	if (child < 0) {
		close(ends[1]);
		return;
	}
	guards[count].pid = child;
	guards[count++].pipe_fd = ends[1];
}

void con_guard_stop(void)
{
	int i;

	for (i = 0; i < count; i++)
		close(guards[i].pipe_fd);
	for (i = 0; i < count; i++)
		while (waitpid(guards[i].pid, NULL, __WALL) < 0 &&
		       errno == EINTR)
			;
	count = 0;
}
