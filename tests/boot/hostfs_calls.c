// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that few programs make, in the current directory:
 *
 *	hostfs_calls born FILE	its time of birth, of the host or the guest
 *	hostfs_calls all	renameat2 with whiteouts, handles, deduplication;
 *				what is mapped, spliced and direct
 *	hostfs_calls append FILE	ways to change what can only grow
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CHECK(cond)                                                       \
	do {                                                              \
		if (!(cond)) {                                            \
			printf("line %d: %s: %s\n", __LINE__, #cond,      \
			       strerror(errno));                          \
			exit(1);                                          \
		}                                                         \
	} while (0)

static void born(const char *name)
{
	struct statx sx;

	CHECK(!statx(AT_FDCWD, name, 0, STATX_ALL, &sx));
	if (sx.stx_mask & STATX_BTIME)
		printf("%lld.%09u\n", (long long)sx.stx_btime.tv_sec,
		       sx.stx_btime.tv_nsec);
	else
		puts("none");
}

static void make(const char *name)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	CHECK(fd >= 0 && write(fd, name, strlen(name)) > 0);
	close(fd);
}

static int rename_with(const char *from, const char *to, unsigned int flags)
{
	errno = 0;
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void whiteouts(void)
{
	struct stat st, was;

	make("a");
	CHECK(!stat("a", &was));
	if (rename_with("a", "b", RENAME_WHITEOUT)) {
		/* an overlay has none inside */
		CHECK(errno == EINVAL || errno == EPERM);
		CHECK(!stat("a", &st) && st.st_ino == was.st_ino);
		puts("no whiteouts");
		return;
	}
	CHECK(!lstat("a", &st) && S_ISCHR(st.st_mode) && !st.st_rdev);
	CHECK(!stat("b", &st) && st.st_ino == was.st_ino && st.st_size == 1);
	CHECK(open("a", O_RDONLY) < 0 && errno == ENXIO);
	CHECK(rename_with("b", "a", RENAME_WHITEOUT | RENAME_EXCHANGE) &&
	      errno == EINVAL);
	CHECK(rename_with("b", "a", RENAME_WHITEOUT | RENAME_NOREPLACE) &&
	      errno == EEXIST);
	CHECK(!rename_with("b", "a", RENAME_WHITEOUT));
	CHECK(!stat("a", &st) && st.st_ino == was.st_ino);
	CHECK(!lstat("b", &st) && S_ISCHR(st.st_mode) && !st.st_rdev);
	CHECK(!unlink("b") && !unlink("a"));
	puts("whiteouts");
}

/* Sharing of equal parts is not done: programs are told so. */
static void dedupe(void)
{
	struct {
		struct file_dedupe_range range;
		struct file_dedupe_range_info info;
	} d = {.range = {.src_length = 4096, .dest_count = 1}};
	int a = open("x", O_CREAT | O_RDWR, 0600);
	int b = open("y", O_CREAT | O_RDWR, 0600);
	static char page[4096];

	CHECK(a >= 0 && b >= 0);
	CHECK(write(a, page, sizeof page) == sizeof page);
	CHECK(write(b, page, sizeof page) == sizeof page);
	d.info.dest_fd = b;
	if (ioctl(a, FIDEDUPERANGE, &d))
		CHECK(errno == EOPNOTSUPP);
	else
		CHECK(d.info.status == -EOPNOTSUPP);
	close(a);
	close(b);
}

/* A handle would outlive the file it was made of; there are none. */
static void handles(void)
{
	union {
		struct file_handle h;
		char space[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = {.h.handle_bytes = MAX_HANDLE_SZ};
	int id;

	CHECK(name_to_handle_at(AT_FDCWD, "x", &u.h, &id, 0) &&
	      errno == EOPNOTSUPP);
}

/* ---- one file, every way to read and write it ---- */

#define PG 4096

static char *map, page[2 * PG] __attribute__((aligned(PG)));

static int all_are(const char *p, char c)
{
	int i;

	for (i = 0; i < 2 * PG && p[i] == c; i++)
		;
	return i == 2 * PG;
}

/* By read, O_DIRECT, sendfile into another file, splice into a pipe, a copy:
 * all of it is c, and in the mapping. */
static void reads(int fd, int direct, char c)
{
	int other = open("other", O_CREAT | O_TRUNC | O_RDWR, 0600), p[2];
	int got = 0;
	ssize_t n;

	CHECK(other >= 0 && !pipe(p));
	CHECK(all_are(map, c));
	CHECK(pread(fd, page, 2 * PG, 0) == 2 * PG && all_are(page, c));
	CHECK(pread(direct, page, 2 * PG, 0) == 2 * PG && all_are(page, c));
	CHECK(sendfile(other, fd, &(off_t){0}, 2 * PG) == 2 * PG);
	CHECK(pread(other, page, 2 * PG, 0) == 2 * PG && all_are(page, c));
	CHECK(splice(fd, &(loff_t){0}, p[1], NULL, 2 * PG, 0) == 2 * PG);
	while (got < 2 * PG && (n = read(p[0], page + got, 2 * PG)) > 0)
		got += (int)n;
	CHECK(got == 2 * PG && all_are(page, c));
	CHECK(copy_file_range(fd, &(loff_t){0}, other, &(loff_t){2 * PG},
			      2 * PG, 0) == 2 * PG);
	CHECK(pread(other, page, 2 * PG, 2 * PG) == 2 * PG && all_are(page, c));
	close(other);
	close(p[0]);
	close(p[1]);
}

static void coherent(void)
{
	int fd = open("same", O_CREAT | O_TRUNC | O_RDWR, 0600), p[2];
	int direct = open("same", O_RDWR | O_DIRECT);

	CHECK(fd >= 0 && direct >= 0 && !pipe(p));
	CHECK(!ftruncate(fd, 2 * PG));
	map = mmap(NULL, 2 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	reads(fd, direct, 0);
	memset(map, 'm', 2 * PG);
	reads(fd, direct, 'm');
	memset(page, 'w', 2 * PG);
	CHECK(pwrite(fd, page, 2 * PG, 0) == 2 * PG);
	reads(fd, direct, 'w');
	memset(page, 'd', 2 * PG);
	CHECK(pwrite(direct, page, 2 * PG, 0) == 2 * PG);
	reads(fd, direct, 'd');
	memset(page, 's', 2 * PG);
	CHECK(write(p[1], page, 2 * PG) == 2 * PG);
	CHECK(splice(p[0], NULL, fd, &(loff_t){0}, 2 * PG, 0) == 2 * PG);
	reads(fd, direct, 's');
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		      2 * PG)) {
		CHECK(errno == EOPNOTSUPP);
		memset(map, 0, 2 * PG);
	}
	reads(fd, direct, 0);
	munmap(map, 2 * PG);
	close(fd);
	close(direct);
	CHECK(!unlink("same") && !unlink("other"));
}

/* On a mount with append: FILE is there. */
static void append(const char *name)
{
	int fd = open(name, O_WRONLY | O_APPEND);
	struct iovec v = {(char[]){"more"}, 4};

	CHECK(fd >= 0 && write(fd, "", 0) == 0);
	CHECK(open(name, O_WRONLY) < 0 && errno == EPERM);
	CHECK(open(name, O_RDWR | O_APPEND | O_TRUNC) < 0 && errno == EPERM);
	CHECK(fcntl(fd, F_SETFL, 0) && errno == EPERM);
	CHECK(ftruncate(fd, 0) && errno == EPERM);
	CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1) &&
	      errno == EPERM);
	CHECK(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 1) && errno == EPERM);
	CHECK(mmap(NULL, PG, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	CHECK(pwritev2(fd, &v, 1, 0, 0x20 /* RWF_NOAPPEND */) < 0);
	CHECK(copy_file_range(fd, NULL, fd, NULL, 1, 0) < 0);
	CHECK(setxattr(name, "user.x", "y", 1, 0) && errno == EPERM);
	CHECK(rename_with(name, "/mnt/new", RENAME_EXCHANGE) && errno == EPERM);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "append")) {
		append(argv[2]);
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "born")) {
		born(argv[2]);
		return 0;
	}
	whiteouts();
	dedupe();
	handles();
	coherent();
	puts("done");
	return 0;
}
