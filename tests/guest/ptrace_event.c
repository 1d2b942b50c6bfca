// SPDX-License-Identifier: GPL-2.0
/* Attach, seize, events, injected signals, threads, death on either side. */
#include "ptrace.h"
#include <linux/ptrace.h>
#include <pthread.h>

static int loop_forever(void *v)
{
	for (;;)
		++*(volatile int *)v;
	return 0;
}

static void attach(void)
{
	volatile int *n = shared_alloc(4096);
	pid_t p = tap_fork();

	if (p == 0)
		loop_forever((void *)n);
	wait_for(n, 1000, 5000);
	eq(ptrace(PTRACE_ATTACH, p, 0, 0), 0, "ATTACH to a busy process");
	eq(stop_of(p), STOPPED(SIGSTOP), "it stops by SIGSTOP");
	int a = *n;
	msleep(20);
	eq(*n, a, "and stands still");
	ok(get_regs(p).rip > 0x1000, "its registers are readable");
	eq_err(ptrace(PTRACE_ATTACH, p, 0, 0), EPERM, "ATTACH twice: EPERM");
	eq(ptrace(PTRACE_DETACH, p, 0, 0), 0, "DETACH");
	for (int i = 0; i < 500 && *n == a; i++)
		msleep(10);
	ok(*n != a, "and it runs on");
	eq_err(ptrace(PTRACE_GETREGS, p, 0, &(struct user_regs_struct){0}),
	       ESRCH, "GETREGS after DETACH: ESRCH");

	eq(ptrace(PTRACE_SEIZE, p, 0, PTRACE_O_EXITKILL), 0, "SEIZE");
	eq(waitpid(p, NULL, __WALL | WNOHANG), 0, "doesn't stop it");
	eq(ptrace(PTRACE_INTERRUPT, p, 0, 0), 0, "INTERRUPT");
	eq(stop_of(p), EVENT(SIGTRAP, PTRACE_EVENT_STOP), "stops it");
	eq(ptrace(PTRACE_CONT, p, 0, 0), 0, "CONT");
	kill(p, SIGSTOP);
	eq(stop_of(p), STOPPED(SIGSTOP), "SIGSTOP: first its delivery");
	ptrace(PTRACE_CONT, p, 0, (long)SIGSTOP);
	eq(stop_of(p), EVENT(SIGSTOP, PTRACE_EVENT_STOP),
	   "then the group stop");
	a = *n;
	eq(ptrace(PTRACE_LISTEN, p, 0, 0), 0, "LISTEN");
	msleep(20);
	eq(*n, a, "keeps it stopped");
	kill(p, SIGCONT);
	eq(stop_of(p), EVENT(SIGTRAP, PTRACE_EVENT_STOP),
	   "SIGCONT is reported");
	ptrace(PTRACE_CONT, p, 0, 0);
	int st = stop_of(p);
	eq(st, STOPPED(SIGCONT), "SIGCONT's delivery");
	ptrace(PTRACE_CONT, p, 0, 0);
	kill(p, SIGKILL);
	eq(stop_of(p), SIGKILL, "killed");
	munmap((void *)n, 4096);
}

static int make_all(void *v)
{
	int st = 0;
	char *argv[] = {"ptrace_event", "--exit", "9", NULL};
	pid_t p = fork();

	(void)v;
	if (p == 0)
		_exit(5);
	waitpid(p, &st, 0);
	if (st != EXITED(5))
		return 1;
	p = vfork();
	if (p == 0)
		_exit(6);
	waitpid(p, &st, 0);
	if (st != EXITED(6))
		return 2;
	execv("/proc/self/exe", argv);
	return 3;
}

static void events(void)
{
	static const char *const name[] = {
		"", "fork", "vfork", "clone", "exec", "vfork done", "exit"};
	long opt = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		   PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
		   PTRACE_O_TRACEEXIT | PTRACE_O_TRACEVFORKDONE |
		   PTRACE_O_EXITKILL;
	pid_t p = traced(make_all, NULL, opt), q;
	int n[8] = {0}, st, childstops = 0, final = -1, forks_ok = 0;
	unsigned long msg;

	ptrace(PTRACE_CONT, p, 0, 0);
	while ((q = waitpid(-1, &st, __WALL)) > 0) {
		if (WIFEXITED(st) || WIFSIGNALED(st)) {
			if (q == p)
				final = st;
			continue;
		}
		int ev = st >> 16, sig = 0;
		msg = 0;
		ptrace(PTRACE_GETEVENTMSG, q, 0, &msg);
		if (ev > 0 && ev < 8)
			n[ev]++;
		else if (WSTOPSIG(st) == SIGSTOP)
			childstops++;
		else
			sig = WSTOPSIG(st);
		if (ev == PTRACE_EVENT_FORK || ev == PTRACE_EVENT_VFORK)
			forks_ok += msg > 0 && (pid_t)msg != p &&
				    kill((pid_t)msg, 0) == 0;
		if (ev == PTRACE_EVENT_EXIT && q == p)
			eq((long)msg, EXITED(9),
			   "EVENT_EXIT's message is the status");
		if (ev == PTRACE_EVENT_EXEC)
			eq((long)msg, p, "EVENT_EXEC's message is the old id");
		ptrace(PTRACE_CONT, q, 0, (long)sig);
	}
	for (int e = 1; e <= 6; e++)
		eq(n[e], e == 3 ? 0 : e == 6 ? 3 : 1, "EVENT of %s", name[e]);
	eq(forks_ok, 2, "messages of fork and vfork name the child");
	eq(childstops, 2, "new children start with SIGSTOP");
	eq(final, EXITED(9), "status of the tracee");
}

static void *thread(void *v)
{
	*(volatile int *)v = 1;
	return NULL;
}

static int make_threads(void *v)
{
	pthread_t t[3];
	int up[3] = {0};

	(void)v;
	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, thread, &up[i]);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	return up[0] + up[1] + up[2];
}

static void threads(void)
{
	pid_t p = traced(make_threads, NULL,
			 PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL),
	      q;
	int st, clones = 0, ends = 0, final = -1;

	ptrace(PTRACE_CONT, p, 0, 0);
	while ((q = waitpid(-1, &st, __WALL)) > 0) {
		if (WIFEXITED(st)) {
			if (q == p)
				final = st;
			else
				ends++; /* 0, or the group's status */
			continue;
		}
		clones += st >> 16 == PTRACE_EVENT_CLONE;
		ptrace(PTRACE_CONT, q, 0, 0);
	}
	eq(clones, 3, "EVENT of clone for three threads");
	eq(ends, 3, "each thread's end is reported");
	eq(final, EXITED(3), "the process's status");
}

static volatile int got_value, got_sig;
static void on_signal(int s, siginfo_t *si, void *uc)
{
	(void)uc;
	got_sig = s;
	got_value = si->si_value.sival_int;
}

static int signalled(void *v)
{
	struct sigaction sa = {.sa_flags = SA_SIGINFO};

	(void)v;
	sa.sa_sigaction = on_signal;
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 1});
	if (got_sig) /* suppressed */
		return 1;
	sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 2});
	if (got_sig != SIGUSR1 || got_value != 222) /* its siginfo changed */
		return 2;
	sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 3});
	return got_sig == SIGUSR2 ? 0 : 3; /* another signal */
}

static void inject(void)
{
	pid_t p = traced(signalled, NULL, PTRACE_O_EXITKILL);
	siginfo_t si;

	eq(go(PTRACE_CONT, p, 0), STOPPED(SIGUSR1), "a signal stops");
	eq(ptrace(PTRACE_GETSIGINFO, p, 0, &si), 0, "GETSIGINFO");
	ok(si.si_code == SI_QUEUE && si.si_value.sival_int == 1 &&
		   si.si_pid == p,
	   "its fields");
	eq(go(PTRACE_CONT, p, 0), STOPPED(SIGUSR1), "suppressed; the next");
	ptrace(PTRACE_GETSIGINFO, p, 0, &si);
	si.si_value.sival_int = 222;
	eq(ptrace(PTRACE_SETSIGINFO, p, 0, &si), 0, "SETSIGINFO");
	eq(go(PTRACE_CONT, p, SIGUSR1), STOPPED(SIGUSR1),
	   "delivered; the third");
	eq(go(PTRACE_CONT, p, SIGUSR2), 0, "another signal instead");
}

static void deaths(void)
{
	volatile int *n = shared_alloc(4096);
	pid_t p = traced(loop_forever, (void *)n, 0);

	ptrace(PTRACE_CONT, p, 0, 0);
	wait_for(n, 1000, 5000);
	eq(ptrace(PTRACE_KILL, p, 0, 0), 0, "PTRACE_KILL");
	kill(p, SIGKILL);
	eq(stop_of(p), SIGKILL, "kills");

	/* the tracer dies: without EXITKILL the tracee runs on, with it it dies
	 */
	for (int kill_too = 0; kill_too < 2; kill_too++) {
		n[0] = n[1] = 0;
		p = tap_fork();
		if (p == 0)
			loop_forever((void *)n);
		wait_for(n, 1000, 5000);
		pid_t tracer = tap_fork();
		if (tracer == 0) {
			if (ptrace(PTRACE_SEIZE, p, 0,
				   kill_too ? PTRACE_O_EXITKILL : 0) < 0 ||
			    ptrace(PTRACE_INTERRUPT, p, 0, 0) < 0 ||
			    stop_of(p) < 0)
				_exit(1);
			n[1] = 1;
			for (;;)
				pause();
		}
		wait_for(n + 1, 1, 10000);
		kill(tracer, SIGKILL);
		tap_wait(tracer);
		if (kill_too) {
			eq(tap_wait(p), SIGKILL,
			   "EXITKILL: the tracee dies with the tracer");
		} else {
			int a = *n;

			for (int i = 0; i < 500 && *n == a; i++)
				msleep(10);
			ok(*n != a,
			   "the tracer is killed: a stopped tracee runs on");
			kill(p, SIGKILL);
			eq(tap_wait(p), SIGKILL, "and can be killed");
		}
	}
	/* a tracee killed while it is stopped */
	p = traced(loop_forever, (void *)n, 0);
	kill(p, SIGKILL);
	eq(stop_of(p), SIGKILL, "SIGKILL ends a stopped tracee");
	munmap((void *)n, 4096);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--exit"))
		return atoi(argv[2]);
	tap_start(60);
	need_proc();
	attach();
	events();
	threads();
	inject();
	deaths();
	return tap_done();
}
