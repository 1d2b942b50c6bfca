/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The files of this host that a manifest names by contents=.
 *
 * A manifest may come from anybody, so it can name files below one folder
 * only. openat2() sees to that; where it is missing or denied, the path is
 * walked one name after the other, and symlinks in it are refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "imgtool/ext4/data.h"
#include "imgtool/msg.h"
#include "imgtool/source/mtree.h"
#include "imgtool/tree/path.h"

#define PIECE (256 << 10)
#define FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

static int walk_beneath(int dir, char *path)
{
	int fd = dir, next, saved;
	char *slash;

	for (;;) {
		slash = strchr(path, '/');
		if (slash)
			*slash = 0;
		next = openat(fd, path,
			      FLAGS | O_NOFOLLOW |
				      (slash ? O_PATH | O_DIRECTORY : 0));
		saved = errno;
		if (fd != dir)
			close(fd);
		errno = saved;
		if (next < 0 || !slash)
			return next;
		fd = next;
		path = slash + 1;
	}
}

/* PATH is normalised, and overwritten. */
static int open_beneath(int dir, char *path)
{
	struct open_how how = {
		.flags = FLAGS,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd;
	return walk_beneath(dir, path);
}

/* An absolute PATH below DIR becomes relative to it. */
static const char *strip_dir(const char *dir, const char *path)
{
	char *real;
	size_t n;

	if (*path != '/')
		return path;
	real = realpath(dir, NULL);
	n = real ? strlen(real) : 0;
	if (n == 1)
		n = 0; /* the root */
	else if (!n || strncmp(path, real, n) || path[n] != '/')
		n = strlen(path);
	free(real);
	return path[n] ? path + n : NULL;
}

static int open_in(const char *dir, const char *path)
{
	char normal[PATH_LONGEST + 1];
	const char *problem;
	int at, fd, saved;

	path = strip_dir(dir, path);
	if (!path) {
		errno = EXDEV;
		return -1;
	}
	problem = path_normalise(path, normal);
	if (problem || !*normal) {
		errno = problem ? EXDEV : EISDIR;
		return -1;
	}
	at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return -1;
	fd = open_beneath(at, normal);
	saved = errno;
	close(at);
	errno = saved;
	return fd;
}

int mtree_open_contents(const char *dir, const char *path, struct stat *st)
{
	int fd = open_in(dir, path);

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 && (errno == EXDEV || errno == ELOOP))
		return msg_error(path,
				 "lies outside of the folder %s, or "
				 "behind a symlink; give another one with "
				 "--contents-dir",
				 dir);
	if (fd < 0)
		return msg_errno(path, errno, "cannot be opened");
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	close(fd);
	return msg_error(path, "is not a regular file");
}

static int copy_part(struct data_stream *stream, int fd, off_t from, off_t to,
		     char *buffer)
{
	size_t most;
	ssize_t n;

	while (from < to) {
		most = to - from < PIECE ? to - from : PIECE;
		n = pread(fd, buffer, most, from);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return msg_errno(stream->name, errno, "cannot be read");
		if (n == 0)
			return msg_error(stream->name, "was changed while the "
						       "image was made");
		if (data_write(stream, from, buffer, n) < 0)
			return -1;
		from += n;
	}
	return 0;
}

int mtree_copy_contents(struct import *import, struct inode *inode, int fd,
			const struct stat *st, const char *path)
{
	bool holes = (uint64_t)st->st_blocks * 512 < (uint64_t)st->st_size;
	char *buffer = mem_alloc(PIECE);
	struct data_stream stream;
	off_t from, to = 0;
	int r = 0;

	data_begin(&stream, import->volume, inode, path,
		   holes ? 0 : st->st_size);
	while (r == 0 && to < st->st_size) {
		from = holes ? lseek(fd, to, SEEK_DATA) : 0;
		if (from < 0 && errno == ENXIO) /* there are no more */
			break;
		if (from < 0) {
			r = msg_errno(path, errno, "cannot be read");
			break;
		}
		to = holes ? lseek(fd, from, SEEK_HOLE) : st->st_size;
		if (to < 0 || to > st->st_size)
			to = st->st_size;
		r = copy_part(&stream, fd, from, to, buffer);
	}
	free(buffer);
	return data_end(&stream, st->st_size) < 0 ? -1 : r;
}
