/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One interface to the tree in an image, under every verb that reads. What is
 * behind it (struct fs_ops) is ext2, 3 and 4 by our own reader and libext2fs.
 *
 * Inodes are numbers, small enough to be an index; the root has fs->root. What
 * the file system itself calls an inode is fs_attr.number. Functions return 0 or -errno;
 * -EUCLEAN is a damaged file system, -EOPNOTSUPP something that cannot be
 * read here. Images are hostile: whatever is in one, no function here crashes,
 * hangs, or takes memory beyond what the image itself holds.
 *
 * Not safe for several threads at once.
 */
#ifndef IMGTOOL_VIEW_FS_H
#define IMGTOOL_VIEW_FS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "imgtool/image/disk.h"
#include "imgtool/image/target.h"

/* The errno of a tree whose engine has ended, which has been reported: no more
 * is to be said, and nothing more can be done. */
#define FS_GONE ENOTCONN

#define FS_NAME_LONGEST 255
#define FS_LINK_LONGEST 4095

struct fs_time {
	int64_t sec;
	uint32_t nsec;
};

struct fs_attr {
	uint64_t ino;
	uint64_t number; /* of the inode, for people */
	uint32_t mode, uid, gid, nlink;
	uint32_t major, minor; /* of a device */
	uint64_t size;
	uint64_t blocks; /* of 512 bytes */
	uint32_t flags;	 /* as lsattr shows */
	struct fs_time atime, mtime, ctime, crtime;
	bool has_crtime;
};

struct fs_usage {
	uint32_t block_size;
	uint64_t blocks, free_blocks, inodes, free_inodes;
};

/* An entry of a directory. NAME is hostile, but has no "/" and no NUL, is not
 * empty, and is neither "." nor "..". */
typedef int fs_entry_fn(void *context, const char *name, uint64_t ino);

/* An extended attribute as getxattr(2) shows it. */
typedef int fs_xattr_fn(void *context, const char *name, const void *value,
			size_t size);

struct fs;

struct fs_ops {
	int (*stat)(struct fs *fs, uint64_t ino, struct fs_attr *attr);
	/* may be NULL: readdir does it */
	int (*lookup)(struct fs *fs, uint64_t dir, const char *name,
		      uint64_t *ino);
	int (*readdir)(struct fs *fs, uint64_t ino, fs_entry_fn *fn,
		       void *context);
	ssize_t (*read)(struct fs *fs, uint64_t ino, uint64_t offset,
			void *data, size_t length);
	int (*data)(struct fs *fs, uint64_t ino, uint64_t offset,
		    uint64_t *start, uint64_t *end);
	int (*readlink)(struct fs *fs, uint64_t ino, char *target);
	int (*xattrs)(struct fs *fs, uint64_t ino, fs_xattr_fn *fn,
		      void *context);
	int (*usage)(struct fs *fs, struct fs_usage *usage);
	void (*close)(struct fs *fs);
};

struct fs {
	const struct fs_ops *ops;
	struct disk *disk;
	uint64_t root;
	uint64_t data_most; /* that a file can have, less its holes; bytes */
	char type[32]; /* "ext4" */
	bool no_flags; /* to be set after fs_open(): attr.flags need not be
			* right, which may be quicker */
	void *private;
};

/*
 * Open the file system on DISK, of which a part has been chosen. The disk must
 * stay open. Returns 0, or -1: reported.
 */
int fs_open(struct fs *fs, struct disk *disk);

void fs_close(struct fs *fs);

static inline int fs_stat(struct fs *fs, uint64_t ino, struct fs_attr *attr)
{
	return fs->ops->stat(fs, ino, attr);
}

/* Call FN for every entry, until it returns something else than 0. */
static inline int fs_readdir(struct fs *fs, uint64_t ino, fs_entry_fn *fn,
			     void *context)
{
	return fs->ops->readdir(fs, ino, fn, context);
}

/* Like pread(2): fewer bytes only at the end of the file. */
static inline ssize_t fs_read(struct fs *fs, uint64_t ino, uint64_t offset,
			      void *data, size_t length)
{
	return fs->ops->read(fs, ino, offset, data, length);
}

/* The first data at or behind OFFSET: *START to *END; both the size of the
 * file if there is none. */
static inline int fs_data(struct fs *fs, uint64_t ino, uint64_t offset,
			  uint64_t *start, uint64_t *end)
{
	return fs->ops->data(fs, ino, offset, start, end);
}

/* TARGET has FS_LINK_LONGEST + 1 bytes. */
static inline int fs_readlink(struct fs *fs, uint64_t ino, char *target)
{
	return fs->ops->readlink(fs, ino, target);
}

static inline int fs_xattrs(struct fs *fs, uint64_t ino, fs_xattr_fn *fn,
			    void *context)
{
	return fs->ops->xattrs(fs, ino, fn, context);
}

/* The attribute NAME in new memory, or NULL. Returns 1, 0: there is no such one,
 * or -errno. */
int fs_xattr(struct fs *fs, uint64_t ino, const char *name, uint8_t **value,
	     size_t *size);

static inline int fs_usage(struct fs *fs, struct fs_usage *usage)
{
	return fs->ops->usage(fs, usage);
}

/* The entry NAME of a directory. */
int fs_lookup(struct fs *fs, uint64_t dir, const char *name, uint64_t *ino);

/*
 * The inode of a path, from the root on. Symlinks on the way are followed
 * inside the image (".." never leaves the root); the last one if FOLLOW.
 */
int fs_resolve(struct fs *fs, const char *path, bool follow, uint64_t *ino);

/* Plain words for an errno value of this interface. */
const char *fs_strerror(int err);

/* "imgtool: VERB: OBJECT: reason", and what to do. Returns -1. */
int fs_error(const struct fs *fs, const char *object, int err);

#endif
