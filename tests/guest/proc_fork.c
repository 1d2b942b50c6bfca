// SPDX-License-Identifier: GPL-2.0
/* fork, vfork, exit statuses, the wait family, orphans, process groups. */
#include "tap.h"
#include <poll.h>

static int exit_with(void *v)
{
	return *(int *)v;
}

static int die_by(void *v)
{
	kill(getpid(), *(int *)v);
	pause();
	return 99;
}

static void statuses(void)
{
	static const int codes[] = {0, 7, 127, 255},
			 sigs[] = {SIGKILL, SIGTERM, SIGUSR1, 40};

	for (size_t i = 0; i < 4; i++)
		eq(in_child(exit_with, (void *)&codes[i]), EXITED(codes[i]),
		   "exit status %d", codes[i]);
	for (size_t i = 0; i < 4; i++)
		eq(in_child(die_by, (void *)&sigs[i]), sigs[i],
		   "death by signal %d", sigs[i]);
}

static void waits(void)
{
	siginfo_t si = {0};
	struct rusage ru;
	int st, hold[2];
	pid_t p;

	eq_err(waitpid(-1, &st, 0), ECHILD, "no child: ECHILD");
	if (pipe(hold) < 0)
		exit(1);
	p = tap_fork();
	if (p == 0) {
		char c;

		close(hold[1]);
		_exit(read(hold[0], &c, 1) == 0 ? 42 : 1);
	}
	eq(waitpid(p, &st, WNOHANG), 0, "WNOHANG on a living child");
	close(hold[1]);
	close(hold[0]);
	eq(waitid(P_PID, (id_t)p, &si, WEXITED | WNOWAIT), 0, "waitid WNOWAIT");
	ok(si.si_pid == p && si.si_code == CLD_EXITED && si.si_status == 42 &&
		   si.si_signo == SIGCHLD,
	   "its siginfo: pid, CLD_EXITED, status");
	memset(&si, 0, sizeof si);
	eq(waitid(P_ALL, 0, &si, WEXITED), 0, "waitid again reaps");
	eq(si.si_status, 42, "the same status");
	eq_err(waitid(P_PID, (id_t)p, &si, WEXITED), ECHILD, "then it is gone");
	eq_err(kill(p, 0), ESRCH, "kill(0) on it: ESRCH");

	p = tap_fork();
	if (p == 0) {
		uint64_t end = now_ns(CLOCK_PROCESS_CPUTIME_ID) + 30000000;

		while (now_ns(CLOCK_PROCESS_CPUTIME_ID) < end)
			;
		_exit(3);
	}
	eq(wait4(p, &st, 0, &ru), p, "wait4");
	long us = (long)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000 +
		  ru.ru_utime.tv_usec + ru.ru_stime.tv_usec;
	ok(us >= 20000 && us < 5000000,
	   "rusage of a child that used 30 ms: %ld us", us);
	ok(ru.ru_maxrss > 0, "its maxrss is above zero");
}

static void stops(void)
{
	int st;
	pid_t p = tap_fork();

	if (p == 0)
		for (;;)
			pause();
	kill(p, SIGSTOP);
	eq(waitpid(p, &st, WUNTRACED), p, "WUNTRACED");
	ok(WIFSTOPPED(st) && WSTOPSIG(st) == SIGSTOP, "stopped by SIGSTOP: %#x",
	   st);
	kill(p, SIGCONT);
	eq(waitpid(p, &st, WCONTINUED), p, "WCONTINUED");
	ok(WIFCONTINUED(st), "continued: %#x", st);
	kill(p, SIGKILL);
	eq(tap_wait(p), SIGKILL, "then killed");

	volatile int *spin = shared_alloc(4096);

	p = tap_fork();
	if (p == 0)
		for (;;)
			(*spin)++;
	wait_for(spin, 1000, 5000);
	kill(p, SIGSTOP);
	waitpid(p, &st, WUNTRACED);
	int a = *spin;

	msleep(30);
	eq(*spin, a, "a busy process that is stopped stands still");
	kill(p, SIGCONT);
	msleep(30);
	for (int i = 0; i < 500 && *spin == a; i++)
		msleep(10);
	ok(*spin != a, "and goes on after SIGCONT");
	kill(p, SIGKILL);
	eq(tap_wait(p), SIGKILL, "a busy process is killed");
	munmap((void *)spin, 4096);
}

static void memory(void)
{
	static volatile int var = 1;
	pid_t p = tap_fork();

	if (p == 0) {
		var = 2;
		_exit(var == 2 ? 0 : 1);
	}
	eq(tap_wait(p), 0, "fork: the child writes its copy");
	eq(var, 1, "fork: the parent's is untouched");
	p = vfork();
	if (p == 0) {
		var = 3;
		_exit(5);
	}
	eq(var, 3,
	   "vfork: the parent resumes after the child and sees its write");
	eq(tap_wait(p), EXITED(5), "vfork: status");
}

/* fork while the stack pointer is `sp`, back on the real stack after it. */
static pid_t fork_on(unsigned long sp)
{
	long pid = SYS_fork;

	__asm__ volatile("mov %%rsp, %%rbx\n\tmov %1, %%rsp\n\tsyscall\n\t"
			 "mov %%rbx, %%rsp"
			 : "+a"(pid)
			 : "r"(sp)
			 : "rbx", "rcx", "r11", "memory");
	return (pid_t)pid;
}

/* Whatever the stack pointer is: it is not used before the program does. */
static void stack_pointers(void)
{
	static const unsigned long sp[] = {
		0,
		1,
		0x7fffffffe000,
		0x7ffffffff000,
		0x800000000000,
		0x0001000000400000, /* 4 levels of tables ignore the bit */
		0x00400000 - 8,
		0xffff800000000000,
		0xffffffffff600000,
		~0UL,
	};

	for (size_t i = 0; i < sizeof sp / sizeof *sp; i++) {
		pid_t p = fork_on(sp[i]);

		if (p == 0)
			_exit(3);
		eq(tap_wait(p), EXITED(3), "fork with stack pointer %#lx", sp[i]);
	}
}

/* Each level forks the next and passes the sum on. */
static int deep(int n)
{
	pid_t p;

	if (n == 0)
		return 0;
	p = tap_fork();
	if (p == 0)
		_exit(deep(n - 1));
	return WEXITSTATUS(tap_wait(p)) + 1;
}

static void many(void)
{
	enum { N = 200 };
	pid_t pid[N];
	int go[2], up[2], good = 0, dup = 0;
	char c = 'x';

	if (pipe(go) < 0 || pipe(up) < 0)
		exit(1);
	for (int i = 0; i < N; i++) {
		pid[i] = tap_fork();
		if (pid[i] < 0) {
			ok(0, "fork of child %d: %s", i, strerror(errno));
			exit(tap_done());
		}
		if (pid[i] == 0) {
			close(go[1]);
			if (write(up[1], &c, 1) != 1 || read(go[0], &c, 1) != 0)
				_exit(255);
			_exit(i % 200);
		}
		for (int j = 0; j < i; j++)
			dup += pid[j] == pid[i];
	}
	for (int i = 0; i < N; i++)
		if (read(up[0], &c, 1) != 1)
			break;
	close(go[1]);
	for (int i = 0; i < N; i++)
		good += tap_wait(pid[i]) == EXITED(i % 200);
	eq(good, N, "200 children alive at a time, each status right");
	eq(dup, 0, "no pid twice");
	close(go[0]);
	close(up[0]);
	close(up[1]);
	eq(deep(20), 20, "20 generations deep");
}

static int reaper(void *v)
{
	int fd[2], st;
	pid_t got[2] = {0}, p;

	(void)v;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || pipe(fd) < 0)
		return 1;
	p = fork();
	if (p == 0) {
		pid_t me = getpid();

		if (fork() == 0) {
			alarm(20);
			while (getppid() == me)
				usleep(500);
			got[0] = getpid();
			got[1] = getppid();
			if (write(fd[1], got, sizeof got) < 0)
				_exit(1);
			_exit(9);
		}
		_exit(0);
	}
	if (waitpid(p, &st, 0) != p || st)
		return 2;
	if (read(fd[0], got, sizeof got) != sizeof got)
		return 3;
	if (got[1] != getpid())
		return 4;
	return waitpid(got[0], &st, 0) == got[0] && st == EXITED(9) ? 0 : 5;
}

static void groups(void)
{
	pid_t a = tap_fork(), b, p;
	int st;

	if (a == 0) {
		setpgid(0, 0);
		pause();
		_exit(0);
	}
	setpgid(a, a);
	b = tap_fork();
	if (b == 0) {
		setpgid(0, a);
		pause();
		_exit(0);
	}
	eq(setpgid(b, a), 0, "setpgid to another child's group");
	eq(getpgid(b), a, "getpgid");
	eq(kill(-a, SIGUSR2), 0, "kill the group");
	p = waitpid(-a, &st, 0);
	ok((p == a || p == b) && st == SIGUSR2, "first member dies of it");
	p = waitpid(-a, &st, 0);
	ok((p == a || p == b) && st == SIGUSR2, "second member dies of it");
	eq_err(waitpid(-a, &st, 0), ECHILD, "the group is gone");
	p = tap_fork();
	if (p == 0)
		_exit(setsid() == getpid() && getsid(0) == getpid() &&
				      getpgrp() == getpid()
			      ? 0
			      : 1);
	eq(tap_wait(p), 0, "setsid");
}

static void pidfds(void)
{
	pid_t p = tap_fork();
	siginfo_t si = {0};

	if (p == 0)
		for (;;)
			pause();
	int fd = (int)syscall(SYS_pidfd_open, p, 0);
	struct pollfd pf = {.fd = fd, .events = POLLIN};

	ok(fd >= 0, "pidfd_open");
	eq(poll(&pf, 1, 0), 0, "not readable while it lives");
	eq(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0), 0,
	   "pidfd_send_signal");
	eq(poll(&pf, 1, 10000), 1, "readable when it died");
	eq(waitid(P_PIDFD, (id_t)fd, &si, WEXITED), 0, "waitid P_PIDFD");
	ok(si.si_code == CLD_KILLED && si.si_status == SIGTERM,
	   "CLD_KILLED by SIGTERM");
	close(fd);
}

int main(void)
{
	tap_start(60);
	statuses();
	waits();
	stops();
	memory();
	stack_pointers();
	many();
	eq(in_child(reaper, NULL), 0, "orphan goes to the subreaper");
	groups();
	pidfds();
	return tap_done();
}
