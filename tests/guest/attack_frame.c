// SPDX-License-Identifier: GPL-2.0
/*
 * Forged signal frames, restored by the stub's own rt_sigreturn, the one the
 * host allows without asking: any mask, stack, segment and FPU pointer an
 * attacker likes. Then the child faults, spins, or calls, with every signal
 * blocked: only that child may suffer.
 */
#include "attack.h"
#include <pthread.h>
#include <sched.h>
#include <ucontext.h>

enum landing {
	L_EXIT,
	L_FAULT,
	L_SPIN,
	L_CALLS,
	L_INT3,
	L_FORK,
	L_STUB,
	L_KERNEL,
	L_MAX
};
static const char *const landing_name[] = {"exits",
					   "faults",
					   "spins",
					   "calls",
					   "traps",
					   "forks",
					   "goes to the stub",
					   "goes to a kernel address"};
enum twist {
	T_NONE,
	T_MASK,
	T_ALTSTACK,
	T_CS32,
	T_CS0,
	T_CS10,
	T_SS0,
	T_FP_ODD,
	T_FP_NONE,
	T_FP_STUB,
	T_FP_KERNEL,
	T_FP_JUNK,
	T_RSP_STUB,
	T_RSP_ZERO,
	T_FLAGS_TF,
	T_FLAGS_ALL,
	T_MAX
};
static const char *const twist_name[] = {
	"plain",
	"all signals blocked",
	"an alternate stack in the stub",
	"32-bit cs",
	"cs 0",
	"cs 0x10",
	"ss 0",
	"an odd FPU pointer",
	"no FPU state",
	"FPU state in the stub",
	"FPU state in the kernel",
	"junk as FPU state",
	"rsp in the stub",
	"rsp 0",
	"trap flag",
	"all flags",
};

struct forged {
	unsigned long pad[64];
	ucontext_t uc __attribute__((aligned(64)));
	unsigned char more[8192];
	unsigned char fp[16384] __attribute__((aligned(64)));
};

static unsigned char *sigreturn_at;
static volatile unsigned long writable_page;
static unsigned char stack_area[262144] __attribute__((aligned(4096)));

static long raw1(long nr, long a)
{
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(nr), "D"(a), "S"(0L), "d"(0L)
			 : "rcx", "r11", "memory");
	return r;
}

static volatile int *volatile low_address = (int *)8;

/* Where the forged frames lead; no libc, no stack worth the name. */
static void land_exit(void)
{
	raw1(SYS_exit_group, 5);
}

static void land_fault(void)
{
	*low_address = 1;
	raw1(SYS_exit_group, 6);
}

static void land_spin(void)
{
	for (;;)
		__asm__ volatile("pause");
}

static void land_calls(void)
{
	for (int i = 0; i < 1000; i++)
		raw1(i & 1 ? SYS_sched_yield : SYS_getppid, 0);
	raw1(SYS_exit_group, 7);
}

static void land_int3(void)
{
	__asm__ volatile("int3; ud2");
}

static void land_fork(void)
{
	long p = raw1(SYS_fork, 0);

	if (p == 0)
		land_fault();
	raw1(SYS_exit_group, 8);
}

struct plan {
	enum landing l;
	enum twist t;
	int thread; /* another thread runs beside */
};

static void forge(struct forged *f, const struct plan *p)
{
	static void (*const land[])(void) = {land_exit,	 land_fault, land_spin,
					     land_calls, land_int3,  land_fork};
	greg_t *g = f->uc.uc_mcontext.gregs;

	memset(f, 0, sizeof *f);
	g[REG_RSP] =
		(greg_t)(uintptr_t)(stack_area + sizeof stack_area / 2 - 8);
	g[REG_EFL] = 0x202;
	g[REG_CSGSFS] = (greg_t)(0x33UL | 0x2bUL << 48);
	if (p->l < L_STUB)
		g[REG_RIP] = (greg_t)(uintptr_t)land[p->l];
	else
		g[REG_RIP] = p->l == L_STUB ? (greg_t)(uintptr_t)sigreturn_at
					    : (greg_t)0xffffffff81000000UL;
	f->uc.uc_flags = 6;
	f->uc.uc_stack.ss_flags = SS_DISABLE;
	if (p->t != T_NONE)
		memset(&f->uc.uc_sigmask, 0xff, 8);
	switch (p->t) {
	case T_ALTSTACK:
		f->uc.uc_stack.ss_sp = stub;
		f->uc.uc_stack.ss_size = 65536;
		f->uc.uc_stack.ss_flags = 0;
		memset(&f->uc.uc_sigmask, 0, 8);
		break;
	case T_CS32:
		g[REG_CSGSFS] = (greg_t)(0x23UL | 0x2bUL << 48);
		break;
	case T_CS0:
		g[REG_CSGSFS] = (greg_t)(0x2bUL << 48);
		break;
	case T_CS10:
		g[REG_CSGSFS] = (greg_t)(0x10UL | 0x18UL << 48);
		break;
	case T_SS0:
		g[REG_CSGSFS] = 0x33;
		break;
	case T_FP_ODD:
		f->uc.uc_mcontext.fpregs = (fpregset_t)(f->fp + 1);
		break;
	case T_FP_STUB:
		f->uc.uc_mcontext.fpregs = (fpregset_t)(stub + PG);
		break;
	case T_FP_KERNEL:
		f->uc.uc_mcontext.fpregs = (fpregset_t)0xffff888000000000UL;
		break;
	case T_FP_JUNK:
		for (size_t i = 0; i < sizeof f->fp; i++)
			f->fp[i] = (unsigned char)rnd();
		f->uc.uc_mcontext.fpregs = (fpregset_t)f->fp;
		break;
	case T_RSP_STUB:
		g[REG_RSP] = (greg_t)(writable_page ? writable_page + 2048
						    : STUB_START);
		break;
	case T_RSP_ZERO:
		g[REG_RSP] = 0;
		break;
	case T_FLAGS_TF:
		g[REG_EFL] = 0x302;
		break;
	case T_FLAGS_ALL:
		g[REG_EFL] = 0x3fffff;
		break;
	default:
		break;
	}
}

static void restore(struct forged *f)
{
	__asm__ volatile("mov %0, %%rsp\n\tjmp *%1" ::"r"(&f->uc),
			 "r"(sigreturn_at)
			 : "memory");
	__builtin_unreachable();
}

static void *beside(void *v)
{
	for (;;) {
		sched_yield();
		*(volatile long *)v += 1;
	}
	return NULL;
}

static int attack(void *v)
{
	static struct forged f;
	static long n;
	pthread_t t;

	for (int s = 1; s < 32; s++)
		if (s != SIGALRM)
			signal(s, SIG_DFL);
	forge(&f, v);
	if (((struct plan *)v)->thread)
		pthread_create(&t, NULL, beside, &n);
	restore(&f);
	return 1;
}

/* The frame lies in the stub's own writable page, or nowhere. */
static int frame_at(void *v)
{
	__asm__ volatile("mov %0, %%rsp\n\tjmp *%1" ::"r"(v), "r"(sigreturn_at)
			 : "memory");
	__builtin_unreachable();
}

int main(int argc, char **argv)
{
	static const unsigned char code[] = {0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05};
	char b[128];
	int st;

	attack_start(argc, argv, 240, 1);
	attack_probe();
	for (size_t i = 0; i < MAP_PAGES && !writable_page; i++)
		if (amap->w[i])
			writable_page = STUB_START + i * PG;
	sigreturn_at = find_code(code, sizeof code, 0);
	if (!ok(sigreturn_at != NULL, "the stub's rt_sigreturn is found"))
		return tap_done();
	struct plan good = {L_EXIT, T_NONE, 0};
	st = attack_run(attack, &good, 2000);
	ok(st == EXITED(5) || (st >= 0 && WIFSIGNALED(st)),
	   "a forged frame works, or kills: %#x", st);
	for (int t = 0; t < T_MAX; t++)
		for (int l = 0; l < L_MAX; l++) {
			struct plan p = {(enum landing)l, (enum twist)t,
					 l == L_FAULT || l == L_SPIN};

			/* a spinning child is killed when its time is up */
			st = attack_run(attack, &p, l == L_SPIN ? 60 : 1500);
			snprintf(b, sizeof b, "%s, %s", twist_name[t],
				 landing_name[l]);
			if (st == -2 || l == L_FAULT || t == T_MASK)
				all_well(st, b);
		}
	all_well(0, "after all twists and landings");
	static const unsigned long at[] = {0,
					   8,
					   STUB_START,
					   STUB_START + PG,
					   STUB_END,
					   0xffff888000000000UL,
					   0x8000000000000000UL,
					   ~7UL};
	for (size_t i = 0; i < sizeof at / sizeof *at; i++)
		if (attack_run(frame_at, (void *)at[i], 1500) == -2)
			ok(0, "frame at %#lx: the child can't be killed",
			   at[i]);
	for (int i = 0; i < 32 && writable_page; i++)
		if (attack_run(frame_at,
			       (void *)(writable_page + (rnd() & 0xff8)),
			       1500) == -2)
			ok(0,
			   "frame in the stub's page: the child can't be killed");
	all_well(0, "frames in odd places");
	return tap_done();
}
