/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The direct writer of ext2, ext3 and ext4.
 *
 * Reading goes through the checked reader (view/fs.h), writing through
 * libext2fs, both over one handle and one cache. The library trusts more than
 * the reader does, so what it is going to walk (a directory, a file's block
 * map, attributes) is read with the reader first.
 *
 * An image that was not unmounted, or that needs e2fsck, is refused. Before
 * the first change the file system is marked as not cleanly unmounted, on
 * disk; after the last one everything is written, then the mark is taken
 * away. An edit that is interrupted leaves an image that e2fsck repairs.
 *
 * The library must not run out of space half-way, because it leaks blocks
 * then: edit_reserve() asks before, and keeps some blocks for what the library
 * allocates besides (extent blocks, directory blocks).
 */
#ifndef IMGTOOL_EDIT_DIRECT_H
#define IMGTOOL_EDIT_DIRECT_H

#include "imgtool/edit/edit.h"
#include "imgtool/view/ext.h"

/* What is changed from now on is changed now. */
void edit_set_now(struct edit *edit);

/* The superblock alone, on disk when this returns. */
int edit_write_state(struct edit *edit, bool valid);

/* An error of the library as -errno. */
int edit_from_library(errcode_t err);

/* An inode that may be changed: in use, not one of the reserved ones. */
int edit_load(struct edit *edit, uint64_t ino, struct ext2_inode_large *inode);
int edit_store(struct edit *edit, uint64_t ino,
	       const struct ext2_inode_large *inode);

enum edit_time { EDIT_ATIME, EDIT_MTIME, EDIT_CTIME, EDIT_CRTIME };

/* As far as the inode has room for it. */
void edit_set_time(const struct edit *edit, struct ext2_inode_large *inode,
		   enum edit_time which, const struct fs_time *time);

void edit_set_owner(struct ext2_inode_large *inode, uint32_t uid, uint32_t gid);

/* The map of a file without blocks. */
void edit_set_empty_map(const struct edit *edit,
			struct ext2_inode_large *inode);

/* 0 or -EOVERFLOW: no such numbers in an inode. */
int edit_set_device(struct ext2_inode_large *inode, uint32_t major,
		    uint32_t minor);

/*
 * A new inode near directory DIR: owner 0:0 (the group of DIR if that is
 * setgid), times now, no links. No directories: edit_mkdir() makes them.
 */
int edit_new_inode(struct edit *edit, uint64_t dir, uint32_t mode,
		   struct ext2_inode_large *inode, uint64_t *ino);

/*
 * The library walks a block map without end if that leads in circles. This
 * reads it with the reader, which checks it, and counts. -EUCLEAN.
 */
int edit_check_map(struct edit *edit, uint64_t ino);

/* Free the blocks [START, END] of a file whose map was checked; INODE is it,
 * and has to be stored. */
int edit_punch(struct edit *edit, uint64_t ino, struct ext2_inode_large *inode,
	       uint64_t start, uint64_t end);

/* Blocks [AT, AT + COUNT) of a file, which were allocated: data will be written
 * to them, past the library. */
int edit_set_data(struct edit *edit, uint64_t ino, uint64_t at, uint64_t count);

/* Zeros in the block of SIZE, from there on. */
int edit_clear_tail(struct edit *edit, uint64_t ino, uint64_t size);

/* One name less; frees what has none left. */
int edit_drop_link(struct edit *edit, uint64_t ino);

/* The last name is gone: frees it, or leaves it without links if it is in
 * use. */
int edit_drop_last(struct edit *edit, uint64_t ino);

/* INODE is INO, which has lost its last name and is in use: e2fsck or a kernel
 * frees it if we do not. */
int edit_add_orphan(struct edit *edit, uint64_t ino,
		    struct ext2_inode_large *inode);

/* It is going to be freed; nothing if it is no such one. */
int edit_remove_orphan(struct edit *edit, uint64_t ino,
		       const struct ext2_inode_large *inode);

/* --------------------------------------------------------- directories */

/* As edit_mkdir(), which has it inherit what the default ACL of DIR says. */
int edit_make_dir(struct edit *edit, uint64_t dir, const char *name,
		  uint32_t mode, uint64_t *ino);

/* Enter INO in DIR under NAME, which is not there; counts no link. */
int edit_add_name(struct edit *edit, uint64_t dir, const char *name,
		  uint64_t ino, uint32_t mode);

/* Give DIR, which is full, a hash index. 1: it cannot have one. */
int edit_make_index(struct edit *edit, uint64_t dir);

/* Make the entry NAME of DIR lead to INO. */
int edit_replace_name(struct edit *edit, uint64_t dir, const char *name,
		      uint64_t ino, uint32_t mode);

/* Take the entry away; counts no link. */
int edit_remove_name(struct edit *edit, uint64_t dir, const char *name);

/* Two that exist take each other's place. */
int edit_exchange(struct edit *edit, const struct edit_where *a,
		  const struct edit_where *b);

/* ---------------------------------------------------- struct edit_ops */

int direct_begin(struct edit *edit);
int direct_close(struct edit *edit);
const char *direct_strerror(const struct edit *edit, int err);
int direct_reserve(const struct edit *edit, uint64_t blocks);
int direct_new_file(struct edit *edit, uint64_t dir, const char *name,
		    uint32_t mode, uint32_t major, uint32_t minor,
		    uint64_t *ino);
int direct_enter(struct edit *edit, uint64_t dir, const char *name,
		 uint64_t ino);
int direct_free_inode(struct edit *edit, uint64_t ino);
int direct_mkdir(struct edit *edit, uint64_t dir, const char *name,
		 uint32_t mode, uint64_t *ino);
int direct_rmdir(struct edit *edit, uint64_t dir, const char *name,
		 uint64_t ino);
int direct_clear_dir(struct edit *edit, uint64_t dir);
int direct_unlink(struct edit *edit, uint64_t dir, const char *name,
		  uint64_t ino);
int direct_hard_link(struct edit *edit, uint64_t dir, const char *name,
		     uint64_t ino);
int direct_check_outside(struct edit *edit, uint64_t dir, uint64_t ancestor);
int direct_rename(struct edit *edit, const struct edit_where *from,
		  const struct edit_where *to);
int direct_symlink(struct edit *edit, uint64_t dir, const char *name,
		   const char *target, uint64_t *ino);
int direct_truncate(struct edit *edit, uint64_t ino, uint64_t size);
int direct_allocate(struct edit *edit, uint64_t ino, uint64_t offset,
		    uint64_t length);
int direct_write(struct edit *edit, uint64_t ino, uint64_t offset,
		 const void *data, size_t length);
int direct_set_size(struct edit *edit, uint64_t ino, uint64_t size);
int direct_set_attr(struct edit *edit, uint64_t ino,
		    const struct edit_attr *attr);
int direct_set_xattr(struct edit *edit, uint64_t ino, const char *name,
		     const void *value, size_t size);

#endif
