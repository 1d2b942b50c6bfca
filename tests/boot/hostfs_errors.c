// SPDX-License-Identifier: GPL-2.0
/*
 * Errors that the host gives when it is to write or read a file, in the current
 * directory:
 *
 *	hostfs_errors write NAME ERROR		each writing of NAME fails so
 *	hostfs_errors some NAME ERROR		some of 4 MiB can be written
 *	hostfs_errors read NAME			each reading fails, with EIO
 *
 * Nothing is lost without being told: by close() or fsync(), whichever comes
 * first, even if stat() has met it before; and only to who wrote.
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
#include <sys/wait.h>
#include <unistd.h>

#define PG 4096
#define BIG (512 << 10)

#define CHECK(cond)                                                       \
	do {                                                              \
		if (!(cond)) {                                            \
			printf("line %d: %s: %s\n", __LINE__, #cond,      \
			       strerror(errno));                          \
			exit(1);                                          \
		}                                                         \
	} while (0)

/* Is it that error? */
#define FAILS(call) CHECK((errno = 0, (call) < 0 && errno == expected))

static char page[BIG] __attribute__((aligned(PG)));
static int expected;
static const char *name;

static int wrote(int flags)
{
	int fd = open(name, O_RDWR | flags);

	CHECK(fd >= 0);
	CHECK(pwrite(fd, page, 3 * PG, 0) == 3 * PG);
	return fd;
}

/* Who has not written is not told. */
static void others(void)
{
	int fd = open(name, O_RDWR);

	CHECK(fd >= 0 && !close(fd));
	fd = open(name, O_WRONLY | O_APPEND);
	CHECK(fd >= 0 && !fsync(fd) && !close(fd));
}

static void by_write(void)
{
	struct stat st;
	int fd, two, status;
	pid_t pid;

	fd = wrote(0);
	FAILS(close(fd));
	others();
	/* met by a look at it, by others, by itself */
	fd = wrote(0);
	CHECK(!fstat(fd, &st) && !stat(name, &st));
	FAILS(close(fd));
	others();
	fd = wrote(0);
	sync();
	CHECK(!stat(name, &st));
	FAILS(fsync(fd));
	CHECK(!fsync(fd) && !close(fd));
	/* close() does not keep it from who shares the file */
	fd = wrote(0);
	two = dup(fd);
	FAILS(close(two));
	FAILS(fsync(fd));
	CHECK(!close(fd));
	fd = wrote(0);
	pid = fork();
	if (!pid)
		_exit(0);
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	FAILS(fdatasync(fd));
	CHECK(!close(fd));
	/* of a program that has ended without a look, at least one hears */
	pid = fork();
	if (!pid) {
		wrote(0);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	fd = open(name, O_WRONLY);
	CHECK(fd >= 0);
	FAILS(fsync(fd));
	CHECK(!close(fd));
	others();
	/* at once */
	fd = open(name, O_WRONLY | O_SYNC);
	CHECK(fd >= 0);
	FAILS(pwrite(fd, page, PG, 0));
	close(fd);
	fd = open(name, O_WRONLY);
	CHECK(fd >= 0);
	FAILS(pwrite(fd, page, BIG, 1 << 20));
	CHECK(!close(fd));
}

static void by_map(void)
{
	int fd = open(name, O_RDWR);
	char *map = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(fd >= 0 && map != MAP_FAILED);
	map[0] = 'm';
	FAILS(msync(map, PG, MS_SYNC));
	CHECK(!munmap(map, PG) && !close(fd));
}

/* The host takes a part of it. */
static void some(void)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600), i;
	struct stat st;

	CHECK(fd >= 0);
	for (i = 0; i < 1024; i++)
		if (pwrite(fd, page, PG, (off_t)i * PG) != PG)
			break;
	if (i < 1024)	/* at once, then */
		CHECK(errno == expected);
	CHECK(!fstat(fd, &st));
	FAILS(close(fd));
	others();
	CHECK(!unlink(name));
}

/* ---- reading ---- */

static sigjmp_buf back;

static void on_bus(int sig)
{
	siglongjmp(back, sig);
}

static void by_read(void)
{
	int fd = open(name, O_RDWR);
	volatile char *map;

	expected = EIO;
	CHECK(fd >= 0);
	FAILS(pread(fd, page, PG, 0));
	FAILS(pread(fd, page, BIG, 0));
	/* a part of a page, the rest of which cannot be had */
	FAILS(pwrite(fd, page, 10, 10));
	map = mmap(NULL, PG, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	signal(SIGBUS, on_bus);
	if (!sigsetjmp(back, 1)) {
		(void)*map;
		CHECK(!"SIGBUS");
	}
	CHECK(!close(fd));
}

int main(int argc, char **argv)
{
	CHECK(argc >= 3);
	name = argv[2];
	if (!strcmp(argv[1], "read")) {
		by_read();
		return 0;
	}
	CHECK(argc == 4);
	while (expected < 4096 && (!strerrorname_np(expected) ||
				   strcmp(strerrorname_np(expected), argv[3])))
		expected++;
	CHECK(expected < 4096);
	if (!strcmp(argv[1], "some")) {
		some();
		return 0;
	}
	by_write();
	by_map();
	return 0;
}
