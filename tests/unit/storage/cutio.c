// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cutio.h"

#define SECTOR	512u

static struct cutio *cut_of(struct io *io)
{
	return (struct cutio *)io;
}

static int fault(struct cutio *c)
{
	c->calls++;
	if (!c->fail_in)
		return 0;
	if (c->fail_in > 1) {
		c->fail_in--;
		return 0;
	}
	if (!c->fail_on)
		c->fail_in = 0;
	return c->fail_err;
}

static void touch(struct cutio *c, u64 off, u64 len)
{
	if (off < c->from)
		c->from = off;
	if (off + len > c->to)
		c->to = off + len;
}

static s64 move(struct cutio *c, const struct iovec *iov, int n, u64 off,
		bool in)
{
	u64 len = vec_total(iov, n), most = ~0ull;

	if (c->shorten && random_below(2))
		most = 1 + random_below(3000);
	if (off >= c->size)
		return 0;
	if (len > c->size - off)
		len = c->size - off;
	if (len > most)
		len = most;
	vec_copy(iov, c->now + off, len, in);
	return (s64)len;
}

static s64 cut_readv(struct io *io, const struct iovec *iov, int n, u64 off,
		     bool nowait)
{
	int err = fault(cut_of(io));

	if (nowait && random_below(2))
		return -EAGAIN;
	return err ? err : move(cut_of(io), iov, n, off, true);
}

static s64 cut_writev(struct io *io, const struct iovec *iov, int n, u64 off)
{
	int err = fault(cut_of(io));
	s64 done = err ? err : move(cut_of(io), iov, n, off, false);

	if (done > 0)
		touch(cut_of(io), off, (u64)done);
	return done ? done : -ENOSPC;
}

static int cut_sync(struct io *io)
{
	struct cutio *c = cut_of(io);
	int err = fault(c);

	c->syncs++;
	if (!err)
		cutio_settle(c);
	return err;
}

static int cut_punch(struct io *io, u64 off, u64 len)
{
	struct cutio *c = cut_of(io);
	int err = fault(c);

	if (off + len > c->size)
		len = off < c->size ? c->size - off : 0;
	if (!err) {
		memset(c->now + off, 0, len);
		touch(c, off, len);
	}
	return err;
}

/* Data are the blocks of 4 KiB that are not zero. */
static int cut_extent(struct io *io, u64 off, u64 *from, u64 *to)
{
	static const unsigned char zeroes[4096];
	struct cutio *c = cut_of(io);
	int err = fault(c), found = 0;
	u64 at = off & ~4095ull, n;

	for (; !err && at < c->size; at += n) {
		n = c->size - at < 4096 ? c->size - at : 4096;
		if (!memcmp(c->now + at, zeroes, n)) {
			if (found)
				break;
			continue;
		}
		if (!found)
			*from = at > off ? at : off;
		found = 1;
		*to = at + n;
	}
	return err ? err : found;
}

static s64 cut_size(struct io *io)
{
	return (s64)cut_of(io)->size;
}

static void cut_close(struct io *io)
{
	(void)io;
}

static const struct io_ops cut_ops = {
	.readv	= cut_readv,
	.writev	= cut_writev,
	.sync	= cut_sync,
	.punch	= cut_punch,
	.extent	= cut_extent,
	.size	= cut_size,
	.close	= cut_close,
};

void cutio_init(struct cutio *c, u64 size)
{
	memset(c, 0, sizeof(*c));
	c->io.ops = &cut_ops;
	c->size = size;
	c->from = ~0ull;
	c->now = calloc(1, size);
	c->safe = calloc(1, size);
}

void cutio_free(struct cutio *c)
{
	free(c->now);
	free(c->safe);
}

void cutio_settle(struct cutio *c)
{
	if (c->from < c->to)
		memcpy(c->safe + c->from, c->now + c->from, c->to - c->from);
	c->from = ~0ull;
	c->to = 0;
}

void cutio_cut(struct cutio *c)
{
	u64 at;

	for (at = c->from & ~511ull; at < c->to; at += SECTOR) {
		u64 n = c->size - at < SECTOR ? c->size - at : SECTOR;

		if (memcmp(c->safe + at, c->now + at, n) && random_below(2))
			memcpy(c->safe + at, c->now + at, n);
		memcpy(c->now + at, c->safe + at, n);
	}
	c->from = ~0ull;
	c->to = 0;
}
