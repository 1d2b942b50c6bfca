/* SPDX-License-Identifier: GPL-2.0 */
/* What the ptrace programs share: waits with a result, registers, tracees. */
#ifndef GUEST_PTRACE_H
#define GUEST_PTRACE_H

#include "tap.h"
#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

/* The next wait status of p (any thread), or -1. */
static inline int stop_of(pid_t p)
{
	int st;
	pid_t r;

	do
		r = waitpid(p, &st, __WALL);
	while (r < 0 && errno == EINTR);
	return r == p ? st : -1;
}

#define STOPPED(sig)   ((sig) << 8 | 0x7f)
#define EVENT(sig, ev) ((ev) << 16 | (sig) << 8 | 0x7f)

static inline struct user_regs_struct get_regs(pid_t p)
{
	struct user_regs_struct r;

	memset(&r, 0, sizeof r);
	if (ptrace(PTRACE_GETREGS, p, 0, &r) < 0)
		ok(0, "PTRACE_GETREGS: %s", strerror(errno));
	return r;
}

/* A child that is traced and stops itself; then runs fn. At the stop now. */
static inline pid_t traced(int (*fn)(void *), void *arg, long options)
{
	pid_t p = tap_fork();

	if (p == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
			_exit(101);
		raise(SIGSTOP);
		_exit(fn(arg));
	}
	int st = stop_of(p);
	if (st != STOPPED(SIGSTOP)) {
		ok(0, "TRACEME and SIGSTOP: %#x", st);
		exit(tap_done());
	}
	if (options && ptrace(PTRACE_SETOPTIONS, p, 0, options) < 0)
		ok(0, "PTRACE_SETOPTIONS: %s", strerror(errno));
	return p;
}

static inline int go(int how, pid_t p, int sig)
{
	if (ptrace((enum __ptrace_request)how, p, 0, (long)sig) < 0)
		return -1;
	return stop_of(p);
}

#endif
