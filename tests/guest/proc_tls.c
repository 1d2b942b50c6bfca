// SPDX-License-Identifier: GPL-2.0
/* fs and gs bases: arch_prctl, wrfsbase, forks, switches, signals, threads. */
#include "tap.h"
#include <asm/prctl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>

static long arch(int op, unsigned long v)
{
	return syscall(SYS_arch_prctl, op, v);
}

static unsigned long get(int op)
{
	unsigned long v = 1;

	return arch(op, (unsigned long)&v) < 0 ? ~0UL : v;
}

static unsigned long gs_word(void)
{
	unsigned long v;

	__asm__ volatile("mov %%gs:8, %0" : "=r"(v));
	return v;
}

static int have_fsgsbase(void)
{
	return (getauxval(AT_HWCAP2) & 2) != 0;
}

static unsigned long area[64][2];

static void basics(void)
{
	unsigned long fs = get(ARCH_GET_FS), self;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(self));
	eq((long)fs, (long)self, "ARCH_GET_FS is the thread pointer");
	eq((long)get(ARCH_GET_GS), 0, "gs base starts at zero");
	area[0][1] = 0xabcdef;
	eq(arch(ARCH_SET_GS, (unsigned long)area[0]), 0, "ARCH_SET_GS");
	eq((long)get(ARCH_GET_GS), (long)(uintptr_t)area[0], "ARCH_GET_GS");
	eq((long)gs_word(), 0xabcdef, "a read through gs");
	eq(arch(ARCH_SET_FS, fs), 0, "ARCH_SET_FS to the same");
	eq_err(arch(ARCH_SET_FS, 1UL << 63), EPERM,
	       "ARCH_SET_FS of a kernel address: EPERM");
	eq_err(arch(ARCH_SET_GS, ~0UL), EPERM,
	       "ARCH_SET_GS of a kernel address: EPERM");
	eq_err(arch(0x7777, 0), EINVAL, "unknown arch_prctl: EINVAL");
	eq_err(arch(ARCH_GET_FS, 8), EFAULT,
	       "ARCH_GET_FS to a bad pointer: EFAULT");
}

static int child_gs(void *v)
{
	(void)v;
	if (gs_word() != 0xabcdef)
		return 1;
	area[1][1] = 0x55;
	arch(ARCH_SET_GS, (unsigned long)area[1]);
	sched_yield();
	return gs_word() == 0x55 ? 0 : 2;
}

static void across_fork(void)
{
	eq(in_child(child_gs, NULL), 0,
	   "fork: the child has gs, and changes its own");
	eq((long)gs_word(), 0xabcdef, "the parent's is untouched");
}

static volatile unsigned long in_handler_gs, in_handler_fs;
static void handler(int s)
{
	(void)s;
	in_handler_gs = get(ARCH_GET_GS);
	in_handler_fs = get(ARCH_GET_FS);
	arch(ARCH_SET_GS, (unsigned long)area[2]);
}

static void across_signal(void)
{
	signal(SIGUSR1, handler);
	area[2][1] = 0x66;
	raise(SIGUSR1);
	eq((long)in_handler_gs, (long)(uintptr_t)area[0],
	   "signal: gs in the handler");
	eq((long)in_handler_fs, (long)get(ARCH_GET_FS),
	   "signal: fs in the handler");
	eq((long)gs_word(), 0x66,
	   "signal: gs set in a handler stays after sigreturn");
}

static void fsgsbase(void)
{
	unsigned long v, fs = get(ARCH_GET_FS);

	if (!have_fsgsbase()) {
		skip_hw("wrfsbase", "AT_HWCAP2 does not allow it");
		return;
	}
	area[3][1] = 0x77;
	__asm__ volatile("wrgsbase %0" ::"r"(area[3]));
	eq((long)gs_word(), 0x77, "wrgsbase");
	eq((long)get(ARCH_GET_GS), (long)(uintptr_t)area[3],
	   "ARCH_GET_GS after wrgsbase");
	__asm__ volatile("rdfsbase %0" : "=r"(v));
	eq((long)v, (long)fs, "rdfsbase");
	/* Away from libc for a moment: nothing but raw instructions. */
	unsigned long mine[2] = {0, 0x88}, got, pid;
	__asm__ volatile(
		"wrfsbase %2\n\tmov $39, %%eax\n\tsyscall\n\tmov %%fs:8, %1\n\twrfsbase %3"
		: "=&a"(pid), "=&r"(got)
		: "r"(mine), "r"(fs)
		: "rcx", "r11", "memory");
	eq((long)got, 0x88, "wrfsbase holds across a system call");
	eq((long)pid, getpid(), "which gives the right result");
	raise(SIGUSR1);
	pid_t p = tap_fork();
	if (p == 0)
		_exit(gs_word() == 0x66 ? 0 : 1);
	eq(tap_wait(p), 0, "fork keeps the base");
}

/* Each process or thread: an own gs base, checked across switches. */
static int switch_loop(long n)
{
	area[n][1] = (unsigned long)n * 1000003;
	if (n & 1 && have_fsgsbase())
		__asm__ volatile("wrgsbase %0" ::"r"(area[n]));
	else
		arch(ARCH_SET_GS, (unsigned long)area[n]);
	for (int i = 0; i < 300; i++) {
		if (gs_word() != (unsigned long)n * 1000003)
			return 1;
		if (i % 50 == 0)
			usleep(100);
		else
			sched_yield();
	}
	return 0;
}

static void *switch_thread(void *v)
{
	return (void *)(long)switch_loop((long)v);
}

static void switches(void)
{
	enum { N = 20 };
	pthread_t t[N];
	pid_t p[N];
	long good = 0;
	void *r;

	for (long i = 0; i < N; i++) {
		p[i] = tap_fork();
		if (p[i] == 0)
			_exit(switch_loop(10 + i));
	}
	for (int i = 0; i < N; i++)
		good += tap_wait(p[i]) == 0;
	eq(good, N, "20 processes, each with its gs base");
	good = 0;
	for (long i = 0; i < N; i++)
		pthread_create(&t[i], NULL, switch_thread, (void *)(10 + i));
	for (int i = 0; i < N; i++)
		good += pthread_join(t[i], &r) == 0 && r == NULL;
	eq(good, N, "20 threads, each with its gs base");
}

static pthread_key_t key;
static volatile int destroyed;
static void destroy(void *v)
{
	__atomic_add_fetch(&destroyed, *(int *)v, __ATOMIC_SEQ_CST);
}

static __thread int tls_data = 11;
static __thread char tls_big[20000];
static void *keys(void *v)
{
	pthread_setspecific(key, v);
	tls_data += *(int *)v;
	memset(tls_big, tls_data, sizeof tls_big);
	for (int i = 0; i < 20; i++)
		sched_yield();
	if (pthread_getspecific(key) != v || tls_data != 11 + *(int *)v ||
	    tls_big[19999] != (char)tls_data)
		return "bad";
	return NULL;
}

static void pthread_tls(void)
{
	int val[10], sum = 0, good = 0;
	pthread_t t[10];
	void *r;

	pthread_key_create(&key, destroy);
	for (int i = 0; i < 10; i++) {
		val[i] = i + 1;
		sum += val[i];
		pthread_create(&t[i], NULL, keys, &val[i]);
	}
	for (int i = 0; i < 10; i++)
		good += pthread_join(t[i], &r) == 0 && !r;
	eq(good, 10, "pthread keys and __thread data of 10 threads");
	eq(destroyed, sum, "key destructors ran");
	eq(tls_data, 11, "the main thread's data is its own");
}

static int cpuid_fault(void *v)
{
	unsigned a = 0, b, c, d;

	(void)v;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	return a == 0;
}

int main(void)
{
	tap_start(60);
	basics();
	across_fork();
	across_signal();
	fsgsbase();
	switches();
	pthread_tls();
	eq(in_child(cpuid_fault, NULL), 0, "cpuid works");
	return tap_done();
}
