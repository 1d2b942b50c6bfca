// SPDX-License-Identifier: GPL-2.0
/*
 * Large reads and writes, which go past the page cache, at their edges:
 *
 *	hostfs_through DIR [SMALL]
 *
 * SMALL is a directory whose file system has room for less than 16 MiB.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define PG 4096
#define MB (1 << 20)

static unsigned char *area; /* 16 MiB */

#define CHECK(cond)                                                       \
	do {                                                              \
		if (!(cond)) {                                            \
			printf("line %d: %s: %s\n", __LINE__, #cond,      \
			       strerror(errno));                          \
			exit(1);                                          \
		}                                                         \
	} while (0)

static void fill(unsigned char *p, size_t len, int c)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (unsigned char)((size_t)c + i / PG + i);
}

static int is(const unsigned char *p, size_t len, int c)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != (unsigned char)((size_t)c + i / PG + i))
			return 0;
	return 1;
}

/* Of a file that has nothing in the cache. */
static int fresh(const char *name, int flags, int c)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_RDWR | flags, 0644);

	CHECK(fd >= 0);
	fill(area, MB, c);
	CHECK(write(fd, area, MB) == MB);
	return fd;
}

static void drop(int fd)
{
	CHECK(!fsync(fd) && !posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
}

/* From a mapping of the file itself, and into one of another file. */
static void mappings(void)
{
	int a = fresh("a", 0, 1), b = fresh("b", 0, 2);
	unsigned char *map;

	drop(a);
	map = mmap(NULL, MB, PROT_READ, MAP_SHARED, a, 0);
	CHECK(map != MAP_FAILED);
	CHECK(pwrite(a, map, MB, 0) == MB);
	CHECK(pwrite(a, map, MB, MB) == MB);
	CHECK(is(map, MB, 1));
	munmap(map, MB);
	drop(a);
	CHECK(pread(a, area, 2 * MB, 0) == 2 * MB);
	CHECK(is(area, MB, 1) && is(area + MB, MB, 1));
	drop(a);
	map = mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_SHARED, b, 0);
	CHECK(map != MAP_FAILED);
	CHECK(pread(a, map, MB, 0) == MB);
	munmap(map, MB);
	drop(b);
	CHECK(pread(b, area, MB, 0) == MB && is(area, MB, 1));
	close(a);
	close(b);
}

/* Memory that ends in the middle: what there is of it, and no error. */
static void holes(void)
{
	unsigned char *hole = area + 4 * MB;
	int a = fresh("a", 0, 3);
	ssize_t n;

	CHECK(!mprotect(hole, PG, PROT_NONE));
	n = pread(a, hole - MB / 2, MB, 0);
	CHECK(n > 0 && n <= MB / 2);
	CHECK(is(hole - MB / 2, (size_t)n, 3));
	CHECK(pread(a, hole, MB, 0) < 0 && errno == EFAULT);
	fill(hole - MB / 2, MB / 2, 4);
	n = pwrite(a, hole - MB / 2, MB, 0);
	CHECK(n > 0 && n <= MB / 2);
	CHECK(pwrite(a, hole, MB, 0) < 0 && errno == EFAULT);
	CHECK(!mprotect(hole, PG, PROT_READ | PROT_WRITE));
	CHECK(pread(a, area, MB, 0) == MB && is(area, (size_t)n, 4));
	CHECK(lseek(a, 0, SEEK_END) == MB);
	close(a);
}

static void ends(void)
{
	int a = fresh("a", 0, 5), b;
	struct rlimit all, some = {MB + 5 * PG + 7, RLIM_INFINITY};

	CHECK(pread(a, area, 16 * MB, 3 * PG) == MB - 3 * PG);
	CHECK(pread(a, area, MB, MB) == 0);
	/* what was not written is zeros, also where a page was cached */
	CHECK(pwrite(a, "x", 1, MB + 17) == 1);
	fill(area, MB, 6);
	CHECK(pwrite(a, area, MB, 2 * MB + 5) == MB);
	CHECK(pread(a, area, 4 * MB, 0) == 3 * MB + 5);
	CHECK(is(area, MB, 5) && area[MB + 17] == 'x' && !area[MB + 18] &&
	      !area[2 * MB + 4] && is(area + 2 * MB + 5, MB, 6));
	close(a);
	/* appended by two, and with a limit */
	a = fresh("a", O_APPEND, 7);
	b = open("a", O_APPEND | O_WRONLY);
	fill(area, MB, 8);
	CHECK(write(b, area, MB) == MB && write(a, area, MB) == MB);
	CHECK(pread(a, area, 4 * MB, 0) == 3 * MB);
	CHECK(is(area, MB, 7) && is(area + MB, MB, 8) && is(area + 2 * MB, MB, 8));
	close(b);
	close(a);
	a = fresh("a", 0, 9);
	signal(SIGXFSZ, SIG_IGN);
	CHECK(!getrlimit(RLIMIT_FSIZE, &all));
	some.rlim_max = all.rlim_max;
	CHECK(!setrlimit(RLIMIT_FSIZE, &some));
	CHECK(pwrite(a, area, MB, MB) == 5 * PG + 7);
	CHECK(pwrite(a, area, MB, 2 * MB) < 0 && errno == EFBIG);
	CHECK(!setrlimit(RLIMIT_FSIZE, &all));
	close(a);
}

/* The guest's root writes for an ordinary user here. */
static void suid(void)
{
	int a = fresh("a", 0, 1);
	struct stat st;

	CHECK(!fchmod(a, 04777) && !chmod(".", 0777) && !seteuid(1000));
	CHECK(pwrite(a, area, MB, 0) == MB);
	CHECK(!seteuid(0) && !fstat(a, &st));
	CHECK((st.st_mode & 07777) == 0777);
	close(a);
}

static void full(void)
{
	int a = open("full", O_CREAT | O_RDWR, 0600);
	off_t size = 0;
	ssize_t n;

	CHECK(a >= 0);
	while ((n = write(a, area, 16 * MB)) > 0)
		size += n;
	CHECK(n < 0 && errno == ENOSPC);
	CHECK(size > 0 && size < 16 * MB);
	CHECK(lseek(a, 0, SEEK_END) == size && !fsync(a));
	close(a);
	unlink("full");
}

/* ---- a mapping that is looked at all the time ---- */

static unsigned char *watched;
static atomic_int stop;

static void *look(void *arg)
{
	unsigned long sum = 0;

	while (!stop)
		for (int i = 0; i < MB; i += PG)
			sum += *(volatile unsigned char *)(watched + i);
	(void)arg;
	return (void *)sum;
}

static void races(int rounds)
{
	int a = fresh("a", 0, 0);
	pthread_t thread;

	watched = mmap(NULL, MB, PROT_READ, MAP_SHARED, a, 0);
	CHECK(watched != MAP_FAILED);
	CHECK(!pthread_create(&thread, NULL, look, NULL));
	for (int i = 0; i < rounds; i++) {
		fill(area, MB, i);
		CHECK(!madvise(watched, MB, MADV_DONTNEED));
		drop(a);
		CHECK(pwrite(a, area, MB, 0) == MB);
		CHECK(is(watched, MB, i));
	}
	stop = 1;
	pthread_join(thread, NULL);
	munmap(watched, MB);
	close(a);
}

int main(int argc, char **argv)
{
	if (argc < 2 || chdir(argv[1]))
		return 2;
	area = mmap(NULL, 16 * MB, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED);
	mappings();
	holes();
	ends();
	suid();
	races(100);
	if (argc > 2) {
		CHECK(!chdir(argv[2]));
		full();
	}
	puts("done");
	return 0;
}
