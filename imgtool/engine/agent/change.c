// SPDX-License-Identifier: GPL-2.0
/*
 * Changes. Where they take names away, descriptors that are kept may not be
 * what their paths are any more, so those are dropped.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "imgtool/engine/agent/agent.h"

/* A system call has made NAME in DIR. */
static void made(const struct request *request, int dir, const char *name,
		 int r)
{
	struct engine_attr attr;
	int err = dir < 0 ? dir : r ? -errno :
		  look_without_flags(dir, name, &attr);

	if (err < 0)
		answer_error(request, err, "");
	else
		answer(request, &attr, sizeof(attr));
}

/* A system call has taken names away. */
static void done(const struct request *request, int dir, int r)
{
	int err = dir < 0 ? dir : r ? -errno : 0;

	files_forget();
	answer_done(request, err);
}

/* Where there is no default ACL, the caller's umask counts. */
static mode_t take_umask(const struct request *request)
{
	umask(request->head.offset >> 32 & 0777);
	return request->head.offset;
}

void serve_mknod(const struct request *request)
{
	const char *name;
	int dir = file_parent(request->path, &name);
	uint64_t device = request->head.length;
	mode_t mode = take_umask(request);
	int r = -1, tries = 0;

	do {
		if (dir >= 0)
			r = mknodat(dir, name, mode,
				    makedev(device >> 32,
					    device & 0xffffffff));
	} while (r == 0 && clock_missed(dir, name, 0, &tries));
	made(request, dir, name, r);
}

void serve_mkdir(const struct request *request)
{
	const char *name;
	int dir = file_parent(request->path, &name);
	mode_t mode = take_umask(request);
	int r = -1, tries = 0;

	do {
		if (dir >= 0)
			r = mkdirat(dir, name, mode);
	} while (r == 0 && clock_missed(dir, name, AT_REMOVEDIR, &tries));
	made(request, dir, name, r);
}

void serve_symlink(const struct request *request)
{
	const char *name;
	int dir = file_parent(request->path, &name);
	int r = -1, tries = 0;

	do {
		if (dir >= 0)
			r = symlinkat(request->data, dir, name);
	} while (r == 0 && clock_missed(dir, name, 0, &tries));
	made(request, dir, name, r);
}

/* (both are kept: what is found first is not the last one kept) */
void serve_link(const struct request *request)
{
	const char *name = "";
	int file = file_find(request->data), dir;

	dir = file < 0 ? file : file_parent(request->path, &name);
	made(request, dir, name, dir < 0 ? -1 :
	     linkat(file, "", dir, name, AT_EMPTY_PATH));
}

void serve_rename(const struct request *request)
{
	const char *from_name, *to_name;
	int from = file_parent(request->path, &from_name), to, err = 0;
	char other[NAME_MAX + 1];

	to = from < 0 ? from : file_parent(request->data, &to_name);
	if (to < 0 || renameat2(from, from_name, to, to_name,
				request->head.flags & ENGINE_EXCHANGE ?
				RENAME_EXCHANGE : 0))
		done(request, to, -1);
	else if ((err = clock_renamed(to, to_name, other)))
		answer_error(request, err, other);
	else
		done(request, to, 0);
	if (err)
		files_forget();
}

void serve_unlink(const struct request *request)
{
	const char *name;
	int dir = file_parent(request->path, &name);

	done(request, dir, dir < 0 ? -1 : unlinkat(dir, name, 0));
}

void serve_rmdir(const struct request *request)
{
	const char *name;
	int dir = file_parent(request->path, &name);

	done(request, dir, dir < 0 ? -1 : unlinkat(dir, name, AT_REMOVEDIR));
}

/* Removing while reading may leave some out: again, until none is found. */
static int clear(DIR *stream)
{
	struct dirent *e;
	bool again = true;

	while (again) {
		again = false;
		rewinddir(stream);
		while (errno = 0, (e = readdir(stream))) {
			if (!strcmp(e->d_name, ".") ||
			    !strcmp(e->d_name, ".."))
				continue;
			if (unlinkat(dirfd(stream), e->d_name, 0) &&
			    unlinkat(dirfd(stream), e->d_name, AT_REMOVEDIR))
				return -1;
			again = true;
		}
		if (errno)
			return -1;
	}
	return 0;
}

void serve_clear(const struct request *request)
{
	int dir = file_find(request->path), fd = -1, r;
	DIR *stream = NULL;

	if (dir >= 0)
		fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		stream = fdopendir(fd);
	r = stream ? clear(stream) : -1;
	if (stream) {
		int err = errno;

		closedir(stream);
		errno = err;
	}
	done(request, dir, r);
}

/* ---- what is in an inode ---- */

void serve_write(const struct request *request)
{
	int fd = file_open_write(request->path), err = fd < 0 ? fd : 0;
	size_t size = request->head.data_size, used = 0;
	ssize_t n;

	while (!err && used < size) {
		n = pwrite(fd, request->data + used, size - used,
			   request->head.offset + used);
		if (n > 0)
			used += n;
		else
			err = n < 0 ? -errno : -EIO;
	}
	answer_done(request, err);
}

void serve_truncate(const struct request *request)
{
	int fd = file_open_write(request->path), err = fd < 0 ? fd : 0;

	if (!err && ftruncate(fd, request->head.offset))
		err = -errno;
	answer_done(request, err);
}

void serve_allocate(const struct request *request)
{
	int fd = file_open_write(request->path), err = fd < 0 ? fd : 0;
	uint32_t mode;

	if (!err && request->head.data_size != sizeof(mode))
		err = -EPROTO;
	memcpy(&mode, request->data, sizeof(mode));
	if (!err && fallocate(fd, mode, request->head.offset,
			      request->head.length))
		err = -errno;
	answer_done(request, err);
}

void serve_sync(const struct request *request)
{
	int found = file_find(request->path), err = 0, fd;

	if (found < 0) {
		answer_error(request, found, "");
		return;
	}
	fd = open(file_name(found, ""), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || (mount_sync_all ? syncfs(fd) : fsync(fd)))
		err = -errno;
	if (fd >= 0)
		close(fd);
	answer_done(request, err);
}

static struct timespec to_timespec(const struct engine_time *t, bool set)
{
	return (struct timespec){ .tv_sec = t->sec,
				  .tv_nsec = set ? t->nsec : UTIME_OMIT };
}

/* The mode last: a new owner costs the set-id bits. */
static int set_attr(int fd, const struct engine_setattr *set)
{
	const struct timespec times[] = {
		to_timespec(&set->atime, set->set & ENGINE_SET_ATIME),
		to_timespec(&set->mtime, set->set & ENGINE_SET_MTIME),
	};
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (set->set & ENGINE_SET_OWNER &&
	    fchownat(fd, "", set->uid, set->gid, AT_EMPTY_PATH))
		return -errno;
	if (set->set & ENGINE_SET_MODE && !S_ISLNK(st.st_mode) &&
	    chmod(file_name(fd, ""), set->mode & 07777))
		return -errno;
	if (set->set & (ENGINE_SET_ATIME | ENGINE_SET_MTIME) &&
	    utimensat(fd, "", times, AT_EMPTY_PATH))
		return -errno;
	return 0;
}

void serve_setattr(const struct request *request)
{
	struct engine_setattr set;
	int fd = file_find(request->path);

	if (request->head.data_size != sizeof(set)) {
		answer_error(request, -EPROTO, "");
		return;
	}
	memcpy(&set, request->data, sizeof(set));
	answer_done(request, fd < 0 ? fd : set_attr(fd, &set));
}

void serve_setxattr(const struct request *request)
{
	size_t size = request->head.data_size;
	struct engine_xattr x;
	char name[XATTR_NAME_MAX + 1];
	int fd = file_find(request->path);

	if (size >= sizeof(x))
		memcpy(&x, request->data, sizeof(x));
	if (size < sizeof(x) || x.name_size > XATTR_NAME_MAX ||
	    x.value_size > size - sizeof(x) ||
	    x.name_size > size - sizeof(x) - x.value_size) {
		answer_error(request, -EPROTO, "");
		return;
	}
	memcpy(name, request->data + sizeof(x), x.name_size);
	name[x.name_size] = 0;
	answer_done(request, fd < 0 ? fd :
		    setxattr(file_name(fd, ""), name, request->data +
			     sizeof(x) + x.name_size, x.value_size, 0) ?
		    -errno : 0);
}

void serve_delxattr(const struct request *request)
{
	int fd = file_find(request->path);

	answer_done(request, fd < 0 ? fd :
		    removexattr(file_name(fd, ""), request->data) ? -errno :
								    0);
}
