// SPDX-License-Identifier: GPL-2.0
/* Anonymous memory: first touch, copy-on-write, stack growth, brk, far pages.
 */
#include "fault.h"
#include <sys/sysinfo.h>

#define PG 4096UL

static char *anon(size_t n, int prot, int flags)
{
	char *p =
		mmap(NULL, n, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED) {
		ok(0, "mmap of %zu: %s", n, strerror(errno));
		exit(tap_done());
	}
	return p;
}

static void touch(void)
{
	size_t n = 16 << 20;
	char *p = anon(n, PROT_READ | PROT_WRITE, 0);
	long bad = 0;

	for (size_t i = 0; i < n; i += PG)
		bad += p[i] != 0 || p[i + PG - 1] != 0;
	eq(bad, 0, "16 MiB read as zero");
	for (size_t i = 0; i < n; i += PG)
		*(size_t *)(p + i + 8) = i;
	for (size_t i = 0; i < n; i += PG)
		bad += *(size_t *)(p + i + 8) != i || *(size_t *)(p + i) != 0;
	eq(bad, 0, "each page keeps its own value, after a read fault");
	munmap(p, n);
	p = anon(n, PROT_READ | PROT_WRITE, 0);
	/* pages that were in use come back zeroed; in a scattered order */
	for (size_t k = 0, i = 0; k < n / PG; k++, i = (i + 1237 * PG) % n) {
		for (size_t j = 0; j < PG; j += 512)
			bad += p[i + j] != 0;
		memset(p + i, 0x5a, PG);
	}
	eq(bad, 0, "memory given back and taken again is zero");
	munmap(p, n);
}

static void cow(void)
{
	enum { N = 512 };
	char *p = anon(N * PG, PROT_READ | PROT_WRITE, 0);
	int *step = shared_alloc(4096);
	long bad = 0;

	for (int i = 0; i < N; i++)
		memset(p + (size_t)i * PG, i, PG);
	pid_t c = tap_fork();
	if (c == 0) {
		for (int i = 0; i < N; i++)
			bad += (unsigned char)p[(size_t)i * PG + 77] !=
			       (unsigned char)i;
		if (bad)
			_exit(1);
		for (int i = 0; i < N;
		     i += 2) /* the child writes the even pages */
			memset(p + (size_t)i * PG, 0xcc, PG);
		__atomic_store_n(&step[0], 1, __ATOMIC_RELEASE);
		if (wait_for(&step[1], 1, 20000))
			_exit(2);
		for (int i = 1; i < N;
		     i += 2) /* the parent wrote the odd ones */
			bad += (unsigned char)p[(size_t)i * PG + 99] !=
			       (unsigned char)i;
		for (int i = 0; i < N; i += 2)
			bad += (unsigned char)p[(size_t)i * PG] != 0xcc;
		_exit(bad ? 3 : 0);
	}
	wait_for(&step[0], 1, 20000);
	for (int i = 0; i < N; i++)
		bad += (unsigned char)p[(size_t)i * PG + 77] !=
		       (unsigned char)i;
	eq(bad, 0, "the parent doesn't see the child's writes");
	for (int i = 1; i < N; i += 2)
		memset(p + (size_t)i * PG, 0xdd, PG);
	__atomic_store_n(&step[1], 1, __ATOMIC_RELEASE);
	eq(tap_wait(c), 0, "the child doesn't see the parent's");
	/* after the child's death, the parent reuses its pages */
	for (int i = 0; i < N; i++)
		p[(size_t)i * PG]++;
	for (int i = 0; i < N; i++)
		bad += (unsigned char)p[(size_t)i * PG] !=
		       (unsigned char)((i & 1 ? 0xdd : i) + 1);
	eq(bad, 0, "pages are written again when the child is gone");

	/* the kernel writes into a COW page on behalf of one side */
	int fd[2];
	if (pipe(fd) < 0)
		exit(1);
	c = tap_fork();
	if (c == 0) {
		if (write(fd[1], "kernel", 6) != 6 || read(fd[0], p, 6) != 6)
			_exit(1);
		_exit(memcmp(p, "kernel", 6) ? 2 : 0);
	}
	eq(tap_wait(c), 0, "read() into a shared page, in the child");
	ok(memcmp(p, "kernel", 6) != 0, "stays in the child");

	/* a chain of forks, each with its layer */
	for (int g = 0; g < 5; g++) {
		c = tap_fork();
		if (c) {
			int st = tap_wait(c);

			if (g)
				_exit(st				 ? 1
				      : p[100 * PG + 1] == (char)(g - 1) ? 0
									 : 2);
			eq(st, 0, "five generations of copies");
			break;
		}
		p[100 * PG + 1] = (char)g;
		if (g == 4)
			_exit(0);
	}
	munmap(p, N * PG);
}

static __attribute__((noinline)) long recurse(long n)
{
	volatile char b[8192];

	b[0] = (char)n;
	b[8191] = (char)(n + 1);
	long r = n > 0 ? recurse(n - 1) : 0;
	return r + (b[0] == (char)n && b[8191] == (char)(n + 1));
}

static int deep(void *v)
{
	(void)v;
	return recurse(6 * 128) == 6 * 128 + 1 ? 0 : 1;
}

/* Far jumps below the stack pointer within the limit are served too. */
static int alloca_big(void *v)
{
	volatile char *p = __builtin_alloca(3 << 20);

	(void)v;
	p[0] = 1;
	p[1 << 20] = 2;
	return p[0] + p[1 << 20] == 3 ? 0 : 1;
}

static void stack(void)
{
	struct rlimit rl;

	getrlimit(RLIMIT_STACK, &rl);
	if (rl.rlim_cur < 8UL << 20) {
		skip("stack growth", "RLIMIT_STACK is below 8 MiB");
		return;
	}
	eq(in_child(deep, NULL), 0, "recursion 6 MiB deep");
	eq(in_child(alloca_big, NULL), 0, "a 3 MiB step down the stack");
}

static void brk_test(void)
{
	char *a = sbrk(0);
	long bad = 0;

	ok(sbrk(4 << 20) == a, "brk grows by 4 MiB");
	for (size_t i = 0; i < 4 << 20; i += PG) {
		bad += a[i] != 0;
		a[i] = 1;
	}
	eq(bad, 0, "zeroed");
	sbrk(-(4 << 20));
	ok(sbrk(0) == a, "and shrinks");
	char *edge = (char *)(((uintptr_t)a + PG - 1) & ~(PG - 1));
	fault_setup();
	eq(fault_read(edge + PG), SIGSEGV, "what it gave back is gone");
	sbrk(4 << 20);
	for (char *q = edge; q < a + (4 << 20); q += PG)
		bad += *q != 0;
	eq(bad, 0, "grown again: zero again");
	sbrk(-(4 << 20));
}

static void sparse(void)
{
	size_t n = 16UL << 40;
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	long bad = 0;

	if (!ok(p != MAP_FAILED, "16 TiB reserved: %s",
		p == MAP_FAILED ? strerror(errno) : "yes"))
		return;
	for (size_t i = 0; i < 400; i++)
		*(size_t *)(p + i * (n / 400 & ~7UL)) = i + 1;
	for (size_t i = 0; i < 400; i++)
		bad += *(size_t *)(p + i * (n / 400 & ~7UL)) != i + 1;
	eq(bad, 0, "400 pages far apart in it");
	pid_t c = tap_fork();
	if (c == 0) {
		for (size_t i = 0; i < 400; i++)
			bad += *(size_t *)(p + i * (n / 400 & ~7UL)) != i + 1;
		_exit(bad != 0);
	}
	eq(tap_wait(c), 0, "seen by a forked child");
	eq(munmap(p, n), 0, "unmapped");
}

static void limits(void)
{
	struct rlimit rl = {64 << 20, 64 << 20};

	eq_err((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0),
	       EINVAL, "length 0: EINVAL");
	eq_err((long)mmap(NULL, 1UL << 60, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	       ENOMEM, "2^60: ENOMEM");
	eq_err((long)mmap((void *)0x800000000000UL, PG, PROT_READ,
			  MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	       ENOMEM, "above the address space: ENOMEM");
	eq_err(munmap((void *)1, PG), EINVAL, "munmap unaligned: EINVAL");
	pid_t c = tap_fork();
	if (c == 0) {
		setrlimit(RLIMIT_AS, &rl);
		void *p = mmap(NULL, 128 << 20, PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		_exit(p == MAP_FAILED && errno == ENOMEM ? 0 : 1);
	}
	eq(tap_wait(c), 0, "RLIMIT_AS: ENOMEM");
	char *p = anon(3 * PG, PROT_READ | PROT_WRITE, 0);
	p[PG] = 7;
	eq_err((long)mmap(p + PG, PG, PROT_READ,
			  MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0),
	       EEXIST, "MAP_FIXED_NOREPLACE over a mapping: EEXIST");
	eq(p[PG], 7, "which is untouched");
	munmap(p + PG, PG);
	ok(mmap(p + PG, PG, PROT_READ,
		MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS, -1,
		0) == p + PG,
	   "in a hole: works");
	eq(p[PG], 0, "and is new");
	ok(mmap(p, 3 * PG, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0) == p,
	   "MAP_FIXED replaces");
	munmap(p, 3 * PG);
}

/* As an ordinary user nothing below vm.mmap_min_addr can be mapped. */
static int low_as_nobody(void *v)
{
	unsigned long min = *(unsigned long *)v;

	if (getuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
		return 2;
	for (unsigned long a = 0; a < min; a += PG) {
		void *p = mmap((void *)a, PG, PROT_READ,
			       MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p != MAP_FAILED || (errno != EPERM && errno != EACCES))
			return 1;
	}
	char *q = mmap((void *)min, PG, PROT_READ | PROT_WRITE,
		       MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (q == MAP_FAILED)
		return 3;
	*(volatile char *)q = 1;
	return 0;
}

static void low(void)
{
	unsigned long min = 0;
	FILE *f = fopen("/proc/sys/vm/mmap_min_addr", "r");

	if (!f || fscanf(f, "%lu", &min) != 1) {
		skip("mmap of low addresses", "no vm.mmap_min_addr");
		return;
	}
	fclose(f);
	ok(min >= PG, "vm.mmap_min_addr is at least a page: %lu", min);
	eq(in_child(low_as_nobody, &min), 0,
	   "nothing below it for an ordinary user, but from there on");
	/* root may be allowed to; then it must work */
	char *p = mmap((void *)PG, PG, PROT_READ | PROT_WRITE,
		       MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		tap_note("mmap at %#lx: %s", PG, strerror(errno));
		return;
	}
	eq(fault_write(p, 1), 0, "mmap at one page works where it is allowed");
	munmap(p, PG);
}

/* What is locked as it is touched is not touched by the kernel's guess. */
static void lock_on_fault(void)
{
	size_t n = 4 * 4096;
	unsigned char in[4];
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (syscall(SYS_mlock2, p, n, MLOCK_ONFAULT)) {
		eq(errno, 0, "mlock2");
		return;
	}
	p[4096] = 1;
	eq(mincore(p, n, in), 0, "mincore");
	ok((in[1] & 1) && !((in[0] | in[2] | in[3]) & 1),
	   "locked on fault: one page touched, one page there");
	munmap(p, n);
}

int main(void)
{
	tap_start(60);
	need_proc();
	fault_setup();
	touch();
	cow();
	stack();
	brk_test();
	sparse();
	limits();
	low();
	lock_on_fault();
	return tap_done();
}
