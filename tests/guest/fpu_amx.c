// SPDX-License-Identifier: GPL-2.0
/* AMX tiles: permission, values across calls, signals, switches, forks. */
#include "tap.h"
#include <cpuid.h>
#include <sched.h>
#include <sys/auxv.h>

#define ARCH_GET_XCOMP_SUPP 0x1021
#define ARCH_GET_XCOMP_PERM 0x1022
#define ARCH_REQ_XCOMP_PERM 0x1023
#define XTILEDATA	    18
#define AMX_TILE_BIT	    (1U << 24)

struct tilecfg {
	uint8_t palette, start_row, reserved[14];
	uint16_t colsb[16];
	uint8_t rows[16];
};

typedef unsigned char tiles[8][16][64];

#define EACH(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7)
#define LD(n) \
	"	tileloadd (%[in],%[st],1), %%tmm" #n "\n	add $1024, %[in]\n"
#define ST(n) \
	"	tilestored %%tmm" #n ", (%[out],%[st],1)\n	add $1024, %[out]\n"

static struct tilecfg cfg = {
	.palette = 1,
	.colsb = {64, 64, 64, 64, 64, 64, 64, 64},
	.rows = {16, 16, 16, 16, 16, 16, 16, 16},
};

/* Load all tiles, n times system call nr(a, b), wait for *w, store all. */
static long tile_run(tiles *in, tiles *out, long nr, long a, long b, long n,
		     volatile int *w)
{
	void *i = in, *o = out;
	long r;

	__asm__ volatile("	ldtilecfg %[cfg]\n" EACH(
				 LD) "1:	test %[n], %[n]\n"
				     "	jle 2f\n"
				     "	mov %[nr], %%rax\n"
				     "	syscall\n"
				     "	dec %[n]\n"
				     "	jmp 1b\n"
				     "2:	test %[w], %[w]\n"
				     "	jz 4f\n"
				     "3:	cmpl $0, (%[w])\n"
				     "	je 3b\n"
				     "4:\n" EACH(ST) "	tilerelease\n"
			 : [in] "+r"(i), [out] "+r"(o), [n] "+r"(n), "=&a"(r)
			 : [cfg] "m"(cfg), [st] "r"(64L), [nr] "r"(nr), "D"(a),
			   "S"(b), [w] "r"(w)
			 : "rcx", "r11", "memory", "cc");
	return r;
}

static void fill(tiles *t, unsigned seed)
{
	unsigned s = seed * 2654435761U + 1;

	for (size_t i = 0; i < sizeof *t; i++) {
		s = s * 1664525U + 1013904223U;
		((unsigned char *)t)[i] = (unsigned char)(s >> 24);
	}
}

static volatile int hits;
static void handler(int s)
{
	static tiles junk, out;

	(void)s;
	fill(&junk, 999);
	tile_run(&junk, &out, 0, 0, 0, 0, NULL);
	hits++;
}

static int refused(void *v)
{
	(void)v;
	__asm__ volatile(
		"ldtilecfg %0\n\ttilezero %%tmm0\n\ttilerelease" ::"m"(cfg));
	return 1;
}

static void tell_code(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	_exit(si->si_code == ILL_ILLOPC ? 0 : 1);
}

static int refused_code(void *v)
{
	struct sigaction sa = {.sa_sigaction = tell_code, .sa_flags = SA_SIGINFO};

	sigaction(SIGILL, &sa, NULL);
	refused(v);
	return 2;
}

static int small_stack(void *v)
{
	/* with the permission, an alternate stack too small for tiles is
	 * refused */
	stack_t st = {.ss_sp = malloc(65536), .ss_size = 4096};

	(void)v;
	return sigaltstack(&st, NULL) < 0 && errno == ENOMEM ? 0 : 1;
}

static int stack_first(void *v)
{
	stack_t st = {.ss_sp = malloc(65536), .ss_size = 4096};

	(void)v;
	if (sigaltstack(&st, NULL))
		return 1;
	return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA) < 0 &&
	       errno == ENOSPC ? 0 : 2;
}

static int work(int id)
{
	static tiles in, out;

	for (int i = 0; i < 30; i++) {
		fill(&in, (unsigned)(id * 100 + i));
		memset(&out, 0, sizeof out);
		tile_run(&in, &out, i & 1 ? SYS_sched_yield : SYS_kill,
			 getpid(), SIGUSR1, 5, NULL);
		if (memcmp(&in, &out, sizeof in))
			return i + 1;
	}
	return 0;
}

static void forks(void)
{
	static tiles in, out;
	pid_t me = getpid(), p[20];
	int good = 0;

	fill(&in, 5);
	long r = tile_run(&in, &out, SYS_fork, 0, 0, 1, NULL);
	if (getpid() != me)
		_exit(0);
	ok(!memcmp(&in, &out, sizeof in), "fork, in the parent");
	/* a child may start with tiles in their initial state: its tilestored
	 * is then a #UD */
	int st = tap_wait((pid_t)r);
	ok(st == 0 || (st & 0x7f) == SIGILL,
	   "the child has tiles, or a clean #UD: %#x", st);
	for (int i = 0; i < 20; i++) {
		p[i] = tap_fork();
		if (p[i] == 0)
			_exit(work(i));
	}
	for (int i = 0; i < 20; i++)
		good += tap_wait(p[i]) == 0;
	eq(good, 20, "20 processes with tiles at once");
}

int main(void)
{
	static tiles in, out;
	unsigned a, b, c, d;
	unsigned long bits = 0;

	tap_start(60);
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & AMX_TILE_BIT)) {
		skip_hw("AMX tiles", "the CPU lacks them");
		return tap_done();
	}
	if (syscall(SYS_arch_prctl, ARCH_GET_XCOMP_SUPP, &bits) < 0 ||
	    !(bits >> XTILEDATA & 1)) {
		skip("AMX tiles", "this kernel does not offer them");
		return tap_done();
	}
	eq(in_child(refused, NULL) & 0x7f, SIGILL,
	   "without permission: SIGILL");
	eq(in_child(refused_code, NULL), 0, "and ILL_ILLOPC");
	eq_err(syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, 63), EINVAL,
	       "no such feature");
	eq_err(syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, 2), EOPNOTSUPP,
	       "one that wants no permission");
	eq(in_child(stack_first, NULL), 0,
	   "refused while an alternate stack is too small");
	eq(syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA), 0,
	   "permission asked for");
	bits = 0;
	eq(syscall(SYS_arch_prctl, ARCH_GET_XCOMP_PERM, &bits), 0,
	   "permission read");
	ok((bits >> XTILEDATA & 1) != 0, "and there: %#lx", bits);
	eq(in_child(small_stack, NULL), 0,
	   "a small alternate stack is refused");
	signal(SIGUSR1, handler);

	fill(&in, 1);
	tile_run(&in, &out, SYS_getppid, 0, 0, 100, NULL);
	ok(!memcmp(&in, &out, sizeof in), "100 system calls");
	fill(&in, 2);
	tile_run(&in, &out, SYS_sched_yield, 0, 0, 100, NULL);
	ok(!memcmp(&in, &out, sizeof in), "100 yields");
	fill(&in, 3);
	tile_run(&in, &out, SYS_kill, getpid(), SIGUSR1, 10, NULL);
	ok(!memcmp(&in, &out, sizeof in) && hits == 10, "10 signals");
	struct itimerspec it = {.it_value = {0, 5000000}};
	struct sigevent se = {.sigev_notify = SIGEV_SIGNAL,
			      .sigev_signo = SIGUSR1};
	timer_t t;
	timer_create(CLOCK_MONOTONIC, &se, &t);
	hits = 0;
	timer_settime(t, 0, &it, NULL);
	fill(&in, 4);
	tile_run(&in, &out, 0, 0, 0, 0, &hits);
	ok(!memcmp(&in, &out, sizeof in), "a timer's signal in a busy loop");
	forks();
	return tap_done();
}
