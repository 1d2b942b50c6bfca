// SPDX-License-Identifier: GPL-2.0
/*
 * Raw mode.
 *
 * One terminal may stand behind several lines (con0=fd:0,fd:1 uses it twice;
 * con0 and ssl0 may name the same), and its settings must be noted before
 * the first of them changes it: entries are by device, not by descriptor.
 *
 * Changing a terminal from the background would stop us with SIGTTOU, or,
 * where that is blocked, change it under the foreground job's feet. So both
 * ways we look first; a terminal that should be raw becomes so at the next
 * SIGCONT (the shell's `fg`).
 *
 * The table only grows, and is complete before `count` says so: a signal
 * handler sees whole entries.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "../abi/host_con.h"
#include "allow.h"
#include "chan_end.h"
#include "con_guard.h"
#include "con_term.h"
#include "exit.h"

HOST_ALLOW_ARG32(ioctl, 1, TCGETS);
HOST_ALLOW_ARG32(ioctl, 1, TCSETS);
HOST_ALLOW_ARG32(ioctl, 1, TIOCGPGRP);
HOST_ALLOW_ARG32(ioctl, 1, TIOCGWINSZ);
HOST_ALLOW(getpgrp);

#define MAX_TERMS	16

static struct term {
	int fd;			/* our own descriptor of it */
	dev_t dev;
	ino_t ino;
	struct termios before, raw;
	volatile sig_atomic_t want_raw, is_raw;
} terms[MAX_TERMS];
static volatile sig_atomic_t count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

bool con_term_foreground(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group < 0 || group == getpgrp();	/* < 0: not our session's */
}

static struct term *find(int fd)
{
	struct stat st;
	int i;

	if (fstat(fd, &st))
		return NULL;
	for (i = 0; i < count; i++)
		if (terms[i].dev == st.st_dev && terms[i].ino == st.st_ino)
			return &terms[i];
	return NULL;
}

static void add(int fd)
{
	struct term *t = &terms[count];
	struct stat st;

	if (count == MAX_TERMS || fstat(fd, &st) || tcgetattr(fd, &t->before))
		return;
	t->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (t->fd < 0)
		return;
	t->dev = st.st_dev;
	t->ino = st.st_ino;
	t->raw = t->before;
	cfmakeraw(&t->raw);
	if (!count) {
		host_at_exit(con_term_restore);
		host_at_exit(con_guard_stop);
	}
	con_guard_start(t->fd, &t->before, &t->raw);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	count = count + 1;
}

void con_term_prepare(int fd)
{
	pthread_mutex_lock(&lock);
	if (!find(fd))
		add(fd);
	pthread_mutex_unlock(&lock);
}

static int make_raw(struct term *t)
{
	if (t->is_raw || !con_term_foreground(t->fd))
		return 0;
	if (tcsetattr(t->fd, TCSANOW, &t->raw))
		return -errno;
	t->is_raw = 1;
	return 0;
}

int con_term_raw(int fd)
{
	struct term *t = find(fd);

	if (!t)
		return 0;
	t->want_raw = 1;
	return make_raw(t);
}

void con_term_check(int fd)
{
	struct term *t;
	int i;

	for (i = 0; i < count; i++)
		if (terms[i].want_raw && !terms[i].is_raw)
			break;
	t = i < count ? find(fd) : NULL;
	if (t && t->want_raw)
		make_raw(t);
}

void con_term_restore(void)
{
	int i, saved = errno;

	for (i = 0; i < count; i++) {
		struct term *t = &terms[i];

		if (t->is_raw && con_term_foreground(t->fd))
			tcsetattr(t->fd, TCSANOW, &t->before);
		t->is_raw = 0;
	}
	errno = saved;
}

void con_term_resume(void)
{
	int i, saved = errno;

	for (i = 0; i < count; i++)
		if (terms[i].want_raw)
			make_raw(&terms[i]);
	errno = saved;
}

int host_con_raw(struct host_end *in)
{
	return in->fd < 0 ? 0 : con_term_raw(in->fd);
}

int host_con_winsize(struct host_end *end, u16 *rows, u16 *cols)
{
	struct winsize w;

	if (end->fd < 0 || !end->terminal)
		return -ENOTTY;
	if (ioctl(end->fd, TIOCGWINSZ, &w))
		return -errno;
	if (!w.ws_row && !w.ws_col)
		return -ENOTTY;
	*rows = w.ws_row;
	*cols = w.ws_col;
	return 0;
}
