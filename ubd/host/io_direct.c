// SPDX-License-Identifier: GPL-2.0
/*
 * A file past the page cache of the host (O_DIRECT).
 *
 * The host wants offsets and lengths in whole blocks of its own, and memory
 * aligned. Three ways for a part of a transfer:
 *
 *	whole blocks, aligned memory	as it is
 *	whole blocks, other memory	through an aligned buffer
 *	a part of a block		by the page cache
 *
 * The last is rare: it is for the maps of COW files, what is smaller than a
 * block of the host, and the end of a file, which must not grow to a whole
 * block. It never runs beside direct transfers of the same store, for the host
 * keeps the two ways in step only if they do not meet in one page.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../format/io.h"
#include "io_direct.h"

#define BOUNCE		(256u << 10)
#define ALIGN_MOST	65536u

struct direct {
	struct io io;
	struct io *cached, *direct;
	u32 block, memory;		/* alignments, powers of two */
	_Atomic u64 end;		/* of the file, at least */
	pthread_rwlock_t lock;		/* for reading: direct transfers */
};

static struct direct *to_direct(struct io *io)
{
	return (struct direct *)io;
}

/* ---- vectors ---- */

static u64 total(const struct iovec *iov, int n)
{
	u64 sum = 0;

	while (n--)
		sum += (iov++)->iov_len;
	return sum;
}

/* The front of a vector, of len bytes; how many entries. */
static int front(const struct iovec *iov, int n, u64 len, struct iovec *out)
{
	int i;

	for (i = 0; i < n && i < IO_IOV_MOST && len; i++) {
		out[i] = iov[i];
		if (out[i].iov_len > len)
			out[i].iov_len = len;
		len -= out[i].iov_len;
	}
	return i;
}

/* Between a vector and a buffer of len bytes. */
static void copy(const struct iovec *iov, char *buffer, u64 len, bool in)
{
	for (; len; iov++) {
		u64 n = iov->iov_len < len ? iov->iov_len : len;

		if (in)
			memcpy(iov->iov_base, buffer, n);
		else
			memcpy(buffer, iov->iov_base, n);
		buffer += n;
		len -= n;
	}
}

static bool fits(const struct direct *d, const struct iovec *iov, int n)
{
	for (; n--; iov++)
		if (((uintptr_t)iov->iov_base & (d->memory - 1)) ||
		    (iov->iov_len & (d->block - 1)))
			return false;
	return true;
}

/* ---- transfers ---- */

static s64 by_buffer(struct direct *d, const struct iovec *iov, u64 len,
		     u64 off, bool write)
{
	struct iovec v;
	void *buffer;
	s64 done;

	if (len > BOUNCE)
		len = BOUNCE;
	if (posix_memalign(&buffer, d->memory > d->block ? d->memory : d->block,
			   len))
		return -ENOMEM;
	v = (struct iovec){ buffer, len };
	if (write)
		copy(iov, buffer, len, false);
	done = write ? d->direct->ops->writev(d->direct, &v, 1, off) :
		       d->direct->ops->readv(d->direct, &v, 1, off, false);
	if (!write && done > 0)
		copy(iov, buffer, (u64)done, true);
	free(buffer);
	return done;
}

static s64 whole_blocks(struct direct *d, const struct iovec *iov, int n,
			u64 len, u64 off, bool write)
{
	struct iovec part[IO_IOV_MOST];
	int m = front(iov, n, len, part);
	s64 done;

	pthread_rwlock_rdlock(&d->lock);
	if (!fits(d, part, m))
		done = by_buffer(d, iov, len, off, write);
	else if (write)
		done = d->direct->ops->writev(d->direct, part, m, off);
	else
		done = d->direct->ops->readv(d->direct, part, m, off, false);
	pthread_rwlock_unlock(&d->lock);
	return done;
}

static s64 part_of_block(struct direct *d, const struct iovec *iov, int n,
			 u64 len, u64 off, bool write)
{
	struct iovec part[IO_IOV_MOST];
	int m = front(iov, n, len, part);
	s64 done;

	pthread_rwlock_wrlock(&d->lock);
	done = write ? d->cached->ops->writev(d->cached, part, m, off) :
		       d->cached->ops->readv(d->cached, part, m, off, false);
	pthread_rwlock_unlock(&d->lock);
	return done;
}

/* How much of it is whole blocks within the file, from its beginning on. */
static u64 whole(struct direct *d, u64 off, u64 len)
{
	u64 end = atomic_load(&d->end);
	s64 size;

	if (off & (d->block - 1))
		return 0;
	if (off + len > end) {
		size = d->cached->ops->size(d->cached);
		if (size > 0)
			atomic_store(&d->end, end = (u64)size);
	}
	if (off >= end)
		return 0;
	if (len > end - off)
		len = end - off;
	return len & ~(u64)(d->block - 1);
}

/* A part of it, as all stores may. */
static s64 transfer(struct direct *d, const struct iovec *iov, int n, u64 off,
		    bool write)
{
	u64 len = total(iov, n), blocks = whole(d, off, len);
	u64 left = d->block - (off & (d->block - 1));

	if (blocks)
		return whole_blocks(d, iov, n, blocks, off, write);
	return part_of_block(d, iov, n, len < left ? len : left, off, write);
}

static s64 direct_readv(struct io *io, const struct iovec *iov, int n, u64 off,
			bool nowait)
{
	return nowait ? -EOPNOTSUPP :
			transfer(to_direct(io), iov, n, off, false);
}

static s64 direct_writev(struct io *io, const struct iovec *iov, int n, u64 off)
{
	return transfer(to_direct(io), iov, n, off, true);
}

/* ---- the rest ---- */

static int direct_sync(struct io *io)
{
	struct io *cached = to_direct(io)->cached;

	return cached->ops->sync(cached);
}

static int direct_punch(struct io *io, u64 off, u64 len)
{
	struct io *cached = to_direct(io)->cached;

	return cached->ops->punch(cached, off, len);
}

static int direct_zero(struct io *io, u64 off, u64 len)
{
	struct io *cached = to_direct(io)->cached;

	return cached->ops->zero(cached, off, len);
}

static s64 direct_size(struct io *io)
{
	struct io *cached = to_direct(io)->cached;

	return cached->ops->size(cached);
}

static s64 direct_used(struct io *io)
{
	struct io *cached = to_direct(io)->cached;

	return cached->ops->used(cached);
}

static void direct_close(struct io *io)
{
	struct direct *d = to_direct(io);

	d->direct->ops->close(d->direct);
	d->cached->ops->close(d->cached);
	pthread_rwlock_destroy(&d->lock);
	free(d);
}

static const struct io_ops direct_ops = {
	.readv	= direct_readv,
	.writev	= direct_writev,
	.sync	= direct_sync,
	.punch	= direct_punch,
	.zero	= direct_zero,
	.size	= direct_size,
	.used	= direct_used,
	.close	= direct_close,
};

/* ---- opening ---- */

static bool power_of_two(u32 n)
{
	return n && n <= ALIGN_MOST && !(n & (n - 1));
}

/* Hosts before 6.1, and some file systems, do not tell: what can be read? */
static int probe(int fd, u32 *block)
{
	void *buffer;
	ssize_t n;

	for (*block = 512; *block <= 4096; *block *= 8) {
		if (posix_memalign(&buffer, *block, *block))
			return -ENOMEM;
		n = pread(fd, buffer, *block, 0);
		free(buffer);
		if (n >= 0)
			return 0;
	}
	return -errno;
}

static int find_alignment(int fd, u32 *block, u32 *memory)
{
	struct statx stx;
	int err, size;

	memset(&stx, 0, sizeof(stx));
#ifdef STATX_DIOALIGN
	if (!statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) &&
	    (stx.stx_mask & STATX_DIOALIGN)) {
		*block = stx.stx_dio_offset_align;
		*memory = stx.stx_dio_mem_align;
		if (*memory < sizeof(void *))
			*memory = sizeof(void *);
		return power_of_two(*block) && power_of_two(*memory) ?
		       0 : -EOPNOTSUPP;
	}
#endif
	if (!ioctl(fd, BLKSSZGET, &size) && power_of_two((u32)size)) {
		*block = (u32)size;
		*memory = (u32)size;
		return 0;
	}
	err = probe(fd, block);
	*memory = *block;
	return err;
}

struct io *io_direct_aligned(int fd, int direct, u32 block, u32 memory)
{
	struct direct *d = calloc(1, sizeof(*d));

	if (!d) {
		close(fd);
		close(direct);
		errno = ENOMEM;
		return NULL;
	}
	d->io.ops = &direct_ops;
	d->block = block;
	d->memory = memory;
	d->cached = io_file(fd);
	d->direct = io_file(direct);
	pthread_rwlock_init(&d->lock, NULL);
	if (d->cached && d->direct)
		return &d->io;
	if (d->cached)
		d->cached->ops->close(d->cached);
	if (d->direct)
		d->direct->ops->close(d->direct);
	free(d);
	errno = ENOMEM;
	return NULL;
}

struct io *io_direct(int fd)
{
	int direct, err, flags = fcntl(fd, F_GETFL) & O_ACCMODE;
	u32 block = 0, memory = 0;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	direct = open(path, flags | O_DIRECT | O_CLOEXEC);
	err = direct < 0 ? -errno : find_alignment(direct, &block, &memory);
	if (!err)
		return io_direct_aligned(fd, direct, block, memory);
	if (direct >= 0)
		close(direct);
	close(fd);
	errno = err == -EINVAL ? EOPNOTSUPP : -err;
	return NULL;
}
