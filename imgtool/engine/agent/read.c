// SPDX-License-Identifier: GPL-2.0
/* What is in files: data, targets of symlinks, extended attributes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "imgtool/engine/agent/agent.h"

/*
 * What was read goes to the host and is not read again, so the pages are of no
 * more use; and pages used anew are much cheaper than those that the guest has
 * not used yet, which the host has to find and to clear first. (Some lag: a
 * block of a compressed file may be larger than what is read at once.)
 */
#define LAG (2 * (uint64_t)ENGINE_DATA_MOST)

static void drop_behind(int fd, uint64_t offset, size_t size)
{
	uint64_t start = offset > LAG ? offset - LAG : 0;

	if (size == ENGINE_DATA_MOST && offset)
		posix_fadvise(fd, start, offset - start, POSIX_FADV_DONTNEED);
}

void serve_read(const struct request *request)
{
	uint64_t length = request->head.length;
	size_t used = 0;
	ssize_t n = 1;
	int fd = file_open(request->path);

	if (length > ENGINE_DATA_MOST)
		length = ENGINE_DATA_MOST;
	while (fd >= 0 && used < length && n > 0) {
		n = pread(fd, room + used, length - used,
			  request->head.offset + used);
		if (n > 0)
			used += n;
	}
	if (fd < 0 || n < 0) {
		answer_error(request, fd < 0 ? fd : -errno, "");
		return;
	}
	answer(request, room, used);
	drop_behind(fd, request->head.offset, used);
}

/* SIZE bytes, or up to the end: how many; or -errno. */
static ssize_t read_from(int dir, const char *name, char *to, size_t size)
{
	int fd = file_open_in(dir, name);
	ssize_t n = 1;
	size_t used = 0;

	if (fd < 0)
		return -errno;
	while (used < size && n > 0) {
		n = pread(fd, to + used, size - used, used);
		if (n > 0)
			used += n;
	}
	if (n < 0)
		n = -errno;
	close(fd);
	return n < 0 ? n : (ssize_t)used;
}

/* The name that is wanted at AT, of SPACE bytes; 0: what is there is none. */
static size_t take_want(const char *at, size_t space, struct engine_want *want,
			char name[NAME_MAX + 1])
{
	size_t n;

	if (space < sizeof(*want))
		return 0;
	memcpy(want, at, sizeof(*want));
	n = ENGINE_ALIGN(sizeof(*want) + (size_t)want->name_size);
	if (!want->name_size || want->name_size > NAME_MAX || n > space)
		return 0;
	memcpy(name, at + sizeof(*want), want->name_size);
	name[want->name_size] = 0;
	return strchr(name, '/') ? 0 : n;
}

void serve_read_files(const struct request *request)
{
	const char *at = request->data, *end = at + request->head.data_size;
	int dir = file_find(request->path);
	char name[NAME_MAX + 1];
	struct engine_want want;
	struct engine_file file;
	size_t used = 0, n, whole;
	ssize_t size;

	for (; dir >= 0 && at < end; at += n) {
		n = take_want(at, end - at, &want, name);
		whole = ENGINE_ALIGN(sizeof(file) + (size_t)want.size);
		if (!n || whole > ENGINE_DATA_MOST - used) {
			answer_error(request, -EPROTO, "");
			return;
		}
		size = read_from(dir, name, room + used + sizeof(file),
				 want.size);
		file.error = size < 0 ? size : 0;
		file.size = size < 0 ? 0 : size;
		memcpy(room + used, &file, sizeof(file));
		used += sizeof(file) + file.size;
		whole = ENGINE_ALIGN(used);
		memset(room + used, 0, whole - used);
		used = whole;
	}
	if (dir < 0)
		answer_error(request, dir, "");
	else
		answer(request, room, used);
}

void serve_seek(const struct request *request)
{
	struct engine_extent extent;
	int fd = file_open(request->path);
	struct stat st;
	off_t at;

	if (fd < 0 || fstat(fd, &st)) {
		answer_error(request, fd < 0 ? fd : -errno, "");
		return;
	}
	extent.start = extent.end = st.st_size;
	at = lseek(fd, request->head.offset, SEEK_DATA);
	if (at >= 0) {
		extent.start = at;
		at = lseek(fd, at, SEEK_HOLE);
		if (at >= 0)
			extent.end = at;
	} else if (errno != ENXIO) {
		answer_error(request, -errno, "");
		return;
	}
	answer(request, &extent, sizeof(extent));
}

void serve_readlink(const struct request *request)
{
	int fd = file_find(request->path);
	ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", room, PATH_MAX);

	if (n < 0)
		answer_error(request, fd < 0 ? fd : -errno, "");
	else
		answer(request, room, n);
}

/* Name and value; 0: no room. */
static size_t put_xattr(const char *file, const char *name, char *to,
			size_t space, int *err)
{
	struct engine_xattr *head = (void *)to;
	size_t size = sizeof(*head) + strlen(name);
	ssize_t n;

	*err = -E2BIG;
	if (space < ENGINE_ALIGN(size))
		return 0;
	n = getxattr(file, name, to + size, space - size - 8);
	*err = n < 0 ? -errno : 0;
	if (n < 0)
		return 0;
	head->name_size = strlen(name);
	head->value_size = n;
	memcpy(to + sizeof(*head), name, head->name_size);
	size += n;
	memset(to + size, 0, ENGINE_ALIGN(size) - size);
	return ENGINE_ALIGN(size);
}

void serve_xattrs(const struct request *request)
{
	static char names[XATTR_LIST_MAX + 1];
	int fd = file_find(request->path), err = 0;
	const char *file = file_name(fd, ""), *name;
	size_t used = 0;
	ssize_t n;

	/* The magic link of an O_PATH descriptor is followed just once, so
	 * this is about the symlink itself if it is one. */
	n = fd < 0 ? -1 : listxattr(file, names, XATTR_LIST_MAX);
	if (n < 0 && fd >= 0 && errno == EOPNOTSUPP)
		n = 0;
	if (n < 0) {
		answer_error(request, fd < 0 ? fd : -errno, "");
		return;
	}
	names[n] = 0;
	for (name = names; name < names + n; name += strlen(name) + 1) {
		if (used > sizeof(room) / 2) {
			answer_more(request, room, used);
			used = 0;
		}
		used += put_xattr(file, name, room + used,
				  sizeof(room) - used, &err);
		if (err < 0 && err != -ENODATA) {
			answer_error(request, err, "");
			return;
		}
	}
	answer(request, room, used);
}

void serve_open(const struct request *request)
{
	int r = file_handle(request->path);
	struct engine_handle handle = { .number = r };

	if (r < 0)
		answer_error(request, r, "");
	else
		answer(request, &handle, sizeof(handle));
}

void serve_close(const struct request *request)
{
	file_handle_close(request->head.offset);
	answer(request, "", 0);
}
