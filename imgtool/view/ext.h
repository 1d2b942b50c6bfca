/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reader of ext2, ext3 and ext4: superblock, descriptors and inodes by
 * libext2fs, which checks them; block maps, directories and attributes by our
 * own code, because the library's trust some of what they read.
 */
#ifndef IMGTOOL_VIEW_EXT_H
#define IMGTOOL_VIEW_EXT_H

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>

#include "imgtool/image/overlay.h"
#include "imgtool/view/fs.h"

struct ext {
	ext2_filsys fs;
	uint8_t *block;	       /* scratch: one block */
	uint64_t blocks_most;  /* blocks of data the image can really hold */
	bool needs_recovery;   /* the journal is dirty; what it has is seen */

	/* the inode read last */
	uint64_t ino;
	size_t inode_size;
	union {
		struct ext2_inode_large large;
		uint8_t bytes[65536];
	} inode;
};

/* A run of blocks of a file. */
struct ext_run {
	uint64_t physical; /* 0: a hole, or allocated but never written */
	uint64_t count;	   /* at least 1 */
	bool unwritten;	   /* it is the latter */
};

/* Make INO the inode in ext->inode. 0 or -errno. */
int ext_load(struct ext *ext, uint64_t ino);

/* The size of the loaded inode. */
uint64_t ext_size(const struct ext *ext);

/* Does the loaded inode have its data in itself? */
bool ext_is_inline(const struct ext *ext);

/* What the loaded inode has at block LOGICAL and behind. 0 or -errno. */
int ext_map(struct ext *ext, uint64_t logical, struct ext_run *run);

/* One block; NUMBER is checked. */
int ext_read_block(struct ext *ext, uint64_t number, void *data);

/* fs_ops->readdir */
int ext_readdir(struct fs *fs, uint64_t ino, fs_entry_fn *fn, void *context);

/* fs_ops->xattrs */
int ext_xattrs(struct fs *fs, uint64_t ino, fs_xattr_fn *fn, void *context);

/*
 * The part of inline data that is in an attribute of the loaded inode: sets
 * *DATA into it. 0 or -errno; none is no error.
 */
int ext_inline_rest(struct ext *ext, const uint8_t **data, size_t *size);

/*
 * Read a dirty journal. Returns the blocks that it has to be read with; NULL:
 * reported.
 */
struct overlay *ext_replay(struct ext *ext, const char *name);

int ext_open(struct fs *fs);

/* The superblock; NULL if it is another kind of file system. */
const struct ext2_super_block *ext_super(const struct fs *fs);

#endif
