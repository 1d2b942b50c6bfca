// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors and data, for tests/boot/hostfs-fds.sh: hostfs_fds DIR. In steps;
 * after each it prints the step's name, and a number, and waits for a line.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES	300

#define CHECK(what) ((what) ? (void)0 : die(#what, __LINE__))

static void die(const char *what, int line)
{
	fprintf(stderr, "hostfs_fds:%d: %s: not so: %s\n", line, what,
		strerror(errno));
	exit(1);
}

static void step(const char *name, long n)
{
	char line[100];

	printf("%s %ld\n", name, n);
	fflush(stdout);
	CHECK(fgets(line, sizeof(line), stdin));
}

static const char *name(const char *what, int i)
{
	static char text[2][64];
	static int which;

	which = !which;
	snprintf(text[which], sizeof(text[which]), "%s-%d", what, i);
	return text[which];
}

/* Looks at all, and reads every tenth. */
static int look(const char *path, const struct stat *st, int type,
		struct FTW *ftw)
{
	static int n;
	char c;

	(void)st;
	(void)ftw;
	if (type == FTW_F && !(++n % 10)) {
		int fd = open(path, O_RDONLY);

		CHECK(fd >= 0 && read(fd, &c, 1) >= 0 && !close(fd));
	}
	return 0;
}

/* Inodes in memory, of all hostfs mounts. */
static long cached(void)
{
	FILE *f = fopen("/proc/slabinfo", "r");
	char line[300];
	long n = -1;

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "hostfs_inode %ld", &n) == 1)
			break;
	fclose(f);
	return n;
}

static void write_to(int fd, int i)
{
	char text[5000];

	memset(text, 'a' + i % 26, sizeof(text));
	CHECK(write(fd, text, sizeof(text)) == sizeof(text));
}

static void check_data(int fd, int i)
{
	char text[6000], want[5000];

	memset(want, 'a' + i % 26, sizeof(want));
	CHECK(pread(fd, text, sizeof(text), 0) == sizeof(want));
	CHECK(!memcmp(text, want, sizeof(want)));
}

/* Dirty, closed, then not to be written any more, or without a name. */
static void close_and_lose(void)
{
	int i, fd;

	for (i = 0; i < FILES; i++) {
		fd = open(name("work/f", i), O_CREAT | O_EXCL | O_WRONLY, 0600);
		CHECK(fd >= 0);
		write_to(fd, i);
		CHECK(!close(fd));
		switch (i % 3) {
		case 0:
			CHECK(!chmod(name("work/f", i), 0444));
			break;
		case 1:
			CHECK(!link(name("work/f", i), name("work/g", i)));
			CHECK(!unlink(name("work/f", i)));
			break;
		default:
			CHECK(!rename(name("work/f", i), name("work/h", i)));
			CHECK(!chmod(name("work/h", i), 0));
		}
	}
}

/* Open, dirty and removed; every third was replaced by a rename. */
static void open_and_remove(int *fds)
{
	int i;

	for (i = 0; i < FILES; i++) {
		fds[i] = open(name("work/o", i), O_CREAT | O_EXCL | O_RDWR, 0600);
		CHECK(fds[i] >= 0);
		write_to(fds[i], i);
		if (i % 3 == 0) {
			int fd = open("work/new", O_CREAT | O_WRONLY, 0600);

			CHECK(fd >= 0 && !close(fd));
			CHECK(!rename("work/new", name("work/o", i)));
		}
		CHECK(!unlink(name("work/o", i)));
		if (i % 3 == 1)
			CHECK(!flock(fds[i], LOCK_EX));
		CHECK(!fchmod(fds[i], 0400));
	}
}

int main(int argc, char **argv)
{
	int fds[FILES], i;

	CHECK(argc == 2 && !chdir(argv[1]));
	step("start", 0);
	CHECK(!nftw("many", look, 100, FTW_PHYS));
	step("cached", cached());
	close_and_lose();
	step("closed", cached());
	open_and_remove(fds);
	step("open", FILES);
	for (i = 0; i < FILES; i++) {
		check_data(fds[i], i);
		CHECK(!close(fds[i]));
	}
	step("end", cached());
	return 0;
}
