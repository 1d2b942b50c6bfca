// SPDX-License-Identifier: GPL-2.0
/* System calls that a signal interrupts: EINTR, SA_RESTART, restart_block. */
#include "tap.h"
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>

static volatile int hits;
static void handler(int s)
{
	(void)s;
	hits++;
}

static void install(int flags)
{
	struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};

	sigaction(SIGUSR1, &sa, NULL);
	hits = 0;
}

/*
 * A child that signals its parent n times, 10 ms apart, the first when the
 * parent sleeps; then writes one byte to fd.
 */
static pid_t poker(int n, int fd)
{
	pid_t me = getpid(), p = tap_fork();

	if (p)
		return p;
	for (int i = 0; i < n; i++) {
		msleep(10);
		/* only while it sleeps, or a call not yet begun would wait for
		 * ever */
		char name[64], b[512];
		snprintf(name, sizeof name, "/proc/%d/stat", me);
		for (int k = 0; k < 2000; k++) {
			int s = open(name, O_RDONLY);
			ssize_t r = read(s, b, sizeof b - 1);
			close(s);
			b[r > 0 ? r : 0] = 0;
			char *c = strrchr(b, ')');
			if (c && c[2] == 'S')
				break;
			usleep(1000);
		}
		kill(me, SIGUSR1);
	}
	msleep(10);
	_exit(fd >= 0 && write(fd, "z", 1) != 1);
}

static void reads(void)
{
	int fd[2];
	char c = 0;
	pid_t p;

	if (pipe(fd) < 0)
		exit(1);
	install(0);
	p = poker(1, fd[1]);
	eq_err(read(fd[0], &c, 1), EINTR, "read without SA_RESTART: EINTR");
	tap_wait(p);
	eq(hits, 1, "one signal");
	eq(read(fd[0], &c, 1), 1, "read again");
	install(SA_RESTART);
	p = poker(5, fd[1]);
	eq(read(fd[0], &c, 1), 1, "read with SA_RESTART goes on");
	eq(c, 'z', "and has the data");
	tap_wait(p);
	eq(hits, 5, "after five signals");

	int sv[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) < 0)
		exit(1);
	install(SA_RESTART);
	p = poker(2, sv[1]);
	eq(recv(sv[0], &c, 1, 0), 1, "recv with SA_RESTART");
	tap_wait(p);
	struct timeval tv = {5, 0};
	setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	p = poker(1, -1);
	eq_err(recv(sv[0], &c, 1, 0), EINTR,
	       "recv with a timeout never restarts: EINTR");
	tap_wait(p);

	int full = 0;
	char big[65536] = {0};
	fcntl(fd[1], F_SETFL, O_NONBLOCK);
	while (write(fd[1], big, sizeof big) > 0)
		full++;
	while (write(fd[1], big, 1) > 0)
		full++;
	fcntl(fd[1], F_SETFL, 0);
	install(0);
	p = poker(1, -1);
	eq_err(write(fd[1], big, 1), EINTR, "write to a full pipe: EINTR");
	tap_wait(p);
	close(fd[0]);
	close(fd[1]);

	pid_t q = tap_fork();
	if (q == 0) {
		pause();
		_exit(0);
	}
	install(0);
	p = poker(1, -1);
	int st;
	eq_err(waitpid(q, &st, 0), EINTR, "waitpid: EINTR");
	tap_wait(p);
	kill(q, SIGKILL);
	tap_wait(q);
}

static void sleeps(void)
{
	struct timespec t = {0, 150000000}, rem = {0, 0};
	uint64_t a;
	pid_t p;
	int st;

	install(SA_RESTART);
	p = poker(1, -1);
	t = (struct timespec){5, 0};
	eq_err(nanosleep(&t, &rem), EINTR,
	       "nanosleep with a handler: EINTR even with SA_RESTART");
	ok(rem.tv_sec >= 0 && rem.tv_sec < 5, "what remains: %ld s",
	   (long)rem.tv_sec);
	tap_wait(p);

	/* Stop and continue without a handler: the restart block. */
	volatile int *up = shared_alloc(4096);
	p = tap_fork();
	if (p == 0) {
		t = (struct timespec){0, 200000000};
		a = now_ns(CLOCK_MONOTONIC);
		*up = 1;
		int r = nanosleep(&t, NULL);
		_exit(r != 0					? 1
		      : now_ns(CLOCK_MONOTONIC) - a < 200000000 ? 2
								: 0);
	}
	wait_for(up, 1, 5000);
	for (int i = 0; i < 3; i++) {
		msleep(20);
		kill(p, SIGSTOP);
		waitpid(p, &st, WUNTRACED);
		kill(p, SIGCONT);
		waitpid(p, &st, WCONTINUED);
	}
	eq(tap_wait(p), 0,
	   "nanosleep goes on through stops, for its whole time");
	*up = 0;
	p = tap_fork();
	if (p == 0) {
		int word = 0;

		t = (struct timespec){0, 200000000};
		*up = 1;
		a = now_ns(CLOCK_MONOTONIC);
		long r = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t);
		_exit(r == 0 || errno != ETIMEDOUT		? 1
		      : now_ns(CLOCK_MONOTONIC) - a < 200000000 ? 2
								: 0);
	}
	wait_for(up, 1, 5000);
	msleep(20);
	kill(p, SIGSTOP);
	waitpid(p, &st, WUNTRACED);
	kill(p, SIGCONT);
	eq(tap_wait(p), 0, "futex wait with a timeout likewise");
	*up = 0;
	p = tap_fork();
	if (p == 0) {
		a = now_ns(CLOCK_MONOTONIC);
		*up = 1;
		int r = poll(NULL, 0, 200);
		_exit(r != 0					? 1
		      : now_ns(CLOCK_MONOTONIC) - a < 200000000 ? 2
								: 0);
	}
	wait_for(up, 1, 5000);
	msleep(20);
	kill(p, SIGSTOP);
	waitpid(p, &st, WUNTRACED);
	kill(p, SIGCONT);
	eq(tap_wait(p), 0, "poll likewise");
	munmap((void *)up, 4096);

	a = now_ns(CLOCK_MONOTONIC) + 100000000;
	t = (struct timespec){(time_t)(a / 1000000000), (long)(a % 1000000000)};
	install(SA_RESTART);
	p = poker(1, -1);
	int r;
	while ((r = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t,
				    NULL)) == EINTR)
		;
	eq(r, 0,
	   "clock_nanosleep to an absolute time, called again after EINTR");
	ok(now_ns(CLOCK_MONOTONIC) >= a, "ends no earlier");
	tap_wait(p);
}

static void polls(void)
{
	struct epoll_event ev;
	int ep = epoll_create1(0), fd[2];
	sigset_t s, old;
	pid_t p;

	if (pipe(fd) < 0)
		exit(1);
	install(SA_RESTART);
	p = poker(1, -1);
	eq_err(poll(NULL, 0, 10000), EINTR, "poll: EINTR");
	tap_wait(p);
	p = poker(1, -1);
	eq_err(select(0, NULL, NULL, NULL, NULL), EINTR, "select: EINTR");
	tap_wait(p);
	p = poker(1, -1);
	eq_err(epoll_wait(ep, &ev, 1, 10000), EINTR, "epoll_wait: EINTR");
	tap_wait(p);
	p = poker(1, -1);
	eq_err(pause(), EINTR, "pause: EINTR");
	tap_wait(p);

	/* ppoll: the mask is in force while it waits, and only then. */
	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	sigprocmask(SIG_BLOCK, &s, &old);
	hits = 0;
	kill(getpid(), SIGUSR1);
	eq(hits, 0, "blocked: not delivered");
	eq_err(ppoll(NULL, 0, NULL, &old), EINTR,
	       "ppoll with an open mask: EINTR at once");
	eq(hits, 1, "its handler ran once");
	sigprocmask(SIG_BLOCK, NULL, &s);
	ok(sigismember(&s, SIGUSR1), "the mask is back after ppoll");
	kill(getpid(), SIGUSR1);
	struct pollfd pf = {.fd = fd[0], .events = POLLIN};
	if (write(fd[1], "a", 1) != 1)
		exit(1);
	eq(poll(&pf, 1, 1000), 1, "poll while it is pending and blocked");
	eq_err(sigsuspend(&old), EINTR, "sigsuspend: EINTR");
	eq(hits, 2, "delivered in sigsuspend");
	kill(getpid(), SIGUSR1);
	eq_err(epoll_pwait(ep, &ev, 1, 10000, &old), EINTR,
	       "epoll_pwait: EINTR");
	eq_err(pselect(0, NULL, NULL, NULL, &(struct timespec){0, 1000}, &old),
	       0, "pselect: timeout with nothing pending");
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(ep);
	close(fd[0]);
	close(fd[1]);
}

/* The restarted call sees its arguments and number unchanged. */
static void raw_restart(void)
{
	int fd[2];
	char c = 0;
	long r;
	register long r8 __asm__("r8") = 0x1111, r9 __asm__("r9") = 0x2222,
			 r10 __asm__("r10") = 0x3333;

	if (pipe(fd) < 0)
		exit(1);
	install(SA_RESTART);
	pid_t p = poker(3, fd[1]);
	r8 = 0x1111, r9 = 0x2222, r10 = 0x3333;
	__asm__ volatile("syscall"
			 : "=a"(r), "+r"(r8), "+r"(r9), "+r"(r10)
			 : "a"(0L), "D"((long)fd[0]), "S"(&c), "d"(1L)
			 : "rcx", "r11", "memory");
	long a = r8, b = r9, d = r10;
	eq(r, 1, "raw read restarted");
	ok(a == 0x1111 && b == 0x2222 && d == 0x3333,
	   "unused registers are kept");
	tap_wait(p);
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	tap_start(60);
	need_proc();
	reads();
	sleeps();
	polls();
	raw_restart();
	return tap_done();
}
