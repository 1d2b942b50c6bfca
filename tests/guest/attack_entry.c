// SPDX-License-Identifier: GPL-2.0
/*
 * Other ways into a kernel: int 0x80, sysenter, x32 numbers, the vsyscall
 * page, numbers out of range. Each is answered by the guest, refused, or
 * faults; none reaches the host. Runs on any kernel.
 */
#include "attack.h"
#include <sys/time.h>
#include <sys/utsname.h>

static long int80(long nr, long a, long b, long c)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "r8", "r9", "r10", "r11", "memory");
	return (int)r;
}

static long call64(long nr, long a, long b, long c)
{
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return r;
}

/* 0: the guest's, or refused. */
static int via_int80(void *v)
{
	char *low = mmap((void *)0x20000000, 8192, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct utsname u;
	long r = int80(20, 0, 0, 0); /* getpid */

	(void)v;
	if (r != -ENOSYS && r != getpid())
		return 1;
	r = int80(64, 0, 0, 0); /* getppid */
	if (r != -ENOSYS && r != getppid())
		return 2;
	uname(&u);
	r = int80(122, (long)low, 0, 0); /* newuname */
	if (r == 0 && memcmp(low, &u, sizeof u))
		return 3;
	strcpy(low, "/proc/self/stat");
	r = int80(5, (long)low, O_RDONLY, 0); /* open */
	if (r >= 0) {
		char b[64] = "";

		if (read((int)r, b, sizeof b - 1) <= 0 || atoi(b) != getpid())
			return 4;
	}
	r = int80(90, (long)low, 0, 0); /* old mmap, of junk */
	if (r > 0 && r < 4096)
		return 5;
	r = int80(400000, 0, 0, 0);
	return r == -ENOSYS || r == -EPERM ? 0 : 6;
}

static int via_int80_exit(void *v)
{
	(void)v;
	int80(1, 9, 0, 0);
	return 9;
}

static int via_x32(void *v)
{
	long r = call64(0x40000000 | SYS_getpid, 0, 0, 0);

	(void)v;
	if (r != -ENOSYS && r != getpid())
		return 1;
	r = call64(0x40000000 | SYS_getppid, 0, 0, 0);
	if (r != -ENOSYS && r != getppid())
		return 2;
	for (long n = 512; n < 548; n++) { /* x32's own */
		if (n == 520 || n == 521) /* execve */
			continue;
		r = call64(0x40000000 | n, -1, 0, 0);
		if (r > 0 && r != getpid())
			return 3;
	}
	return 0;
}

static int numbers(void *v)
{
	static const long nr[] = {-1,	     -2,	 -1000,
				  INT32_MIN, INT32_MAX,	 0x7fffffffffffffff,
				  512,	     1000,	 4095,
				  65536,     0x20000000, 0x80000000,
				  -4095,     0x3fffffff};

	(void)v;
	for (size_t i = 0; i < sizeof nr / sizeof *nr; i++)
		if (call64(nr[i], 0, 0, 0) != -ENOSYS)
			return (int)i + 1;
	/* only the low 32 bits count */
	long r = call64(SYS_getpid | 1L << 40, 0, 0, 0);
	return r == getpid() || r == -ENOSYS ? 0 : 100;
}

static int via_vsyscall(void *v)
{
	struct timeval tv = {0, 0}, now;
	unsigned cpu = 9999;
	time_t t;

	(void)v;
	gettimeofday(&now, NULL);
	if (((int (*)(struct timeval *, void *))0xffffffffff600000UL)(
		    &tv, NULL) != 0 ||
	    tv.tv_sec < now.tv_sec - 2 || tv.tv_sec > now.tv_sec + 5)
		return 1;
	t = ((time_t(*)(time_t *))0xffffffffff600400UL)(NULL);
	if (t < now.tv_sec - 2 || t > now.tv_sec + 5)
		return 2;
	if (((int (*)(unsigned *, void *, void *))0xffffffffff600800UL)(
		    &cpu, NULL, NULL) != 0 ||
	    (long)cpu >= sysconf(_SC_NPROCESSORS_CONF))
		return 3;
	return 0;
}

static void on_timer(int sig)
{
	(void)sig;
}

/* The host does not make these calls again when a signal has come between. */
static int vsyscall_signals(void *v)
{
	const struct itimerval often = {{0, 500}, {0, 500}};
	int i, ret = 0;

	(void)v;
	signal(SIGALRM, on_timer);
	setitimer(ITIMER_REAL, &often, NULL);
	for (i = 0; i < 5000 && !ret; i++)
		ret = via_vsyscall(NULL);
	return ret;
}

static int vsyscall_odd(void *v)
{
	fault_setup();
	fault_call((char *)0xffffffffff600000UL + (long)v);
	return 0;
}

static int vsyscall_write(void *v)
{
	(void)v;
	return fault_write((void *)0xffffffffff600000UL, 1) == SIGSEGV ? 0 : 1;
}

static int via_sysenter(void *v)
{
	(void)v;
	signal(SIGILL, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	__asm__ volatile("mov %%rsp, %%rbp\n\tsysenter" ::"a"(20L)
			 : "rcx", "rdx", "memory");
	return 1;
}

static int far_call32(void *v)
{
	/* 32-bit code, which then calls by int 0x80: getpid, then exit with its
	 * low bits */
	static const unsigned char code[] = {0xb8, 20,	 0,    0,    0,	  0xcd,
					     0x80, 0x89, 0xc3, 0xb8, 1,	  0,
					     0,	   0,	 0xcd, 0x80, 0xf4};
	unsigned char *low =
		mmap((void *)0x30000000, 8192,
		     PROT_READ | PROT_WRITE | PROT_EXEC,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	(void)v;
	memcpy(low, code, sizeof code);
	amap->out[0] = getpid() & 0xff;
	__asm__ volatile(
		"sub $256, %%rsp\n\tpushq $0x23\n\tpush %0\n\tlretq" ::"r"(low)
		: "memory");
	return 1;
}

static void refused_or(int (*fn)(void *), void *arg, const char *what)
{
	int st = attack_run(fn, arg, 3000);

	ok(st == 0 || (st > 0 && WIFSIGNALED(st) && WTERMSIG(st) != SIGKILL),
	   "%s: the guest's, refused, or a fault: %#x", what, st);
	all_well(st, what);
}

int main(int argc, char **argv)
{
	attack_start(argc, argv, 60, 0);
	refused_or(via_int80, NULL, "int 0x80");
	int st = attack_run(via_int80_exit, NULL, 3000);
	ok(st == EXITED(9) || (st > 0 && WIFSIGNALED(st)),
	   "exit by int 0x80: %#x", st);
	refused_or(via_x32, NULL, "x32 numbers");
	eq(attack_run(numbers, NULL, 3000), 0, "numbers out of range: ENOSYS");
	refused_or(via_vsyscall, NULL, "vsyscall page");
	refused_or(vsyscall_signals, NULL, "vsyscall page, beside signals");
	for (long o = 1; o < 4096; o += 273)
		attack_run(vsyscall_odd, (void *)o, 1000);
	all_well(0, "jumps into the vsyscall page");
	eq(attack_run(vsyscall_write, NULL, 3000), 0, "a write there: SIGSEGV");
	st = attack_run(via_sysenter, NULL, 3000);
	ok(st == -1 || st > 0, "sysenter doesn't work: %#x", st);
	all_well(st, "sysenter");
	st = attack_run(far_call32, NULL, 3000);
	ok(st == -1 || WIFSIGNALED(st) || WEXITSTATUS(st) == amap->out[0],
	   "32-bit code: the guest's pid, or killed: %#x", st);
	all_well(st, "32-bit code");
	return tap_done();
}
