// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that few programs make, in the current directory:
 *
 *	hostfs_calls born FILE	its time of birth, of the host or the guest
 *	hostfs_calls all	renameat2 with whiteouts, handles, deduplication
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
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

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "born")) {
		born(argv[2]);
		return 0;
	}
	whiteouts();
	dedupe();
	handles();
	puts("done");
	return 0;
}
