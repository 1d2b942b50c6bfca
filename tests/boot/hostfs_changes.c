// SPDX-License-Identifier: GPL-2.0
/*
 * What a program of the guest meets when the host changes its files:
 *
 *	hostfs_changes map FILE
 *
 * FILE has three pages of "x". Says "mapped" when it has it mapped, shared, and
 * goes on after a line on standard input, when it has been truncated to one
 * page and a half.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PG 4096

#define CHECK(cond)                                                       \
	do {                                                              \
		if (!(cond)) {                                            \
			printf("line %d: %s: %s\n", __LINE__, #cond,      \
			       strerror(errno));                          \
			exit(1);                                          \
		}                                                         \
	} while (0)

static sigjmp_buf back;

static void on_bus(int sig)
{
	siglongjmp(back, sig);
}

/* -1: SIGBUS */
static int peek(const volatile char *p)
{
	return sigsetjmp(back, 1) ? -1 : *p;
}

static int poke(volatile char *p)
{
	if (sigsetjmp(back, 1))
		return -1;
	*p = 'y';
	return 0;
}

int main(int argc, char **argv)
{
	char line[10], *map, buf[3 * PG];
	struct stat st;
	int fd;

	CHECK(argc == 3 && !strcmp(argv[1], "map"));
	signal(SIGBUS, on_bus);
	fd = open(argv[2], O_RDONLY);
	CHECK(fd >= 0);
	map = mmap(NULL, 3 * PG, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED && peek(map) == 'x' && peek(map + 2 * PG) == 'x');
	puts("mapped");
	fflush(stdout);
	CHECK(fgets(line, sizeof(line), stdin));
	/* not looked at again yet: whatever it is, it is not the end of us */
	peek(map + 2 * PG);
	CHECK(!statx(fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_ALL,
		     &(struct statx){}));
	CHECK(!fstat(fd, &st) && st.st_size == PG + PG / 2);
	CHECK(peek(map) == 'x' && peek(map + PG) == 'x');
	CHECK(peek(map + PG + PG / 2) == 0);
	CHECK(peek(map + 2 * PG) == -1);
	CHECK(read(fd, buf, sizeof(buf)) == PG + PG / 2);
	munmap(map, 3 * PG);
	close(fd);
	/* one that the guest writes at the same time loses what is behind the
	 * end, not the guest */
	fd = open(argv[2], O_RDWR);
	map = mmap(NULL, 2 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(fd >= 0 && map != MAP_FAILED && !poke(map + PG));
	puts("written");
	fflush(stdout);
	CHECK(fgets(line, sizeof(line), stdin));
	poke(map);
	poke(map + PG);
	CHECK(!msync(map, 2 * PG, MS_SYNC) || errno == EIO);
	CHECK(!fstat(fd, &st));
	munmap(map, 2 * PG);
	CHECK(!close(fd));
	puts("done");
	return 0;
}
