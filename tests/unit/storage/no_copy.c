// SPDX-License-Identifier: GPL-2.0
/*
 * What the host is handed is the guest's memory itself: each piece of a
 * request, in its place, by raw and COW disks, inline and by a thread; across a
 * seam of a COW disk, too.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "../../../ubd/abi/host_ubd.h"
#include "../drivers/check.h"

#define BYTES	(1u << 20)
#define PIECES	5u

static char dir[] = "/tmp/no-copy-XXXXXX";
static struct host_ubd_info info;
static struct host_ubd *disk;
static char memory[BYTES] __attribute__((aligned(4096)));
/* Whether each byte was moved by a call of the host. */
static char moved[BYTES];

/* ---- the host's calls, seen ---- */

ssize_t __real_preadv2(int fd, const struct iovec *iov, int n, off_t off,
		       int flags);
ssize_t __wrap_preadv2(int fd, const struct iovec *iov, int n, off_t off,
		       int flags);
ssize_t __real_pwritev(int fd, const struct iovec *iov, int n, off_t off);
ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int n, off_t off);

static void note(const struct iovec *iov, ssize_t bytes)
{
	for (; bytes > 0; iov++) {
		char *at = iov->iov_base;
		size_t len = iov->iov_len < (size_t)bytes ? iov->iov_len :
							    (size_t)bytes;

		if (at >= memory && at + len <= memory + BYTES)
			memset(moved + (at - memory), 1, len);
		bytes -= (ssize_t)len;
	}
}

ssize_t __wrap_preadv2(int fd, const struct iovec *iov, int n, off_t off,
		       int flags)
{
	ssize_t got = __real_preadv2(fd, iov, n, off, flags);

	note(iov, got);
	return got;
}

ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int n, off_t off)
{
	ssize_t put = __real_pwritev(fd, iov, n, off);

	note(iov, put);
	return put;
}

/* ---- requests ---- */

/* A request at off, of pieces that are neither in order nor beside each other;
 * the host has moved these and nothing else. */
static void request(u32 op, u64 off)
{
	static const u32 at[PIECES] = { 500 << 10, 0, 8192, 300 << 10, 200 << 10 };
	static const u32 len[PIECES] = { 512, 4096, 65536 - 512, 8192, 4096 };
	struct host_iov iov[PIECES];
	struct host_ubd_req req = { .op = op, .offset = off, .iov = iov,
				    .niov = PIECES };
	struct timespec t = { 0, 100000 };
	u32 i, j, wrong = 0;
	static char want[BYTES];

	memset(want, 0, sizeof(want));
	memset(moved, 0, sizeof(moved));
	for (i = 0; i < PIECES; i++) {
		iov[i] = (struct host_iov){ memory + at[i], len[i] };
		req.len += len[i];
		memset(want + at[i], 1, len[i]);
	}
	if (!host_ubd_submit(disk, &req))
		while (!host_ubd_take_done(disk))
			nanosleep(&t, NULL);
	CHECK_INT(req.error, 0);
	for (j = 0; j < BYTES; j++)
		wrong += want[j] != moved[j];
	CHECK_INT(wrong, 0);
}

static void requests(const char *file, const char *backing, u32 flags)
{
	struct host_ubd_config c = { .name = "ubd0", .file = file,
				     .backing = backing, .flags = flags };

	if (!CHECK(!host_ubd_open(&c, &disk, &info))) {
		fprintf(stderr, "%s\n", info.err);
		return;
	}
	request(HOST_UBD_READ, 65536);
	request(HOST_UBD_WRITE, 65536);
	request(HOST_UBD_READ, 65536);
	request(HOST_UBD_READ, 65536 + 8192);	/* ends behind what was written */
	request(HOST_UBD_READ, 65536 - 1536);	/* begins before it */
	host_ubd_close(disk);
}

int main(void)
{
	char raw[64], base[64], cow[64], command[80];
	int fd;

	alarm(100);
	if (!mkdtemp(dir))
		return 1;
	snprintf(raw, sizeof(raw), "%s/raw", dir);
	snprintf(base, sizeof(base), "%s/base", dir);
	snprintf(cow, sizeof(cow), "%s/cow", dir);
	fd = open(raw, O_CREAT | O_RDWR, 0600);
	CHECK_INT(ftruncate(fd, BYTES), 0);
	close(fd);
	fd = open(base, O_CREAT | O_RDWR, 0600);
	CHECK_INT(ftruncate(fd, BYTES), 0);
	close(fd);
	requests(raw, NULL, 0);
	requests(raw, NULL, HOST_UBD_THREAD);
	requests(cow, base, 0);
	unlink(cow);
	requests(cow, base, HOST_UBD_THREAD);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) != 0 || check_failures != 0;
}
