/* SPDX-License-Identifier: GPL-2.0 */
/* Contents of files, symlinks, attributes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/edit/commit.h"
#include "imgtool/edit/direct.h"
#include "imgtool/msg.h"

#define INLINE_LONGEST 65536

int direct_enter(struct edit *edit, uint64_t dir, const char *name, uint64_t ino)
{
	struct ext2_inode_large inode;
	int r = edit_load(edit, ino, &inode) ?:
		edit_add_name(edit, dir, name, ino, inode.i_mode);

	if (r < 0)
		return r;
	inode.i_links_count = 1;
	return edit_store(edit, ino, &inode);
}

/* The longest file that the block map can have. */
static uint64_t size_most(const struct edit *edit,
			  const struct ext2_inode_large *inode)
{
	uint64_t bs = edit->lib->blocksize, per = bs / 4;
	uint64_t blocks = EXT2_NDIR_BLOCKS + per + per * per + per * per * per;

	if (inode->i_flags & EXT4_EXTENTS_FL)
		return ((1ULL << 32) - 1) * bs;
	/* i_blocks counts sectors, in 32 bits without huge_file */
	if (blocks > (1ULL << 32) / (bs / 512))
		blocks = (1ULL << 32) / (bs / 512);
	return blocks * bs;
}

int direct_set_size(struct edit *edit, uint64_t ino, uint64_t size)
{
	struct ext2_inode_large inode;
	int r = edit_begin(edit) ?: edit_load(edit, ino, &inode);

	if (r < 0)
		return r;
	if (size > size_most(edit, &inode))
		return -EFBIG;
	r = edit_from_library(ext2fs_inode_size_set(edit->lib, (void *)&inode,
						    size));
	return r ?: edit_store(edit, ino, &inode);
}

/* Blocks of the tree above COUNT blocks of data, at the worst. */
static uint64_t map_blocks(const struct edit *edit, uint64_t count)
{
	return count / (edit->lib->blocksize / 16) + 4;
}

int direct_allocate(struct edit *edit, uint64_t ino, uint64_t offset,
		    uint64_t length)
{
	uint64_t bs = edit->lib->blocksize, count = length / bs;
	struct ext2_inode_large inode;
	errcode_t err;
	int r = edit_begin(edit) ?: edit_load(edit, ino, &inode);

	if (r == 0 && offset + length > size_most(edit, &inode))
		r = -EFBIG;
	if (r == 0)
		r = edit_reserve(edit, count + map_blocks(edit, count));
	if (r < 0)
		return r;
	err = ext2fs_fallocate(edit->lib, EXT2_FALLOCATE_FORCE_INIT |
			       EXT2_FALLOCATE_INIT_BEYOND_EOF, ino,
			       (void *)&inode, ~0ULL, offset / bs, count);
	/* the library writes the inode only where the root of the map changed,
	 * but has counted blocks in it */
	return edit_store(edit, ino, &inode) ?: edit_from_library(err) ?:
	       edit_set_data(edit, ino, offset / bs, count);
}

int edit_set_data(struct edit *edit, uint64_t ino, uint64_t at, uint64_t count)
{
	struct ext_run run;
	uint64_t n;
	int r = edit->commits ? ext_load(edit->ext, ino) : 1;

	for (; r == 0 && count; at += n, count -= n) {
		r = ext_map(edit->ext, at, &run);
		n = run.count < count ? run.count : count;
		if (r == 0 && run.physical)
			commits_are_data(edit->commits, run.physical, n);
	}
	return r < 0 ? r : 0;
}

int direct_write(struct edit *edit, uint64_t ino, uint64_t offset,
		 const void *data, size_t length)
{
	uint64_t bs = edit->lib->blocksize, at = offset / bs, n;
	uint64_t count = length / bs;
	struct ext_run run;
	int r = ext_load(edit->ext, ino);

	for (; r == 0 && count; at += n, count -= n) {
		r = ext_map(edit->ext, at, &run);
		if (r == 0 && !run.physical)
			r = -EUCLEAN;
		if (r < 0)
			return r;
		n = run.count < count ? run.count : count;
		r = disk_write(&edit->view.disk, run.physical * bs, data,
			       n * bs);
		data = (const char *)data + n * bs;
	}
	return r;
}

static int write_all(struct edit *edit, uint64_t ino, const void *data,
		     size_t size)
{
	size_t bs = edit->lib->blocksize, padded = (size + bs - 1) / bs * bs;
	uint8_t *copy = mem_zalloc(padded);
	int r = 0;

	memcpy(copy, data, size);
	if (size)
		r = edit_allocate(edit, ino, 0, padded) ?:
		    edit_write(edit, ino, 0, copy, padded);
	r = r ?: edit_set_size(edit, ino, size);
	free(copy);
	return r;
}

int direct_symlink(struct edit *edit, uint64_t dir, const char *name,
		   const char *target, uint64_t *ino)
{
	struct ext2_inode_large inode;
	size_t n = strlen(target);
	int r;

	if (n >= edit->lib->blocksize || n > FS_LINK_LONGEST)
		return -ENAMETOOLONG;
	if (!n)
		return -ENOENT;
	r = edit_begin(edit) ?: edit_reserve(edit, 12) ?:
	    edit_new_inode(edit, dir, S_IFLNK | 0777, &inode, ino);
	if (r < 0)
		return r;
	if (n < sizeof(inode.i_block)) {
		memset(inode.i_block, 0, sizeof(inode.i_block));
		memcpy(inode.i_block, target, n);
		inode.i_flags &= ~EXT4_EXTENTS_FL;
		inode.i_size = n;
		r = edit_store(edit, *ino, &inode);
	} else {
		r = write_all(edit, *ino, target, n);
	}
	if (r == 0)
		r = edit_enter(edit, dir, name, *ino);
	if (r < 0)
		edit_free_inode(edit, *ino);
	return r;
}

/* ------------------------------------------------------------ truncation */

/* A file whose data is in its inode: give it blocks. */
static int make_plain(struct edit *edit, uint64_t ino, uint64_t keep)
{
	uint8_t *data = mem_alloc(INLINE_LONGEST);
	struct ext2_inode_large inode;
	ssize_t n = fs_read(&edit->view.fs, ino, 0, data, INLINE_LONGEST);
	int r = n < 0 ? n : edit_reserve(edit, 20) ?:
			    edit_set_xattr(edit, ino, "system.data", NULL, 0);

	if (r == -ENODATA)
		r = 0;
	if (r == 0)
		r = edit_load(edit, ino, &inode);
	if (r == 0) {
		inode.i_flags &= ~EXT4_INLINE_DATA_FL;
		edit_set_empty_map(edit, &inode);
		r = edit_store(edit, ino, &inode) ?:
		    write_all(edit, ino, data,
			      (uint64_t)n < keep ? (uint64_t)n : keep);
	}
	free(data);
	return r;
}

/* (Data of files does not go through the cache of metadata, which may hold
 * blocks back.) */
int edit_clear_tail(struct edit *edit, uint64_t ino, uint64_t size)
{
	uint64_t bs = edit->lib->blocksize, skip = size % bs;
	struct ext_run run;
	uint8_t *zeros;
	int r = skip ? ext_load(edit->ext, ino) : 1;

	if (r == 0)
		r = ext_map(edit->ext, size / bs, &run);
	if (r || !run.physical)
		return r < 0 ? r : 0;
	zeros = mem_zalloc(bs - skip);
	r = disk_write(&edit->view.disk, run.physical * bs + skip, zeros,
		       bs - skip);
	free(zeros);
	return r;
}

static int cut(struct edit *edit, uint64_t ino, struct ext2_inode_large *inode,
	       uint64_t size)
{
	uint64_t bs = edit->lib->blocksize;
	int r = edit_set_size(edit, ino, size) ?: edit_clear_tail(edit, ino, size) ?:
		edit_load(edit, ino, inode);

	if (r < 0)
		return r;
	r = edit_punch(edit, ino, inode, (size + bs - 1) / bs, ~0ULL);
	return edit_store(edit, ino, inode) ?: r;
}

int direct_truncate(struct edit *edit, uint64_t ino, uint64_t size)
{
	struct ext2_inode_large inode;
	uint64_t old;
	int r = edit_load(edit, ino, &inode);

	if (r == 0 && !S_ISREG(inode.i_mode))
		r = S_ISDIR(inode.i_mode) ? -EISDIR : -EINVAL;
	if (r == 0)
		r = edit_begin(edit);
	if (r < 0)
		return r;
	old = EXT2_I_SIZE(&inode);
	if (inode.i_flags & EXT4_INLINE_DATA_FL)
		r = make_plain(edit, ino, size);
	else
		r = edit_check_map(edit, ino);
	if (r == 0 && size < old)
		r = cut(edit, ino, &inode, size);
	else if (r == 0)
		r = edit_clear_tail(edit, ino, old) ?:
		    edit_set_size(edit, ino, size);
	if (r == 0)
		r = edit_load(edit, ino, &inode);
	if (r < 0)
		return r;
	edit_set_time(edit, &inode, EDIT_MTIME, &edit->now);
	edit_set_time(edit, &inode, EDIT_CTIME, &edit->now);
	return edit_store(edit, ino, &inode);
}

/* ------------------------------------------------------------ attributes */

static int ignore_xattr(void *context, const char *name, const void *value,
			size_t size)
{
	return 0;
}

/* The library turns an ACL into its own form, and trusts its length. */
static int check_acl(const char *name, const uint8_t *value, size_t size)
{
	size_t at;

	if (!value || strncmp(name, "system.posix_acl_", 17))
		return 0;
	if (size < 4 || size % 8 != 4 || memcmp(value, "\2\0\0\0", 4))
		return -EINVAL;
	for (at = 4; at < size; at += 8)
		if (value[at + 1] || !value[at] || value[at] > 32 ||
		    (value[at] & (value[at] - 1)))
			return -EINVAL;
	return 0;
}

static errcode_t change_xattr(struct ext2_xattr_handle *handle,
			      const char *name, const void *value, size_t size)
{
	errcode_t err = ext2fs_xattrs_read(handle);
	size_t before, after;

	if (err)
		return err;
	if (value)
		return ext2fs_xattr_set(handle, name, value, size);
	/* removing what is not there is no error to the library */
	if (!(err = ext2fs_xattrs_count(handle, &before)) &&
	    !(err = ext2fs_xattr_remove(handle, name)) &&
	    !(err = ext2fs_xattrs_count(handle, &after)) && before == after)
		err = EXT2_ET_EA_KEY_NOT_FOUND;
	return err;
}

static int touch_xattr(struct edit *edit, uint64_t ino)
{
	struct ext2_inode_large inode;
	int r = edit_load(edit, ino, &inode);

	if (r < 0)
		return r;
	edit_set_time(edit, &inode, EDIT_CTIME, &edit->now);
	return edit_store(edit, ino, &inode);
}

/* As the kernel, the first attribute brings the feature. */
static int need_feature(struct edit *edit, const void *value)
{
	struct ext2_super_block *sb = edit->lib->super;

	if (ext2fs_has_feature_xattr(sb))
		return 0;
	if (!value)
		return -ENODATA;
	ext2fs_update_dynamic_rev(edit->lib);
	ext2fs_set_feature_xattr(sb);
	ext2fs_mark_super_dirty(edit->lib);
	return 0;
}

int direct_set_xattr(struct edit *edit, uint64_t ino, const char *name,
		     const void *value, size_t size)
{
	struct ext2_inode_large inode;
	struct ext2_xattr_handle *handle;
	errcode_t err;
	int r = check_acl(name, value, size) ?: edit_load(edit, ino, &inode) ?:
		fs_xattrs(&edit->view.fs, ino, ignore_xattr, NULL) ?:
		edit_begin(edit) ?: edit_reserve(edit, 2) ?:
		need_feature(edit, value);

	if (r < 0)
		return r;
	err = ext2fs_xattrs_open(edit->lib, ino, &handle);
	if (err)
		return edit_from_library(err);
	err = change_xattr(handle, name, value, size);
	ext2fs_xattrs_close(&handle);
	edit->ext->ino = 0;
	return edit_from_library(err) ?: touch_xattr(edit, ino);
}
