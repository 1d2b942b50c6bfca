// SPDX-License-Identifier: GPL-2.0
/* Making COW files: under another name first, so none is ever half there. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../format/cow.h"
#include "cow_open.h"

/* The bytes that a file stands for: those of a COW file are in its header. */
static int virtual_size(int fd, const struct stat *st, u64 *size)
{
	unsigned char head[COW_HEADER_MOST];
	struct cow_header inner;
	ssize_t n;

	if (S_ISBLK(st->st_mode))
		return ioctl(fd, BLKGETSIZE64, size) ? -errno : 0;
	if (!S_ISREG(st->st_mode))
		return -EINVAL;
	*size = (u64)st->st_size;
	n = io_file_head(fd, head, sizeof(head));
	if (n < 0)
		return -errno;
	if (n > 0 && cow_probe(head, (size_t)n) &&
	    !cow_parse(head, (size_t)n, *size, &inner))
		*size = inner.size;
	return 0;
}

static int plan(const char *backing, u32 align, struct cow_header *h,
		const char **why)
{
	struct stat st;
	int fd, err;

	memset(h, 0, sizeof(*h));
	if (!realpath(backing, h->backing))
		return -errno;
	fd = open(h->backing, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = fstat(fd, &st) ? -errno : virtual_size(fd, &st, &h->size);
	close(fd);
	if (err)
		return err;
	h->mtime = (u32)st.st_mtime;
	*why = cow_plan_aligned(h, align);
	return *why ? -EINVAL : 0;
}

int cow_fill(int fd, const struct cow_header *h)
{
	struct io *io;
	int err, copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0 || ftruncate(fd, (off_t)(h->data_at + h->size)))
		return -errno;
	io = io_file(copy);
	if (!io)
		return -ENOMEM;
	err = cow_write_header(io, h);
	io->ops->close(io);
	return err;
}

/* link() never replaces; the name of a half-made file says whose it is. */
static int write_file(const char *file, const struct cow_header *h)
{
	char temp[PATH_MAX];
	int fd, err = 0;

	if (snprintf(temp, sizeof(temp), "%s.%d.new", file, (int)getpid()) >=
	    (int)sizeof(temp))
		return -ENAMETOOLONG;
	fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	err = cow_fill(fd, h);
	if (!err && link(temp, file))
		err = -errno;
	unlink(temp);
	close(fd);
	return err;
}

int cow_plan_over(const char *backing, u32 align, struct cow_header *h,
		  char *err, size_t size)
{
	const char *why = NULL;
	int r = plan(backing, align, h, &why);

	if (r)
		snprintf(err, size, "%s: %s", backing,
			 why ? why : strerror(-r));
	return r;
}

int cow_make(const char *file, const char *backing, u32 align, char *err,
	     size_t size)
{
	struct cow_header *h = malloc(sizeof(*h));
	int r;

	if (!h) {
		snprintf(err, size, "%s: out of memory", file);
		return -ENOMEM;
	}
	r = cow_plan_over(backing, align, h, err, size);
	if (r) {
		free(h);
		return r;
	}
	r = write_file(file, h);
	if (r)
		snprintf(err, size, "%s: %s", file, strerror(-r));
	free(h);
	return r;
}
