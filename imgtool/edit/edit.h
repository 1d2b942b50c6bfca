/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changing an ext2, ext3 or ext4 file system in an image.
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
 *
 * Functions return 0 or -errno, which edit_error() reports; "-1: reported" is
 * said where it is so.
 */
#ifndef IMGTOOL_EDIT_EDIT_H
#define IMGTOOL_EDIT_EDIT_H

#include "imgtool/view/ext.h"
#include "imgtool/view/view.h"

#define EDIT_CHECKED 256

/* What may become of a file without a name: it goes; its number is still known
 * to somebody; it is open, and stays as it is. */
enum edit_use { EDIT_UNUSED, EDIT_KNOWN, EDIT_OPEN };

struct edit {
	struct view view; /* the image, for fs_*(), view_name(), view_walk() */
	ext2_filsys lib;
	struct ext *ext;  /* the reader; its inode cache is dropped on writes */
	bool changed;	  /* the mark is on disk */
	/* Inodes whose map was checked, and entries, by number modulo EDIT_CHECKED. */
	uint64_t checked[EDIT_CHECKED];
	struct fs_time now;
	uint32_t uid, gid;   /* of what is new */
	struct commits *commits; /* changes go there; NULL: to the disk */
	/* Is a file without a name still in use? NULL: no. */
	enum edit_use (*in_use)(void *context, uint64_t ino);
	void *in_use_context;
};

/* ------------------------------------------------------------ the image */

/* Open for writing the image of TARGET, which is taken over. -1: reported. */
int edit_open(struct edit *edit, struct target *target);

/* The same for an operand; with EXACT, a path in that file. -1: reported. */
int edit_open_operand(struct edit *edit, const char *exact,
		      const char *operand);

/* Must have returned 0 before a change. */
int edit_begin(struct edit *edit);

/* Write everything. Returns 0, or -1: reported. */
int edit_close(struct edit *edit);

/* Can BLOCKS more be taken? -ENOSPC if not. */
int edit_reserve(const struct edit *edit, uint64_t blocks);

/* What is changed from now on is changed now. */
void edit_set_now(struct edit *edit);

/* The superblock alone, on disk when this returns. */
int edit_write_state(struct edit *edit, bool valid);

/* An error of the library as -errno. */
int edit_from_library(errcode_t err);

/* Plain words for an errno value of this interface. */
const char *edit_strerror(const struct edit *edit, int err);

/* "imgtool: VERB: IMG:PATH: reason", unless ERR is -1. Returns -1. */
int edit_error(const struct edit *edit, const char *path, int err);

/* --------------------------------------------------------------- inodes */

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

/* Free the blocks [START, END] of a file whose map was checked; INODE is it, and
 * has to be stored. */
int edit_punch(struct edit *edit, uint64_t ino, struct ext2_inode_large *inode,
	       uint64_t start, uint64_t end);

/* Free an inode without links and all it has. */
int edit_free_inode(struct edit *edit, uint64_t ino);

/* One name less; frees what has none left. */
int edit_drop_link(struct edit *edit, uint64_t ino);

/* The last name is gone: frees it, or leaves it without links if it is in
 * use. */
int edit_drop_last(struct edit *edit, uint64_t ino);

/* --------------------------------------------------------- directories */

/* What a path names. */
struct edit_where {
	uint64_t dir;		      /* 0: the path ends in no name */
	char name[FS_NAME_LONGEST + 1];
	uint64_t ino;		      /* 0: there is no such file */
	struct fs_attr attr;	      /* of ino */
};

/* Find PATH; a symlink at its end is not followed. */
int edit_find(struct edit *edit, const char *path, struct edit_where *where);

/* Look NAME up in DIR again. */
int edit_find_in(struct edit *edit, uint64_t dir, const char *name,
		 struct edit_where *where);

/* The last name of PATH: false if it has none ("/", ".", ".."). */
bool edit_last_name(const char *path, char name[FS_NAME_LONGEST + 1]);

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

/* A new directory NAME in DIR. */
int edit_mkdir(struct edit *edit, uint64_t dir, const char *name,
	       uint32_t mode, uint64_t *ino);

/* Remove the empty directory INO, which is NAME in DIR. */
int edit_rmdir(struct edit *edit, uint64_t dir, const char *name,
	       uint64_t ino);

/*
 * Remove everything in DIR, in one pass over it: files, and directories that
 * are empty (-ENOTEMPTY: one is not).
 */
int edit_clear_dir(struct edit *edit, uint64_t dir);

/* Remove INO, no directory, which is NAME in DIR. */
int edit_unlink(struct edit *edit, uint64_t dir, const char *name,
		uint64_t ino);

/* Another name for INO, no directory. */
int edit_hard_link(struct edit *edit, uint64_t dir, const char *name,
		   uint64_t ino);

/* -EINVAL if DIR is below ANCESTOR, or the same. */
int edit_check_outside(struct edit *edit, uint64_t dir, uint64_t ancestor);

/* Two that exist take each other's place. */
int edit_exchange(struct edit *edit, const struct edit_where *a,
		  const struct edit_where *b);

/* Give FROM, which exists, the place of TO. */
int edit_rename(struct edit *edit, const struct edit_where *from,
		const struct edit_where *to);

/* ------------------------------------------------------------- contents */

/* Enter a new inode of edit_new_inode() as NAME: it has one link now. */
int edit_enter(struct edit *edit, uint64_t dir, const char *name, uint64_t ino);

int edit_symlink(struct edit *edit, uint64_t dir, const char *name,
		 const char *target, uint64_t *ino);

/* Cut or extend a file; what is new is a hole. */
int edit_truncate(struct edit *edit, uint64_t ino, uint64_t size);

/*
 * Give a part of a file blocks (OFFSET and LENGTH are multiples of the block
 * size), which hold whatever was there before: edit_write() must follow.
 */
int edit_allocate(struct edit *edit, uint64_t ino, uint64_t offset,
		  uint64_t length);

/* Blocks [AT, AT + COUNT) of a file, which were allocated: data will be written
 * to them, past the library. */
int edit_set_data(struct edit *edit, uint64_t ino, uint64_t at, uint64_t count);

/* Write blocks that edit_allocate() gave. Does not touch the file's size. */
int edit_write(struct edit *edit, uint64_t ino, uint64_t offset,
	       const void *data, size_t length);

int edit_set_size(struct edit *edit, uint64_t ino, uint64_t size);

/* Zeros in the block of SIZE, from there on. */
int edit_clear_tail(struct edit *edit, uint64_t ino, uint64_t size);

/* Set an attribute, or with VALUE NULL remove it (-ENODATA: is not there). */
int edit_set_xattr(struct edit *edit, uint64_t ino, const char *name,
		   const void *value, size_t size);

#endif
