/* SPDX-License-Identifier: GPL-2.0 */
/* A tree of the host, to be copied. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "imgtool/edit/copy.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"

static ssize_t host_read(const struct copy_node *node, uint64_t offset,
			 void *data, size_t length)
{
	size_t done = 0;
	ssize_t n;

	while (done < length) {
		n = pread(node->fd, (char *)data + done, length - done,
			  offset + done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += n;
	}
	progress_add(done);
	return done;
}

static int host_data(const struct copy_node *node, uint64_t offset,
		     uint64_t *start, uint64_t *end)
{
	uint64_t size = node->attr.size;
	off_t at = lseek(node->fd, offset, SEEK_DATA);

	*start = *end = size;
	if (at < 0 && errno == ENXIO)
		return 0;
	/* where the host cannot tell, all is data */
	*start = at < 0 ? (off_t)offset : at;
	at = at < 0 ? -1 : lseek(node->fd, *start, SEEK_HOLE);
	*end = at < 0 || (uint64_t)at > size ? size : (uint64_t)at;
	if (*start > size)
		*start = size;
	return 0;
}

static int host_readlink(const struct copy_node *node, char *target)
{
	ssize_t n = readlink(node->path, target, FS_LINK_LONGEST + 1);

	if (n < 0)
		return -errno;
	if (n > FS_LINK_LONGEST)
		return -ENAMETOOLONG;
	target[n] = 0;
	return 0;
}

static int host_xattrs(const struct copy_node *node, fs_xattr_fn *fn,
		       void *context)
{
	char *names = mem_alloc(65536), *value = mem_alloc(65536), *name;
	ssize_t length = llistxattr(node->path, names, 65536), n;
	int r = length < 0 && errno != ENOTSUP ? -errno : 0;

	for (name = names; r == 0 && length > 0 && name < names + length;
	     name += strlen(name) + 1) {
		if (!copy_keeps_xattr(name))
			continue;
		n = lgetxattr(node->path, name, value, 65536);
		if (n >= 0)
			r = fn(context, name, value, n);
		else if (errno != ENODATA)
			r = -errno;
	}
	free(names);
	free(value);
	return r;
}

static const struct copy_source host_source = {
	host_read, host_data, host_readlink, host_xattrs, NULL,
};

static void fill_time(struct fs_time *time, const struct timespec *ts)
{
	time->sec = ts->tv_sec;
	time->nsec = ts->tv_nsec;
}

static void fill_node(struct copy_node *node, const struct stat *st)
{
	struct fs_attr *a = &node->attr;

	memset(a, 0, sizeof(*a));
	a->ino = st->st_ino;
	a->mode = st->st_mode;
	a->uid = st->st_uid;
	a->gid = st->st_gid;
	a->nlink = st->st_nlink;
	a->size = st->st_size;
	a->major = major(st->st_rdev);
	a->minor = minor(st->st_rdev);
	fill_time(&a->atime, &st->st_atim);
	fill_time(&a->mtime, &st->st_mtim);
	fill_time(&a->ctime, &st->st_ctim);
	node->device = st->st_dev;
}

/* The file may be another one by now than the one that was seen. */
static int open_file(struct copy_node *node, bool follow)
{
	struct stat st;

	node->fd = open(node->path, O_RDONLY | O_NONBLOCK | O_NOCTTY |
			O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	if (node->fd < 0 || fstat(node->fd, &st))
		return msg_errno(node->path, errno, "cannot be opened");
	if (!S_ISREG(st.st_mode))
		return msg_error(node->path, "was replaced while being "
				 "copied");
	fill_node(node, &st);
	return 0;
}

static int visit(struct copy *copy, const FTSENT *e, const char *name)
{
	struct copy_node node = {
		.source = &host_source, .path = e->fts_path,
		.name = e->fts_level ? e->fts_name : name,
		.depth = e->fts_level, .fd = -1,
	};
	int r;

	fill_node(&node, e->fts_statp);
	if (e->fts_info == FTS_DP)
		return copy_leave(copy, &node);
	if (S_ISREG(node.attr.mode) &&
	    open_file(&node, !e->fts_level && !copy->recursive) < 0) {
		copy->status = -1;
		r = 0;
	} else {
		r = copy_visit(copy, &node);
	}
	if (node.fd >= 0)
		close(node.fd);
	return r;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int step(struct copy *copy, FTS *fts, FTSENT *e, const char *name)
{
	int r;

	switch (e->fts_info) {
	case FTS_ERR:
	case FTS_NS:
	case FTS_DNR:
		msg_errno(e->fts_path, e->fts_errno, "cannot be read");
		copy->status = -1;
		return 0;
	case FTS_DC:
		msg_error(e->fts_path, "is a directory that contains itself");
		copy->status = -1;
		return 0;
	}
	/* a directory that was not entered is not left */
	if (e->fts_info == FTS_DP && e->fts_number)
		return 0;
	r = visit(copy, e, name);
	if (r > 0) {
		e->fts_number = 1;
		fts_set(fts, e, FTS_SKIP);
	}
	return r < 0 ? -1 : 0;
}

int copy_from_host(struct copy *copy, const char *path, const char *name)
{
	char *paths[] = { (char *)path, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR |
			    (copy->recursive ? 0 : FTS_COMFOLLOW), by_name);
	FTSENT *e;
	int r = 0;

	if (!fts) {
		copy->status = msg_errno(path, errno, "cannot be read");
		return -1;
	}
	while (r == 0 && (e = fts_read(fts)))
		r = step(copy, fts, e, name);
	fts_close(fts);
	return r;
}
