// SPDX-License-Identifier: GPL-2.0
/* Order, values, masks, SA_ flags, threads, timers in a busy loop, signalfd. */
#include "tap.h"
#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <ucontext.h>

static volatile int n_got, got_sig[300], got_val[300], got_code[300];
static volatile pid_t got_pid;

static void note(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	if (n_got < 300) {
		got_sig[n_got] = sig;
		got_val[n_got] = si->si_value.sival_int;
		got_code[n_got] = si->si_code;
		got_pid = si->si_pid;
	}
	n_got++;
}

static void install(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = {.sa_flags = SA_SIGINFO | flags};

	sa.sa_sigaction = fn;
	sigfillset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

static void block(int how, int sig)
{
	sigset_t s;

	sigemptyset(&s);
	if (sig)
		sigaddset(&s, sig);
	else
		sigfillset(&s);
	sigdelset(&s, SIGALRM);
	sigprocmask(how, &s, NULL);
}

static void order(void)
{
	int bad = 0;

	for (int s = SIGRTMIN; s <= SIGRTMIN + 3; s++)
		install(s, note, 0);
	install(SIGUSR1, note, 0);
	install(SIGUSR2, note, 0);
	block(SIG_BLOCK, 0);
	for (int i = 0; i < 50; i++)
		for (int s = 3; s >= 0; s--)
			sigqueue(getpid(), SIGRTMIN + s,
				 (union sigval){.sival_int = i});
	kill(getpid(), SIGUSR2);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	n_got = 0;
	block(SIG_UNBLOCK, 0);
	eq(n_got, 202,
	   "200 queued and 2 plain signals (a plain one doesn't queue)");
	/* frames are built in order, so the last one made runs first: check the
	 * set of values */
	for (int i = 0; i < 200 && i < n_got - 2; i++)
		bad += got_code[i] != SI_QUEUE && got_sig[i] >= SIGRTMIN;
	eq(bad, 0, "si_code SI_QUEUE");
	eq(got_pid, getpid(), "si_pid");

	/* sigwaitinfo takes them one by one: lowest number first, then first in
	 */
	block(SIG_BLOCK, 0);
	for (int i = 0; i < 20; i++)
		for (int s = 3; s >= 0; s--)
			sigqueue(getpid(), SIGRTMIN + s,
				 (union sigval){.sival_int = i});
	sigset_t set;
	siginfo_t si;
	sigemptyset(&set);
	for (int s = 0; s < 4; s++)
		sigaddset(&set, SIGRTMIN + s);
	bad = 0;
	for (int s = 0; s < 4; s++)
		for (int i = 0; i < 20; i++)
			bad += sigwaitinfo(&set, &si) != SIGRTMIN + s ||
			       si.si_value.sival_int != i;
	eq(bad, 0, "sigwaitinfo: by number, then in order");
	struct timespec t = {0, 10000000};
	eq_err(sigtimedwait(&set, &si, &t), EAGAIN, "sigtimedwait: EAGAIN");
	block(SIG_UNBLOCK, 0);
}

static volatile int inner, in_mask, count_nd;
static void nodefer(int sig, siginfo_t *si, void *uc)
{
	sigset_t s;

	(void)si;
	(void)uc;
	sigprocmask(SIG_BLOCK, NULL, &s);
	in_mask = sigismember(&s, sig) | sigismember(&s, SIGHUP) << 1;
	if (++count_nd < 3) {
		raise(sig);
		if (count_nd > 1)
			inner = 1;
	}
}

static void flags(void)
{
	struct sigaction sa = {.sa_flags = SA_SIGINFO};

	sa.sa_sigaction = nodefer;
	sigaddset(&sa.sa_mask, SIGHUP);
	sigaction(SIGUSR1, &sa, NULL);
	count_nd = 1;
	raise(SIGUSR1);
	eq(in_mask, 3, "the signal and sa_mask are blocked in the handler");
	eq(count_nd, 3, "raised inside: runs after the handler");
	sa.sa_flags |= SA_NODEFER;
	sigaction(SIGUSR1, &sa, NULL);
	count_nd = inner = 0;
	raise(SIGUSR1);
	eq(in_mask, 2, "SA_NODEFER: not blocked");
	eq(inner, 1, "raised inside: runs inside");
	sa.sa_flags = SA_SIGINFO | (int)SA_RESETHAND;
	sigaction(SIGUSR1, &sa, NULL);
	count_nd = 5;
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &sa);
	ok(sa.sa_handler == SIG_DFL, "SA_RESETHAND");
	eq_err(sigaction(SIGKILL, &(struct sigaction){.sa_handler = SIG_IGN},
			 NULL),
	       EINVAL, "SIGKILL can't be ignored");
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	ok(1, "an ignored signal is lost");
}

static volatile pid_t tid_hit;
static void which(int s, siginfo_t *si, void *uc)
{
	(void)s;
	(void)uc;
	tid_hit = (pid_t)syscall(SYS_gettid);
	n_got++;
	got_code[0] = si->si_code;
}

static volatile int thread_stop;
static void *busy_thread(void *v)
{
	*(volatile pid_t *)v = (pid_t)syscall(SYS_gettid);
	while (!thread_stop)
		;
	return NULL;
}

static void *idle_thread(void *v)
{
	*(volatile pid_t *)v = (pid_t)syscall(SYS_gettid);
	while (!thread_stop)
		usleep(1000);
	return NULL;
}

static void threads(void)
{
	volatile pid_t tid[4] = {0};
	pthread_t t[4];
	int good = 0;

	install(SIGUSR1, which, SA_RESTART);
	for (int i = 0; i < 4; i++) {
		pthread_create(&t[i], NULL, i < 2 ? busy_thread : idle_thread,
			       (void *)&tid[i]);
		wait_for(&tid[i], 1, 10000);
	}
	for (int k = 0; k < 40; k++) {
		int was = n_got;

		tid_hit = 0;
		syscall(SYS_tgkill, getpid(), tid[k % 4], SIGUSR1);
		wait_for(&n_got, was + 1, 5000);
		good += tid_hit == tid[k % 4] && got_code[0] == SI_TKILL;
	}
	eq(good, 40, "tgkill reaches the thread it names, 40 times");
	/* a signal to the process goes to a thread that doesn't block it */
	block(SIG_BLOCK, SIGUSR1);
	int was = n_got;
	kill(getpid(), SIGUSR1);
	eq(wait_for(&n_got, was + 1, 5000), 0,
	   "kill finds a thread that takes it");
	ok(tid_hit != getpid(), "not the one that blocks it");
	thread_stop = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	block(SIG_UNBLOCK, SIGUSR1);
	/* joined is not gone yet: its number is cleared first */
	for (int ms = 0; ms < 10000; ms++) {
		if (syscall(SYS_tgkill, getpid(), tid[0], 0))
			break;
		msleep(1);
	}
	eq_err(syscall(SYS_tgkill, getpid(), tid[0], 0), ESRCH,
	       "tgkill of a dead thread: ESRCH");
	eq_err(syscall(SYS_tgkill, getpid(), getpid(), 65), EINVAL,
	       "tgkill of signal 65: EINVAL");
}

static void tight_loop(void)
{
	struct itimerspec it = {{0, 2000000}, {0, 2000000}};
	struct sigevent se = {.sigev_notify = SIGEV_SIGNAL,
			      .sigev_signo = SIGUSR1};
	volatile unsigned long spins = 0;
	timer_t t;

	se.sigev_value.sival_int = 4711;
	install(SIGUSR1, note, 0);
	n_got = 0;
	timer_create(CLOCK_MONOTONIC, &se, &t);
	timer_settime(t, 0, &it, NULL);
	while (n_got < 25)
		spins++;
	timer_delete(t);
	ok(spins > 0, "25 timer signals in a loop without system calls");
	eq(got_val[0], 4711, "with the timer's value");
	eq(got_code[0], SI_TIMER, "SI_TIMER");

	/* from another process, as fast as it goes */
	volatile pid_t me = getpid();
	n_got = 0;
	pid_t p = tap_fork();
	if (p == 0) {
		for (int i = 0; i < 2000; i++)
			kill(me, SIGUSR1);
		_exit(0);
	}
	while (waitpid(p, NULL, WNOHANG) == 0)
		for (int i = 0; i < 1000; i++)
			spins++;
	ok(n_got > 0, "a storm of 2000 signals: %d came through", n_got);
}

static void signalfds(void)
{
	struct signalfd_siginfo si;
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	sigaddset(&s, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &s, NULL);
	int fd = signalfd(-1, &s, SFD_NONBLOCK | SFD_CLOEXEC);
	struct pollfd pf = {.fd = fd, .events = POLLIN};

	ok(fd >= 0, "signalfd");
	eq_err(read(fd, &si, sizeof si), EAGAIN, "nothing yet: EAGAIN");
	sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 99});
	kill(getpid(), SIGUSR2);
	eq(poll(&pf, 1, 1000), 1, "readable");
	eq(read(fd, &si, sizeof si), sizeof si, "read");
	eq(si.ssi_signo, SIGUSR2, "the lower first");
	eq(read(fd, &si, sizeof si), sizeof si, "read");
	ok(si.ssi_signo == (unsigned)SIGRTMIN && si.ssi_int == 99 &&
		   si.ssi_pid == (unsigned)getpid(),
	   "then the queued, with value and sender");
	close(fd);
	sigprocmask(SIG_UNBLOCK, &s, NULL);
}

static void chld(int s, siginfo_t *si, void *uc)
{
	(void)s;
	(void)uc;
	got_pid = si->si_pid;
	got_code[0] = si->si_code;
	got_val[0] = si->si_status;
	n_got++;
}

static void sigchld(void)
{
	n_got = 0;
	install(SIGCHLD, chld, SA_RESTART | SA_NOCLDSTOP);
	pid_t p = tap_fork();
	if (p == 0)
		_exit(13);
	wait_for(&n_got, 1, 5000);
	ok(got_pid == p && got_code[0] == CLD_EXITED && got_val[0] == 13,
	   "SIGCHLD's siginfo");
	tap_wait(p);
	signal(SIGCHLD, SIG_IGN);
	p = tap_fork();
	if (p == 0)
		_exit(1);
	eq_err(waitpid(p, NULL, 0), ECHILD, "SIGCHLD ignored: no zombie");
	signal(SIGCHLD, SIG_DFL);
}

int main(void)
{
	tap_start(60);
	order();
	flags();
	threads();
	tight_loop();
	signalfds();
	sigchld();
	return tap_done();
}
