// SPDX-License-Identifier: GPL-2.0
/* Transfers of any size out of calls that may be short. */
#include <errno.h>
#include <string.h>

#include "io.h"

#define ZEROES	65536

/* Fills out[] with the memory of the span's next bytes; returns how many
 * entries. The span is not changed. */
static int slice(const struct io_span *span, struct iovec *out)
{
	const struct iovec *v = span->iov;
	u64 skip = span->at, left = span->len;
	int n = 0;

	while (skip >= v->iov_len) {
		skip -= v->iov_len;
		v++;
	}
	while (left && n < IO_IOV_MOST) {
		u64 len = v->iov_len - skip;

		if (len > left)
			len = left;
		out[n].iov_base = (char *)v->iov_base + skip;
		out[n++].iov_len = len;
		left -= len;
		skip = 0;
		v++;
	}
	return n;
}

/* Keeps later slices from walking the vector from its start again. */
static void advance(struct io_span *span, u64 n)
{
	span->at += n;
	span->len -= n;
	while (span->len && span->at >= span->iov->iov_len) {
		span->at -= span->iov->iov_len;
		span->iov++;
	}
}

static u64 total(const struct iovec *iov, int n)
{
	u64 sum = 0;

	while (n--)
		sum += (iov++)->iov_len;
	return sum;
}

static u64 clear(const struct iovec *iov, int n)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < n; i++) {
		memset(iov[i].iov_base, 0, iov[i].iov_len);
		sum += iov[i].iov_len;
	}
	return sum;
}

int io_read_span(struct io *io, struct io_span *span, u64 off, bool nowait)
{
	struct iovec part[IO_IOV_MOST];
	s64 got;
	int n;

	while (span->len) {
		n = slice(span, part);
		got = io->ops->readv(io, part, n, off, nowait);
		if (got < 0)
			return (int)got;
		/* it would have to wait for what comes next, or is at the end,
		 * which whoever may wait finds out at once */
		if (nowait && (u64)got < total(part, n)) {
			advance(span, (u64)got);
			return -EAGAIN;
		}
		if (!got)
			got = (s64)clear(part, n);
		advance(span, (u64)got);
		off += (u64)got;
	}
	return 0;
}

int io_write_span(struct io *io, struct io_span *span, u64 off)
{
	struct iovec part[IO_IOV_MOST];
	s64 put;
	int n;

	while (span->len) {
		n = slice(span, part);
		put = io->ops->writev(io, part, n, off);
		if (put <= 0)
			return put ? (int)put : -EIO;
		advance(span, (u64)put);
		off += (u64)put;
	}
	return 0;
}

int io_extent(struct io *io, u64 off, u64 *from, u64 *to)
{
	return io->ops->extent ? io->ops->extent(io, off, from, to) :
				 -EOPNOTSUPP;
}

static int write_zeroes(struct io *io, u64 off, u64 len)
{
	static const char zeroes[ZEROES];
	int err = 0;

	while (len && !err) {
		struct iovec v = { (void *)zeroes, len < ZEROES ? len : ZEROES };
		struct io_span span = { &v, 0, v.iov_len };

		err = io_write_span(io, &span, off);
		off += v.iov_len;
		len -= v.iov_len;
	}
	return err;
}

static bool unsupported(int err)
{
	return err == -EOPNOTSUPP || err == -ENOSYS || err == -EINVAL ||
	       err == -ENODEV;
}

int io_zero(struct io *io, u64 off, u64 len, bool keep)
{
	int err = -EOPNOTSUPP;

	if (!keep)
		err = io->ops->punch(io, off, len);
	if (unsupported(err) && io->ops->zero)
		err = io->ops->zero(io, off, len);
	if (unsupported(err))
		err = write_zeroes(io, off, len);
	return err;
}
