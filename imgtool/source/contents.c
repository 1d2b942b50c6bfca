/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files of source directories, found again to be copied: nothing but the name
 * was kept open meanwhile. A file that is not what it was, or was written to
 * until its copy was complete, fails the build: half of it would be old.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/source/at.h"
#include "imgtool/source/source.h"
#include "imgtool/tree/path.h"

char *source_path_buffer(struct source *source)
{
	size_t length = strlen(source->name) + 1;

	/* One name more than what may be, to be refused. */
	if (!source->full) {
		source->full = mem_alloc(length + PATH_LONGEST + 1 +
					 NAME_MAX + 1);
		memcpy(source->full, source->name, length);
	}
	return source->full + length;
}

/* The path from the source's root, which ends the name for messages. */
static const char *set_path(const struct file_ref *ref)
{
	char *path = source_path_buffer(ref->dir->source);
	size_t length = strlen(ref->dir->path);

	path[-1] = '/';
	memcpy(path, ref->dir->path, length);
	if (length)
		path[length++] = '/';
	strcpy(path + length, ref->name);
	return path;
}

const char *source_file_name(const struct file_ref *ref)
{
	set_path(ref);
	return ref->dir->source->full;
}

int source_open_file(const struct file_ref *ref)
{
	const char *path = set_path(ref);

	return at_open(ref->dir->source->fd, path, 0);
}

uint64_t source_file_key(const struct stat *st)
{
	uint64_t time = (uint64_t)st->st_mtim.tv_sec * 1000000000 +
			(uint64_t)st->st_mtim.tv_nsec;

	/* (odd, so that no two times give the same) */
	return st->st_ino ^ time * 0x9e3779b97f4a7c15;
}

static int was_changed(const struct file_ref *ref)
{
	return msg_error(source_file_name(ref), "was changed while the image "
			 "was made");
}

int source_file_failed(const struct file_ref *ref)
{
	/* A symlink on the way. */
	if (errno == ELOOP || errno == ENOTDIR)
		return was_changed(ref);
	return msg_errno(source_file_name(ref), errno, "cannot be read");
}

int source_check_file(const struct file_ref *ref, int fd, uint64_t size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return source_file_failed(ref);
	if (!S_ISREG(st.st_mode) || st.st_dev != ref->dir->dev ||
	    (uint64_t)st.st_size != size || source_file_key(&st) != ref->key)
		return was_changed(ref);
	return 0;
}
