// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "memio.h"

static struct memio *mem(struct io *io)
{
	return (struct memio *)io;
}

static int fault(struct memio *m)
{
	return m->fail_in && !--m->fail_in ? m->fail_err : 0;
}

static u64 cut(struct memio *m, u64 len)
{
	return m->shorten && len > 1 ? 1 + random_below((u32)len) : len;
}

static s64 mem_readv(struct io *io, const struct iovec *iov, int n, u64 off,
		     bool nowait)
{
	struct memio *m = mem(io);
	u64 len = vec_total(iov, n);
	int err = fault(m);

	m->reads++;
	if (err)
		return err;
	if (nowait && m->nowait_err && random_below(2))
		return m->nowait_err;
	if (off >= m->size)
		return 0;
	if (len > m->size - off)
		len = m->size - off;
	len = cut(m, len);
	vec_copy(iov, m->data + off, len, true);
	return (s64)len;
}

static s64 mem_writev(struct io *io, const struct iovec *iov, int n, u64 off)
{
	struct memio *m = mem(io);
	u64 len = cut(m, vec_total(iov, n));
	int err = fault(m);

	m->writes++;
	if (err)
		return err;
	if (off + len > m->room)
		return -ENOSPC;
	vec_copy(iov, m->data + off, len, false);
	if (off + len > m->size)
		m->size = off + len;
	return (s64)len;
}

static int mem_sync(struct io *io)
{
	struct memio *m = mem(io);

	m->syncs++;
	if (m->in_sync)
		m->in_sync(m);
	return m->sync_err;
}

static int mem_punch(struct io *io, u64 off, u64 len)
{
	struct memio *m = mem(io);

	m->punches++;
	if (m->no_punch)
		return -EOPNOTSUPP;
	memset(m->data + off, 0, len);
	return 0;
}

static s64 mem_used(struct io *io)
{
	return (s64)mem(io)->used;
}

static s64 mem_size(struct io *io)
{
	return (s64)mem(io)->size;
}

static void mem_close(struct io *io)
{
	mem(io)->closed++;
}

static const struct io_ops mem_ops = {
	.readv	= mem_readv,
	.writev	= mem_writev,
	.sync	= mem_sync,
	.punch	= mem_punch,
	.used	= mem_used,
	.size	= mem_size,
	.close	= mem_close,
};

void memio_init(struct memio *m, unsigned char *data, u64 size, u64 room)
{
	memset(m, 0, sizeof(*m));
	m->io.ops = &mem_ops;
	m->data = data;
	m->size = size;
	m->room = room;
}
