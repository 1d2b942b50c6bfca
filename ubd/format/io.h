/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Byte stores under the image formats. Format code makes no system calls: it
 * uses these, so that a fault injector or a remote store slots in.
 */
#ifndef UBD_HOST_IO_H
#define UBD_HOST_IO_H

#include <sys/uio.h>

#include <abi/types.h>

struct io;

/* No call has longer vectors. */
#define IO_IOV_MOST	32

/* Offsets and lengths in bytes; 0 or a count, else -errno. */
struct io_ops {
	/* May be short; 0: at or behind the end. nowait: -EAGAIN instead of
	 * waiting for a device, -EOPNOTSUPP if that can't be promised. */
	s64 (*readv)(struct io *io, const struct iovec *iov, int n, u64 off,
		     bool nowait);
	/* May be short, never 0. */
	s64 (*writev)(struct io *io, const struct iovec *iov, int n, u64 off);
	/* All writes that have returned are on stable storage. */
	int (*sync)(struct io *io);
	/* The range reads as zero and takes no room. -EOPNOTSUPP. */
	int (*punch)(struct io *io, u64 off, u64 len);
	/* The range reads as zero and is allocated. NULL or -EOPNOTSUPP: the
	 * caller writes zeroes. */
	int (*zero)(struct io *io, u64 off, u64 len);
	/* Where its end is. */
	s64 (*size)(struct io *io);
	/* Bytes of room taken, for limits; NULL: not known. */
	s64 (*used)(struct io *io);
	/* The first range from off on that is no hole: 1 with its start and
	 * end; 0 if there is none. NULL or -EOPNOTSUPP: not known. */
	int (*extent)(struct io *io, u64 off, u64 *from, u64 *to);
	void (*close)(struct io *io);
};

struct io {
	const struct io_ops *ops;
};

/* A piece of a transfer's memory. `at` and `len` count bytes from the start
 * of the vector. */
struct io_span {
	const struct iovec *iov;
	u64 at, len;
};

/*
 * Moves a whole span, in as many calls as the store wants; what lies behind
 * the end of the store reads as zero. Advances span->at and shortens
 * span->len by what was moved, also on failure. 0 or -errno.
 */
int io_read_span(struct io *io, struct io_span *span, u64 off, bool nowait);
int io_write_span(struct io *io, struct io_span *span, u64 off);

/* io->ops->extent(), also if there is none. */
int io_extent(struct io *io, u64 off, u64 *from, u64 *to);

/* Makes a range zero, by whatever means the store has. */
int io_zero(struct io *io, u64 off, u64 len, bool keep);

/* A file or block device; takes over fd. NULL: no memory, fd is closed. */
struct io *io_file(int fd);

/* The first n bytes of a file, or all if it has fewer: one that was read in
 * part passes for another. A count, or -1 with errno. */
s64 io_file_head(int fd, void *head, u64 n);

#endif
