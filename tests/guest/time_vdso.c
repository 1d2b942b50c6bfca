// SPDX-License-Identifier: GPL-2.0
/* The vDSO: the clock calls make no system call, nor does getcpu on the one
 * cpu; time namespaces. */
#include "tap.h"
#include "forbid.h"
#include <cpuid.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static int tsc_is_invariant(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && d >> 8 & 1;
}

/* Dies of the first clock call that is a system call. */
static int without_calls(void *v)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_gettimeofday, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog p = {.len = 5, .filter = f};
	static const clockid_t c[] = {CLOCK_REALTIME, CLOCK_MONOTONIC,
				      CLOCK_BOOTTIME, CLOCK_MONOTONIC_RAW,
				      CLOCK_REALTIME_COARSE};
	struct timespec ts;
	struct timeval tv;

	(void)v;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p))
		return 1;
	for (int i = 0; i < 1000; i++) {
		for (size_t k = 0; k < sizeof c / sizeof *c; k++)
			if (clock_gettime(c[k], &ts))
				return 2;
		if (gettimeofday(&tv, NULL) || time(NULL) < 1700000000)
			return 3;
	}
	return 0;
}

/* Dies of the system call. */
static int getcpu_without_call(void *v)
{
	unsigned cpu = 99, node = 99;

	(void)v;
	if (forbid_call(SYS_getcpu))
		return 1;
	if (getcpu(&cpu, &node) || cpu != 0 || node != 0)
		return 2;
	return getcpu(&cpu, NULL) || getcpu(NULL, &node) || getcpu(NULL, NULL);
}

static int getcpu_in_namespace(void *v)
{
	(void)v;
	return unshare(CLONE_NEWTIME) ? 10 :
	       in_child(getcpu_without_call, NULL) != 0;
}

/* With more cpus the guest's is a call; that it is right smp.c sees. */
static void get_cpu(void)
{
	if (sysconf(_SC_NPROCESSORS_CONF) > 1)
		return;
	eq(in_child(getcpu_without_call, NULL), 0,
	   "getcpu on the one cpu without a system call");
	if (!access("/proc/self/timens_offsets", F_OK) && !getuid())
		eq(in_child(getcpu_in_namespace, NULL), 0,
		   "and in a time namespace");
}

static void mapping(void)
{
	unsigned long at = getauxval(AT_SYSINFO_EHDR);
	const unsigned char *elf = (const unsigned char *)at;

	if (!ok(at != 0, "there is a vDSO"))
		return;
	ok(!memcmp(elf, "\177ELF", 4), "it is an ELF image");
	if (!tap_must())
		return;		/* newer kernels seal theirs */
	eq(mprotect((void *)at, 4096, PROT_READ | PROT_WRITE | PROT_EXEC), 0,
	   "it may be changed, as a debugger does");
	*(volatile unsigned char *)(at + 9) = 1;
	eq(elf[9], 1, "and has been: a copy");
	eq(mprotect((void *)at, 4096, PROT_READ | PROT_EXEC), 0, "back");
}

/* The data pages cannot be written. */
static int write_data(void *v)
{
	(void)v;
	*(volatile char *)(getauxval(AT_SYSINFO_EHDR) - 8192) = 1;
	return 0;
}

/* The page with the calls of old programs is the host's: it is there in the guest if
 * there, and the guest's kernel tells what can be done with it. */
#define VSYSCALL 0xffffffffff600000UL

static int read_vsyscall(void *v)
{
	(void)v;
	return !*(volatile char *)VSYSCALL;
}

/* gettimeofday(NULL, NULL) */
static int call_vsyscall(void *v)
{
	long ret = VSYSCALL;

	(void)v;
	__asm__ volatile("call *%%rax" : "+a"(ret) : "D"(0), "S"(0)
			 : "rcx", "r11", "memory");
	return (int)ret;
}

static void vsyscall_listed(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512], prot[5] = "----";
	int n = 0;

	if (!f) {
		skip("the vsyscall page in maps", "no /proc");
		return;
	}
	while (fgets(line, sizeof line, f))
		if (strstr(line, "[vsyscall]")) {
			n++;
			ok(sscanf(line, "ffffffffff600000-ffffffffff601000 %4s",
				  prot) == 1, "the vsyscall page's line in maps");
		}
	fclose(f);
	ok(n <= 1, "one vsyscall page");
	eq(in_child(read_vsyscall, NULL) == 0, prot[0] == 'r',
	   "it can be read if maps says so");
	eq((in_child(call_vsyscall, NULL) & 0x7f) != SIGSEGV, prot[2] == 'x',
	   "and called");
}

static int make_writable(void *v)
{
	(void)v;
	return mprotect((void *)(getauxval(AT_SYSINFO_EHDR) - 8192), 4096,
			PROT_READ | PROT_WRITE) < 0 ?
		       0 :
		       1;
}

static uint64_t by_call(clockid_t c)
{
	struct timespec t;

	syscall(SYS_clock_gettime, c, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* In the namespace: 1000 s ahead, by call and by vDSO. */
static int ahead(void *v)
{
	uint64_t before = *(uint64_t *)v, a = by_call(CLOCK_MONOTONIC),
		 b = now_ns(CLOCK_MONOTONIC), c = by_call(CLOCK_MONOTONIC);

	if (a < before + 1000000000000U || a > before + 1060000000000U)
		return 1;
	return a <= b && b <= c ? 0 : 2;
}

static int namespace(void *v)
{
	static const char offset[] = "monotonic 1000 0\n";
	uint64_t now = now_ns(CLOCK_MONOTONIC);
	int fd;

	(void)v;
	if (unshare(CLONE_NEWTIME))
		return 10;
	fd = open("/proc/self/timens_offsets", O_WRONLY);
	if (fd < 0 || write(fd, offset, sizeof offset - 1) < 0)
		return 11;
	close(fd);
	return in_child(ahead, &now) >> 8;
}

/* Time goes on over a stop, and not back. */
static int goes_on(void *v)
{
	uint64_t *shared = v, last = 0;

	for (;;) {
		uint64_t t = now_ns(CLOCK_MONOTONIC);

		if (t < last)
			_exit(1);
		last = t;
		__atomic_store_n(shared, t, __ATOMIC_RELAXED);
	}
}

static void stop_and_go(void)
{
	uint64_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int good = 1, st;
	pid_t p = tap_fork();

	if (!p)
		_exit(goes_on(shared));
	for (int i = 0; i < 5; i++) {
		msleep(20);
		kill(p, SIGSTOP);
		waitpid(p, &st, WUNTRACED);
		msleep(50);
		uint64_t t = now_ns(CLOCK_MONOTONIC);
		kill(p, SIGCONT);
		for (int k = 0; k < 2000 && *(volatile uint64_t *)shared < t; k++)
			msleep(1);
		good &= *(volatile uint64_t *)shared >= t;
	}
	eq(waitpid(p, &st, WNOHANG), 0, "a busy reader never saw time go back");
	ok(good, "after each stop it reads the time of now");
	kill(p, SIGKILL);
	waitpid(p, &st, 0);
}

int main(void)
{
	tap_start(60);
	if (tsc_is_invariant())
		eq(in_child(without_calls, NULL), 0,
		   "clock calls without a system call");
	else
		skip_hw("clock calls without a system call",
			"the CPU's TSC is not invariant");
	get_cpu();
	mapping();
	if (access("/proc/self/timens_offsets", F_OK))
		skip("time namespaces", "this kernel has none");
	else if (getuid())
		skip("time namespaces", "not root");
	else
		eq(in_child(namespace, NULL), 0,
		   "in a time namespace: 1000 s ahead, by vDSO and by call");
	if (tap_must()) {	/* our layout: two pages before the code */
		eq(in_child(write_data, NULL) & 0x7f, SIGSEGV,
		   "the clock's data can't be written");
		eq(in_child(make_writable, NULL), 0, "nor made writable");
	}
	vsyscall_listed();
	stop_and_go();
	return tap_done();
}
