// SPDX-License-Identifier: GPL-2.0
/*
 * A store past the page cache, against a model: transfers of any offset,
 * length and memory, also behind the end of the file. What goes to the host
 * with O_DIRECT is aligned, whatever was asked for; what is aligned goes there
 * as it is; and the file never gets longer than what was written.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../ubd/host/io_direct.h"
#include "../drivers/check.h"
#include "cutio.h"

#define SIZE	(300u << 10)
#define MOST	(100u << 10)

static int direct_fd = -1;
static u32 block, memory;
static u64 direct_calls, cached_calls;
static unsigned char model[SIZE + MOST];
static u64 end;
static char path[] = "/tmp/direct-XXXXXX";

ssize_t __real_preadv2(int fd, const struct iovec *iov, int n, off_t off,
		       int flags);
ssize_t __wrap_preadv2(int fd, const struct iovec *iov, int n, off_t off,
		       int flags);
ssize_t __real_pwritev(int fd, const struct iovec *iov, int n, off_t off);
ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int n, off_t off);

static void look(int fd, const struct iovec *iov, int n, off_t off)
{
	if (fd != direct_fd) {
		cached_calls++;
		return;
	}
	direct_calls++;
	CHECK(off % block == 0);
	for (; n--; iov++) {
		CHECK((uintptr_t)iov->iov_base % memory == 0);
		CHECK(iov->iov_len && iov->iov_len % block == 0);
	}
}

ssize_t __wrap_preadv2(int fd, const struct iovec *iov, int n, off_t off,
		       int flags)
{
	look(fd, iov, n, off);
	return __real_preadv2(fd, iov, n, off, flags);
}

ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int n, off_t off)
{
	look(fd, iov, n, off);
	return __real_pwritev(fd, iov, n, off);
}

/* ---- */

static void move(struct io *io, bool write, u64 off, u64 len, u32 shift,
		 u32 pieces)
{
	static _Alignas(4096) unsigned char buffer[MOST + 4096];
	unsigned char *at = buffer + shift;
	struct iovec v[4];
	struct io_span span = { v, 0, len };
	u64 done = 0, i;
	u32 k;

	for (k = 0; k < pieces; k++) {
		u64 n = k + 1 == pieces ? len - done :
			len / pieces / block * block;

		v[k] = (struct iovec){ at + done, n };
		done += n;
	}
	for (i = 0; i < len; i++)
		at[i] = (unsigned char)random_below(256);
	if (write) {
		CHECK_INT(io_write_span(io, &span, off), 0);
		memcpy(model + off, at, len);
		if (off + len > end)
			end = off + len;
	} else {
		CHECK_INT(io_read_span(io, &span, off, false), 0);
		CHECK(!memcmp(at, model + off, len));
	}
}

static void test_model(struct io *io, u32 rounds)
{
	u64 off, len;
	u32 i, shift;

	for (i = 0; i < rounds && check_failures < 5; i++) {
		off = random_below(SIZE);
		len = 1 + random_below(random_below(2) ? 3000 : MOST);
		shift = random_below(4096);
		switch (random_below(4)) {
		case 0: break;
		case 1: off &= ~511ull; len = (len + 511) & ~511ull;
			shift &= ~511u; break;
		case 2: off &= ~4095ull; len = (len + 4095) & ~4095ull;
			shift = 0; break;
		case 3: off &= ~4095ull; break;
		}
		if (len > MOST)
			len = MOST;
		move(io, random_below(2), off, len, shift, 1 + random_below(4));
		if (i % 100 == 0)
			CHECK_INT(io->ops->size(io), (s64)end);
	}
}

static void test_ways(struct io *io)
{
	u64 before = cached_calls;

	direct_calls = 0;
	move(io, true, 16384, 16384, 0, 2);	/* as it is */
	move(io, false, 16384, 16384, 0, 2);
	CHECK_INT((s64)direct_calls, 2);
	move(io, true, 16384, 16384, 1, 2);	/* through a buffer */
	move(io, false, 16384, 16384, 1, 2);
	CHECK_INT((s64)direct_calls, 4);
	CHECK_INT((s64)(cached_calls - before), 0);
	move(io, true, 16384 + 1, 10, 0, 1);
	CHECK_INT((s64)direct_calls, 4);
	CHECK_INT((s64)(cached_calls - before), 1);
	move(io, false, 16384 - 16, 8192, 0, 1);	/* both */
	CHECK_INT(io->ops->readv(io, &(struct iovec){ model, 512 }, 1, 0, true),
		  -EOPNOTSUPP);
}

static void test(u32 alignment, u32 rounds)
{
	int fd = open(path, O_RDWR | O_TRUNC);
	struct io *io;

	block = memory = alignment;
	direct_fd = open(path, O_RDWR | O_DIRECT);
	memset(model, 0, sizeof(model));
	end = 0;
	io = io_direct_aligned(fd, direct_fd, block, memory);
	test_model(io, rounds);
	test_ways(io);
	test_model(io, rounds);
	CHECK_INT(io->ops->sync(io), 0);
	io->ops->close(io);
	direct_fd = -1;
}

/* The disk below may have larger sectors. */
static bool can_512(void)
{
	static _Alignas(4096) char buffer[512];
	int fd = open(path, O_RDONLY | O_DIRECT);
	bool can = fd >= 0 && pread(fd, buffer, 512, 512) >= 0;

	close(fd);
	return can;
}

/* As the driver opens it; or a reason, where there is no O_DIRECT. */
static bool test_open(void)
{
	struct io *io = io_direct(open(path, O_RDWR));
	char c = 'x';

	if (!io) {
		CHECK_INT(errno, EOPNOTSUPP);
		return false;
	}
	CHECK_INT(io->ops->writev(io, &(struct iovec){ &c, 1 }, 1, 9), 1);
	CHECK_INT(io->ops->size(io), 10);
	io->ops->close(io);
	CHECK(!io_direct(open("/dev/null", O_RDWR)));
	return true;
}

int main(void)
{
	const char *many = getenv("STORAGE_ROUNDS");
	u32 rounds = many ? (u32)strtoul(many, NULL, 10) : 500;
	int fd = mkstemp(path);
	bool can;

	if (fd < 0)
		return 1;
	close(fd);
	random_seed(60);
	can = test_open();
	if (can) {
		test(4096, rounds);
		if (can_512())
			test(512, rounds);
	} else {
		fprintf(stderr, "skip: no O_DIRECT in /tmp\n");
	}
	unlink(path);
	return check_failures ? 1 : can ? 0 : 77;
}
