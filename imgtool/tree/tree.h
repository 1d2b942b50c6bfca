/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file system tree that is being built, in memory: names and attributes,
 * never file contents.
 *
 * An inode is a file, directory or anything else; an entry is a name for it
 * in a directory. Directories have one entry, others one or more (hard
 * links), so `nlink` counts the entries of a non-directory and `subdirs`
 * gives a directory's.
 *
 * Rules:
 * - Putting a name that exists replaces it: a directory over a directory
 *   merges (new attributes, old children), anything else drops what was there
 *   with all below it.
 * - An inode that loses its last name is released: `tree->release` is told
 *   first, so that the space of its data can be used again.
 * - Memory addresses and hash order never decide what is written:
 *   tree_sort() puts all children in byte order of their names and everybody
 *   walks after that.
 * - Each directory has its own hash table, so that what comes directory by
 *   directory, as it nearly always does, works on memory that is in the cache,
 *   however large the tree is.
 * - Nothing here recurses: depth comes from hostile input.
 */
#ifndef IMGTOOL_TREE_TREE_H
#define IMGTOOL_TREE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "imgtool/ext4/extent.h"

struct stamp {
	int64_t sec;
	uint32_t nsec;
};

/* What ext4 can keep: 34 bits of seconds. */
#define STAMP_FIRST (-(INT64_C(1) << 31))
#define STAMP_LAST (STAMP_FIRST + (INT64_C(1) << 34) - 1)

enum { STAMP_MODIFIED, STAMP_ACCESSED, STAMP_CHANGED, STAMP_CREATED, STAMPS };

struct entry {
	struct entry *hash_next;
	struct entry *next, *prev; /* among the children of `dir` */
	struct inode *dir;
	struct inode *inode;
	uint16_t layer; /* the tree's, when it was last put */
	uint8_t length;
	char name[]; /* `length` bytes and a NUL */
};

/* What few inodes have. */
struct inode_extra {
	uint64_t stamps[STAMPS - 1]; /* those after the first */
	struct xattr *xattrs;
	struct extents tree;  /* blocks of the extent tree itself */
	uint32_t xattr_block; /* 0: none */
};

/*
 * There may be millions of these, so rare fields are in `extra`, and the
 * memory of anything but a directory ends behind `ref`. The type in `mode`
 * never becomes or stops being a directory's.
 */
struct inode {
	uint16_t mode;	 /* type and permissions, as st_mode */
	bool made;	 /* no source has it: made as a parent */
	uint32_t uid, gid;
	uint32_t nlink;	 /* names; for a directory 1 */
	uint32_t number; /* on disk; 0 until numbered */
	struct extents extents; /* where its data are; used by ext4/ only */
	uint64_t size;	 /* bytes; of a symlink, the target's length */
	uint64_t stamp;	 /* modified, and all others without `extra` */
	struct inode_extra *extra; /* or NULL */

	union {
		char *target; /* symlink; of the pool */
		struct {      /* device */
			uint32_t major, minor;
		};
		struct file_ref *ref; /* file: data to be copied later */
		struct { /* directory */
			struct entry *first, *last;
			struct entry *self; /* NULL: the root */
			uint32_t children;
			uint32_t subdirs;
			struct entry **buckets; /* NULL: few children */
			uint32_t bucket_count;	/* a power of two */
		};
	};
};

/* A file of a source directory, found again by its name when it is copied. */
struct file_ref {
	const struct source_dir *dir;
	uint64_t key; /* see source_file_key(); of the spool, the block */
	char name[];  /* in the directory */
};

struct tree {
	struct inode *root;
	size_t entries;
	uint64_t hash_key;
	uint16_t layer; /* entries that are put belong to this one */
	uint32_t made_uid, made_gid; /* who owns parents that no source has */

	/* An inode is about to be freed. */
	void (*release)(void *context, struct inode *inode);
	void *release_context;
};

void tree_init(struct tree *tree);
void tree_free(struct tree *tree);

/* An inode with no name yet: everything zero but mode. */
struct inode *inode_new(uint32_t mode);

/* Times that ext4 cannot keep become the nearest that it can. */
struct stamp inode_stamp(const struct inode *inode, unsigned int which);
void inode_set_stamp(struct inode *inode, unsigned int which,
		     struct stamp stamp);

/* Set all four times. */
void inode_set_times(struct inode *inode, struct stamp time);

static inline struct xattr *inode_xattrs(const struct inode *inode)
{
	return inode->extra ? inode->extra->xattrs : NULL;
}

/* Put another list in the place of the one that it was made from. */
void inode_set_xattrs(struct inode *inode, struct xattr *list);

/* The rare fields, for writing. */
struct inode_extra *inode_extra(struct inode *inode);

/* Forget the file of a source directory. */
void inode_drop_ref(struct inode *inode);

/* Free an inode that never got a name. */
void inode_free(struct inode *inode);

/* The entry NAME (LENGTH bytes) in directory DIR, or NULL. */
struct entry *tree_lookup(const struct tree *tree, const struct inode *dir,
			  const char *name, size_t length);

/*
 * Give INODE the name NAME (1 to 255 bytes) in DIR, by the rules above.
 * Returns the inode that has the name afterwards: INODE, or the directory it
 * was merged into, in which case INODE is freed.
 */
struct inode *tree_put(struct tree *tree, struct inode *dir, const char *name,
		       size_t length, struct inode *inode);

/*
 * Keep an inode that others may take the last name of, until it is let go, by
 * which it may be freed. It counts as a name meanwhile.
 */
void inode_hold(struct inode *inode);
void tree_let_go(struct tree *tree, struct inode *inode);

/* Drop a name and all below it. */
void tree_remove(struct tree *tree, struct entry *entry);

/* Copy the attributes (mode, owner, times, xattrs) of FROM; takes xattrs. */
void inode_take_attributes(struct inode *to, struct inode *from);

/* Order all children by name. Once, before any walk. */
void tree_sort(struct tree *tree);

/*
 * The entry after ENTRY in the order of a walk that visits a directory before
 * its children; NULL ENTRY gives the first below the root; NULL at the end.
 */
struct entry *tree_next(const struct tree *tree, const struct entry *entry);

/* "usr/bin/ls", in new memory. "/" for NULL (the root). */
char *tree_path(const struct entry *entry);

/* The path of the first name of an inode, which is searched for. */
char *tree_name(const struct tree *tree, const struct inode *inode);

#endif
