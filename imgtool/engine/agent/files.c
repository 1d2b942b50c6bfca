// SPDX-License-Identifier: GPL-2.0
/*
 * From paths to descriptors. Some of those used last are kept, because the
 * next request is about the same file, or about one beside it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/engine/agent/agent.h"

#define KEPT 8

struct kept {
	char *path;
	int fd;
	uint64_t used; /* when; 0: free */
};

/* of O_PATH, open for reading, and for writing */
static struct kept found[KEPT], opened[KEPT], written[KEPT];
static uint64_t uses;

static void forget(struct kept *kept)
{
	if (!kept->used)
		return;
	close(kept->fd);
	free(kept->path);
	kept->used = 0;
}

void files_forget(void)
{
	int i;

	for (i = 0; i < KEPT; i++) {
		forget(&found[i]);
		forget(&opened[i]);
		forget(&written[i]);
	}
}

static struct kept *look_up(struct kept *all, const char *path, size_t size)
{
	int i;

	for (i = 0; i < KEPT; i++) {
		struct kept *k = &all[i];

		if (k->used && !strncmp(k->path, path, size) &&
		    !k->path[size]) {
			k->used = ++uses;
			return k;
		}
	}
	return NULL;
}

static int keep(struct kept *all, const char *path, size_t size, int fd)
{
	struct kept *oldest = &all[0];
	int i;

	if (fd < 0)
		return -errno;
	for (i = 1; i < KEPT; i++)
		if (all[i].used < oldest->used)
			oldest = &all[i];
	forget(oldest);
	oldest->path = strndup(path, size);
	oldest->fd = fd;
	oldest->used = ++uses;
	return fd;
}

/* ---- handles ---- */

/* descriptors + 1; 0: free */
static int handles[ENGINE_HANDLES];

/* The descriptor of "//NUMBER"; -EBADF: there is none. -1: it is no handle. */
static int of_handle(const char *path)
{
	unsigned long number;
	char *end;

	if (path[0] != '/' || path[1] != '/')
		return -1;
	number = strtoul(path + 2, &end, 10);
	if (*end || number >= ENGINE_HANDLES || !handles[number])
		return -EBADF;
	return handles[number] - 1;
}

int file_handle(const char *path)
{
	int i, file = file_find(path), fd;

	for (i = 0; i < ENGINE_HANDLES && handles[i]; i++)
		;
	if (file < 0)
		return file;
	if (i == ENGINE_HANDLES)
		return -ENFILE;
	fd = open(file_name(file, ""), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		fd = open(file_name(file, ""),
			  O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	handles[i] = fd + 1;
	return i;
}

void file_handle_close(uint64_t number)
{
	if (number >= ENGINE_HANDLES || !handles[number])
		return;
	close(handles[number] - 1);
	handles[number] = 0;
	/* (one that is kept for this path will be of another file) */
	files_forget();
}

void files_end(void)
{
	int i;

	files_forget();
	for (i = 0; i < ENGINE_HANDLES; i++)
		file_handle_close(i);
}

/* ---- paths ---- */

/* SIZE bytes of PATH, name by name: any length, and no symlink. */
static int walk(const char *path, size_t size)
{
	char name[NAME_MAX + 1];
	int fd = mount_root, next;
	size_t n;

	for (; size; path += n + (size > n), size -= n + (size > n)) {
		for (n = 0; n < size && path[n] != '/'; n++)
			;
		if (!n || n > NAME_MAX) {
			next = -1;
			errno = n ? ENAMETOOLONG : EINVAL;
		} else {
			memcpy(name, path, n);
			name[n] = 0;
			next = openat(fd, name, O_PATH | O_NOFOLLOW |
				      O_CLOEXEC);
		}
		if (fd != mount_root)
			close(fd);
		fd = next;
		if (fd < 0)
			return -1;
	}
	return fd == mount_root ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : fd;
}

static int find(const char *path, size_t size)
{
	struct kept *k = look_up(found, path, size);

	return k ? k->fd : keep(found, path, size, walk(path, size));
}

/* Its directory is kept, it is found from there. */
int file_find(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t size = strlen(path);
	struct kept *k = look_up(found, path, size);
	int dir = of_handle(path);

	if (dir != -1)
		return dir;
	if (k)
		return k->fd;
	if (!slash)
		return find(path, size);
	dir = find(path, slash - path);
	if (dir < 0)
		return dir;
	return keep(found, path, size,
		    openat(dir, slash + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

/* (O_NONBLOCK: if it is no file after all, it shall not keep us) */
int file_open_in(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW |
		      O_CLOEXEC);
}

int file_open(const char *path)
{
	struct kept *k = look_up(opened, path, strlen(path));
	const char *name;
	int dir = of_handle(path);

	if (dir != -1)
		return dir;
	if (k)
		return k->fd;
	dir = file_parent(path, &name);
	if (dir < 0)
		return dir;
	return keep(opened, path, strlen(path), file_open_in(dir, name));
}

int file_open_write(const char *path)
{
	struct kept *k = look_up(written, path, strlen(path));
	int dir = of_handle(path), flags;
	const char *name;

	if (k)
		return k->fd;
	flags = dir < 0 ? -1 : fcntl(dir, F_GETFL);
	if (flags >= 0 && (flags & O_ACCMODE) == O_RDWR)
		return dir;
	/* (one that could not be opened to be written to says why) */
	if (dir >= 0)
		return keep(written, path, strlen(path),
			    open(file_name(dir, ""), O_WRONLY | O_NONBLOCK |
				 O_CLOEXEC));
	if (dir != -1)
		return dir;
	dir = file_parent(path, &name);
	if (dir < 0)
		return dir;
	return keep(written, path, strlen(path),
		    openat(dir, name, O_WRONLY | O_NONBLOCK | O_NOFOLLOW |
			   O_CLOEXEC));
}

int file_parent(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');

	*name = "";
	if (of_handle(path) != -1)
		return -EINVAL;
	*name = slash ? slash + 1 : path;
	if (!**name || !strcmp(*name, ".") || !strcmp(*name, ".."))
		return -EINVAL;
	return slash ? find(path, slash - path) : mount_root;
}

const char *file_name(int fd, const char *name)
{
	static char path[32 + NAME_MAX];

	snprintf(path, sizeof(path), "/proc/self/fd/%d%s%s", fd,
		 *name ? "/" : "", name);
	return path;
}
