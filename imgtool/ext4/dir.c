/* SPDX-License-Identifier: GPL-2.0 */
#include <string.h>

#include "imgtool/ext4/dir.h"
#include "imgtool/ext4/disk.h"
#include "imgtool/msg.h"

/* With checksums, every block ends with one that looks like an unused entry. */
static uint32_t room(const struct volume *volume)
{
	return BLOCK_SIZE - (volume->profile->checksums ?
			     sizeof(struct ext2_dir_entry_tail) : 0);
}

/* lost+found is made this large, so that a repair needs no free block. */
#define LOST_FOUND_BLOCKS 4

static bool is_lost_found(const struct volume *volume, const struct inode *dir)
{
	return dir->self && dir->self->dir == volume->tree->root &&
	       !strcmp(dir->self->name, "lost+found");
}

bool dir_is_indexed(const struct volume *volume, const struct inode *dir)
{
	uint64_t size = dirent_size(1) + dirent_size(2);
	const struct entry *e;

	for (e = dir->first; e && size <= room(volume); e = e->next)
		size += dirent_size(e->length);
	return size > room(volume);
}

uint32_t dir_blocks(const struct volume *volume, const struct inode *dir)
{
	if (dir_is_indexed(volume, dir))
		return htree_blocks(volume, dir);
	return is_lost_found(volume, dir) ? LOST_FOUND_BLOCKS : 1;
}

static uint8_t dirent_type(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return EXT2_FT_REG_FILE;
	case S_IFDIR: return EXT2_FT_DIR;
	case S_IFCHR: return EXT2_FT_CHRDEV;
	case S_IFBLK: return EXT2_FT_BLKDEV;
	case S_IFIFO: return EXT2_FT_FIFO;
	case S_IFSOCK: return EXT2_FT_SOCK;
	case S_IFLNK: return EXT2_FT_SYMLINK;
	}
	return EXT2_FT_UNKNOWN;
}

void dir_block_add(struct dir_block *block, uint32_t number, const char *name,
		   uint32_t length, uint32_t mode)
{
	struct ext2_dir_entry_2 *entry;

	entry = (void *)(block->data + block->used);
	entry->inode = number;
	entry->rec_len = dirent_size(length);
	entry->name_len = length;
	entry->file_type = number ? dirent_type(mode) : 0;
	memcpy(entry->name, name, length);
	block->last = block->used;
	block->used += entry->rec_len;
}

int dir_block_finish(struct volume *volume, struct dir_block *block,
		     const struct inode *dir)
{
	struct ext2_dir_entry_tail *tail;
	struct ext2_dir_entry_2 *last;

	if (!block->used)
		dir_block_add(block, 0, "", 0, 0);
	last = (void *)(block->data + block->last);
	last->rec_len = room(volume) - block->last;
	if (!volume->profile->checksums)
		return 0;
	tail = (void *)(block->data + room(volume));
	tail->det_rec_len = sizeof(*tail);
	tail->det_reserved_name_len = EXT2_DIR_NAME_LEN_CSUM;
	if (ext2fs_dir_block_csum_set(volume->fs, dir->number,
				      (void *)block->data))
		return msg_error(volume->out->name,
				 "a directory block got no checksum");
	return 0;
}

static uint64_t physical(const struct extents *extents, uint32_t logical)
{
	const struct extent *e = extents_list(extents);

	while (logical >= e->logical + e->count)
		e++;
	return e->physical + logical - e->logical;
}

int dir_block_begin(struct volume *volume, struct dir_block *block,
		    const struct inode *dir, uint32_t logical)
{
	uint64_t where = physical(&dir->extents, logical) << BLOCK_BITS;

	block->used = 0;
	block->last = 0;
	block->data = output_reserve(volume->out, where, BLOCK_SIZE);
	if (!block->data)
		return -1;
	memset(block->data, 0, BLOCK_SIZE);
	return 0;
}

uint32_t dir_parent_number(const struct inode *dir)
{
	return dir->self ? dir->self->dir->number : dir->number;
}

/* The first block has the names, further ones (of lost+found) are empty. */
static int write_plain(struct volume *volume, const struct inode *dir)
{
	uint32_t blocks = extents_blocks(&dir->extents), i;
	struct dir_block block;
	const struct entry *e;

	for (i = 0; i < blocks; i++) {
		if (dir_block_begin(volume, &block, dir, i) < 0)
			return -1;
		if (i == 0) {
			dir_block_add(&block, dir->number, ".", 1, S_IFDIR);
			dir_block_add(&block, dir_parent_number(dir), "..", 2,
				      S_IFDIR);
			for (e = dir->first; e; e = e->next)
				dir_block_add(&block, e->inode->number,
					      e->name, e->length,
					      e->inode->mode);
		}
		if (dir_block_finish(volume, &block, dir) < 0)
			return -1;
	}
	return 0;
}

int dir_write(struct volume *volume, const struct inode *dir)
{
	return dir_is_indexed(volume, dir) ? htree_write(volume, dir) :
				     write_plain(volume, dir);
}
