/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changing the file system in an image: one interface, with what is behind it
 * in struct edit_ops. That is our own writer for ext2, ext3 and ext4
 * (direct.h), or a guest (guest.c).
 *
 * Reading goes through the reader (view/fs.h), and shows what has been changed.
 *
 * Functions return 0 or -errno, which edit_error() reports; "-1: reported" is
 * said where it is so.
 */
#ifndef IMGTOOL_EDIT_EDIT_H
#define IMGTOOL_EDIT_EDIT_H

#include "imgtool/view/view.h"

struct commits;
struct edit;
struct edit_where;

/* What edit_set_attr() shall set. */
struct edit_attr {
	unsigned int set; /* of the bits below */
	uint32_t mode, uid, gid;
	struct fs_time atime, mtime;
};

#define EDIT_SET_MODE  1 /* permissions, not the type */
#define EDIT_SET_OWNER 2
#define EDIT_SET_ATIME 4
#define EDIT_SET_MTIME 8
/* What the file system has no room for is left out, and no error. */
#define EDIT_SET_LENIENT 16

/* Each is what the function of its name below says. */
struct edit_ops {
	int (*begin)(struct edit *edit);
	int (*close)(struct edit *edit);
	const char *(*strerror)(const struct edit *edit, int err);
	int (*reserve)(const struct edit *edit, uint64_t blocks);
	int (*new_file)(struct edit *edit, uint64_t dir, const char *name,
			uint32_t mode, uint32_t major, uint32_t minor,
			uint64_t *ino);
	int (*enter)(struct edit *edit, uint64_t dir, const char *name,
		     uint64_t ino);
	int (*free_inode)(struct edit *edit, uint64_t ino);
	int (*mkdir)(struct edit *edit, uint64_t dir, const char *name,
		     uint32_t mode, uint64_t *ino);
	int (*rmdir)(struct edit *edit, uint64_t dir, const char *name,
		     uint64_t ino);
	int (*clear_dir)(struct edit *edit, uint64_t dir);
	int (*unlink)(struct edit *edit, uint64_t dir, const char *name,
		      uint64_t ino);
	int (*hard_link)(struct edit *edit, uint64_t dir, const char *name,
			 uint64_t ino);
	int (*check_outside)(struct edit *edit, uint64_t dir,
			     uint64_t ancestor);
	int (*rename)(struct edit *edit, const struct edit_where *from,
		      const struct edit_where *to);
	int (*symlink)(struct edit *edit, uint64_t dir, const char *name,
		       const char *target, uint64_t *ino);
	int (*truncate)(struct edit *edit, uint64_t ino, uint64_t size);
	int (*allocate)(struct edit *edit, uint64_t ino, uint64_t offset,
			uint64_t length);
	int (*write)(struct edit *edit, uint64_t ino, uint64_t offset,
		     const void *data, size_t length);
	int (*set_size)(struct edit *edit, uint64_t ino, uint64_t size);
	int (*set_attr)(struct edit *edit, uint64_t ino,
			const struct edit_attr *attr);
	int (*set_xattr)(struct edit *edit, uint64_t ino, const char *name,
			 const void *value, size_t size);
};

#define EDIT_CHECKED 256

/* What may become of a file without a name: it goes; its number is still known
 * to somebody; it is open, and stays as it is. */
enum edit_use { EDIT_UNUSED, EDIT_KNOWN, EDIT_OPEN };

struct edit {
	const struct edit_ops *ops;
	struct view view; /* the image, for fs_*(), view_name(), view_walk() */
	uint32_t block_size;
	bool changed; /* (to the direct writer: the mark is on disk) */
	struct fs_time now;

	/* of the guest: what the file system has none of, where -EOPNOTSUPP
	 * was returned; or NULL */
	const char *lacks;

	/* of the direct writer */
	struct struct_ext2_filsys *lib;
	struct ext *ext; /* the reader; its inode cache is dropped on writes */
	/* Inodes whose map was checked, and entries, by number modulo
	 * EDIT_CHECKED. */
	uint64_t checked[EDIT_CHECKED];
	uint32_t uid, gid;	 /* of what is new */
	uint32_t umask;		 /* ... where no default ACL counts */
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

/* Plain words for an errno value of this interface. */
const char *edit_strerror(const struct edit *edit, int err);

/* "imgtool: VERB: IMG:PATH: reason", unless ERR is -1. Returns -1. */
int edit_error(const struct edit *edit, const char *path, int err);

/* --------------------------------------------------------------- inodes */

/*
 * A new file in directory DIR that is to be NAME: no directory, no symlink;
 * owner 0:0 (the group of DIR if that is setgid), times now. edit_enter()
 * gives it the name, when it has its contents; or edit_free_inode() is called.
 */
int edit_new_file(struct edit *edit, uint64_t dir, const char *name,
		  uint32_t mode, uint32_t major, uint32_t minor, uint64_t *ino);

/* Set attributes; the inode is changed now. */
int edit_set_attr(struct edit *edit, uint64_t ino,
		  const struct edit_attr *attr);

/* Free an inode without links and all it has. */
int edit_free_inode(struct edit *edit, uint64_t ino);

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

/* Give FROM, which exists, the place of TO. */
int edit_rename(struct edit *edit, const struct edit_where *from,
		const struct edit_where *to);

/* ------------------------------------------------------------- contents */

/* Enter a new inode of edit_new_file() as NAME: it has one link now. */
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

/* Write blocks that edit_allocate() gave. Does not touch the file's size. */
int edit_write(struct edit *edit, uint64_t ino, uint64_t offset,
	       const void *data, size_t length);

int edit_set_size(struct edit *edit, uint64_t ino, uint64_t size);

/* Set an attribute, or with VALUE NULL remove it (-ENODATA: is not there). */
int edit_set_xattr(struct edit *edit, uint64_t ino, const char *name,
		   const void *value, size_t size);

#endif
