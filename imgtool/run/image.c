// SPDX-License-Identifier: GPL-2.0
/* The image: found, checked, and named so that the kernel finds it too. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/run/run.h"

/* Longer names would crowd the kernel's command line. */
#define NAME_MAX_FOR_KERNEL 1000

/* Take @PARTITION off the end of PATH, unless a file has just that name. */
static unsigned int take_partition(char *path)
{
	char *at = strrchr(path, '@'), *end;
	unsigned long n;

	if (!at || !access(path, F_OK) || !isdigit((unsigned char)at[1]))
		return 0;
	n = strtoul(at + 1, &end, 10);
	if (*end || n < 1 || n > 255)
		return 0;
	*at = 0;
	return n;
}

static int check_kind(const char *path, int fd, const struct stat *st,
		      bool writable)
{
	uint64_t size = st->st_size;
	int readonly = 0;

	if (S_ISDIR(st->st_mode))
		return msg_error(path, "is a directory, not an image; imgtool build makes an image of it");
	if (S_ISBLK(st->st_mode)) {
		if (ioctl(fd, BLKGETSIZE64, &size))
			return msg_errno(path, errno, "its size is not known");
		/* It can be opened for writing all the same. */
		if (writable && !ioctl(fd, BLKROGET, &readonly) && readonly)
			return msg_error(path, "is a read-only device");
	} else if (!S_ISREG(st->st_mode)) {
		return msg_error(path, "is neither a file nor a block device");
	}
	if (!size)
		return msg_error(path, "is empty");
	return 0;
}

static int open_high(const char *path, int flags)
{
	int low = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), fd;

	if (low < 0)
		return -1;
	fd = fcntl(low, F_DUPFD_CLOEXEC, RUN_FD_MIN);
	close(low);
	return fd;
}

int image_open(const struct run_options *options, struct run_image *image)
{
	struct stat st;

	memset(image, 0, sizeof(*image));
	image->path = mem_strdup(options->image);
	image->partition = take_partition(image->path);
	image->fd = image->keep_fd = -1;
	/* Of a directory or fifo, say that and not that it can't be written. */
	if (!stat(image->path, &st) && !S_ISREG(st.st_mode) &&
	    !S_ISBLK(st.st_mode))
		return check_kind(image->path, -1, &st, false);
	image->fd = open_high(image->path, options->rw ? O_RDWR : O_RDONLY);
	if (image->fd < 0)
		return msg_errno(image->path, errno, options->rw ?
				 "cannot be opened for writing" :
				 "cannot be opened");
	if (fstat(image->fd, &st))
		return msg_errno(image->path, errno, "cannot be looked at");
	if (check_kind(image->path, image->fd, &st, options->rw) ||
	    keep_check_image(options, image))
		return -1;
	return options->keep ? keep_open(options->keep, image) : 0;
}

/*
 * The kernel's parser takes a backslash in front of its separators, and its
 * host side quotes blanks. For what neither can say there is the descriptor.
 */
char *image_name_for_kernel(const char *path, int fd)
{
	char *name = mem_alloc(2 * NAME_MAX_FOR_KERNEL + 2);
	size_t n = 0;
	const char *p;

	for (p = path; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == '"' || *p == 0x7f ||
		    n >= NAME_MAX_FOR_KERNEL)
			break;
		if (strchr(",:\\", *p))
			name[n++] = '\\';
		name[n++] = *p;
	}
	name[n] = 0;
	if (!*p)
		return name;
	free(name);
	return mem_printf("/proc/self/fd/%d", fd);
}

const char *image_root_device(const struct run_image *image)
{
	static char name[32];

	if (!image->partition)
		return "/dev/ubda";
	snprintf(name, sizeof(name), "/dev/ubda%u", image->partition);
	return name;
}

void image_close(struct run_image *image, bool used)
{
	keep_close(image, used);
	if (image->fd >= 0)
		close(image->fd);
	free(image->path);
	image->fd = -1;
}
