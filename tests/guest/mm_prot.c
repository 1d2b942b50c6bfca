// SPDX-License-Identifier: GPL-2.0
/* mprotect and what becomes of it: read-only, none, exec, code that changes. */
#include "fault.h"
#include <sys/uio.h>

#define PG 4096UL

static unsigned char *map(size_t n, int prot)
{
	unsigned char *p =
		mmap(NULL, n, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

static void read_only(void)
{
	unsigned char *p = map(16 * PG, PROT_READ | PROT_WRITE);
	int bad = 0;

	memset(p, 1, 16 * PG);
	eq(mprotect(p + 4 * PG, 4 * PG, PROT_READ), 0, "mprotect read-only");
	for (size_t i = 0; i < 16; i++) {
		int in = i >= 4 && i < 8;

		bad += fault_write(p + i * PG, 2) != (in ? SIGSEGV : 0);
		bad += in &&
		       (flt.code != SEGV_ACCERR || flt.addr != p + i * PG);
		bad += p[i * PG] != (in ? 1 : 2);
	}
	eq(bad, 0, "exactly its pages fault, ACCERR, and keep their values");
	int fd[2];
	if (pipe(fd) < 0 || write(fd[1], "abc", 3) != 3)
		exit(1);
	eq_err(read(fd[0], p + 5 * PG, 3), EFAULT,
	       "read() into a read-only page: EFAULT");
	eq(mprotect(p, 16 * PG, PROT_READ | PROT_WRITE), 0, "writable again");
	eq(fault_write(p + 5 * PG, 3), 0, "and written");
	eq(mprotect(p, 16 * PG, PROT_NONE), 0, "PROT_NONE");
	bad = 0;
	for (size_t i = 0; i < 16; i++)
		bad += fault_read(p + i * PG) != SIGSEGV ||
		       flt.code != SEGV_ACCERR;
	eq(bad, 0, "each read faults with ACCERR");
	eq_err(write(fd[1], p, 1), EFAULT, "write() from it: EFAULT");
	mprotect(p, 16 * PG, PROT_READ);
	eq(p[5 * PG] * 1000 + p[6 * PG], 3001,
	   "values are kept through PROT_NONE");
	munmap(p + PG, PG);
	eq_err(mprotect(p, 16 * PG, PROT_READ), ENOMEM,
	       "across a hole: ENOMEM");
	eq_err(mprotect(p + 1, PG, PROT_READ), EINVAL, "unaligned: EINVAL");
	close(fd[0]);
	close(fd[1]);
	munmap(p, 16 * PG);
}

/* A read-only page shared by fork: mprotect to writable, then COW. */
static void with_fork(void)
{
	unsigned char *p = map(2 * PG, PROT_READ | PROT_WRITE);

	p[0] = 1;
	mprotect(p, PG, PROT_READ);
	pid_t c = tap_fork();
	if (c == 0) {
		if (fault_write(p, 2) != SIGSEGV)
			_exit(1);
		mprotect(p, PG, PROT_READ | PROT_WRITE);
		p[0] = 3;
		_exit(p[0] == 3 ? 0 : 2);
	}
	eq(tap_wait(c), 0, "protection is inherited, and changed in the child");
	eq(fault_write(p, 4), SIGSEGV, "still read-only in the parent");
	eq(p[0], 1, "with its value");
	munmap(p, 2 * PG);
}

/* mov $v, %eax; ret */
static void emit(unsigned char *p, unsigned v)
{
	p[0] = 0xb8;
	memcpy(p + 1, &v, 4);
	p[5] = 0xc3;
}

static unsigned run(void *p)
{
	return ((unsigned (*)(void))(uintptr_t)p)();
}

static void exec(void)
{
	unsigned char *p = map(4 * PG, PROT_READ | PROT_WRITE);
	unsigned bad = 0;

	emit(p, 1);
	eq(fault_call(p), SIGSEGV, "data doesn't run");
	for (unsigned i = 0; i < 200; i++) {
		mprotect(p, PG, PROT_READ | PROT_WRITE);
		emit(p, i * 7);
		mprotect(p, PG, PROT_READ | PROT_EXEC);
		bad += run(p) != i * 7;
		if (i % 50 == 0)
			bad += fault_write(p, 0) != SIGSEGV;
	}
	eq(bad, 0, "write, protect, run, 200 times");
	mprotect(p + PG, PG, PROT_READ | PROT_WRITE | PROT_EXEC);
	for (unsigned i = 0; i < 1000; i++) {
		emit(p + PG, i * 3);
		bad += run(p + PG) != i * 3;
	}
	eq(bad, 0, "code that changes on a writable and executable page");
	/* two mappings of one memory, one to write, one to run */
	int fd = (int)syscall(SYS_memfd_create, "jit", 1U);
	if (fd < 0 || ftruncate(fd, (off_t)PG) < 0)
		exit(1);
	unsigned char *w =
		mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unsigned char *x =
		mmap(NULL, PG, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	if (!ok(x != MAP_FAILED, "memfd mapped for exec: %s",
		x == MAP_FAILED ? strerror(errno) : "yes"))
		return;
	for (unsigned i = 0; i < 1000; i++) {
		emit(w, i * 5);
		bad += run(x) != i * 5;
	}
	eq(bad, 0, "code written through one mapping, run through another");
	eq(fault_write(x, 0), SIGSEGV, "the one to run isn't writable");
	eq(fault_call(w), SIGSEGV, "the one to write doesn't run");
	munmap(w, PG);
	munmap(x, PG);
	close(fd);

	/* an instruction across two pages, the second of which faults */
	mprotect(p, 4 * PG, PROT_READ | PROT_WRITE | PROT_EXEC);
	emit(p + 3 * PG - 3, 77);
	eq(run(p + 3 * PG - 3), 77, "an instruction across two pages");
	mprotect(p + 3 * PG, PG, PROT_READ);
	eq(fault_call(p + 3 * PG - 3), SIGSEGV,
	   "its second page without exec: SIGSEGV");
	ok(flt.addr == p + 3 * PG && flt.ip == (unsigned long)(p + 3 * PG - 3),
	   "at the second page");
	munmap(p, 4 * PG);
}

static void exec_file(void)
{
	unsigned char b[PG];
	const char *d = chdir_tmp();
	int fd = open("code", O_RDWR | O_CREAT, 0700);

	memset(b, 0x90, sizeof b);
	emit(b, 4242);
	if (fd < 0 || write(fd, b, sizeof b) != (ssize_t)sizeof b)
		exit(1);
	void *p = mmap(NULL, PG, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED && errno == EPERM)
		skip("code from a file", "the directory is mounted noexec");
	else
		eq(p == MAP_FAILED ? 0 : run(p), 4242, "code from a file");
	unlink("code");
	close(fd);
	rmdir_tmp(d);
}

/* Alternating protections, one page each: 2000 mappings from one. */
static void splits(void)
{
	enum { N = 4000 };
	unsigned char *p = map(N * PG, PROT_READ | PROT_WRITE);
	int bad = 0;

	for (size_t i = 0; i < N; i++)
		p[i * PG] = (unsigned char)i;
	for (size_t i = 0; i < N; i += 2)
		bad += mprotect(p + i * PG, PG, PROT_READ) != 0;
	eq(bad, 0, "every second page made read-only");
	for (size_t i = 0; i < N; i++)
		bad += fault_write(p + i * PG + 1, 9) !=
			       (i & 1 ? 0 : SIGSEGV) ||
		       p[i * PG] != (unsigned char)i;
	eq(bad, 0, "each faults, or not, as it should");
	eq(mprotect(p, N * PG, PROT_READ | PROT_WRITE), 0,
	   "all writable at once");
	for (size_t i = 0; i < N; i++)
		bad += fault_write(p + i * PG + 2, 9) != 0;
	eq(bad, 0, "all are written");
	munmap(p, N * PG);
}

static void keys(void)
{
	long k = syscall(SYS_pkey_alloc, 0, 0);

	if (k < 0)
		return (void)skip_hw("protection keys", strerror(errno));
	unsigned char *p = map(PG, PROT_READ | PROT_WRITE);
	eq(syscall(SYS_pkey_mprotect, p, PG, PROT_READ | PROT_WRITE, k), 0,
	   "pkey_mprotect");
	eq(pkey_set((int)k, PKEY_DISABLE_ACCESS), 0, "pkey_set");
	eq(fault_read(p), SIGSEGV, "access disabled: SIGSEGV");
	eq(flt.code, SEGV_PKUERR, "SEGV_PKUERR");
	pkey_set((int)k, 0);
	munmap(p, PG);
}

int main(void)
{
	tap_start(60);
	fault_setup();
	read_only();
	with_fork();
	exec();
	exec_file();
	splits();
	keys();
	return tap_done();
}
