/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of the tree in an engine: for every name that was met, a node,
 * whose number is the "inode" of struct fs. Several names of one file are one
 * node, whose name is the first of them. Numbers are given here and not by the
 * engine, so the tree has no circles whatever that says.
 */
#ifndef IMGTOOL_ENGINE_NODES_H
#define IMGTOOL_ENGINE_NODES_H

#include "imgtool/view/fs.h"

/* Nodes at most: a hostile engine could go on for ever. */
#define NODES_MOST (1u << 26)

#define NODE_ROOT 1

struct node {
	uint32_t parent;
	int error; /* not 0: what attr could not be had for */
	char *name;
	struct fs_attr attr; /* attr.ino is 0 while it is not known */
	uint64_t device;
	uint32_t same;	     /* the first node of this file; 0: not known */
	uint32_t previous, next; /* the others of it, a list from that one on */
	uint32_t place;	     /* in its parent's entries, if it is entered */
	bool stale;	     /* attributes are to be asked for again */
	bool entered;	     /* it is one of its parent's entries */
	bool no_xattrs;	     /* it is known to have none */
	bool orphan;	     /* it has lost the name that was its own */
	uint32_t opened;     /* how often */
	uint32_t handle;     /* ... and then its handle + 1 */
	char *link;	     /* of a symlink: its target, or NULL */
	/* of a directory */
	bool listed;
	uint32_t *entries; /* the nodes made for its names */
	size_t entry_count, entry_capacity;
};

struct nodes {
	struct node **list; /* by number */
	size_t count, capacity;
	uint32_t *names;    /* a hash table over (parent, name) ... */
	uint32_t *inodes;   /* ... and one over (device, inode) of files with
			     * several names */
	size_t name_count, name_size, inode_count, inode_size;
	/* Somebody has kept the numbers of files: one that has lost its names
	 * keeps its number for ever, and no other file gets it. */
	bool kept;
};

/* With the root. */
void nodes_start(struct nodes *nodes);
void nodes_end(struct nodes *nodes);

/* NULL: there is no such number. */
struct node *nodes_get(const struct nodes *nodes, uint64_t number);

/* The node of a name in a directory; 0 if it has not been met. */
uint32_t nodes_find(const struct nodes *nodes, uint32_t parent,
		    const char *name);

/* A new one, not there before. 0: there are too many. */
uint32_t nodes_add(struct nodes *nodes, uint32_t parent, const char *name);

/* Node NUMBER got attributes, for the first time: the number of the first node
 * that is the same file. */
uint32_t nodes_same(struct nodes *nodes, uint32_t number);

/* NUMBER is a name of the file whose first node is SAME. */
void nodes_join(struct nodes *nodes, uint32_t number, uint32_t same);

/* Node NUMBER stands in its directory, behind all others. */
void nodes_enter(struct nodes *nodes, uint32_t number);

/* The names in a directory are in the order of their bytes from now on. */
void nodes_sort(struct nodes *nodes, uint32_t dir);

/*
 * A name was made: its node, of which nothing is known yet. 0: there are too
 * many.
 */
uint32_t nodes_make(struct nodes *nodes, uint32_t parent, const char *name);

/* A name was removed. Other names of its file that are known stay, and so does
 * its number. */
void nodes_remove(struct nodes *nodes, uint32_t parent, const char *name);

/* A name now is the other one, and what that was is gone. */
void nodes_rename(struct nodes *nodes, uint32_t parent, const char *name,
		  uint32_t new_parent, const char *new_name);

/* Two names have changed places. */
void nodes_exchange(struct nodes *nodes, uint32_t parent, const char *name,
		    uint32_t new_parent, const char *new_name);

/* All entries of a directory were removed. */
void nodes_clear(struct nodes *nodes, uint32_t dir);

/* Its path from the root on, without a leading slash, in *PATH, in memory that
 * the caller reuses and frees; or its handle. 0, -ENAMETOOLONG, or -ENOENT: it
 * has no name any more. */
int nodes_path(const struct nodes *nodes, uint32_t number, char **path,
	       size_t *room);

#endif
