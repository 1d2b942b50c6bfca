/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/image/io.h"
#include "imgtool/msg.h"

/* Slots of the cache: block N can only be in slot N % SLOTS. */
#define SLOTS 2048

struct overlay {
	struct overlay *next;
	uint64_t number;
	uint8_t data[];
};

struct disk_io {
	struct disk *disk;
	uint64_t number[SLOTS]; /* block + 1; 0: empty */
	uint8_t *data[SLOTS];
	struct overlay *overlays[SLOTS];
	size_t overlay_count;
};

static struct disk *next_disk;

void disk_io_use(struct disk *disk)
{
	next_disk = disk;
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
	struct overlay *o;
	int i;

	if (--channel->refcount > 0)
		return 0;
	drop_cache(io);
	for (i = 0; i < SLOTS; i++) {
		while ((o = io->overlays[i])) {
			io->overlays[i] = o->next;
			free(o);
		}
	}
	free(io);
	free(channel->name);
	free(channel);
	return 0;
}

static errcode_t disk_io_set_blksize(io_channel channel, int size)
{
	if (size < 1024 || size > 65536)
		return EXT2_ET_INVALID_ARGUMENT;
	if (channel->block_size != size) {
		/* An overlay has the file system's blocks, nothing else. */
		if (io_of(channel)->overlay_count)
			return EXT2_ET_INVALID_ARGUMENT;
		drop_cache(io_of(channel));
	}
	channel->block_size = size;
	return 0;
}

static struct overlay *find_overlay(struct disk_io *io, uint64_t number)
{
	struct overlay *o;

	if (!io->overlay_count)
		return NULL;
	for (o = io->overlays[number % SLOTS]; o; o = o->next)
		if (o->number == number)
			return o;
	return NULL;
}

void disk_io_overlay(io_channel channel, uint64_t number, const void *data)
{
	struct disk_io *io = io_of(channel);
	struct overlay *o = find_overlay(io, number);

	if (!o) {
		o = mem_alloc(sizeof(*o) + channel->block_size);
		o->number = number;
		o->next = io->overlays[number % SLOTS];
		io->overlays[number % SLOTS] = o;
		io->overlay_count++;
	}
	memcpy(o->data, data, channel->block_size);
	if (io->number[number % SLOTS] == number + 1)
		io->number[number % SLOTS] = 0;
}

bool disk_io_overlaid(io_channel channel, uint64_t number, uint64_t count)
{
	struct disk_io *io = io_of(channel);

	for (; io->overlay_count && count; count--, number++)
		if (find_overlay(io, number))
			return true;
	return false;
}

/* Where a block is; false if the multiplication would not fit. */
static bool place(io_channel channel, uint64_t number, uint64_t *offset)
{
	return !__builtin_mul_overflow(number, channel->block_size, offset);
}

static errcode_t read_one(io_channel channel, uint64_t number, void *data)
{
	struct disk_io *io = io_of(channel);
	size_t slot = number % SLOTS, size = channel->block_size;
	struct overlay *o = find_overlay(io, number);
	uint64_t offset;
	int r;

	if (o) {
		memcpy(data, o->data, size);
		return 0;
	}
	if (io->number[slot] != number + 1) {
		if (!place(channel, number, &offset))
			return EXT2_ET_SHORT_READ;
		io->number[slot] = 0;
		if (!io->data[slot])
			io->data[slot] = mem_alloc(size);
		r = disk_read(io->disk, offset, io->data[slot], size);
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
	uint64_t offset;
	errcode_t err = 0;
	int i;

	/* A negative count is a number of bytes. */
	if (count < 0) {
		if (!place(channel, number, &offset) ||
		    disk_read(io_of(channel)->disk, offset, data,
			      -(int64_t)count))
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

static void forget(io_channel channel, uint64_t number, uint64_t count)
{
	struct disk_io *io = io_of(channel);
	uint64_t i;

	if (count > SLOTS)
		return drop_cache(io);
	for (i = number; i < number + count; i++)
		if (io->number[i % SLOTS] == i + 1)
			io->number[i % SLOTS] = 0;
}

static errcode_t disk_io_write64(io_channel channel, unsigned long long number,
				 int count, const void *data)
{
	uint64_t offset, length;
	int r;

	if (!io_of(channel)->disk->writable)
		return EXT2_ET_RO_FILSYS;
	if (count < 0)
		length = -(int64_t)count;
	else
		length = (uint64_t)count * channel->block_size;
	if (!place(channel, number, &offset))
		return EXT2_ET_SHORT_WRITE;
	forget(channel, number, length / channel->block_size + 1);
	r = disk_write(io_of(channel)->disk, offset, data, length);
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
	int r;

	if (!io_of(channel)->disk->writable)
		return EXT2_ET_RO_FILSYS;
	drop_cache(io_of(channel));
	r = disk_write(io_of(channel)->disk, offset, data, count);
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
	uint64_t offset, length;
	int r;

	if (!io_of(channel)->disk->writable)
		return EXT2_ET_RO_FILSYS;
	if (!place(channel, number, &offset) || !place(channel, count, &length))
		return EXT2_ET_SHORT_WRITE;
	forget(channel, number, count);
	r = disk_zero(io_of(channel)->disk, offset, length);
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
