/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changing the tree in an engine. Functions return 0 or -errno; what they have
 * changed is seen by the next look at the tree.
 */
#ifndef IMGTOOL_ENGINE_CHANGE_H
#define IMGTOOL_ENGINE_CHANGE_H

#include "imgtool/engine/engine.h"

/* Is fs one in an engine? */
bool engine_is(const struct fs *fs);

/* Make NAME in DIR by OP, whose request carries the rest. *INO, if asked for,
 * is what it is. */
int change_make(struct fs *fs, uint64_t dir, const char *name,
		struct client_request *op, uint64_t *ino);

/* Another name for INO. */
int change_link(struct fs *fs, uint64_t dir, const char *name, uint64_t ino);

/* UNLINK or RMDIR. */
int change_remove(struct fs *fs, uint64_t dir, const char *name,
		  enum engine_op op);

/* Remove the first known name of INO. */
int change_remove_inode(struct fs *fs, uint64_t ino);

int change_clear(struct fs *fs, uint64_t dir);

/* With EXCHANGE, what is at the new place gets the old one. -1: reported, it is in
 * the new directory, but has another name there. */
int change_rename(struct fs *fs, uint64_t dir, const char *name,
		  uint64_t new_dir, const char *new_name, bool exchange);

/*
 * A new file is filled: between these two, change_inode() need not wait, and
 * what goes wrong may be said by change_end_file() only.
 */
void change_begin_file(struct fs *fs);
int change_end_file(struct fs *fs);

/* Change what is in an inode by OP. */
int change_inode(struct fs *fs, uint64_t ino, struct client_request *op);

/* Cut or extend a file, if it has not that size already. */
int change_set_size(struct fs *fs, uint64_t ino, uint64_t size);

/* Whoever has a number may keep it: it is always of the same file. */
void change_keep_numbers(struct fs *fs);

/* INO, a file, is open from now on, and can be used when it has no name any
 * more; change_close() as often. */
int change_open(struct fs *fs, uint64_t ino);
int change_close(struct fs *fs, uint64_t ino);

/* It is on the disk. */
int change_sync(struct fs *fs, uint64_t ino);

/* Holes for what is free. -EOPNOTSUPP: the file system cannot do that. */
int change_trim(struct fs *fs);

/* -EINVAL if DIR is below ANCESTOR, or the same. */
int change_check_outside(struct fs *fs, uint64_t dir, uint64_t ancestor);

/* Write everything; nothing can be done after it. */
int change_end(struct fs *fs);

#endif
