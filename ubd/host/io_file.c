// SPDX-License-Identifier: GPL-2.0
/* The store that is a file or a block device of the host. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <host/allow.h>

#include "../format/io.h"

HOST_ALLOW(preadv2);
HOST_ALLOW(pwritev2);
HOST_ALLOW(pwritev);
HOST_ALLOW(preadv);
HOST_ALLOW(fdatasync);
HOST_ALLOW(fallocate);
HOST_ALLOW(fstat);
HOST_ALLOW(lseek);
HOST_ALLOW(newfstatat);		/* glibc's fstat() */
HOST_ALLOW(close);

struct file {
	struct io io;
	int fd;
};

static int fd_of(struct io *io)
{
	return ((struct file *)io)->fd;
}

static s64 file_readv(struct io *io, const struct iovec *iov, int n, u64 off,
		      bool nowait)
{
	ssize_t got;

	do {
		got = preadv2(fd_of(io), iov, n, (off_t)off,
			      nowait ? RWF_NOWAIT : 0);
	} while (got < 0 && errno == EINTR);
	if (got >= 0)
		return got;
	return errno == ENOSYS ? -EOPNOTSUPP : -errno;
}

static s64 file_writev(struct io *io, const struct iovec *iov, int n, u64 off)
{
	ssize_t put;

	do {
		put = pwritev(fd_of(io), iov, n, (off_t)off);
	} while (put < 0 && errno == EINTR);
	return put < 0 ? -errno : put;
}

static int file_sync(struct io *io)
{
	int r;

	do {
		r = fdatasync(fd_of(io));
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int allocate(struct io *io, int mode, u64 off, u64 len)
{
	int r;

	do {
		r = fallocate(fd_of(io), mode, (off_t)off, (off_t)len);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int file_punch(struct io *io, u64 off, u64 len)
{
	return allocate(io, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off,
			len);
}

static int file_zero(struct io *io, u64 off, u64 len)
{
	return allocate(io, FALLOC_FL_ZERO_RANGE, off, len);
}

/* All reads and writes name their offset, so the file's own may move. */
static s64 file_size(struct io *io)
{
	off_t end = lseek(fd_of(io), 0, SEEK_END);

	return end < 0 ? -errno : (s64)end;
}

static s64 file_used(struct io *io)
{
	struct stat st;

	return fstat(fd_of(io), &st) ? -errno : (s64)st.st_blocks * 512;
}

/* For imgtool alone. */
static int file_extent(struct io *io, u64 off, u64 *from, u64 *to)
{
	off_t data = lseek(fd_of(io), (off_t)off, SEEK_DATA), hole;

	if (data < 0)
		return errno == ENXIO ? 0 :
		       errno == EINVAL ? -EOPNOTSUPP : -errno;
	hole = lseek(fd_of(io), data, SEEK_HOLE);
	if (hole <= data)
		return hole < 0 && errno != ENXIO ? -errno : -EOPNOTSUPP;
	*from = (u64)data;
	*to = (u64)hole;
	return 1;
}

static void file_close(struct io *io)
{
	close(fd_of(io));
	free(io);
}

static const struct io_ops file_ops = {
	.readv	= file_readv,
	.writev	= file_writev,
	.sync	= file_sync,
	.punch	= file_punch,
	.zero	= file_zero,
	.size	= file_size,
	.used	= file_used,
	.extent	= file_extent,
	.close	= file_close,
};

struct io *io_file(int fd)
{
	struct file *f = malloc(sizeof(*f));

	if (!f) {
		close(fd);
		return NULL;
	}
	f->io.ops = &file_ops;
	f->fd = fd;
	return &f->io;
}

s64 io_file_head(int fd, void *head, u64 n)
{
	u64 done = 0;
	ssize_t got;

	while (done < n) {
		got = pread(fd, (char *)head + done, n - done, (off_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got)
			break;
		done += (u64)got;
	}
	return (s64)done;
}
