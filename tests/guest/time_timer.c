// SPDX-License-Identifier: GPL-2.0
/* timerfd, POSIX timers, interval timers, alarm. */
#include "tap.h"
#include <poll.h>
#include <sys/time.h>
#include <sys/timerfd.h>

static volatile int hits, value, overruns;
static volatile uint64_t first;
static void handler(int s, siginfo_t *si, void *uc)
{
	(void)s;
	(void)uc;
	if (!hits++)
		first = now_ns(CLOCK_MONOTONIC);
	value = si->si_value.sival_int;
	overruns += si->si_overrun;
}

static void install(int sig)
{
	struct sigaction sa = {.sa_flags = SA_SIGINFO | SA_RESTART};

	sa.sa_sigaction = handler;
	sigaction(sig, &sa, NULL);
	hits = overruns = 0;
}

static void fds(void)
{
	struct itimerspec it = {{0, 0}, {0, 20000000}}, cur;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct pollfd pf = {.fd = fd, .events = POLLIN};
	uint64_t n = 0, a;

	eq_err(read(fd, &n, 8), EAGAIN, "timerfd: nothing yet");
	a = now_ns(CLOCK_MONOTONIC);
	timerfd_settime(fd, 0, &it, NULL);
	timerfd_gettime(fd, &cur);
	ok(cur.it_value.tv_nsec > 0 && cur.it_value.tv_nsec <= 20000000,
	   "timerfd_gettime");
	eq(poll(&pf, 1, 5000), 1, "readable");
	ok(now_ns(CLOCK_MONOTONIC) - a >= 20000000, "no earlier than its time");
	eq(read(fd, &n, 8), 8, "read");
	eq((long)n, 1, "one expiration");

	it = (struct itimerspec){{0, 1000000}, {0, 1000000}};
	a = now_ns(CLOCK_MONOTONIC);
	timerfd_settime(fd, 0, &it, NULL);
	msleep(50);
	eq(read(fd, &n, 8), 8, "periodic, 1 ms");
	a = (now_ns(CLOCK_MONOTONIC) - a) / 1000000;
	ok(n >= 49 && n <= a + 1, "%ld expirations in %ld ms", (long)n,
	   (long)a);
	/* 200 us: needs high-resolution timers */
	it = (struct itimerspec){{0, 200000}, {0, 200000}};
	a = now_ns(CLOCK_MONOTONIC);
	timerfd_settime(fd, 0, &it, NULL);
	fcntl(fd, F_SETFL, 0);
	long sum = 0;
	for (int i = 0; i < 50; i++)
		sum += read(fd, &n, 8) == 8 ? (long)n : 1000000;
	a = (now_ns(CLOCK_MONOTONIC) - a) / 1000;
	ok(sum <= (long)a / 200 + 1 && sum >= 50,
	   "200 us: %ld expirations in %ld us", sum, (long)a);
	it = (struct itimerspec){{0, 0}, {0, 0}};
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	it.it_value = now;
	int rt = timerfd_create(CLOCK_REALTIME, 0);
	timerfd_settime(rt, TFD_TIMER_ABSTIME, &it, NULL);
	eq(read(rt, &n, 8), 8, "absolute, real time, at once");
	close(rt);
	close(fd);
}

static void posix(void)
{
	struct sigevent se = {.sigev_notify = SIGEV_SIGNAL,
			      .sigev_signo = SIGUSR1};
	struct itimerspec it = {{0, 0}, {0, 10000000}}, cur;
	timer_t t, many[100];
	uint64_t a;

	install(SIGUSR1);
	se.sigev_value.sival_int = 31;
	eq(timer_create(CLOCK_MONOTONIC, &se, &t), 0, "timer_create");
	a = now_ns(CLOCK_MONOTONIC);
	timer_settime(t, 0, &it, NULL);
	wait_for(&hits, 1, 5000);
	ok(hits == 1 && value == 31 && first - a >= 10000000,
	   "one shot, with its value");
	timer_gettime(t, &cur);
	eq(cur.it_value.tv_nsec, 0, "disarmed afterwards");
	/* overruns while it is blocked */
	sigset_t s;
	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	sigprocmask(SIG_BLOCK, &s, NULL);
	hits = overruns = 0;
	it = (struct itimerspec){{0, 1000000}, {0, 1000000}};
	timer_settime(t, 0, &it, NULL);
	msleep(30);
	sigprocmask(SIG_UNBLOCK, &s, NULL);
	for (int i = 0; i < 1000 && !hits; i++)
		usleep(1000);
	int over = overruns;
	timer_delete(t);
	ok(over >= 20, "overruns are counted: %d", over);
	/* a hundred at once */
	install(SIGRTMIN);
	se.sigev_signo = SIGRTMIN;
	it = (struct itimerspec){{0, 0}, {0, 5000000}};
	int made = 0;
	for (int i = 0; i < 100; i++)
		if (timer_create(CLOCK_MONOTONIC, &se, &many[made]) == 0)
			timer_settime(many[made++], 0, &it, NULL);
	wait_for(&hits, made, 5000);
	ok(made == 100 && hits == 100, "a hundred timers: %d made, %d came",
	   made, hits);
	for (int i = 0; i < made; i++)
		timer_delete(many[i]);
	/* a timer on cpu time */
	install(SIGUSR2);
	se.sigev_signo = SIGUSR2;
	it = (struct itimerspec){{0, 0}, {0, 20000000}};
	timer_create(CLOCK_PROCESS_CPUTIME_ID, &se, &t);
	timer_settime(t, 0, &it, NULL);
	msleep(60);
	eq(hits, 0, "a cpu timer doesn't run while asleep");
	a = now_ns(CLOCK_MONOTONIC);
	while (!hits && now_ns(CLOCK_MONOTONIC) - a < 10000000000)
		;
	eq(hits, 1, "it fires in a busy loop");
	timer_delete(t);
	eq_err(timer_create(CLOCK_MONOTONIC,
			    &(struct sigevent){.sigev_signo = 99}, &t),
	       EINVAL, "bad signal: EINVAL");
}

/* In a child: SIGALRM and its timer are its own. */
static int interval(void *v)
{
	static const int which[] = {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF};
	static const int sig[] = {SIGALRM, SIGVTALRM, SIGPROF};
	int k = *(int *)v;
	struct itimerval it = {{0, 10000}, {0, 10000}}, cur;
	uint64_t a = now_ns(CLOCK_MONOTONIC), end;

	install(sig[k]);
	setitimer(which[k], &it, NULL);
	getitimer(which[k], &cur);
	if (cur.it_interval.tv_usec != 10000)
		return 1;
	end = a + 20000000000;
	while (hits < 5 && now_ns(CLOCK_MONOTONIC) < end)
		for (volatile int i = 0; i < 10000; i++)
			;
	if (hits < 5)
		return 2;
	return now_ns(CLOCK_MONOTONIC) - a >= 50000000 ? 0 : 3;
}

static int alarm_test(void *v)
{
	(void)v;
	install(SIGALRM);
	alarm(0);
	if (alarm(100) != 0)
		return 1;
	unsigned left = alarm(1);
	if (left < 99 || left > 100)
		return 2;
	uint64_t a = now_ns(CLOCK_MONOTONIC);
	pause();
	return hits == 1 && now_ns(CLOCK_MONOTONIC) - a >= 990000000 ? 0 : 3;
}

static int inherited(void *v)
{
	struct itimerval cur;

	(void)v;
	alarm(0);
	getitimer(ITIMER_REAL, &cur);
	return cur.it_value.tv_sec || cur.it_value.tv_usec;
}

int main(void)
{
	static const char *const name[] = {"ITIMER_REAL", "ITIMER_VIRTUAL",
					   "ITIMER_PROF"};

	tap_start(60);
	fds();
	posix();
	for (int i = 0; i < 3; i++)
		eq(in_child(interval, &i), 0,
		   "%s: five signals, no earlier than 50 ms", name[i]);
	eq(in_child(alarm_test, NULL), 0, "alarm");
	eq(in_child(inherited, NULL), 0, "alarm(0) disarms");
	return tap_done();
}
