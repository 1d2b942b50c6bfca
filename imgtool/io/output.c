/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "imgtool/io/cleanup.h"
#include "imgtool/io/output.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"

#define BLOCK 4096
/* Pieces from this size on are not copied into the buffer. */
#define LARGE_PIECE (256 << 10)

static int write_failed(struct output *out)
{
	return msg_errno(out->name, errno, "cannot be written");
}

/* The directory of PATH, in new memory. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return mem_strdup(".");
	return mem_printf("%.*s", (int)(slash - path) ?: 1, path);
}

/* A name beside PATH that nothing else uses. */
static char *temporary_name(const char *path, unsigned int attempt)
{
	const char *slash = strrchr(path, '/');
	int directory = slash ? slash - path + 1 : 0;

	return mem_printf("%.*s.%.200s.%ld.%u", directory, path,
			  path + directory, (long)getpid(), attempt);
}

static int open_named(struct output *out)
{
	unsigned int attempt;

	for (attempt = 0; attempt < 100; attempt++) {
		out->temporary = temporary_name(out->path, attempt);
		cleanup_add(out->temporary);
		out->fd = open(out->temporary,
			       O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (out->fd >= 0)
			return 0;
		cleanup_remove();
		free(out->temporary);
		out->temporary = NULL;
		if (errno != EEXIST)
			break;
	}
	return -1;
}

static int open_unnamed(struct output *out)
{
	char *directory = directory_of(out->path);

	if (!access("/proc/self/fd", X_OK))
		out->fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	free(directory);
	return out->fd < 0 ? -1 : 0;
}

/* Symlinks are followed, so that the file they point to is replaced. */
static int find_target(struct output *out)
{
	char *real = realpath(out->name, NULL);
	struct stat st;

	out->path = real ? mem_strdup(real) : mem_strdup(out->name);
	free(real);
	if (stat(out->path, &st) < 0)
		return 0;
	if (!S_ISREG(st.st_mode))
		return msg_error(out->name, S_ISDIR(st.st_mode) ?
				 "is a directory" :
				 "exists and is not a regular file");
	out->old_dev = st.st_dev;
	out->old_ino = st.st_ino;
	return 0;
}

int output_open(struct output *out, const char *name)
{
	size_t length = strlen(name);

	memset(out, 0, sizeof(*out));
	out->name = name;
	out->fd = -1;
	if (!length || name[length - 1] == '/')
		return msg_error(name, "is not the name of a file");
	if (find_target(out) < 0) {
		output_abort(out);
		return -1;
	}
	if (open_unnamed(out) < 0 && open_named(out) < 0) {
		msg_errno(name, errno, "cannot be made");
		output_abort(out);
		return -1;
	}
	out->buffer = mem_alloc(OUTPUT_BUFFER);
	return 0;
}

int output_count(struct output *out, const char *name)
{
	memset(out, 0, sizeof(*out));
	out->name = name ?: "the image";
	out->fd = -1;
	out->discard = true;
	if (name && find_target(out) < 0) {
		output_abort(out);
		return -1;
	}
	out->buffer = mem_alloc(OUTPUT_BUFFER);
	return 0;
}

static int write_all(struct output *out, uint64_t offset, const void *data,
		     size_t length)
{
	ssize_t n;

	while (length && !out->discard) {
		n = pwrite(out->fd, data, length, out->base + offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n ? errno : EIO;
			return write_failed(out);
		}
		data = (const char *)data + n;
		offset += n;
		length -= n;
	}
	return 0;
}

int output_flush(struct output *out)
{
	size_t n = out->used;

	out->used = 0;
	progress_add(n);
	return write_all(out, out->from, out->buffer, n);
}

void output_own_block(struct output *out)
{
	out->own_block = true;
}

/* Fill the last block with zeros, if that makes OFFSET the next. */
static void fill_block(struct output *out, uint64_t offset)
{
	uint64_t end = out->from + out->used;
	size_t rest = -end % BLOCK;

	if (!out->used || !out->own_block || offset != end + rest ||
	    rest > OUTPUT_BUFFER - out->used)
		return;
	memset(out->buffer + out->used, 0, rest);
	out->used += rest;
}

void *output_reserve(struct output *out, uint64_t offset, size_t length)
{
	fill_block(out, offset);
	out->own_block = false;
	if (out->used && (offset != out->from + out->used ||
			  length > OUTPUT_BUFFER - out->used) &&
	    output_flush(out) < 0)
		return NULL;
	if (!out->used)
		out->from = offset;
	out->used += length;
	return out->buffer + out->used - length;
}

int output_write(struct output *out, uint64_t offset, const void *data,
		 size_t length)
{
	void *to;

	if (length >= LARGE_PIECE) {
		if (output_flush(out) < 0)
			return -1;
		return write_all(out, offset, data, length);
	}
	to = output_reserve(out, offset, length);
	if (!to)
		return -1;
	memcpy(to, data, length);
	return 0;
}

/* What is in memory comes at once; else it is noted that we waited for it. */
static ssize_t read_some(struct output *out, int fd, uint64_t position,
			 void *data, size_t length)
{
	struct iovec part = { data, length };
	ssize_t n = preadv2(fd, &part, 1, position, RWF_NOWAIT);

	if (n > 0)
		return n;
	out->waited = true;
	return pread(fd, data, length, position);
}

static int read_exactly(struct output *out, int fd, uint64_t position,
			void *data, size_t length, const char *source)
{
	ssize_t n;

	while (length) {
		n = read_some(out, fd, position, data, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return msg_errno(source, errno, "cannot be read");
		if (!n)
			return msg_error(source, "became shorter while it was "
					 "read");
		data = (char *)data + n;
		position += n;
		length -= n;
	}
	return 0;
}

/* Let the kernel copy as much as it will. How much is left is returned. */
static uint64_t copy_in_kernel(struct output *out, uint64_t offset, int fd,
			       uint64_t position, uint64_t length)
{
	off_t from = position, to = out->base + offset;
	ssize_t n;

	while (length) {
		n = copy_file_range(fd, &from, out->fd, &to,
				    length < 1 << 30 ? length : 1 << 30, 0);
		if (n <= 0)
			break;
		length -= n;
	}
	return length;
}

int output_copy(struct output *out, uint64_t offset, int fd, uint64_t position,
		uint64_t length, const char *source)
{
	uint64_t left = length;
	size_t n;
	void *to;

	if (length >= LARGE_PIECE && !out->discard) {
		if (output_flush(out) < 0)
			return -1;
		left = copy_in_kernel(out, offset, fd, position, length);
		offset += length - left;
		position += length - left;
		progress_add(length - left);
	}
	for (; left; left -= n) {
		n = left < OUTPUT_BUFFER ? left : OUTPUT_BUFFER;
		to = output_reserve(out, offset, n);
		if (!to ||
		    read_exactly(out, fd, position, to, n, source) < 0)
			return -1;
		output_own_block(out);
		offset += n;
		position += n;
	}
	return 0;
}

int output_zero(struct output *out, uint64_t offset, uint64_t length)
{
	static const uint8_t zeros[64 << 10];
	struct stat st;
	uint64_t end;
	size_t n;

	if (output_flush(out) < 0)
		return -1;
	if (out->discard ||
	    !fallocate(out->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		       out->base + offset, length))
		return 0;
	if (fstat(out->fd, &st) < 0)
		return write_failed(out);
	end = (uint64_t)st.st_size > out->base ? st.st_size - out->base : 0;
	if (offset + length > end)
		length = offset < end ? end - offset : 0;
	for (; length; length -= n) {
		n = length < sizeof(zeros) ? length : sizeof(zeros);
		if (write_all(out, offset, zeros, n) < 0)
			return -1;
		offset += n;
	}
	return 0;
}

int output_read(struct output *out, uint64_t offset, void *data, size_t length)
{
	ssize_t n;

	if (output_flush(out) < 0)
		return -1;
	while (length) {
		n = pread(out->fd, data, length, out->base + offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return msg_errno(out->name, errno, "cannot be read");
		if (!n)
			break;
		data = (char *)data + n;
		offset += n;
		length -= n;
	}
	memset(data, 0, length);
	return 0;
}

int output_set_base(struct output *out, uint64_t base)
{
	if (output_flush(out) < 0)
		return -1;
	out->base = base;
	return 0;
}

int output_resize(struct output *out, uint64_t length)
{
	if (output_flush(out) < 0)
		return -1;
	if (ftruncate(out->fd, out->base + length) < 0)
		return write_failed(out);
	return 0;
}

/* Give the nameless file a name: the final one, or if that is taken one
 * beside it. */
static int link_unnamed(struct output *out)
{
	unsigned int attempt;
	char from[40], *name;

	snprintf(from, sizeof(from), "/proc/self/fd/%d", out->fd);
	if (!linkat(AT_FDCWD, from, AT_FDCWD, out->path, AT_SYMLINK_FOLLOW))
		return 0;
	for (attempt = 0; errno == EEXIST && attempt < 100; attempt++) {
		name = temporary_name(out->path, attempt);
		if (!linkat(AT_FDCWD, from, AT_FDCWD, name,
			    AT_SYMLINK_FOLLOW)) {
			out->temporary = name;
			cleanup_add(name);
			return 0;
		}
		free(name);
	}
	return -1;
}

/* The name that it has meanwhile, where files cannot be without one. */
void output_keep_unnamed(struct output *out)
{
	if (!out->temporary)
		return;
	unlink(out->temporary);
	cleanup_remove();
	free(out->temporary);
	out->temporary = NULL;
}

int output_commit(struct output *out)
{
	int r = output_flush(out);

	if (r == 0 && !out->temporary)
		r = link_unnamed(out);
	if (r == 0 && out->temporary)
		r = rename(out->temporary, out->path);
	if (r < 0) {
		msg_errno(out->name, errno, "cannot be put in its place");
	} else if (out->temporary) {
		cleanup_remove();
		free(out->temporary);
		out->temporary = NULL;
	}
	output_abort(out);
	return r;
}

void output_abort(struct output *out)
{
	output_keep_unnamed(out);
	if (out->fd >= 0)
		close(out->fd);
	free(out->path);
	free(out->buffer);
	out->path = NULL;
	out->buffer = NULL;
	out->fd = -1;
}
