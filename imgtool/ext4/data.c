/* SPDX-License-Identifier: GPL-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "imgtool/ext4/copies.h"
#include "imgtool/ext4/data.h"
#include "imgtool/ext4/disk.h"
#include "imgtool/ext4/spool.h"
#include "imgtool/msg.h"
#include "imgtool/source/source.h"

void data_begin(struct data_stream *stream, struct volume *volume,
		struct inode *inode, const char *name, uint64_t size)
{
	struct alloc *alloc = &volume->alloc;
	uint64_t blocks = blocks_of(size);

	*stream = (struct data_stream){ volume, inode, name, 0, 0, 0, 0,
					0 };
	if (volume->spool || !blocks || blocks > UINT32_MAX)
		return;
	if (!holes_have(&alloc->holes, blocks))
		return;
	stream->claimed = alloc_contiguous(alloc, blocks);
	stream->claim = blocks;
}

/* Once it is known that the image is too small, only count. */
static void check_limit(struct volume *volume)
{
	if (volume->fixed_blocks &&
	    volume->alloc.cursor > volume->fixed_blocks)
		volume->overflow = volume->out->discard = true;
}

/* Give blocks to COUNT blocks of the file from LOGICAL on. */
static void map(struct data_stream *stream, uint32_t logical, uint32_t count)
{
	uint32_t n = count < stream->claim ? count : stream->claim;

	if (stream->volume->spool) {
		spool_map(stream, logical, count);
		return;
	}
	if (n) {
		extents_add(&stream->inode->extents, logical, stream->claimed,
			    n);
		stream->claimed += n;
		stream->claim -= n;
	}
	if (count > n)
		alloc_blocks(&stream->volume->alloc, &stream->inode->extents,
			     logical + n, count - n);
	check_limit(stream->volume);
}

/* Write to blocks that are mapped; they are among the last extents. */
static int write_mapped(struct data_stream *stream, uint64_t offset,
			const uint8_t *data, size_t length)
{
	const struct extents *extents = &stream->inode->extents;
	uint64_t from, to, end = offset + length;
	const struct extent *e;
	size_t i, n;

	for (i = extents->count; i; i--)
		if (((uint64_t)extents_list(extents)[i - 1].logical << BLOCK_BITS) <=
		    offset)
			break;
	for (i = i ? i - 1 : 0; i < extents->count && offset < end; i++) {
		e = &extents_list(extents)[i];
		from = (uint64_t)e->logical << BLOCK_BITS;
		to = from + ((uint64_t)e->count << BLOCK_BITS);
		n = (to < end ? to : end) - offset;
		if (output_write(stream->volume->out,
				 (e->physical << BLOCK_BITS) + offset - from,
				 data, n) < 0)
			return -1;
		output_own_block(stream->volume->out);
		data += n;
		offset += n;
	}
	return 0;
}

/* Blocks for LENGTH bytes at OFFSET. */
static int reserve(struct data_stream *stream, uint64_t offset, uint64_t length)
{
	uint64_t longest = stream->volume->profile->file_longest;
	uint32_t first, end;

	if (offset < stream->position)
		return msg_error(stream->name, "its parts overlap");
	if (length > longest || offset > longest - length)
		return msg_error(stream->name, "is longer than a file can be "
				 "in %s", stream->volume->profile->fs);
	stream->position = offset + length;
	first = offset >> BLOCK_BITS;
	end = blocks_of(offset + length);
	if (first < stream->mapped)
		first = stream->mapped;
	if (first < end) {
		map(stream, first, end - first);
		stream->mapped = end;
	}
	return 0;
}

/* What is nowhere written reads as zero, in the image as in the spool. */
int data_zero(struct data_stream *stream, uint64_t offset, uint64_t length)
{
	return length ? reserve(stream, offset, length) : 0;
}

int data_write(struct data_stream *stream, uint64_t offset, const void *data,
	       size_t length)
{
	if (!length)
		return 0;
	if (reserve(stream, offset, length) < 0)
		return -1;
	if (stream->volume->spool)
		return spool_write(stream, offset, data, length);
	return write_mapped(stream, offset, data, length);
}

int data_end(struct data_stream *stream, uint64_t size)
{
	if (stream->claim)
		alloc_release(&stream->volume->alloc, stream->claimed,
			      stream->claim);
	stream->claim = 0;
	spool_end(stream);
	if (size < stream->position)
		return msg_error(stream->name, "has more data than it says");
	if (size > stream->volume->profile->file_longest)
		return msg_error(stream->name, "is longer than a file can be "
				 "in %s", stream->volume->profile->fs);
	stream->inode->size = size;
	return 0;
}

int data_release(struct volume *volume, struct inode *inode)
{
	const struct extent *e;
	size_t i;
	int r = 0;

	for (i = 0; i < inode->extents.count; i++) {
		e = &extents_list(&inode->extents)[i];
		if (!e->physical)
			continue;
		alloc_release(&volume->alloc, e->physical, e->count);
		if (output_zero(volume->out, e->physical << BLOCK_BITS,
				(uint64_t)e->count << BLOCK_BITS) < 0)
			r = -1;
	}
	extents_free(&inode->extents);
	return r;
}

/* The data of an inode, of which FD is the file. */
static int copy_parts(struct volume *volume, const struct inode *inode, int fd)
{
	const struct extent *e = extents_list(&inode->extents);
	uint64_t from, length;
	size_t i;

	for (i = 0; i < inode->extents.count; i++, e++) {
		from = (uint64_t)e->logical << BLOCK_BITS;
		length = (uint64_t)e->count << BLOCK_BITS;
		if (length > inode->size - from)
			length = inode->size - from;
		if (output_copy(volume->out, e->physical << BLOCK_BITS, fd,
				from, length, source_file_name(inode->ref)) < 0)
			return -1;
	}
	return source_check_file(inode->ref, fd, inode->size);
}

static int copy_file(struct volume *volume, struct copies *copies,
		     struct inode *const *inode)
{
	int fd = copies_take(copies, inode), r;

	if (fd < 0)
		return -1;
	volume->out->waited = false;
	r = copy_parts(volume, *inode, fd);
	close(fd);
	copies_done(copies, volume->out->waited);
	return r;
}

int data_copy_all(struct volume *volume)
{
	struct inode **n, **end = volume->inodes + volume->inode_count;
	struct copies copies;
	int r = 0;

	copies_begin(&copies, volume->inodes, end);
	for (n = volume->inodes; n < end && r == 0; n++) {
		if (S_ISREG((*n)->mode) && spool_has(*n))
			r = spool_copy(volume, *n);
		else if (copies_include(*n))
			r = copy_file(volume, &copies, n);
	}
	copies_end(&copies);
	return r;
}
