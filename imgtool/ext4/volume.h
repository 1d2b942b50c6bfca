/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writing one ext4 file system, from a tree, to an output.
 *
 * libext2fs makes what there is little of (superblock, group descriptors,
 * bitmaps, resize inode, journal superblock, checksums and hashes). What there
 * is much of (data, directories, extent trees, attributes, inode tables) is
 * written here, once, in large pieces, straight to its place.
 *
 * The order of things, which makes streams possible:
 *
 *  1. volume_begin(). The front of the image is set aside.
 *  2. Sources fill the tree. A stream's data are written at once, into the
 *     next free blocks (data.h); of a directory's files only the sizes are
 *     known (inode->ref).
 *  3. volume_place(). The tree is complete: inodes get numbers, and all that
 *     does not depend on the image's size gets blocks.
 *  4. volume_layout(). The size is computed, or checked. Until here nothing
 *     of a directory's files was copied, so "too small" comes early.
 *  5. volume_write(). Files are copied, metadata is written.
 *
 * Functions return 0, or -1: reported.
 */
#ifndef IMGTOOL_EXT4_VOLUME_H
#define IMGTOOL_EXT4_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

#include "imgtool/ext4/alloc.h"
#include "imgtool/ext4/layout.h"
#include "imgtool/ext4/profile.h"
#include "imgtool/io/output.h"
#include "imgtool/tree/tree.h"

struct struct_ext2_filsys;

/* What identifies a file system; all of it is given, nothing is random. */
struct volume_identity {
	uint8_t uuid[16];
	uint8_t hash_seed[16];
	char label[16]; /* not always ended by NUL */
	int64_t time;	/* when it was made: seconds since 1970 */
};

/* A block of attributes that several inodes share. */
struct xattr_block {
	const struct inode *owner; /* the first of them */
	uint64_t block;
	uint64_t hash;
	uint32_t users;
	size_t next; /* index + 1 of the next with this bucket */
};

struct volume {
	struct output *out;
	struct tree *tree;
	const struct profile *profile;
	uint64_t fixed_bytes;  /* of the image; 0: to be computed */
	uint64_t fixed_blocks; /* the same in whole blocks */
	bool overflow;	       /* more than that has come in */
	struct volume_identity identity;

	struct alloc alloc;
	struct layout layout;
	struct placement placement;
	bool spool; /* streams wait: see spool.h */
	int spool_fd;
	uint64_t spool_blocks;
	struct struct_ext2_filsys *fs; /* from volume_write() on */

	/* By number: the root, then those from FIRST_FREE_INODE on. */
	struct inode **inodes;
	size_t inode_count;

	struct xattr_block *xattr_blocks;
	size_t xattr_block_count, xattr_block_capacity;
	size_t *xattr_buckets;
};

/* FIXED_BYTES 0: the size will be computed. */
void volume_begin(struct volume *volume, struct output *out, struct tree *tree,
		  const struct profile *profile, uint64_t fixed_bytes);

/* The tree must be sorted and have a directory lost+found. */
int volume_place(struct volume *volume,
		 const struct volume_identity *identity);

/* FREE_BYTES: how much should be free if the size is to be computed. */
int volume_layout(struct volume *volume, uint64_t free_bytes);

/* How long the file system's part of the image is. */
uint64_t volume_bytes(const struct volume *volume);

int volume_write(struct volume *volume);

/* Free everything but the output and the tree. */
void volume_end(struct volume *volume);

#endif
