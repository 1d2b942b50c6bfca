// SPDX-License-Identifier: GPL-2.0
/* File mappings, shared and private; memfd; shared anonymous memory. */
#include "fault.h"
#include <sys/ipc.h>
#include <sys/shm.h>

#define PG 4096UL

static void shared_file(void)
{
	int fd = tmp_file(8 * PG);
	char b[16], *p, *q;
	struct stat st;

	p = mmap(NULL, 8 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	q = mmap(NULL, 4 * PG, PROT_READ, MAP_SHARED, fd, (off_t)(2 * PG));
	ok(p != MAP_FAILED && q != MAP_FAILED, "shared mappings of a file");
	for (int i = 0; i < 8; i++)
		if (p[(size_t)i * PG] != i + 1)
			ok(0, "page %d holds %d", i, p[(size_t)i * PG]);
	p[2 * PG + 5] = 'A';
	eq(q[5], 'A', "a second mapping at an offset sees a write");
	eq(pread(fd, b, 1, (off_t)(2 * PG + 5)), 1, "read()");
	eq(b[0], 'A', "read() sees it");
	eq(pwrite(fd, "B", 1, (off_t)(3 * PG + 7)), 1, "write()");
	ok(p[3 * PG + 7] == 'B' && q[PG + 7] == 'B',
	   "both mappings see a write()");
	eq(msync(p, 8 * PG, MS_SYNC), 0, "msync");
	pid_t c = tap_fork();
	if (c == 0) {
		p[6 * PG] = 'C';
		_exit(p[2 * PG + 5] == 'A' ? 0 : 1);
	}
	eq(tap_wait(c), 0, "a child sees it");
	eq(p[6 * PG], 'C', "and its write is seen");
	if (ftruncate(fd, 20 * (off_t)PG) < 0 || fstat(fd, &st) < 0)
		exit(1);
	eq(st.st_size, 20 * (long)PG, "file extended under the mapping");
	fault_setup();
	q = mmap(NULL, 32 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	eq(fault_write(q + 19 * PG, 3), 0, "write to a hole");
	eq(fault_write(q + 20 * PG, 3), SIGBUS, "write beyond the end: SIGBUS");
	munmap(q, 32 * PG);
	munmap(p, 8 * PG);
	eq(pread(fd, b, 1, (off_t)(19 * PG)), 1, "read of it");
	eq(b[0], 3, "the value is in the file");
	close(fd);
}

static void private_file(void)
{
	int fd = tmp_file(8 * PG);
	char b[16], *p = mmap(NULL, 8 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			      fd, 0);

	p[PG] = 'x';
	pread(fd, b, 1, (off_t)PG) == 1
		? eq(b[0], 2, "a private write stays out of the file")
		: ok(0, "pread");
	eq(pwrite(fd, "Y", 1, (off_t)PG) + pwrite(fd, "Z", 1, (off_t)(5 * PG)),
	   2, "file is written");
	eq(p[PG], 'x', "a page written before keeps its copy");
	eq(p[5 * PG], 'Z', "a page only mapped shows the file");
	pid_t c = tap_fork();
	if (c == 0) {
		p[6 * PG] = 'c';
		p[PG] = 'd';
		_exit(0);
	}
	tap_wait(c);
	ok(p[6 * PG] == 7 && p[PG] == 'x',
	   "a child's private writes stay there");
	eq(madvise(p, 8 * PG, MADV_DONTNEED), 0, "MADV_DONTNEED");
	eq(p[PG], 'Y', "shows the file again");
	munmap(p, 8 * PG);

	int ro = open("/proc/self/exe", O_RDONLY);
	eq_err((long)mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0),
	       EACCES, "shared and writable from a read-only fd: EACCES");
	p = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro, 0);
	ok(p != MAP_FAILED && !memcmp(p, "\177ELF", 4),
	   "private and writable: the program itself");
	p[0] = 'Q';
	eq(p[0], 'Q', "written");
	munmap(p, PG);
	close(ro);
	close(fd);
}

/* Many pages through a mapping, compared with read(), in both directions. */
static void bulk(void)
{
	size_t n = 4 << 20;
	int fd = (int)syscall(SYS_memfd_create, "bulk", 1U);
	char *p, *b = malloc(n);

	if (!ok(fd >= 0 && ftruncate(fd, (off_t)n) == 0, "memfd of 4 MiB"))
		return;
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (size_t i = 0; i < n; i += 8)
		*(size_t *)(p + i) = i * 0x9e3779b97f4a7c15UL;
	eq(pread(fd, b, n, 0), (long)n, "read of it");
	ok(!memcmp(b, p, n), "read() gives what was stored");
	for (size_t i = 0; i < n; i++)
		b[i] ^= 0x55;
	eq(pwrite(fd, b, n, 0), (long)n, "write of it");
	ok(!memcmp(b, p, n), "loads give what was written");
	eq(fallocate(fd, 3, (off_t)(64 * PG), (off_t)(64 * PG)), 0,
	   "punch a hole");
	long bad = 0;
	for (size_t i = 0; i < n; i++)
		bad += p[i] != (i >= 64 * PG && i < 128 * PG ? 0 : b[i]);
	eq(bad, 0, "the hole reads zero, the rest is kept");
	munmap(p, n);
	close(fd);
	free(b);
}

static void seals(void)
{
	int fd = (int)syscall(SYS_memfd_create, "seal", 3U);
	char *p;

	if (fd < 0 || ftruncate(fd, (off_t)PG) < 0) {
		ok(0, "memfd with seals: %s", strerror(errno));
		return;
	}
	p = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	eq_err(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY,
	       "F_SEAL_WRITE while mapped writable");
	munmap(p, PG);
	eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK), 0, "sealed");
	eq_err((long)mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
	       EPERM, "no new writer");
	eq_err(ftruncate(fd, 0), EPERM, "no shrinking");
	close(fd);
}

static void shared_anon(void)
{
	long *n = shared_alloc(64 * PG);
	pid_t p[4];

	for (int i = 0; i < 4; i++) {
		p[i] = tap_fork();
		if (p[i] == 0) {
			for (int k = 0; k < 50000; k++)
				__atomic_add_fetch(&n[0], 1, __ATOMIC_RELAXED);
			for (int k = 1; k < 64;
			     k++) /* pages nobody touched before */
				__atomic_add_fetch(&n[(size_t)k * 512], i + 1,
						   __ATOMIC_RELAXED);
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++)
		tap_wait(p[i]);
	eq(n[0], 200000, "shared anonymous: four processes count together");
	long bad = 0;
	for (int k = 1; k < 64; k++)
		bad += n[(size_t)k * 512] != 10;
	eq(bad, 0, "and share pages first touched by children");
	munmap(n, 64 * PG);

	int id = shmget(IPC_PRIVATE, 4 * PG, IPC_CREAT | 0600);
	if (id < 0) {
		skip("System V shared memory", strerror(errno));
		return;
	}
	char *a = shmat(id, NULL, 0), *b = shmat(id, NULL, SHM_RDONLY);
	a[PG] = 9;
	eq(b[PG], 9, "System V: two attachments share");
	eq(fault_write(b, 1), SIGSEGV, "the read-only one is");
	shmctl(id, IPC_RMID, NULL);
	shmdt(a);
	eq(fault_read(a), SIGSEGV, "detached");
	shmdt(b);
}

/* A page mapped many times in one process: all are the same. */
static void aliases(void)
{
	enum { N = 200 };
	int fd = tmp_file(PG);
	char *p[N];
	int bad = 0;

	for (int i = 0; i < N; i++)
		p[i] = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			    0);
	for (int i = 0; i < N; i++)
		p[i][i] = (char)(i + 1);
	for (int i = 0; i < N; i++)
		bad += p[(i * 7 + 3) % N][i] != (char)(i + 1);
	eq(bad, 0, "200 mappings of a page are one");
	for (int i = 0; i < N; i++)
		munmap(p[i], PG);
	close(fd);
}

int main(void)
{
	tap_start(60);
	need_proc();
	shared_file();
	private_file();
	bulk();
	seals();
	shared_anon();
	aliases();
	return tap_done();
}
