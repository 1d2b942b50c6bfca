/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the operations on a mounted tree share.
 *
 * Read-only, many readers look at once, and nothing changes. Writable, there
 * is one reader, the handle that also writes: who has taken it has the lock of
 * everything. Only data of files is read outside of it (see edit/commit.h).
 */
#ifndef IMGTOOL_MOUNT_TREE_H
#define IMGTOOL_MOUNT_TREE_H

#include "imgtool/edit/commit.h"
#include "imgtool/mount/dirs.h"
#include "imgtool/mount/mount.h"
#include "imgtool/mount/known.h"
#include "imgtool/mount/reader.h"

struct tree {
	struct readers readers;
	struct dirs dirs;
	uint64_t root;
	bool shared;

	struct disk of_readers; /* read-only */

	/* of a writable mount */
	struct edit *edit; /* NULL: read-only */
	bool guest;	   /* it writes by way of a guest (guest.c) */
	bool any_case;	   /* which takes names for the same that differ in
			    * nothing but the case of their letters */
	struct commits commits;
	struct known known;
	pthread_t committer;
	pthread_mutex_t ending_lock;
	pthread_cond_t ending;
	bool committing, ended;
};

static inline struct tree *tree_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static inline uint64_t inode_of(const struct tree *tree, fuse_ino_t node)
{
	return node == FUSE_ROOT_ID ? tree->root : node;
}

/* stat() of an inode. 0 or -errno. */
int tree_stat(struct fs *fs, uint64_t ino, struct stat *st);

/* What a directory says is behind one of its names; the kernel knows of the
 * inode once more. 0 or -errno. */
int tree_entry(struct tree *tree, struct fs *fs, uint64_t ino,
	       struct fuse_entry_param *entry);

/* How long the kernel may believe attributes. */
double tree_attr_timeout(const struct tree *tree, const struct stat *st);

/* FUSE's read, by fs_read(). */
void tree_read(fuse_req_t req, fuse_ino_t node, size_t size, off_t off,
	       struct fuse_file_info *info);

/* The reply that has no data: R is 0 or -errno. */
void tree_reply(fuse_req_t req, int r);

/*
 * A change begins: everything is locked, the time is now, new files belong to
 * who asks. Returns 0 or -errno; tree_end_change() must follow either way.
 */
int tree_begin_change(fuse_req_t req, struct reader **reader);
void tree_end_change(fuse_req_t req, struct reader *reader);

/* The operations of a writable mount, added to those of the others. */
void tree_add_names(struct fuse_lowlevel_ops *ops);
void tree_add_changes(struct fuse_lowlevel_ops *ops);
void tree_add_data(struct fuse_lowlevel_ops *ops);

/* ---- guest.c ---- */

/* Instead of some of those. */
void tree_add_guest(struct fuse_lowlevel_ops *ops);

/* What setattr and fallocate do there, but the size. 0 or -errno. */
int guest_set_attributes(struct fs *fs, uint64_t ino, const struct stat *st,
			 int set);
int guest_allocate(struct fs *fs, uint64_t ino, int mode, off_t off,
		   off_t length);

/* A file was made: it gets its owner. 0 or -errno. */
int guest_give(struct tree *tree, const struct edit_where *where, uint64_t ino);

int guest_exchange(struct tree *tree, const struct edit_where *from,
		   const struct edit_where *to);

/* What a directory has for NAME: that, or one that differs in case. 0 or
 * -errno; *SPELLING is in memory of DIR, or NAME. */
int tree_find(const struct tree *tree, const struct dir *dir, const char *name,
	      uint64_t *ino, const char **spelling);

/* The image, opened by tree->edit, is going to be changed. 0, or -1:
 * reported. */
int tree_start_writing(struct tree *tree);

/* Commit every few seconds from now on. */
void tree_start_committer(struct tree *tree);

/* The end of that, the last commit, and the image is closed. 0, or -1:
 * reported. */
int tree_end_writing(struct tree *tree);

#endif
