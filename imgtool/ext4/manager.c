/* SPDX-License-Identifier: GPL-2.0 */
#include <stdlib.h>
#include <string.h>

#include "imgtool/ext4/manager.h"
#include "imgtool/msg.h"

static struct output *current;
static bool failed;
static struct struct_io_manager manager;

/* Counts are blocks, or if negative bytes. */
static size_t byte_count(io_channel channel, int count)
{
	return count < 0 ? -(size_t)count : (size_t)count * channel->block_size;
}

static errcode_t result(int r, errcode_t error)
{
	if (r == 0)
		return 0;
	failed = true;
	return error;
}

static errcode_t manager_open(const char *name, int flags, io_channel *channel)
{
	io_channel c;

	if (ext2fs_get_memzero(sizeof(*c), &c))
		return EXT2_ET_NO_MEMORY;
	c->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	c->manager = &manager;
	c->name = mem_strdup(name);
	c->block_size = 1024;
	c->refcount = 1;
	*channel = c;
	return 0;
}

static errcode_t manager_flush(io_channel channel)
{
	return result(output_flush(current), EXT2_ET_SHORT_WRITE);
}

static errcode_t manager_close(io_channel channel)
{
	errcode_t r = 0;

	if (--channel->refcount > 0)
		return 0;
	if (current)
		r = manager_flush(channel);
	free(channel->name);
	ext2fs_free_mem(&channel);
	return r;
}

static errcode_t manager_set_blksize(io_channel channel, int size)
{
	channel->block_size = size;
	return 0;
}

static errcode_t read_blk64(io_channel channel, unsigned long long block,
			    int count, void *data)
{
	return result(output_read(current, block * channel->block_size, data,
				  byte_count(channel, count)),
		      EXT2_ET_SHORT_READ);
}

static errcode_t write_blk64(io_channel channel, unsigned long long block,
			     int count, const void *data)
{
	return result(output_write(current, block * channel->block_size, data,
				   byte_count(channel, count)),
		      EXT2_ET_SHORT_WRITE);
}

static errcode_t read_blk(io_channel channel, unsigned long block, int count,
			  void *data)
{
	return read_blk64(channel, block, count, data);
}

static errcode_t write_blk(io_channel channel, unsigned long block, int count,
			   const void *data)
{
	return write_blk64(channel, block, count, data);
}

static errcode_t write_byte(io_channel channel, unsigned long offset, int count,
			    const void *data)
{
	return result(output_write(current, offset, data, count),
		      EXT2_ET_SHORT_WRITE);
}

static errcode_t zeroout(io_channel channel, unsigned long long block,
			 unsigned long long count)
{
	return result(output_zero(current, block * channel->block_size,
				  count * channel->block_size),
		      EXT2_ET_SHORT_WRITE);
}

static struct struct_io_manager manager = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "imgtool output",
	.open = manager_open,
	.close = manager_close,
	.set_blksize = manager_set_blksize,
	.read_blk = read_blk,
	.write_blk = write_blk,
	.flush = manager_flush,
	.write_byte = write_byte,
	.read_blk64 = read_blk64,
	.write_blk64 = write_blk64,
	.zeroout = zeroout,
};

io_manager output_manager(struct output *out)
{
	current = out;
	failed = false;
	return &manager;
}

bool output_manager_failed(void)
{
	return failed;
}
