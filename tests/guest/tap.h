/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Test Anything Protocol for the guest programs: one header, no library.
 *
 * A program calls tap_start(), then checks, then returns tap_done(). Lines go
 * out by write(2), unbuffered, so a fork can't print one twice. Only the
 * process that called tap_start() may print: children report through their
 * exit status (tap_fork, tap_wait, in_child).
 *
 * Exit status: 0 all passed, 1 something failed, 77 the whole program does
 * not apply here. MUST_RUN=1 turns every skip into a failure, but for what the
 * CPU does not have (skip_hw). TAP_SLOW=N multiplies the time limit.
 */
#ifndef GUEST_TAP_H
#define GUEST_TAP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int tap_count, tap_failed;
static unsigned tap_limit;

static inline void tap_line(const char *fmt, va_list ap, const char *head,
			    const char *tail)
{
	char b[512];
	size_t n = 0, room = sizeof b - 2;

	n += (size_t)snprintf(b, room, "%s", head);
	if (n < room)
		n += (size_t)vsnprintf(b + n, room - n, fmt, ap);
	if (n < room)
		n += (size_t)snprintf(b + n, room - n, "%s", tail);
	if (n > room)
		n = room;
	b[n++] = '\n';
	if (write(1, b, n) < 0)
		_exit(1);
}

static inline void __attribute__((format(printf, 1, 2)))
tap_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_line(fmt, ap, "# ", "");
	va_end(ap);
}

/* One result; returns the condition. */
static inline int __attribute__((format(printf, 2, 3)))
ok(int good, const char *fmt, ...)
{
	char head[32];
	va_list ap;

	tap_count++;
	if (!good)
		tap_failed++;
	snprintf(head, sizeof head, "%sok %d - ", good ? "" : "not ",
		 tap_count);
	va_start(ap, fmt);
	tap_line(fmt, ap, head, "");
	va_end(ap);
	return good;
}

/* The values are equal; both are shown when they are not. */
static inline int __attribute__((format(printf, 3, 4)))
eq(long long got, long long want, const char *fmt, ...)
{
	char head[32], tail[128] = "";
	va_list ap;

	tap_count++;
	if (got != want) {
		tap_failed++;
		snprintf(tail, sizeof tail,
			 ": got %lld (%#llx) want %lld (%#llx)", got,
			 (unsigned long long)got, want,
			 (unsigned long long)want);
	}
	snprintf(head, sizeof head, "%sok %d - ", got == want ? "" : "not ",
		 tap_count);
	va_start(ap, fmt);
	tap_line(fmt, ap, head, tail);
	va_end(ap);
	return got == want;
}

/* The call failed with this errno: EQ_ERR(call, EINVAL, "what"). */
#define eq_err(call, want, ...)                              \
	do {                                                 \
		errno = 0;                                   \
		long long r_ = (long long)(call);            \
		eq(r_ == -1 ? errno : 0, want, __VA_ARGS__); \
	} while (0)

static inline int tap_must(void)
{
	const char *m = getenv("MUST_RUN");

	return m && !strcmp(m, "1");
}

static inline void skip_as(int may, const char *what, const char *why)
{
	char b[300];

	tap_count++;
	if (!may)
		tap_failed++;
	int n = snprintf(b, sizeof b - 1, "%sok %d # SKIP %s: %s\n",
			 may ? "" : "not ", tap_count, what, why);
	if (write(1, b, (size_t)n) < 0)
		_exit(1);
}

/* One check does not apply: this kernel or these rights lack it. */
static inline void skip(const char *what, const char *why)
{
	skip_as(!tap_must(), what, why);
}

/* One check does not apply: the CPU lacks it. Never a failure. */
static inline void skip_hw(const char *what, const char *why)
{
	skip_as(1, what, why);
}

static inline void skip_all(const char *why)
{
	dprintf(1, "1..0 # SKIP %s\n", why);
	exit(tap_must() ? 1 : 77);
}

static inline void tap_expired(int sig)
{
	static const char m[] = "Bail out! time limit reached\n";

	(void)sig;
	if (write(1, m, sizeof m - 1) < 0)
		_exit(2);
	_exit(1);
}

/* seconds: the limit for the whole program; children get what tap_fork says. */
static inline void tap_start(unsigned seconds)
{
	const char *slow = getenv("TAP_SLOW");
	struct sigaction sa = {.sa_handler = tap_expired};
	sigset_t s;

	tap_limit =
		seconds * (slow && atoi(slow) > 0 ? (unsigned)atoi(slow) : 1U);
	sigaction(SIGALRM, &sa, NULL);
	sigemptyset(&s);
	sigaddset(&s, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &s, NULL);
	alarm(tap_limit);
}

static inline int tap_done(void)
{
	dprintf(1, "1..%d\n", tap_count);
	return tap_failed || !tap_count;
}

/* fork; the child dies with its parent and at the time limit. */
static inline pid_t tap_fork(void)
{
	pid_t me = getpid(), p = fork();

	if (p)
		return p;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != me)
		_exit(124);
	signal(SIGALRM, SIG_DFL);
	alarm(tap_limit);
	return 0;
}

/* The wait status, or -1. */
static inline int tap_wait(pid_t p)
{
	int st;
	pid_t r;

	do
		r = waitpid(p, &st, 0);
	while (r < 0 && errno == EINTR);
	return r == p ? st : -1;
}

/* Run fn in a child: its wait status. fn's result is the exit status. */
static inline int in_child(int (*fn)(void *), void *arg)
{
	pid_t p = tap_fork();

	if (p == 0)
		_exit(fn(arg));
	return tap_wait(p);
}

#define EXITED(n) ((n) << 8)

static inline void msleep(unsigned ms)
{
	struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static inline uint64_t now_ns(clockid_t c)
{
	struct timespec t;

	clock_gettime(c, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* Wait until *p is no less than v, at most ms; 0 when it came. */
static inline int wait_for(volatile int *p, int v, unsigned ms)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + (uint64_t)ms * 1000000U;

	while (__atomic_load_n(p, __ATOMIC_ACQUIRE) < v) {
		if (now_ns(CLOCK_MONOTONIC) > end)
			return -1;
		usleep(200);
	}
	return 0;
}

/* Memory shared with children; zeroed. */
static inline void *shared_alloc(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("shared_alloc: mmap");
		exit(1);
	}
	return p;
}

/* /proc is there, mounted if need be: a guest's init may not have done it. */
static inline int need_proc(void)
{
	if (access("/proc/self/exe", F_OK) == 0)
		return 1;
	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	return access("/proc/self/exe", F_OK) == 0;
}

/* A directory one can write to, as the current directory; removed by rmdir_tmp.
 */
static inline const char *chdir_tmp(void)
{
	static char d[64];
	const char *base[] = {"/tmp", "/dev/shm", "/run", ".", NULL};

	for (int i = 0; base[i]; i++) {
		snprintf(d, sizeof d, "%s/guest-test-XXXXXX", base[i]);
		if (mkdtemp(d) && chdir(d) == 0)
			return d;
	}
	mkdir("/tmp", 01777);
	mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
	snprintf(d, sizeof d, "/tmp/guest-test-XXXXXX");
	if (mkdtemp(d) && chdir(d) == 0)
		return d;
	perror("chdir_tmp: no directory to write to");
	exit(1);
}

static inline void rmdir_tmp(const char *d)
{
	if (chdir("/") == 0)
		rmdir(d);
}

/* An unlinked file of n bytes: byte i of page p is (p + 1) & 0xff. */
static inline int tmp_file(size_t n)
{
	const char *d = chdir_tmp();
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);

	for (size_t i = 0; i < n; i += 4096) {
		char b[4096];

		memset(b, (int)(i / 4096 + 1), sizeof b);
		if (write(fd, b, n - i < sizeof b ? n - i : sizeof b) < 0) {
			perror("tmp_file: write");
			exit(1);
		}
	}
	unlink("f");
	rmdir_tmp(d);
	return fd;
}

#endif
