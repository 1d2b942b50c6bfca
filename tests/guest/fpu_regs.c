// SPDX-License-Identifier: GPL-2.0
/* x87, SSE, AVX, AVX-512: values across system calls, signals, faults, forks.
 */
#include "vec.h"
#include <sched.h>
#include <ucontext.h>

static int top;
static volatile int hits;

/* A handler that destroys what it can. */
static void trash(int sig, siginfo_t *si, void *ucv)
{
	static struct vec junk, out;
	struct vec_op op = {.level = top, .in = &junk, .out = &out};
	ucontext_t *uc = ucv;

	(void)si;
	if (sig == SIGILL)
		uc->uc_mcontext.gregs[REG_RIP] += 2;
	vec_fill(&junk, 999);
	vec_run(&op);
	hits++;
}

static void calls(int level)
{
	struct vec in, out = {0};
	struct vec_op op = {.nr = SYS_getppid,
			    .count = 200,
			    .level = level,
			    .in = &in,
			    .out = &out};

	vec_fill(&in, 1);
	eq(vec_run(&op), getppid(), "getppid between");
	vec_same(&in, &out, level, "200 system calls:");
	op.nr = SYS_sched_yield;
	vec_fill(&in, 2);
	vec_run(&op);
	vec_same(&in, &out, level, "200 yields:");
	struct timespec t = {0, 1000000};
	op = (struct vec_op){.nr = SYS_nanosleep,
			     .a = (long)&t,
			     .count = 5,
			     .level = level,
			     .in = &in,
			     .out = &out};
	vec_fill(&in, 3);
	vec_run(&op);
	vec_same(&in, &out, level, "5 sleeps:");
}

static void signals(int level)
{
	struct vec in, out = {0};
	struct vec_op op = {.nr = SYS_kill,
			    .a = getpid(),
			    .b = SIGUSR1,
			    .count = 20,
			    .level = level,
			    .in = &in,
			    .out = &out};

	vec_fill(&in, 4);
	hits = 0;
	vec_run(&op);
	eq(hits, 20, "20 signals");
	vec_same(&in, &out, level, "20 signals by kill:");

	vec_fill(&in, 5);
	hits = 0;
	op.count = 0;
	op.trap = 1;
	vec_run(&op);
	eq(hits, 1, "one SIGILL");
	vec_same(&in, &out, level, "a fault:");

	struct itimerspec it = {{0, 1000000}, {0, 1000000}};
	struct sigevent se = {.sigev_notify = SIGEV_SIGNAL,
			      .sigev_signo = SIGUSR1};
	timer_t t;
	vec_fill(&in, 6);
	hits = 0;
	op.trap = 0;
	op.wait = &hits;
	timer_create(CLOCK_MONOTONIC, &se, &t);
	timer_settime(t, 0, &it, NULL);
	for (int i = 0; i < 10; i++) {
		hits = 0;
		vec_run(&op);
		if (vec_differs(&in, &out, level))
			break;
	}
	timer_delete(t);
	vec_same(&in, &out, level,
		 "a timer's signal in a busy loop, ten times:");
}

static void forks(int level)
{
	struct vec in, out = {0};
	struct vec_op op = {.nr = SYS_fork,
			    .count = 1,
			    .level = level,
			    .in = &in,
			    .out = &out};
	pid_t me = getpid();

	vec_fill(&in, 7);
	long p = vec_run(&op);
	if (getpid() != me)
		_exit(p != 0 ? 2 : vec_differs(&in, &out, level) ? 1 : 0);
	vec_same(&in, &out, level, "fork, in the parent:");
	eq(tap_wait((pid_t)p), 0, "%s: the child sees the parent's",
	   vec_name(level));

	int good = 0;
	for (int i = 0; i < 10; i++) {
		vec_fill(&in, 20 + (unsigned)i);
		p = vec_run(&op);
		if (getpid() != me) {
			struct vec in2, out2;
			struct vec_op y = {.nr = SYS_sched_yield,
					   .count = 50,
					   .level = level,
					   .in = &in2,
					   .out = &out2};

			if (vec_differs(&in, &out, level))
				_exit(1);
			vec_fill(&in2, 200 + (unsigned)i);
			vec_run(&y);
			_exit(vec_differs(&in2, &out2, level) ? 2 : 0);
		}
		good += tap_wait((pid_t)p) == 0 &&
			!vec_differs(&in, &out, level);
	}
	eq(good, 10, "%s: ten forks with other values", vec_name(level));
}

/* Values come from a page that faults in, and go to one: COW in the middle. */
static void faults(int level)
{
	struct vec in;
	char *p = mmap(NULL, 16384, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct vec *out = (struct vec *)(p + 4096 - 1000);
	struct vec_op op = {.level = level, .in = &in, .out = out};

	vec_fill(&in, 8);
	vec_run(&op);
	vec_same(&in, out, level, "page faults while storing:");
	munmap(p, 16384);
}

/* A new process starts with the initial state. */
static int initial(void)
{
	unsigned mx;
	unsigned short cw;
	unsigned char x[64];

	__asm__ volatile("stmxcsr %0" : "=m"(mx));
	__asm__ volatile("fnstcw %0" : "=m"(cw));
	if (mx != 0x1f80 || cw != 0x37f)
		return 1;
	if (vec_level() == AVX512) {
		__asm__ volatile("vmovdqu64 %%zmm31, %0" : "=m"(x));
		for (int i = 0; i < 64; i++)
			if (x[i])
				return 2;
	}
	return 0;
}

static int exec_state(void *v)
{
	char *argv[] = {"fpu_regs", "--initial", NULL}, *env[] = {NULL};
	struct vec in, out;
	struct vec_op op = {.nr = SYS_execve,
			    .a = (long)"/proc/self/exe",
			    .b = (long)argv,
			    .c = (long)env,
			    .count = 1,
			    .level = *(int *)v,
			    .in = &in,
			    .out = &out};

	vec_fill(&in, 9);
	vec_run(&op);
	return 100;
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_flags = SA_SIGINFO};

	if (argc > 1 && !strcmp(argv[1], "--initial"))
		return initial();
	tap_start(60);
	need_proc();
	top = vec_level();
	tap_note("xcr0 %#lx: %s", xcr0(), vec_name(top));
	sa.sa_sigaction = trash;
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGILL, &sa, NULL);
	for (int level = SSE; level <= AVX512; level++) {
		if (level > top) {
			skip_hw(vec_name(level), "the CPU lacks it");
			continue;
		}
		calls(level);
		signals(level);
		forks(level);
		faults(level);
		eq(in_child(exec_state, &level), 0,
		   "%s: exec starts with the initial state", vec_name(level));
	}
	return tap_done();
}
