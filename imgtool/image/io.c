/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/image/io.h"
#include "imgtool/msg.h"

/* Slots of the cache: block N can only be in slot N % SLOTS. */
#define SLOTS 2048

struct disk_io {
	struct disk *disk;
	int size; /* of the blocks in the cache; a superblock is written in
		   * smaller ones, which must not cost what is there */
	uint64_t number[SLOTS]; /* block + 1; 0: empty */
	uint8_t *data[SLOTS];
	struct overlay *overlay; /* NULL: none */
	struct held *held;	 /* NULL: blocks are written at once */
};

static struct disk *next_disk;
static struct overlay *next_overlay;

void disk_io_use(struct disk *disk, struct overlay *overlay)
{
	next_disk = disk;
	next_overlay = overlay;
}

static struct disk_io *io_of(io_channel channel)
{
	return channel->private_data;
}

static void drop_cache(struct disk_io *io)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		free(io->data[i]);
		io->data[i] = NULL;
		io->number[i] = 0;
	}
}

static errcode_t disk_io_open(const char *name, int flags, io_channel *channel)
{
	io_channel c = mem_zalloc(sizeof(*c));
	struct disk_io *io = mem_zalloc(sizeof(*io));

	io->disk = next_disk;
	io->overlay = next_overlay;
	next_overlay = NULL;
	c->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	c->manager = disk_io_manager;
	/* The library frees this with its own allocator, which is malloc. */
	c->name = mem_strdup(name);
	c->block_size = 1024;
	c->refcount = 1;
	c->private_data = io;
	*channel = c;
	return 0;
}

static errcode_t disk_io_close(io_channel channel)
{
	struct disk_io *io = io_of(channel);

	if (--channel->refcount > 0)
		return 0;
	drop_cache(io);
	overlay_free(io->overlay);
	free(io);
	free(channel->name);
	free(channel);
	return 0;
}

static errcode_t disk_io_set_blksize(io_channel channel, int size)
{
	if (size < 1024 || size > 65536)
		return EXT2_ET_INVALID_ARGUMENT;
	channel->block_size = size;
	return 0;
}

/* Where a block is; false if the multiplication would not fit. */
static bool place(io_channel channel, uint64_t number, uint64_t *offset)
{
	return !__builtin_mul_overflow(number, channel->block_size, offset);
}

void disk_io_hold(io_channel channel, struct held *held)
{
	io_of(channel)->held = held;
}

static bool is_held(const struct disk_io *io, uint64_t offset, uint64_t length)
{
	uint64_t n, bs;

	if (!held_count(io->held) || !length)
		return false;
	bs = held_block_size(io->held);
	for (n = offset / bs; n <= (offset + length - 1) / bs; n++)
		if (held_find(io->held, n))
			return true;
	return false;
}

/* What is in the overlay or on disk, then what is held. */
static int read_bytes(struct disk_io *io, uint64_t offset, void *data,
		      uint64_t length)
{
	uint64_t bs, skip, n;
	const uint8_t *from;
	int r = overlay_read(io->overlay, io->disk, offset, data, length);

	if (r < 0 || !is_held(io, offset, length))
		return r;
	bs = held_block_size(io->held);
	for (; length; length -= n, offset += n, data = (char *)data + n) {
		skip = offset % bs;
		n = length < bs - skip ? length : bs - skip;
		from = held_find(io->held, offset / bs);
		if (from)
			memcpy(data, from + skip, n);
	}
	return 0;
}

static int write_bytes(struct disk_io *io, uint64_t offset, const void *data,
		       uint64_t length)
{
	uint64_t bs, skip, n;
	uint8_t *to;
	int r = 0;

	if (!io->held)
		return disk_write(io->disk, offset, data, length);
	bs = held_block_size(io->held);
	if (offset > io->disk->size || length > io->disk->size - offset)
		return -EIO;
	for (; length; length -= n, offset += n,
	     data = (const char *)data + n) {
		skip = offset % bs;
		n = length < bs - skip ? length : bs - skip;
		to = held_find(io->held, offset / bs);
		if (!to) {
			to = held_add(io->held, offset / bs);
			if (n < bs)
				r = disk_read(io->disk, offset - skip, to, bs);
		}
		if (r < 0) {
			held_drop(io->held, offset / bs);
			return r;
		}
		memcpy(to + skip, data, n);
	}
	return 0;
}

bool disk_io_overlaid(io_channel channel, uint64_t number, uint64_t count)
{
	uint64_t offset, length;

	return place(channel, number, &offset) &&
	       place(channel, count, &length) &&
	       (overlay_covers(io_of(channel)->overlay, offset, length) ||
		is_held(io_of(channel), offset, length));
}

static errcode_t read_one(io_channel channel, uint64_t number, void *data)
{
	struct disk_io *io = io_of(channel);
	size_t slot = number % SLOTS, size = channel->block_size;
	uint64_t offset;
	int r;

	if (io->size != channel->block_size)
		drop_cache(io);
	io->size = channel->block_size;
	if (io->number[slot] != number + 1) {
		if (!place(channel, number, &offset))
			return EXT2_ET_SHORT_READ;
		io->number[slot] = 0;
		if (!io->data[slot])
			io->data[slot] = mem_alloc(size);
		r = read_bytes(io, offset, io->data[slot], size);
		if (r < 0)
			return r == -EIO ? EXT2_ET_SHORT_READ : -r;
		io->number[slot] = number + 1;
	}
	memcpy(data, io->data[slot], size);
	return 0;
}

static errcode_t disk_io_read64(io_channel channel, unsigned long long number,
				int count, void *data)
{
	struct disk_io *io = io_of(channel);
	uint64_t offset;
	errcode_t err = 0;
	int i;

	/* A negative count is a number of bytes. */
	if (count < 0) {
		if (!place(channel, number, &offset) ||
		    read_bytes(io, offset, data, -(int64_t)count))
			return EXT2_ET_SHORT_READ;
		return 0;
	}
	for (i = 0; i < count && !err; i++)
		err = read_one(channel, number + i,
			       (char *)data + (size_t)i * channel->block_size);
	return err;
}

static errcode_t disk_io_read(io_channel channel, unsigned long number,
			      int count, void *data)
{
	return disk_io_read64(channel, number, count, data);
}

/* The cache has none of these bytes any more. */
static void forget(struct disk_io *io, uint64_t offset, uint64_t length)
{
	uint64_t i, last;

	if (!io->size || !length)
		return;
	i = offset / io->size;
	last = (offset + length - 1) / io->size;
	if (last - i >= SLOTS) {
		drop_cache(io);
		return;
	}
	for (; i <= last; i++)
		if (io->number[i % SLOTS] == i + 1)
			io->number[i % SLOTS] = 0;
}

static errcode_t disk_io_write64(io_channel channel, unsigned long long number,
				 int count, const void *data)
{
	struct disk_io *io = io_of(channel);
	uint64_t offset, length;
	int r;

	if (!io->disk->writable)
		return EXT2_ET_RO_FILSYS;
	if (count < 0)
		length = -(int64_t)count;
	else
		length = (uint64_t)count * channel->block_size;
	if (!place(channel, number, &offset))
		return EXT2_ET_SHORT_WRITE;
	forget(io, offset, length);
	r = write_bytes(io, offset, data, length);
	return r < 0 ? -r : 0;
}

static errcode_t disk_io_write(io_channel channel, unsigned long number,
			       int count, const void *data)
{
	return disk_io_write64(channel, number, count, data);
}

static errcode_t disk_io_write_byte(io_channel channel, unsigned long offset,
				    int count, const void *data)
{
	struct disk_io *io = io_of(channel);
	int r;

	if (!io->disk->writable)
		return EXT2_ET_RO_FILSYS;
	drop_cache(io);
	r = write_bytes(io, offset, data, count);
	return r < 0 ? -r : 0;
}

static errcode_t disk_io_flush(io_channel channel)
{
	struct disk_io *io = io_of(channel);
	int r = io->disk->writable ? disk_sync(io->disk) : 0;

	return r < 0 ? -r : 0;
}

static errcode_t disk_io_zeroout(io_channel channel, unsigned long long number,
				 unsigned long long count)
{
	struct disk_io *io = io_of(channel);
	uint64_t offset, length, i;
	int r;

	if (!io->disk->writable)
		return EXT2_ET_RO_FILSYS;
	if (!place(channel, number, &offset) || !place(channel, count, &length))
		return EXT2_ET_SHORT_WRITE;
	forget(io, offset, length);
	if (is_held(io, offset, length))
		for (i = 0; i < count; i++)
			held_drop(io->held, number + i);
	r = disk_zero(io->disk, offset, length);
	return r < 0 ? -r : 0;
}

static struct struct_io_manager manager = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "imgtool disk",
	.open = disk_io_open,
	.close = disk_io_close,
	.set_blksize = disk_io_set_blksize,
	.read_blk = disk_io_read,
	.write_blk = disk_io_write,
	.flush = disk_io_flush,
	.write_byte = disk_io_write_byte,
	.read_blk64 = disk_io_read64,
	.write_blk64 = disk_io_write64,
	.zeroout = disk_io_zeroout,
};

io_manager disk_io_manager = &manager;
