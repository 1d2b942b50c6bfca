// SPDX-License-Identifier: GPL-2.0
/* Pseudo terminals: lines, raw mode, signals by keys, job control, poll. */
#include "tap.h"
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>

static int m, s;

/* What the master reads within a second, up to n bytes. */
static ssize_t read_master(char *b, size_t n)
{
	struct pollfd pf = {.fd = m, .events = POLLIN};
	size_t got = 0;

	while (got < n && poll(&pf, 1, 1000) == 1 && pf.revents & POLLIN) {
		ssize_t r = read(m, b + got, n - got);

		if (r <= 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

static void open_pty(void)
{
	if (openpty(&m, &s, NULL, NULL, NULL) < 0) {
		mkdir("/dev/pts", 0755);
		mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=666");
		if (openpty(&m, &s, NULL, NULL, NULL) < 0) {
			ok(0, "openpty: %s", strerror(errno));
			exit(tap_done());
		}
	}
}

static void lines(void)
{
	char b[64] = "";
	struct winsize w = {40, 132, 0, 0}, w2;

	ok(isatty(s) && isatty(m), "isatty");
	eq(write(m, "abc\n", 4), 4, "type a line");
	eq(read(s, b, sizeof b), 4, "read as a line");
	ok(!memcmp(b, "abc\n", 4), "its text");
	eq(read_master(b, 5), 5, "echoed");
	ok(!memcmp(b, "abc\r\n", 5), "with CR LF");
	if (write(m, "xy\177z\n", 5) != 5)
		ok(0, "write");
	memset(b, 0, sizeof b);
	eq(read(s, b, sizeof b), 3, "erase works");
	ok(!memcmp(b, "xz\n", 3), "and leaves xz");
	read_master(b, 20);
	if (write(m, "\004", 1) != 1)
		ok(0, "write");
	eq(read(s, b, sizeof b), 0, "^D is end of file");
	eq(ioctl(m, TIOCSWINSZ, &w), 0, "set window size");
	ok(ioctl(s, TIOCGWINSZ, &w2) == 0 && w2.ws_row == 40 &&
		   w2.ws_col == 132,
	   "and read it");
}

static void raw(void)
{
	struct termios t, old;
	char all[256], b[256];
	int bad = 0;

	tcgetattr(s, &t);
	old = t;
	cfmakeraw(&t);
	tcsetattr(s, TCSANOW, &t);
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	eq(write(m, all, 256), 256, "raw: 256 bytes in");
	size_t got = 0;
	while (got < 256) {
		ssize_t n = read(s, b + got, 256 - got);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	ok(got == 256 && !memcmp(all, b, 256), "as they were");
	eq(write(s, all, 256), 256, "256 bytes out");
	ok(read_master(b, 256) == 256 && !memcmp(all, b, 256), "as they were");
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 1;
	tcsetattr(s, TCSANOW, &t);
	uint64_t a = now_ns(CLOCK_MONOTONIC);
	bad = read(s, b, 1) != 0;
	a = now_ns(CLOCK_MONOTONIC) - a;
	ok(!bad && a >= 95000000, "VTIME: 0 bytes after 0.1 s");
	tcsetattr(s, TCSANOW, &old);
}

/* A session leader with the terminal; says when it is ready. */
static pid_t session(int (*fn)(int up), int *up)
{
	pid_t p;

	if (pipe(up) < 0)
		exit(1);
	p = tap_fork();
	if (p == 0) {
		close(up[0]);
		close(m);
		setsid();
		if (ioctl(s, TIOCSCTTY, 0) < 0)
			_exit(98);
		_exit(fn(up[1]));
	}
	close(up[1]);
	return p;
}

static volatile int got_sig;
static void note(int sig)
{
	got_sig = sig;
}

static int wait_signal(int up)
{
	struct sigaction sa = {.sa_handler = note};
	sigset_t set, old;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGQUIT, &sa, NULL);
	sigaction(SIGWINCH, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &old);
	if (write(up, "k", 1) != 1)
		return 97;
	while (!got_sig)
		sigsuspend(&old);
	return got_sig;
}

static void keys(void)
{
	static const struct {
		const char *key;
		int sig;
	} k[] = {{"\003", SIGINT}, {"\034", SIGQUIT}};
	char c;
	int up[2];

	for (size_t i = 0; i < 2; i++) {
		pid_t p = session(wait_signal, up);

		if (read(up[0], &c, 1) != 1 || write(m, k[i].key, 1) != 1)
			ok(0, "no session");
		eq(tap_wait(p), EXITED(k[i].sig), "key %#o sends signal %d",
		   k[i].key[0], k[i].sig);
		close(up[0]);
	}
	pid_t p = session(wait_signal, up);
	struct winsize w = {10, 20, 0, 0};
	if (read(up[0], &c, 1) != 1)
		ok(0, "no session");
	ioctl(m, TIOCSWINSZ, &w);
	eq(tap_wait(p), EXITED(SIGWINCH), "a new window size sends SIGWINCH");
	close(up[0]);
}

/* A shell's part: a job in the foreground, ^Z, background reads, fg. */
static int shell(int up)
{
	int st;
	char c;
	pid_t j;

	signal(SIGTTOU, SIG_IGN);
	j = fork();
	if (j == 0) {
		setpgid(0, 0);
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(s, getpid());
		signal(SIGTTOU, SIG_DFL);
		if (write(up, "k", 1) != 1)
			_exit(1);
		for (;;)
			if (read(s, &c, 1) == 1 && c == 'q')
				_exit(7);
	}
	setpgid(j, j);
	if (waitpid(j, &st, WUNTRACED) != j || !WIFSTOPPED(st) ||
	    WSTOPSIG(st) != SIGTSTP)
		return 1;
	tcsetpgrp(s, getpid());
	if (tcgetpgrp(s) != getpid())
		return 2;
	kill(-j, SIGCONT); /* in the background its read stops it */
	if (waitpid(j, &st, WUNTRACED) != j || !WIFSTOPPED(st) ||
	    WSTOPSIG(st) != SIGTTIN)
		return 3;
	tcsetpgrp(s, j);
	kill(-j, SIGCONT);
	if (write(up, "f", 1) != 1)
		return 4;
	if (waitpid(j, &st, 0) != j || st != EXITED(7))
		return 5;
	tcsetpgrp(s, getpid());
	return 0;
}

static void jobs(void)
{
	int up[2];
	char c = 0;
	pid_t p = session(shell, up);

	if (read(up[0], &c, 1) != 1 || write(m, "\032", 1) != 1)
		ok(0, "no session");
	ok(read(up[0], &c, 1) == 1 && c == 'f',
	   "^Z stops the job, SIGTTIN in the background");
	if (write(m, "q\n", 2) != 2)
		ok(0, "write");
	eq(tap_wait(p), 0, "fg, and it reads on");
	close(up[0]);
}

static void hangup(void)
{
	int up[2];
	char c;
	struct pollfd pf = {.events = POLLIN};
	pid_t p = session(wait_signal, up);

	if (read(up[0], &c, 1) != 1)
		ok(0, "no session");
	close(m);
	eq(tap_wait(p), EXITED(SIGHUP), "closing the master sends SIGHUP");
	pf.fd = s;
	ok(poll(&pf, 1, 1000) == 1 && pf.revents & POLLHUP,
	   "the slave polls POLLHUP");
	eq(read(s, &c, 1) <= 0, 1, "and reads nothing");
	close(s);
	close(up[0]);
	open_pty();
	close(s);
	pf.fd = m;
	ok(poll(&pf, 1, 1000) == 1 && pf.revents & POLLHUP,
	   "without a slave the master polls POLLHUP");
	close(m);
}

int main(void)
{
	tap_start(60);
	open_pty();
	lines();
	raw();
	keys();
	jobs();
	hangup();
	return tap_done();
}
