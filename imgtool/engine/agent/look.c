// SPDX-License-Identifier: GPL-2.0
/* Attributes of files, whole directories of them, and of the file system. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "imgtool/engine/agent/agent.h"

/* An answer to READDIR is sent when it has this many bytes. */
#define BATCH (128u << 10)

static struct engine_time to_time(const struct statx_timestamp *t)
{
	return (struct engine_time){ .sec = t->tv_sec, .nsec = t->tv_nsec };
}

static void fill(struct engine_attr *to, const struct statx *from)
{
	memset(to, 0, sizeof(*to));
	to->ino = from->stx_ino;
	to->device = (uint64_t)from->stx_dev_major << 32 | from->stx_dev_minor;
	to->size = from->stx_size;
	to->blocks = from->stx_blocks;
	to->atime = to_time(&from->stx_atime);
	to->mtime = to_time(&from->stx_mtime);
	to->ctime = to_time(&from->stx_ctime);
	if (from->stx_mask & STATX_BTIME) {
		to->crtime = to_time(&from->stx_btime);
		to->has |= ENGINE_HAS_CRTIME;
	}
	to->mode = from->stx_mode;
	to->uid = from->stx_uid;
	to->gid = from->stx_gid;
	to->nlink = from->stx_nlink;
	to->major = from->stx_rdev_major;
	to->minor = from->stx_rdev_minor;
}

/* What lsattr shows, as far as the file system has such flags at all. */
static void get_flags(int dir, const char *name, struct engine_attr *attr)
{
	static bool has_none;
	int fd, flags = 0;

	if (has_none || (!S_ISREG(attr->mode) && !S_ISDIR(attr->mode)))
		return;
	fd = *name ? openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW |
			    O_CLOEXEC) :
		     open(file_name(dir, ""), O_RDONLY | O_NONBLOCK |
			  O_CLOEXEC);
	if (fd < 0)
		return;
	if (!ioctl(fd, FS_IOC_GETFLAGS, &flags))
		attr->flags = flags;
	else if (errno == ENOTTY)
		has_none = true;
	close(fd);
}

int look_without_flags(int dir, const char *name, struct engine_attr *attr)
{
	struct statx stx;

	if (statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH |
		  AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME, &stx))
		return -errno;
	fill(attr, &stx);
	return 0;
}

int look(int dir, const char *name, struct engine_attr *attr)
{
	int r = look_without_flags(dir, name, attr);

	if (r == 0)
		get_flags(dir, name, attr);
	return r;
}

void serve_stat(const struct request *request)
{
	struct engine_attr attr;
	int fd = file_find(request->path), r;

	r = fd < 0 ? fd : look(fd, "", &attr);
	if (r < 0)
		answer_error(request, r, "");
	else
		answer(request, &attr, sizeof(attr));
}

void serve_usage(const struct request *request)
{
	struct engine_usage usage;
	struct statvfs st;

	if (fstatvfs(mount_root, &st)) {
		answer_error(request, -errno, "");
		return;
	}
	usage.block_size = st.f_frsize;
	usage.blocks = st.f_blocks;
	usage.free_blocks = st.f_bfree;
	usage.inodes = st.f_files;
	usage.free_inodes = st.f_ffree;
	answer(request, &usage, sizeof(usage));
}

/* ---- directories ---- */

static size_t put_entry(const struct request *request, int dir,
			const char *name, char *to)
{
	struct engine_entry *entry = (void *)to;
	size_t size = strlen(name);
	ssize_t n = 0;

	memset(entry, 0, sizeof(*entry));
	entry->error = (request->head.flags & ENGINE_NO_FLAGS ?
			look_without_flags : look)(dir, name, &entry->attr);
	entry->name_size = size;
	memcpy(to + sizeof(*entry), name, size);
	if (!entry->error && S_ISLNK(entry->attr.mode))
		n = readlinkat(dir, name, to + sizeof(*entry) + size,
			       PATH_MAX - 1);
	entry->link_size = n > 0 ? n : 0;
	if (request->head.flags & ENGINE_LIST_XATTRS && !entry->error &&
	    llistxattr(file_name(dir, name), NULL, 0) == 0)
		entry->attr.has |= ENGINE_HAS_NO_XATTRS;
	size += sizeof(*entry) + entry->link_size;
	memset(to + size, 0, ENGINE_ALIGN(size) - size);
	return ENGINE_ALIGN(size);
}

static int list(const struct request *request, int dir, DIR *stream,
		size_t *used)
{
	struct dirent *e;

	while (errno = 0, (e = readdir(stream))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		*used += put_entry(request, dir, e->d_name, room + *used);
		if (*used >= BATCH) {
			answer_more(request, room, *used);
			*used = 0;
		}
	}
	return -errno;
}

void serve_readdir(const struct request *request)
{
	int dir = file_find(request->path), fd, r;
	size_t used = 0;
	DIR *stream;

	if (dir < 0) {
		answer_error(request, dir, "");
		return;
	}
	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream) {
		answer_error(request, -errno, "");
		return;
	}
	r = list(request, dir, stream, &used);
	closedir(stream);
	if (r == 0) {
		answer(request, room, used);
		return;
	}
	if (used)
		answer_more(request, room, used);
	answer_error(request, r, "");
}
