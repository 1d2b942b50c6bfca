// SPDX-License-Identifier: GPL-2.0
/* Open files: nothing here resolves a name. */
#define _GNU_SOURCE 1
#define ALLOW_SECTION "host_allow_files"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <host/allow.h>

#include "root.h"

HOST_ALLOW(preadv);
HOST_ALLOW(pwritev);
HOST_ALLOW(pread64);
HOST_ALLOW(pwrite64);
HOST_ALLOW(fsync);
HOST_ALLOW(fdatasync);
HOST_ALLOW(fallocate);
HOST_ALLOW(copy_file_range);
HOST_ALLOW_ARG32(ioctl, 1, FICLONERANGE);
HOST_ALLOW(lseek);
HOST_ALLOW(getdents64);
HOST_ALLOW(fstatfs);

void host_hostfs_close(int fd)
{
	close(fd);
}

/* The rest of a vector after a short transfer, one piece at a time: rare. */
static s64 move(int fd, const struct host_iov *iov, u32 niov, u64 pos,
		bool write)
{
	const struct iovec *v = (const struct iovec *)iov;
	u64 done = 0, skip;
	s64 n;

	do {
		n = write ? pwritev(fd, v, niov, pos) : preadv(fd, v, niov, pos);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	done = skip = n;
	while (niov && skip >= v->iov_len) {
		skip -= v->iov_len;
		v++;
		niov--;
	}
	while (niov && n) {
		char *base = (char *)v->iov_base + skip;
		u64 len = v->iov_len - skip;

		n = write ? pwrite(fd, base, len, pos + done) :
			    pread(fd, base, len, pos + done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return done ? (s64)done : -errno;
		done += n;
		skip += n;
		if (skip == v->iov_len) {
			skip = 0;
			v++;
			niov--;
		}
	}
	return done;
}

s64 host_hostfs_readv(int fd, const struct host_iov *iov, u32 niov, u64 pos)
{
	return move(fd, iov, niov, pos, false);
}

s64 host_hostfs_writev(int fd, const struct host_iov *iov, u32 niov, u64 pos)
{
	return move(fd, iov, niov, pos, true);
}

int host_hostfs_sync(int fd, bool data_only)
{
	int ret = data_only ? fdatasync(fd) : fsync(fd);

	return ret ? -errno : 0;
}

int host_hostfs_fallocate(int fd, u32 mode, u64 pos, u64 len)
{
	int ret;

	do {
		ret = fallocate(fd, mode, pos, len);
	} while (ret && errno == EINTR);
	return ret ? -errno : 0;
}

s64 host_hostfs_copy(int from, u64 from_pos, int to, u64 to_pos, u64 len)
{
	off_t in = from_pos, out = to_pos;
	s64 n = copy_file_range(from, &in, to, &out, len, 0);

	return n < 0 ? -errno : n;
}

int host_hostfs_clone(int from, u64 from_pos, int to, u64 to_pos, u64 len)
{
	const struct file_clone_range range = {
		.src_fd = from, .src_offset = from_pos, .src_length = len,
		.dest_offset = to_pos,
	};

	return ioctl(to, FICLONERANGE, &range) ? -errno : 0;
}

s64 host_hostfs_seek(int fd, u64 pos, u32 whence)
{
	s64 ret = lseek(fd, pos, whence);

	return ret < 0 ? -errno : ret;
}

s64 host_hostfs_readdir(int fd, void *buf, u64 size)
{
	s64 n = syscall(SYS_getdents64, fd, buf, size);

	return n < 0 ? -errno : n;
}

int host_hostfs_statfs(struct host_hostfs *root, struct host_hostfs_statfs *sf)
{
	struct statfs s;

	if (fstatfs(root->fd, &s))
		return -errno;
	*sf = (struct host_hostfs_statfs){
		.type = s.f_type, .bsize = s.f_bsize, .blocks = s.f_blocks, .bfree = s.f_bfree,
		.bavail = s.f_bavail, .files = s.f_files, .ffree = s.f_ffree,
		.namelen = s.f_namelen,
	};
	return 0;
}
