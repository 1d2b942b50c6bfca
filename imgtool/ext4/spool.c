/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "imgtool/ext4/disk.h"
#include "imgtool/ext4/spool.h"
#include "imgtool/msg.h"
#include "imgtool/tree/pool.h"

int spool_open(struct volume *volume)
{
	const char *dir = getenv("TMPDIR");
	char *path = mem_printf("%s/imgtool.XXXXXX", dir && *dir ? dir :
				"/var/tmp");
	int fd = mkostemp(path, O_CLOEXEC), r = 0;

	if (fd < 0) {
		r = msg_errno(path, errno, "cannot be made; set TMPDIR to a "
			      "folder with room");
	} else {
		unlink(path);
		volume->spool_fd = fd;
		volume->spool = true;
	}
	free(path);
	return r;
}

/* The first blocks of a file: it goes behind the others. */
static void begin(struct data_stream *stream)
{
	struct file_ref *ref;

	ref = pool_alloc(offsetof(struct file_ref, name) + 1);
	ref->key = stream->volume->spool_blocks;
	stream->inode->ref = ref;
}

void spool_map(struct data_stream *stream, uint32_t logical, uint32_t count)
{
	if (!stream->inode->ref)
		begin(stream);
	extents_add(&stream->inode->extents, logical, 0, count);
	stream->spooled += count;
}

int spool_write(struct data_stream *stream, uint64_t offset, const void *data,
		size_t length)
{
	const struct volume *volume = stream->volume;
	uint64_t behind = stream->mapped - (offset >> BLOCK_BITS);
	uint64_t block = volume->spool_blocks + stream->spooled - behind;
	uint64_t at = (block << BLOCK_BITS) + offset % BLOCK_SIZE;
	const char *from = data;
	ssize_t n;

	for (; length; length -= n, from += n, at += n) {
		n = pwrite(volume->spool_fd, from, length, at);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return msg_errno(stream->name, n ? errno : ENOSPC,
					 "cannot be kept for --spool; set "
					 "TMPDIR to a folder with room");
	}
	return 0;
}

void spool_end(struct data_stream *stream)
{
	stream->volume->spool_blocks += stream->spooled;
	stream->spooled = 0;
}

bool spool_has(const struct inode *inode)
{
	return inode->ref && !inode->ref->dir;
}

int spool_copy(struct volume *volume, const struct inode *inode)
{
	const struct extent *e = extents_list(&inode->extents);
	uint64_t block = inode->ref->key, length, at;
	size_t i;

	for (i = 0; i < inode->extents.count; i++, e++) {
		at = (uint64_t)e->logical << BLOCK_BITS;
		length = (uint64_t)e->count << BLOCK_BITS;
		if (length > inode->size - at)
			length = inode->size - at;
		if (output_copy(volume->out, e->physical << BLOCK_BITS,
				volume->spool_fd, block << BLOCK_BITS, length,
				"the spool") < 0)
			return -1;
		block += e->count;
	}
	return 0;
}

void spool_close(struct volume *volume)
{
	if (volume->spool)
		close(volume->spool_fd);
	volume->spool = false;
}
