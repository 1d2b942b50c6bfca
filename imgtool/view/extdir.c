/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Directories. They are read from front to back, hash index or not: the
 * blocks of an index look like empty entries on purpose.
 *
 * A name that could lead out of its directory (empty, with "/" or NUL, longer
 * than it may be) makes the directory damaged; nobody above sees it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/view/ext.h"

struct reading {
	struct fs *fs;
	struct ext *ext;
	fs_entry_fn *fn;
	void *context;
};

static bool is_dots(const char *name, size_t n)
{
	return name[0] == '.' && (n == 1 || (n == 2 && name[1] == '.'));
}

/* Entries up to SIZE. Returns what FN did, or -EUCLEAN. */
static int read_entries(struct reading *reading, const uint8_t *data,
			size_t size)
{
	const struct ext2_dir_entry_2 *e;
	char name[FS_NAME_LONGEST + 1];
	uint32_t most = reading->ext->fs->super->s_inodes_count, ino;
	size_t at, length;
	int r;

	for (at = 0; at + 8 <= size; at += length) {
		e = (const void *)(data + at);
		length = ext2fs_le16_to_cpu(e->rec_len);
		/* 64 KiB blocks: a length that does not fit 16 bits */
		if (size >= 65536 && (length == 65535 || length == 0))
			length = 65536 - at;
		if (length < 8 || length % 4 || length > size - at)
			return -EUCLEAN;
		ino = ext2fs_le32_to_cpu(e->inode);
		if (!ino)
			continue;
		if (8u + e->name_len > length || !e->name_len || ino > most)
			return -EUCLEAN;
		memcpy(name, e->name, e->name_len);
		name[e->name_len] = 0;
		if (is_dots(name, e->name_len))
			continue;
		if (memchr(name, '/', e->name_len) ||
		    strlen(name) != e->name_len)
			return -EUCLEAN;
		r = reading->fn(reading->context, name, ino);
		if (r)
			return r;
	}
	return at == size ? 0 : -EUCLEAN;
}

/* "." and ".." are only a parent's number here; the rest is as in a block. */
static int read_inline(struct reading *reading)
{
	struct ext *ext = reading->ext;
	uint8_t first[60], *copy;
	const uint8_t *rest;
	size_t size;
	int r;

	r = ext_inline_rest(ext, &rest, &size);
	if (r < 0)
		return r;
	memcpy(first, ext->inode.large.i_block, 60);
	copy = size ? mem_dup(rest, size) : NULL;
	r = read_entries(reading, first + 4, 56);
	if (!r && size)
		r = read_entries(reading, copy, size);
	free(copy);
	return r;
}

static int read_blocks(struct reading *reading, uint64_t ino, uint8_t *block)
{
	struct ext *ext = reading->ext;
	uint64_t bs = ext->fs->blocksize, count = ext_size(ext) / bs, at;
	struct ext_run run = { 0 };
	int r;

	if (count > ext->blocks_most)
		return -EUCLEAN;
	for (at = 0; at < count; at++) {
		/* FN may have read other inodes */
		r = ext_load(ext, ino);
		if (r == 0 && run.count <= 1)
			r = ext_map(ext, at, &run);
		else if (r == 0)
			run = (struct ext_run){ run.physical +
						(run.physical != 0),
						run.count - 1, false };
		if (r == 0 && run.physical)
			r = ext_read_block(ext, run.physical, block);
		if (r == 0 && run.physical)
			r = read_entries(reading, block, bs);
		if (r)
			return r;
	}
	return 0;
}

int ext_readdir(struct fs *fs, uint64_t ino, fs_entry_fn *fn, void *context)
{
	struct ext *ext = fs->private;
	struct reading reading = { .fs = fs, .ext = ext, .fn = fn,
				   .context = context };
	uint8_t *block;
	int r = ext_load(ext, ino);

	if (r < 0)
		return r;
	if (!S_ISDIR(ext->inode.large.i_mode))
		return -ENOTDIR;
	if (ext_is_inline(ext))
		return read_inline(&reading);
	block = mem_alloc(ext->fs->blocksize);
	r = read_blocks(&reading, ino, block);
	free(block);
	return r;
}
