// SPDX-License-Identifier: GPL-2.0
/*
 * What a child of fork sees of its parent's memory, and each of the other's
 * writes: nothing. With memory of every kind (mm/fork.c copies some of it at
 * fork and shares the rest), of every size, many forks long.
 */
#include "tap.h"
#include <pthread.h>

#define PG	4096UL

static unsigned char *map(size_t pages, int flags, int fd)
{
	void *p = mmap(NULL, pages * PG, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED) {
		ok(0, "mmap: %s", strerror(errno));
		exit(tap_done());
	}
	return p;
}

/* Each page says which it is, and which round wrote it. */
static void put(unsigned char *area, size_t page, unsigned long round)
{
	unsigned long *words = (unsigned long *)(area + page * PG);

	words[0] = page;
	words[PG / 8 - 1] = round;
}

static int says(const unsigned char *area, size_t page, unsigned long round)
{
	const unsigned long *words = (const unsigned long *)(area + page * PG);

	return words[0] == page && words[PG / 8 - 1] == round;
}

/* A child that finds all pages as the parent left them, and writes to all, and
 * then its child the same. */
static void check_and_write(unsigned char *area, const unsigned long *rounds,
			    size_t pages, int deeper)
{
	int st;

	for (size_t i = 0; i < pages; i++)
		if (!says(area, i, rounds[i]))
			_exit(1);
	for (size_t i = 0; i < pages; i++)
		put(area, i, ~0UL - i);
	if (deeper) {
		pid_t p = fork();

		if (p == 0) {
			for (size_t i = 0; i < pages; i++)
				if (!says(area, i, ~0UL - i))
					_exit(2);
			_exit(0);
		}
		if (p < 0 || waitpid(p, &st, 0) != p || st)
			_exit(3);
	}
	for (size_t i = 0; i < pages; i++)
		if (!says(area, i, ~0UL - i))
			_exit(4);
	_exit(0);
}

/* Every step-th page is written to before each fork; others long ago. */
static void rounds(size_t pages, size_t step, unsigned long forks)
{
	unsigned char *area = map(pages, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	unsigned long *last = calloc(pages, sizeof *last), n;
	size_t i, bad = 0;
	int st = 0;

	for (i = 0; i < pages; i++)
		put(area, i, 0);
	for (n = 1; n <= forks && !st && !bad; n++) {
		for (i = n % step; i < pages; i += step)
			put(area, i, last[i] = n);
		pid_t p = tap_fork();

		if (p == 0)
			check_and_write(area, last, pages, n % 8 == 0);
		/* while it runs */
		for (i = n % (step + 1); i < pages; i += step + 1)
			put(area, i, last[i] = n + forks);
		st = tap_wait(p);
		for (i = 0; i < pages; i++)
			bad += !says(area, i, last[i]);
	}
	ok(!st && !bad,
	   "%zu pages, every %zu. written to before each of %lu forks: child %#x, "
	   "parent %zu bad", pages, step, forks, st, bad);
	munmap(area, pages * PG);
	free(last);
}

/* Holes, pages that are only read, read-only pages, between pages written to. */
static void mixed(void)
{
	unsigned char *area = map(64, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	volatile unsigned char sum = 0;
	int st;

	for (size_t i = 0; i < 64; i++) {
		if (i % 4 == 0)
			area[i * PG] = (unsigned char)(i + 1);
		if (i % 4 == 1)
			sum += area[i * PG];	/* the zero page */
	}
	for (size_t i = 8; i < 64; i += 16)
		mprotect(area + i * PG, PG, PROT_READ);
	pid_t p = tap_fork();

	if (p == 0) {
		for (size_t i = 0; i < 64; i++)
			if (area[i * PG] != (i % 4 ? 0 : i + 1))
				_exit(1);
		for (size_t i = 0; i < 64; i++)
			if (i % 16 != 8)
				area[i * PG] = 0xee;
		_exit(0);
	}
	st = tap_wait(p);
	for (size_t i = 0; i < 64; i++)
		if (area[i * PG] != (i % 4 ? 0 : i + 1))
			st |= 0x10000;
	eq(st, 0, "holes, read and read-only pages between written ones");
	ok(!sum, "pages never written to are zero");
	munmap(area, 64 * PG);
}

static void advice(void)
{
	unsigned char *gone = map(4, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	unsigned char *wiped = map(4, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	unsigned char *shared = map(1, MAP_SHARED | MAP_ANONYMOUS, -1);
	int st;

	memset(gone, 1, 4 * PG);
	memset(wiped, 1, 4 * PG);
	*shared = 1;
	eq(madvise(gone, 4 * PG, MADV_DONTFORK), 0, "MADV_DONTFORK");
	eq(madvise(wiped, 4 * PG, MADV_WIPEONFORK), 0, "MADV_WIPEONFORK");
	pid_t p = tap_fork();

	if (p == 0) {
		int ok = !wiped[0] && !wiped[3 * PG] && *shared == 1;

		*shared = 2;
		*(volatile unsigned char *)gone = 2;
		_exit(!ok);	/* not reached */
	}
	st = tap_wait(p);
	ok(WIFSIGNALED(st) && WTERMSIG(st) == SIGSEGV,
	   "what is not for the child is not there: %#x", st);
	eq(*shared, 2, "shared memory is shared, and the rest was as it should");
	eq(gone[0] + wiped[0], 2, "the parent keeps its own");
	munmap(gone, 4 * PG);
	munmap(wiped, 4 * PG);
}

/* A private mapping of a file: written pages are the process's, others follow
 * the file. */
static void of_file(void)
{
	int fd = tmp_file(8 * PG), st;
	unsigned char *area = map(8, MAP_PRIVATE, fd);

	for (int i = 0; i < 8; i += 2)
		area[i * PG] = 'p';
	for (int n = 0; n < 4; n++) {
		pid_t p = tap_fork();

		if (p == 0) {
			for (int i = 0; i < 8; i++) {
				if (area[i * PG] != (i % 2 ? i + 1 : 'p'))
					_exit(1);
				area[i * PG] = 'c';
			}
			_exit(0);
		}
		st = tap_wait(p);
		for (int i = 0; i < 8; i++)
			st |= area[i * PG] != (i % 2 ? i + 1 : 'p');
		eq(st, 0, "private file mapping, fork %d", n + 1);
	}
	munmap(area, 8 * PG);
	close(fd);
}

/*
 * A thread writes a, then b; what a child sees is from one moment: never b
 * newer than a. Many pages lie between them.
 */
static unsigned char *pair;
static volatile int pair_stop;

static void *write_pair(void *arg)
{
	for (unsigned long n = 1; !pair_stop; n++) {
		__atomic_store_n((unsigned long *)pair, n, __ATOMIC_SEQ_CST);
		__atomic_store_n((unsigned long *)(pair + 99 * PG), n,
				 __ATOMIC_SEQ_CST);
	}
	return arg;
}

static void threads(void)
{
	pthread_t t;
	int st = 0;

	pair = map(100, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	for (size_t i = 0; i < 100; i++)
		pair[i * PG + 1] = 0;
	pthread_create(&t, NULL, write_pair, NULL);
	for (int n = 0; n < 200 && !st; n++) {
		pid_t p = tap_fork();

		if (p == 0) {
			unsigned long a = *(unsigned long *)pair;
			unsigned long b = *(unsigned long *)(pair + 99 * PG);

			_exit(b > a || a > b + 1);
		}
		st = tap_wait(p);
	}
	pair_stop = 1;
	pthread_join(t, NULL);
	eq(st, 0, "the memory of one moment, beside a thread that writes");
	munmap(pair, 100 * PG);
}

int main(void)
{
	tap_start(180);
	rounds(1, 1, 8);
	rounds(40, 3, 40);
	rounds(127, 1, 8);
	rounds(2000, 7, 40);	/* more than is copied */
	mixed();
	advice();
	of_file();
	threads();
	return tap_done();
}
