// SPDX-License-Identifier: GPL-2.0
/*
 * diskbench FILE BYTES NAME [direct] [drop] [first]: the same jobs on a file of the
 * host and on a disk of the guest. Prints one line for each job:
 *
 *	NAME JOB MB/s IOPS [COUNTER GROWTH]...
 *
 * of the best of its repetitions, since the rest is what else the machine does.
 * Writes are not timed up to stable storage: that is the host's device, and
 * ubd-flush.sh counts. With `first`, a first line is for writing what has never
 * been written; with `drop`, nothing is in this kernel's page cache when a
 * repetition begins. In a guest follow the kernel's counters that grew, per MiB or
 * per small operation, over all repetitions.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "counters.h"

#define LARGE	(1u << 20)
#define SMALL	4096u
/* Small ones, per repetition: a time within which we are seldom interrupted. */
#define OPS	2000u

static int fd;
static bool drop;
static const char *file, *name;
static uint64_t bytes;
static unsigned char *buf;
static uint32_t state = 1;

static void die(const char *what)
{
	fprintf(stderr, "diskbench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t random_number(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static void transfer(bool out, uint64_t at, uint32_t n)
{
	ssize_t done = out ? pwrite(fd, buf, n, (off_t)at) :
			     pread(fd, buf, n, (off_t)at);

	if (done != (ssize_t)n)
		die(file);
}

/* The time that one repetition takes. */
static double once(bool out, bool small)
{
	double start;
	uint64_t i;

	if (fdatasync(fd))	/* the last one's writes */
		die(file);
	if (drop)
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	start = now();
	if (small)
		for (i = 0; i < OPS; i++)
			transfer(out, random_number() % (bytes / SMALL) * SMALL,
				 SMALL);
	else
		for (i = 0; i + LARGE <= bytes; i += LARGE)
			transfer(out, i, LARGE);
	return now() - start;
}

static void job(const char *what, bool out, bool small, int reps)
{
	double best = 1e9, t, total = small ? (double)OPS * SMALL : (double)bytes;
	double ops = reps * (small ? OPS : (double)(bytes / LARGE));
	struct counters before, after;

	read_counters(&before);
	for (; reps; reps--) {
		t = once(out, small);
		best = t < best ? t : best;
	}
	read_counters(&after);
	printf("%s %s %.1f %.0f", name, what, total / best / 1e6,
	       total / (small ? SMALL : LARGE) / best);
	for (int i = 0; i < after.n; i++)
		if (counter_growth(&before, &after, i, ops) >= 0.005)
			printf(" %s %.2f", after.c[i].name,
			       counter_growth(&before, &after, i, ops));
	putchar('\n');
	fflush(stdout);
}

int main(int argc, char **argv)
{
	bool direct = false, first = false;
	int i;

	if (argc < 4)
		return 99;
	file = argv[1];
	bytes = strtoull(argv[2], NULL, 10);
	name = argv[3];
	for (i = 4; i < argc; i++) {
		drop |= !strcmp(argv[i], "drop");
		direct |= !strcmp(argv[i], "direct");
		first |= !strcmp(argv[i], "first");
	}
	fd = open(file, O_RDWR | (direct ? O_DIRECT : 0));
	if (fd < 0 || posix_memalign((void **)&buf, 4096, LARGE))
		die(file);
	memset(buf, 0x5a, LARGE);
	if (first)
		job("seq-write-first", true, false, 1);
	job("seq-write", true, false, 5);
	job("seq-read", false, false, 10);
	job("rand-read-4k", false, true, 40);
	job("rand-write-4k", true, true, 15);
	return 0;
}
