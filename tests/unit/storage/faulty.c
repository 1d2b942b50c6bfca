// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "faulty.h"

struct faulty faulty;

void faulty_none(void)
{
	faulty_fail(0, 0, false, 0);
}

void faulty_fail(u32 kinds, int call, bool on, int err)
{
	atomic_store(&faulty.kinds, 0);
	atomic_store(&faulty.left, call);
	atomic_store(&faulty.on, on);
	atomic_store(&faulty.err, err);
	atomic_store(&faulty.calls, 0);
	atomic_store(&faulty.hit, 0);
	atomic_store(&faulty.kinds, kinds);
}

/* True, with errno: this call fails. */
static bool fails(u32 kind)
{
	int n, left = atomic_load(&faulty.left);

	if (!(atomic_load(&faulty.kinds) & kind))
		return false;
	n = atomic_fetch_add(&faulty.calls, 1) + 1;
	if (!left || n < left || (n > left && !atomic_load(&faulty.on)))
		return false;
	atomic_fetch_or(&faulty.hit, kind);
	errno = atomic_load(&faulty.err);
	return true;
}

/* The front of a vector: its first piece, of a long one some. */
static int front(const struct iovec *iov, int n, struct iovec *part)
{
	*part = iov[0];
	if (!atomic_load(&faulty.shorten))
		return n;
	if (part->iov_len > 6000)
		part->iov_len = part->iov_len / 2 + 1;
	return 1;
}

static size_t part_of(size_t n)
{
	return atomic_load(&faulty.shorten) && n > 1 ? n / 2 + 1 : n;
}

/* The linker puts these in place of the library's functions (--wrap). */
#define WRAPPED(type, name, ...)		\
	type __real_##name(__VA_ARGS__);	\
	type __wrap_##name(__VA_ARGS__)

WRAPPED(ssize_t, preadv2, int fd, const struct iovec *iov, int n, off_t off,
	int flags);
WRAPPED(ssize_t, pwritev, int fd, const struct iovec *iov, int n, off_t off);
WRAPPED(ssize_t, pread, int fd, void *p, size_t n, off_t off);
WRAPPED(ssize_t, pwrite, int fd, const void *p, size_t n, off_t off);
WRAPPED(int, fdatasync, int fd);
WRAPPED(int, fsync, int fd);
WRAPPED(int, fallocate, int fd, int mode, off_t off, off_t len);
WRAPPED(int, ftruncate, int fd, off_t len);
WRAPPED(int, link, const char *from, const char *to);
WRAPPED(int, linkat, int at, const char *from, int to_at, const char *to,
	int flags);
WRAPPED(int, rename, const char *from, const char *to);
WRAPPED(int, fchmod, int fd, mode_t mode);
WRAPPED(int, futimens, int fd, const struct timespec *times);
WRAPPED(off_t, lseek, int fd, off_t off, int whence);
WRAPPED(int, fstat, int fd, struct stat *st);
WRAPPED(int, open, const char *path, int flags, ...);

ssize_t __wrap_preadv2(int fd, const struct iovec *iov, int n, off_t off,
		       int flags)
{
	struct iovec part;
	int m = front(iov, n, &part);

	return fails(FAULT_READ) ? -1 :
	       __real_preadv2(fd, m == n && n > 1 ? iov : &part, m, off, flags);
}

ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int n, off_t off)
{
	struct iovec part;
	int m = front(iov, n, &part);

	return fails(FAULT_WRITE) ? -1 :
	       __real_pwritev(fd, m == n && n > 1 ? iov : &part, m, off);
}

ssize_t __wrap_pread(int fd, void *p, size_t n, off_t off)
{
	return fails(FAULT_READ) ? -1 : __real_pread(fd, p, part_of(n), off);
}

ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t off)
{
	return fails(FAULT_WRITE) ? -1 : __real_pwrite(fd, p, part_of(n), off);
}

int __wrap_fdatasync(int fd)
{
	if (fails(FAULT_SYNC))
		return -1;
	return atomic_load(&faulty.lazy) ? 0 : __real_fdatasync(fd);
}

int __wrap_fsync(int fd)
{
	if (fails(FAULT_SYNC))
		return -1;
	return atomic_load(&faulty.lazy) ? 0 : __real_fsync(fd);
}

int __wrap_fallocate(int fd, int mode, off_t off, off_t len)
{
	return fails(FAULT_ROOM) ? -1 : __real_fallocate(fd, mode, off, len);
}

int __wrap_ftruncate(int fd, off_t len)
{
	return fails(FAULT_ROOM) ? -1 : __real_ftruncate(fd, len);
}

int __wrap_link(const char *from, const char *to)
{
	return fails(FAULT_OPEN) ? -1 : __real_link(from, to);
}

int __wrap_linkat(int at, const char *from, int to_at, const char *to,
		  int flags)
{
	return fails(FAULT_OPEN) ? -1 :
	       __real_linkat(at, from, to_at, to, flags);
}

int __wrap_rename(const char *from, const char *to)
{
	return fails(FAULT_OPEN) ? -1 : __real_rename(from, to);
}

int __wrap_fchmod(int fd, mode_t mode)
{
	return fails(FAULT_TIMES) ? -1 : __real_fchmod(fd, mode);
}

int __wrap_futimens(int fd, const struct timespec *times)
{
	return fails(FAULT_TIMES) ? -1 : __real_futimens(fd, times);
}

off_t __wrap_lseek(int fd, off_t off, int whence)
{
	return fails(FAULT_LOOK) ? -1 : __real_lseek(fd, off, whence);
}

int __wrap_fstat(int fd, struct stat *st)
{
	return fails(FAULT_LOOK) ? -1 : __real_fstat(fd, st);
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	int mode;

	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, int) : 0;
	va_end(args);
	return fails(FAULT_OPEN) ? -1 : __real_open(path, flags, mode);
}
