// SPDX-License-Identifier: GPL-2.0
/*
 * Threads against each other on one address space. A writer loops over a
 * page; another thread takes the page away (mprotect, munmap, DONTNEED,
 * mremap, fork's write protection): when that call has returned, no write may
 * land, and the writer gets its fault.
 */
#include "fault.h"
#include <pthread.h>
#include <sched.h>

#define PG 4096UL
#define RW (PROT_READ | PROT_WRITE)

static volatile unsigned long *volatile target;
static volatile int faults, quit, paused, may_write = 1;
static volatile unsigned long written;

/* Writes ever larger numbers; on a fault waits for may_write. */
static void *writer(void *v)
{
	static unsigned long n;

	(void)v;

	while (!quit) {
		volatile unsigned long *p = target;

		if (FAULT_TRY({
			    while (!quit && p == target) {
				    *p = ++n;
				    written = n;
			    }
		    })) {
			if (flt.sig != SIGSEGV || flt.addr < (void *)p ||
			    flt.addr > (void *)(p + 1))
				return "wrong fault";
			faults++;
			may_write = 0;
			paused = 1;
			while (!may_write && !quit)
				sched_yield();
			paused = 0;
		}
	}
	return NULL;
}

static int moves(void)
{
	unsigned long a = written;

	for (int i = 0; i < 20000; i++) {
		if (written > a)
			return 1;
		usleep(100);
	}
	return 0;
}

static int writer_faults(int was)
{
	return wait_for(&faults, was + 1, 5000) == 0 &&
	       wait_for(&paused, 1, 5000) == 0;
}

static void go_on(void)
{
	may_write = 1;
	for (int i = 0; i < 20000 && paused; i++)
		usleep(100);
}

static void protect(void)
{
	enum { ROUNDS = 100 };
	volatile unsigned long *p = target;
	int landed = 0, missed = 0, stuck = 0;

	for (int i = 0; i < ROUNDS; i++) {
		if (!moves())
			stuck++;
		int was = faults;
		mprotect((void *)p, PG, PROT_READ);
		unsigned long v = *p;
		for (int k = 0; k < 2000; k++)
			if (*p != v) {
				landed++;
				break;
			}
		if (!writer_faults(was))
			missed++;
		landed += *p != v;
		mprotect((void *)p, PG, RW);
		go_on();
	}
	eq(landed, 0, "mprotect: no write lands after it returned");
	eq(missed, 0, "mprotect: the writer gets its fault");
	eq(stuck, 0, "mprotect: the writer goes on");
}

/* The page is unmapped, and another comes to its place: it must stay clean. */
static void unmap(void)
{
	volatile unsigned long *p = target;
	int dirty = 0, missed = 0;

	for (int i = 0; i < 100; i++) {
		moves();
		int was = faults;
		munmap((void *)p, PG);
		if (!writer_faults(was))
			missed++;
		volatile unsigned long *q =
			mmap((void *)p, PG, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		dirty += *q != 0;
		mprotect((void *)q, PG, RW);
		dirty += *q != 0;
		go_on();
	}
	eq(missed, 0, "munmap: the writer gets its fault");
	eq(dirty, 0, "munmap: the page that follows is clean");
}

/* Freed pages go to another process at once: the stale writer must not reach
 * them. */
static void reuse(void)
{
	volatile unsigned long *p = target;
	int bad = 0;

	for (int i = 0; i < 20; i++) {
		unsigned char *q = mmap(NULL, 256 * PG, RW,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		moves();
		madvise((void *)p, PG, MADV_DONTNEED);
		memset(q, 0x77, 256 * PG);
		sched_yield();
		for (size_t k = 0; k < 256 * PG; k++)
			bad += q[k] != 0x77;
		munmap(q, 256 * PG);
	}
	eq(bad, 0, "MADV_DONTNEED: pages taken by others are not written");
}

static void remap(void)
{
	volatile unsigned long *p = target, *q;
	int landed = 0, missed = 0;

	for (int i = 0; i < 50; i++) {
		moves();
		int was = faults;
		q = mmap(NULL, PG, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		q = mremap((void *)p, PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED,
			   (void *)q);
		unsigned long v = *q;
		if (!writer_faults(was))
			missed++;
		landed += *q != v;
		mremap((void *)q, PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED,
		       (void *)p);
		go_on();
	}
	eq(landed, 0, "mremap: no write lands in the page that moved");
	eq(missed, 0, "mremap: the writer gets its fault at the old place");
}

/* After a fork the child's copy stands still while the parent's thread writes.
 */
static void forks(void)
{
	volatile unsigned long *p = target;
	int bad = 0;

	for (int i = 0; i < 20; i++) {
		moves();
		pid_t c = tap_fork();
		if (c == 0) {
			unsigned long v = *p;

			for (int k = 0; k < 200; k++) {
				if (*p != v)
					_exit(1);
				usleep(10);
			}
			_exit(0);
		}
		bad += tap_wait(c) != 0;
	}
	eq(bad, 0, "fork: the child's copy stands still");
}

/* Many threads fault, map and unmap in the same areas at once. */
static unsigned char *field;
static void *farmer(void *v)
{
	unsigned seed = (unsigned)(uintptr_t)v;

	for (int i = 0; i < 1500; i++) {
		seed = seed * 1664525 + 1013904223;
		unsigned char *p = field + (seed >> 20) % 256 * PG;

		switch (seed >> 8 & 7) {
		case 0:
			madvise(p, PG, MADV_DONTNEED);
			break;
		case 1:
			mprotect(p, PG, PROT_READ);
			break;
		case 2:
			mprotect(p, 4 * PG, RW);
			break;
		case 3:
			mmap(p, PG, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			     -1, 0);
			break;
		case 4:
			munmap(p, PG);
			break;
		default:
			fault_write(p, i);
			fault_read(p + 9);
		}
		if (flt.sig && flt.sig != SIGSEGV)
			return "a signal other than SIGSEGV";
	}
	return NULL;
}

static void together(void)
{
	pthread_t t[4];
	int bad = 0;
	void *r;

	field = mmap(NULL, 260 * PG, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (long i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, farmer, (void *)(i + 1));
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &r);
		bad += r != NULL;
	}
	eq(bad, 0, "four threads fault, protect, map and unmap in one area");
	munmap(field, 260 * PG);
}

static void *half(void *v)
{
	long k = (long)v;

	for (size_t i = 0; i < 1024; i++)
		((unsigned long *)(field + i * PG))[k] =
			i * 4 + (unsigned long)k + 1;
	return NULL;
}

static void same_pages(void)
{
	pthread_t t[4];
	long bad = 0;

	for (int round = 0; round < 5; round++) {
		field = mmap(NULL, 1024 * PG, RW, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
		for (long i = 0; i < 4; i++)
			pthread_create(&t[i], NULL, half, (void *)i);
		for (int i = 0; i < 4; i++)
			pthread_join(t[i], NULL);
		for (size_t i = 0; i < 1024; i++)
			for (size_t k = 0; k < 4; k++)
				bad += ((unsigned long *)(field + i * PG))[k] !=
				       i * 4 + k + 1;
		munmap(field, 1024 * PG);
	}
	eq(bad, 0, "four threads touch the same new pages: no write is lost");
}

int main(void)
{
	pthread_t t;
	void *r;

	tap_start(120);
	fault_setup();
	target = mmap(NULL, PG, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_create(&t, NULL, writer, NULL);
	protect();
	unmap();
	reuse();
	remap();
	forks();
	quit = 1;
	pthread_join(t, &r);
	ok(!r, "the writer saw only its own faults%s%s", r ? ": " : "",
	   r ? (char *)r : "");
	together();
	same_pages();
	return tap_done();
}
