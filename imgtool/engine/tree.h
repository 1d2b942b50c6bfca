/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the tree in an engine share; private to this folder. */
#ifndef IMGTOOL_ENGINE_TREE_H
#define IMGTOOL_ENGINE_TREE_H

#include "imgtool/engine/engine.h"

/* The engine of fs, locked, and a node, or NULL. */
struct node *engine_enter(struct fs *fs, uint64_t ino, struct engine **engine);

/* Unlock it. Returns RESULT. */
int engine_leave(struct engine *engine, int result);

/* May SIZE bytes that the agent says be the name of a file? */
bool engine_is_name(const char *name, size_t size);

/* See that the attributes of a node are known. 0 or -errno. */
int engine_learn(struct engine *engine, uint32_t number, struct node *node);

/* A node has been told attributes, or with ERROR that they cannot be had. */
void engine_know(struct engine *engine, uint32_t number, struct node *node,
		 const struct engine_attr *attr, int error);

/* Ask about a node: an answer of up to MOST bytes, or of just the SIZE bytes of
 * a struct. */
int engine_ask_about(struct engine *engine, uint32_t node, enum engine_op op,
		     size_t most);
int engine_ask_struct(struct engine *engine, uint32_t node, enum engine_op op,
		      uint64_t offset, void *to, size_t size);

/* struct fs_ops, in contents.c */
ssize_t contents_read(struct fs *fs, uint64_t ino, uint64_t offset, void *data,
		      size_t length);
int contents_data(struct fs *fs, uint64_t ino, uint64_t offset,
		  uint64_t *start, uint64_t *end);
int contents_readlink(struct fs *fs, uint64_t ino, char *target);
int contents_xattrs(struct fs *fs, uint64_t ino, fs_xattr_fn *fn,
		    void *context);

#endif
