// SPDX-License-Identifier: GPL-2.0
/*
 * COW files: the image may be one, and --keep FILE makes one over it. All is
 * looked at here first, so that what is wrong is told before a guest starts
 * and in words that name the way out; the kernel then opens, and locks, the
 * same files by the same rules.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/run/run.h"
#include "ubd/format/cow.h"
#include "ubd/host/cow_open.h"
#include "ubd/host/lock.h"

/* Opens the COW file and all below it as the kernel will, and lets go. */
static int try_open(const char *file, const char *backing, bool writable)
{
	struct cow_opening o = { .file = file, .backing = backing,
				 .writable = writable };
	int fd = open(file, (writable ? O_RDWR : O_RDONLY) | O_NONBLOCK |
		      O_CLOEXEC);
	struct image *img;
	char holder[64];
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		msg_errno(file, errno, "cannot be opened%s",
			  writable ? " for writing" : "");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (lock_image(fd, writable, holder, sizeof(holder)) == -EAGAIN) {
		close(fd);
		return msg_error(file, "is in use by %s", holder);
	}
	if (cow_open(fd, st.st_size, &o, &img))
		return msg_error(NULL, "%s", o.err);
	img->fmt->close(img);
	if (*o.note)
		msg_warning(NULL, "%s", o.note);
	return 0;
}

int keep_check_image(const struct run_options *options,
		     const struct run_image *image)
{
	unsigned char head[4];
	ssize_t n = io_file_head(image->fd, head, sizeof(head));

	if (n < 0)
		return msg_errno(image->path, errno, "cannot be read");
	if (cow_probe(head, n))
		return try_open(image->path, options->backing, options->rw);
	if (options->backing)
		return msg_error(image->path,
				 "is no COW file, so it has no backing");
	return 0;
}

/* The backing that the header names, from the folder of FILE. New memory. */
static char *named_backing(const char *file, const struct cow_header *h)
{
	char real[PATH_MAX];

	if (*h->backing == '/' || !realpath(file, real))
		return mem_strdup(h->backing);
	return mem_printf("%.*s%s", (int)(strrchr(real, '/') - real) + 1, real,
			  h->backing);
}

static int check_backing(const char *file, const struct cow_header *h,
			 const struct run_image *image)
{
	char *name = named_backing(file, h);
	struct stat named, given;
	int result = 0;

	if (fstat(image->fd, &given))
		result = msg_errno(image->path, errno, "cannot be looked at");
	else if (stat(name, &named))
		result = msg_error(file, "was made over %s, which cannot be reached: %s; if %s is that, use imgtool cow rebase --unsafe",
				   name, strerror(errno), image->path);
	else if (named.st_dev != given.st_dev || named.st_ino != given.st_ino)
		result = msg_error(file, "lies over %s: give that as the image, or put it over %s by imgtool cow rebase",
				   name, image->path);
	free(name);
	return result;
}

/* A file that is there: ours to go on with, or not? */
static int check_kept(const char *file, const struct run_image *image,
		      const struct stat *st)
{
	unsigned char head[COW_HEADER_MOST];
	struct cow_header *h;
	struct stat given;
	const char *bad;
	ssize_t n;
	int result;

	if (!fstat(image->fd, &given) && given.st_dev == st->st_dev &&
	    given.st_ino == st->st_ino)
		return msg_error(file, "is the image itself");
	n = io_file_head(image->keep_fd, head, sizeof(head));
	if (n < 0)
		return msg_errno(file, errno, "cannot be read");
	if (!cow_probe(head, n))
		return msg_error(file,
				 "is there and is no COW file: it stays as it is, give another name");
	h = mem_alloc(sizeof(*h));
	bad = cow_parse(head, n, st->st_size, h);
	result = bad ? msg_error(file, "not a usable COW file: %s", bad) :
		       check_backing(file, h, image);
	free(h);
	return result;
}

/* High, as the kernel inherits it. Opened for writing to learn whether that
 * may be done, and nothing is written through it. */
static int open_kept(const char *file)
{
	int low = open(file, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, RUN_FD_MIN);

	if (low >= 0)
		close(low);
	return fd;
}

int keep_open(const char *file, struct run_image *image)
{
	char err[512];
	struct stat st;

	if (stat(file, &st)) {
		if (errno != ENOENT)
			return msg_errno(file, errno, "cannot be looked at");
		if (cow_make(file, image->path, COW_ALIGN_NEW, err,
			     sizeof(err)))
			return msg_error(NULL, "%s", err);
		image->keep_made = true;
	} else if (!S_ISREG(st.st_mode)) {
		return msg_error(file, "is not a regular file");
	}
	image->keep = file;
	image->keep_fd = open_kept(file);
	if (image->keep_fd < 0 || fstat(image->keep_fd, &st))
		return msg_errno(file, errno, "cannot be opened for writing");
	if (check_kept(file, image, &st))
		return -1;
	return try_open(file, image->path, true);
}

void keep_close(struct run_image *image, bool used)
{
	if (image->keep_made && !used)
		unlink(image->keep);
	if (image->keep_fd >= 0)
		close(image->keep_fd);
	image->keep_fd = -1;
}
