/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A directory that outgrows its first block gets a hash index, as the kernel
 * gives it one: the entries move to a second block, which is the index' only
 * leaf, and the first becomes the root. The library adds to an index (and
 * splits leaves), but makes none, and is slow without one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/edit/direct.h"
#include "imgtool/msg.h"

#define DOTS_SIZE 24 /* "." and ".." in front of what is in the root */
#define TAIL_SIZE 12 /* of a block of entries, with a checksum */
#define DX_TAIL_SIZE 8

static bool has_checksums(const struct edit *edit)
{
	return ext2fs_has_feature_metadata_csum(edit->lib->super);
}

/* Exactly one block, of entries, in a file system that has indexes. */
static bool is_fit(const struct edit *edit, const struct ext2_inode_large *dir)
{
	const struct ext2_super_block *sb = edit->lib->super;

	return ext2fs_has_feature_dir_index(edit->lib->super) &&
	       sb->s_def_hash_version <= EXT2_HASH_TEA &&
	       !(dir->i_flags & (EXT2_INDEX_FL | EXT4_INLINE_DATA_FL)) &&
	       EXT2_I_SIZE(dir) == edit->lib->blocksize;
}

/* All entries but "." and "..", packed. False: BLOCK does not begin with
 * these two, or makes no sense. */
static bool fill_leaf(const struct edit *edit, const uint8_t *block,
		      uint8_t *leaf)
{
	unsigned int bs = edit->lib->blocksize, length, size, at, to = 0;
	unsigned int end = bs - (has_checksums(edit) ? TAIL_SIZE : 0);
	const struct ext2_dir_entry *e;
	struct ext2_dir_entry *last = NULL;

	memset(leaf, 0, bs);
	for (at = 0; at < end; at += length) {
		e = (const void *)(block + at);
		if (ext2fs_get_rec_len(edit->lib, (void *)e, &length) ||
		    length < 12 || length % 4 || length > end - at)
			return false;
		if (at < DOTS_SIZE && length != 12)
			return false;
		size = (8 + ext2fs_dirent_name_len(e) + 3) & ~3u;
		if (at < DOTS_SIZE || !e->inode)
			continue;
		if (size > length || size > end - to)
			return false;
		last = (void *)(leaf + to);
		memcpy(last, e, size);
		ext2fs_set_rec_len(edit->lib, size, last);
		to += size;
	}
	if (!last || at != end)
		return false;
	size = (8 + ext2fs_dirent_name_len(last) + 3) & ~3u;
	ext2fs_set_rec_len(edit->lib, end - (to - size), last);
	if (has_checksums(edit))
		ext2fs_initialize_dirent_tail(edit->lib, (void *)(leaf + end));
	return true;
}

/* BLOCK, with "." and ".." in it, becomes a root with one leaf. */
static void fill_root(const struct edit *edit, uint8_t *block)
{
	unsigned int bs = edit->lib->blocksize;
	unsigned int room = bs - DOTS_SIZE - sizeof(struct ext2_dx_root_info) -
			    (has_checksums(edit) ? DX_TAIL_SIZE : 0);
	struct ext2_dx_root_info *info = (void *)(block + DOTS_SIZE);
	struct ext2_dx_countlimit *count = (void *)(info + 1);
	struct ext2_dx_entry *first = (void *)count;

	memset(info, 0, bs - DOTS_SIZE);
	ext2fs_set_rec_len(edit->lib, bs - 12, (void *)(block + 12));
	info->hash_version = edit->lib->super->s_def_hash_version;
	info->info_length = sizeof(*info);
	first->block = ext2fs_cpu_to_le32(1);
	count->limit = ext2fs_cpu_to_le16(room / sizeof(*first));
	count->count = ext2fs_cpu_to_le16(1);
}

static int find_block(struct edit *edit, uint64_t dir, uint64_t logical,
		      uint64_t *physical)
{
	struct ext_run run;
	int r = ext_load(edit->ext, dir) ?: ext_map(edit->ext, logical, &run);

	*physical = r == 0 ? run.physical : 0;
	return r == 0 && !run.physical ? -EUCLEAN : r;
}

static int write_index(struct edit *edit, uint64_t dir, uint8_t *root,
		       uint8_t *leaf)
{
	struct ext2_inode_large inode;
	uint64_t first, second;
	errcode_t err = ext2fs_expand_dir(edit->lib, dir);
	int r;

	edit->ext->ino = 0;
	if (err)
		return edit_from_library(err);
	r = find_block(edit, dir, 0, &first) ?:
	    find_block(edit, dir, 1, &second) ?: edit_load(edit, dir, &inode);
	if (r < 0)
		return r;
	inode.i_flags |= EXT2_INDEX_FL;
	err = ext2fs_write_dir_block4(edit->lib, second, leaf, 0, dir);
	if (!err)
		err = ext2fs_write_dir_block4(edit->lib, first, root, 0, dir);
	return edit_from_library(err) ?: edit_store(edit, dir, &inode);
}

int edit_make_index(struct edit *edit, uint64_t dir)
{
	unsigned int bs = edit->lib->blocksize;
	struct ext2_inode_large inode;
	uint8_t *root, *leaf;
	uint64_t physical;
	int r = edit_load(edit, dir, &inode);

	if (r < 0 || !is_fit(edit, &inode))
		return r < 0 ? r : 1;
	r = find_block(edit, dir, 0, &physical);
	if (r < 0)
		return r;
	root = mem_alloc(bs);
	leaf = mem_alloc(bs);
	r = edit_from_library(ext2fs_read_dir_block4(edit->lib, physical, root,
						     0, dir));
	if (r == 0 && !fill_leaf(edit, root, leaf))
		r = 1;
	if (r == 0) {
		fill_root(edit, root);
		r = write_index(edit, dir, root, leaf);
	}
	free(root);
	free(leaf);
	return r;
}
