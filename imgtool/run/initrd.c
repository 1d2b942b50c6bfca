// SPDX-License-Identifier: GPL-2.0
/*
 * The initrd: a "newc" cpio archive with init, the folders it mounts on, and
 * a console for the kernel to give it. See the kernel's
 * Documentation/driver-api/early-userspace/buffer-format.rst.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/run/run.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define HEADER_BYTES 110

struct archive {
	unsigned char *data;
	size_t size, room;
	unsigned int inode;
};

static void append(struct archive *a, const void *data, size_t n)
{
	memcpy(a->data + a->size, data, n);
	a->size += n;
	while (a->size & 3)
		a->data[a->size++] = 0;
}

static void add(struct archive *a, const char *name, unsigned int mode,
		dev_t rdev, const void *data, size_t n)
{
	char head[HEADER_BYTES + 64];
	int length;

	length = snprintf(head, sizeof(head),
			  "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X%s",
			  ++a->inode, mode, 0, 0, 1, 0, n, 0, 0, major(rdev),
			  minor(rdev), strlen(name) + 1, 0, name);
	append(a, head, length + 1);
	append(a, data, n);
}

static void fill(struct archive *a, const struct initrd *what)
{
	static const char *const folders[] = { "dev", "proc", "sys",
					       "sysroot", "modules" };
	size_t i;

	for (i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		add(a, folders[i], S_IFDIR | 0755, 0, "", 0);
	add(a, "dev/console", S_IFCHR | 0600, makedev(5, 1), "", 0);
	add(a, "init", S_IFREG | 0755, 0, what->init, what->init_size);
	for (i = 0; i < what->count; i++)
		add(a, what->files[i].name, S_IFREG | 0644, 0,
		    what->files[i].data, what->files[i].size);
	add(a, "TRAILER!!!", 0, 0, "", 0);
}

/* A nameless file: in memory, or where that is denied in a folder for
 * temporary files. */
static int nameless_file(void)
{
	const char *dir = getenv("TMPDIR");
	int fd;

	fd = memfd_create("initrd", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	if (fd < 0)
		fd = memfd_create("initrd", MFD_CLOEXEC);
	if (fd < 0)
		fd = open(dir && *dir ? dir : "/tmp",
			  O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd;
}

static int write_all(int fd, const unsigned char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		data += n;
		size -= n;
	}
	return 0;
}

int initrd_create(const struct initrd *what)
{
	struct archive a = { .room = what->init_size + 4096 };
	int low, fd, err;
	size_t i;

	for (i = 0; i < what->count; i++)
		a.room += HEADER_BYTES + 128 + what->files[i].size;
	a.data = mem_alloc(a.room);
	fill(&a, what);
	low = nameless_file();
	fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, RUN_FD_MIN);
	err = errno;
	if (low >= 0)
		close(low);
	if (fd >= 0 && write_all(fd, a.data, a.size) < 0) {
		err = errno;
		close(fd);
		fd = -1;
	}
	free(a.data);
	if (fd < 0)
		return msg_errno("initrd", err, "cannot be written");
	return fd;
}
