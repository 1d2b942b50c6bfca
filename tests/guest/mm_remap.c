// SPDX-License-Identifier: GPL-2.0
/* mremap, madvise, mlock, mincore, process_vm_*, /proc/self/mem, userfaultfd.
 */
#include "fault.h"
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#define PG 4096UL
#define RW (PROT_READ | PROT_WRITE)

static unsigned char *map(size_t pages)
{
	unsigned char *p =
		mmap(NULL, pages * PG, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	for (size_t i = 0; i < pages; i++)
		p[i * PG] = (unsigned char)(i + 1);
	return p;
}

static int kept(unsigned char *p, size_t pages)
{
	size_t n = 0;

	for (size_t i = 0; i < pages; i++)
		n += p[i * PG] == (unsigned char)(i + 1);
	return n == pages;
}

static void remap(void)
{
	unsigned char *p = map(64), *q, *r;

	munmap(p + 32 * PG, 32 * PG);
	q = mremap(p, 32 * PG, 64 * PG, 0);
	ok(q == p && kept(p, 32) && p[32 * PG] == 0, "grows in place");
	q = mremap(p, 64 * PG, 32 * PG, 0);
	ok(q == p && fault_read(p + 32 * PG) == SIGSEGV, "shrinks in place");
	mmap(p + 32 * PG, PG, PROT_READ,
	     MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	eq_err((long)mremap(p, 32 * PG, 64 * PG, 0), ENOMEM,
	       "no room and no MAYMOVE: ENOMEM");
	q = mremap(p, 32 * PG, 64 * PG, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED && q != p && kept(q, 32),
	   "MAYMOVE moves, with the values");
	eq(fault_read(p), SIGSEGV, "the old place is gone");
	r = map(64);
	p = mremap(q, 32 * PG, 32 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
		   r + 8 * PG);
	ok(p == r + 8 * PG && kept(p, 32), "MREMAP_FIXED over other pages");
	ok(r[7 * PG] == 8 && r[40 * PG] == 41, "with its neighbours untouched");
	eq(fault_read(q), SIGSEGV, "the old place is gone");
	eq(q[32 * PG], 0, "the part not moved is there");
	eq_err((long)mremap(r, 4 * PG, 4 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
			    r + PG),
	       EINVAL, "overlap: EINVAL");
	eq_err((long)mremap((void *)0x10000, PG, PG, 0), EFAULT,
	       "of nothing: EFAULT");
	/* pages never touched, and pages of a child, move too */
	pid_t c = tap_fork();
	if (c == 0) {
		unsigned char *z = mremap(p, 32 * PG, 128 * PG, MREMAP_MAYMOVE);
		z[0] = 77;
		z[100 * PG] = 5;
		_exit(z[5 * PG] == 6 && z[0] == 77 ? 0 : 1);
	}
	eq(tap_wait(c), 0, "a forked child moves its copy");
	ok(kept(p, 32), "the parent's is untouched");
	q = mremap(r, 4 * PG, 4 * PG, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	if (q == MAP_FAILED)
		skip("MREMAP_DONTUNMAP", strerror(errno));
	else
		ok(kept(q, 4) && r[0] == 0,
		   "MREMAP_DONTUNMAP leaves zero pages");
	/* back and forth */
	unsigned char *a = map(16),
		      *b = mmap(NULL, 16 * PG, RW, MAP_PRIVATE | MAP_ANONYMOUS,
				-1, 0);
	int bad = 0;
	for (int i = 0; i < 100; i++) {
		bad += mremap(a, 16 * PG, 16 * PG,
			      MREMAP_MAYMOVE | MREMAP_FIXED, b) != b ||
		       !kept(b, 16);
		bad += fault_read(a) != SIGSEGV;
		unsigned char *t = a;
		a = b;
		b = t;
	}
	eq(bad, 0, "a hundred moves");
}

static void advise(void)
{
	unsigned char *p = map(64), vec[64];
	int n = 0;

	eq(madvise(p + 8 * PG, 8 * PG, MADV_DONTNEED), 0, "MADV_DONTNEED");
	for (size_t i = 8; i < 16; i++)
		n += p[i * PG] == 0;
	ok(n == 8 && p[7 * PG] == 8 && p[16 * PG] == 17,
	   "zeroes its pages and no other");
	eq(madvise(p + 16 * PG, 8 * PG, MADV_FREE), 0, "MADV_FREE");
	n = 0;
	for (size_t i = 16; i < 24; i++)
		n += p[i * PG] == 0 || p[i * PG] == (unsigned char)(i + 1);
	eq(n, 8, "leaves old or zero");
	p[16 * PG] = 99;
	eq(p[16 * PG], 99, "a write after it stays");
	eq_err(madvise(p, PG, 12345), EINVAL, "unknown advice: EINVAL");
	eq(mincore(p, 64 * PG, vec), 0, "mincore");
	madvise(p + 32 * PG, 32 * PG, MADV_DONTNEED);
	mincore(p, 64 * PG, vec);
	n = 0;
	for (int i = 32; i < 64; i++)
		n += vec[i] & 1;
	ok((vec[0] & 1) && n == 0,
	   "mincore: touched pages are there, dropped ones not");
	if (mlock(p + 32 * PG, 4 * PG) < 0) {
		skip("mlock", strerror(errno));
	} else {
		mincore(p, 64 * PG, vec);
		n = 0;
		for (int i = 32; i < 36; i++)
			n += vec[i] & 1;
		eq(n, 4, "mlock brings pages in");
		eq_err(madvise(p + 32 * PG, PG, MADV_DONTNEED), EINVAL,
		       "MADV_DONTNEED on them: EINVAL");
		eq(munlock(p + 32 * PG, 4 * PG), 0, "munlock");
	}
	eq(madvise(p, 64 * PG, MADV_DONTFORK), 0, "MADV_DONTFORK");
	pid_t c = tap_fork();
	if (c == 0)
		_exit(fault_read(p) == SIGSEGV ? 0 : 1);
	eq(tap_wait(c), 0, "not in the child");
	madvise(p, 64 * PG, MADV_DOFORK);
	if (madvise(p, 64 * PG, MADV_WIPEONFORK) == 0) {
		c = tap_fork();
		if (c == 0)
			_exit(p[0] != 0);
		eq(tap_wait(c), 0, "MADV_WIPEONFORK: zero in the child");
		eq(p[0], 1, "kept in the parent");
	}
	munmap(p, 64 * PG);

	size_t n4 = 4 << 20;
	unsigned char *h =
		mmap(NULL, 2 * n4, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	h = (unsigned char *)(((uintptr_t)h + n4 - 1) & ~(n4 - 1));
	int huge = madvise(h, n4, MADV_HUGEPAGE) == 0;
	long bad = 0;
	for (size_t i = 0; i < n4; i += PG)
		*(size_t *)(h + i) = i;
	/* split a huge page from all sides */
	mprotect(h + (1 << 20), PG, PROT_READ);
	madvise(h + (2 << 20) + 5 * PG, 3 * PG, MADV_DONTNEED);
	munmap(h + (3 << 20), PG);
	for (size_t i = 0; i < n4; i += PG)
		if (i != 3 << 20)
			bad += *(size_t *)(h + i) !=
			       (i >= (2 << 20) + 5 * PG &&
						i < (2 << 20) + 8 * PG
					? 0
					: i);
	eq(bad, 0, "%s: split by mprotect, madvise and munmap",
	   huge ? "huge pages" : "no huge pages");
	eq(fault_write(h + (1 << 20), 1), SIGSEGV, "its read-only page");
	eq(fault_read(h + (3 << 20)), SIGSEGV, "its hole");
}

static void other_process(void)
{
	unsigned char *p = map(4), b[3 * PG];
	pid_t c = tap_fork();
	int st;

	if (c == 0) {
		for (;;)
			pause();
	}
	for (int i = 0; i < 4; i++)
		p[(size_t)i * PG] = 0;
	struct iovec l = {b, sizeof b}, r = {p, 3 * PG};
	eq(process_vm_readv(c, &l, 1, &r, 1, 0), 3 * (long)PG,
	   "process_vm_readv");
	ok(kept(b, 3), "reads the child's values");
	memset(b, 0xee, sizeof b);
	eq(process_vm_writev(c, &l, 1, &r, 1, 0), 3 * (long)PG,
	   "process_vm_writev");
	memset(b, 0, sizeof b);
	process_vm_readv(c, &l, 1, &r, 1, 0);
	ok(b[0] == 0xee && b[3 * PG - 1] == 0xee && p[0] == 0,
	   "writes the child's memory only");
	r.iov_base = (void *)8;
	eq_err(process_vm_readv(c, &l, 1, &r, 1, 0), EFAULT,
	       "of nothing: EFAULT");
	kill(c, SIGKILL);
	waitpid(c, &st, 0);
	eq_err(process_vm_readv(c, &l, 1, &r, 1, 0), ESRCH,
	       "of a dead process: ESRCH");

	int fd = open("/proc/self/mem", O_RDWR);
	static const volatile int constant = 4711;
	int v = 5;
	if (fd < 0)
		return (void)skip("/proc/self/mem", strerror(errno));
	eq(pread(fd, &v, 4, (off_t)(uintptr_t)&constant), 4,
	   "/proc/self/mem: read");
	eq(v, 4711, "its value");
	mprotect(p, PG, PROT_READ);
	v = 815;
	long w = pwrite(fd, &v, 4, (off_t)(uintptr_t)p);
	ok(w == 4 ? *(int *)p == 815 : 1,
	   "write through it to a read-only page: %s",
	   w == 4 ? "works, and is seen" : strerror(errno));
	eq_err(pread(fd, &v, 4, 8), EIO, "of nothing: EIO");
	close(fd);
	munmap(p, 4 * PG);
}

static unsigned char *uarea;
static void *uffd_serve(void *v)
{
	int fd = *(int *)v;
	struct uffd_msg m;
	unsigned char page[PG];

	for (int i = 0; i < 8; i++) {
		struct pollfd pf = {.fd = fd, .events = POLLIN};

		if (poll(&pf, 1, 10000) != 1 ||
		    read(fd, &m, sizeof m) != sizeof m)
			return "no message";
		size_t off = m.arg.pagefault.address - (uintptr_t)uarea;
		memset(page, (int)(off / PG + 10), sizeof page);
		struct uffdio_copy cp = {.dst = (uintptr_t)uarea +
						(off & ~(PG - 1)),
					 .src = (uintptr_t)page,
					 .len = PG};
		if (ioctl(fd, UFFDIO_COPY, &cp) < 0)
			return "UFFDIO_COPY";
	}
	return NULL;
}

static void uffd(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffdio_api api = {.api = UFFD_API};
	pthread_t t;
	void *r;
	int bad = 0;

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0)
		return (void)skip("userfaultfd", strerror(errno));
	uarea = mmap(NULL, 8 * PG, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register reg = {.range = {(uintptr_t)uarea, 8 * PG},
				      .mode = UFFDIO_REGISTER_MODE_MISSING};
	eq(ioctl(fd, UFFDIO_REGISTER, &reg), 0, "userfaultfd: register");
	pthread_create(&t, NULL, uffd_serve, &fd);
	for (size_t i = 0; i < 8; i++)
		bad += uarea[i * PG + 5] != i + 10;
	pthread_join(t, &r);
	ok(!bad && !r, "userfaultfd serves eight pages%s%s", r ? ": " : "",
	   r ? (char *)r : "");
	close(fd);
}

int main(void)
{
	tap_start(60);
	need_proc();
	fault_setup();
	remap();
	advise();
	other_process();
	uffd();
	return tap_done();
}
