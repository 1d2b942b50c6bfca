/* SPDX-License-Identifier: GPL-2.0 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "imgtool/msg.h"
#include "imgtool/tree/pool.h"
#include "imgtool/tree/tree.h"

/* So many names in a directory are looked through without buckets. */
#define FEW_NAMES 8

/*
 * Names come from archives whose author may want every name in one bucket, so
 * the hash is keyed with a number he cannot know. Nothing written depends on
 * it.
 */
static uint64_t hash_name(const struct tree *tree, const char *name,
			  size_t length)
{
	uint64_t h = tree->hash_key;
	size_t i;

	for (i = 0; i < length; i++) {
		h ^= (unsigned char)name[i];
		h *= 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	h += tree->hash_key;
	h *= 0xc4ceb9fe1a85ec53;
	return h ^ h >> 29;
}

/* Of a directory that has buckets. */
static struct entry **bucket(const struct tree *tree, const struct inode *dir,
			     const char *name, size_t length)
{
	uint64_t h = hash_name(tree, name, length);

	return &dir->buckets[h & (dir->bucket_count - 1)];
}

void tree_init(struct tree *tree)
{
	memset(tree, 0, sizeof(*tree));
	if (getrandom(&tree->hash_key, sizeof(tree->hash_key),
		      GRND_NONBLOCK) < 0)
		tree->hash_key = (uintptr_t)tree;
	tree->root = inode_new(S_IFDIR | 0755);
	tree->root->nlink = 1;
	tree->root->made = true;
}

static void add_to_bucket(const struct tree *tree, struct entry *e)
{
	struct entry **to = bucket(tree, e->dir, e->name, e->length);

	e->hash_next = *to;
	*to = e;
}

static void drop_buckets(struct inode *dir)
{
	free(dir->buckets);
	dir->buckets = NULL;
	dir->bucket_count = 0;
}

/* Twice the buckets; each entry is hashed again. */
static void grow(const struct tree *tree, struct inode *dir)
{
	uint32_t count = 2 * (dir->bucket_count ?: FEW_NAMES);
	struct entry *e;

	drop_buckets(dir);
	dir->bucket_count = count;
	dir->buckets = mem_zalloc(count * sizeof(*dir->buckets));
	for (e = dir->first; e; e = e->next)
		add_to_bucket(tree, e);
}

static bool has_name(const struct entry *e, const char *name, size_t length)
{
	return e->length == length && !memcmp(e->name, name, length);
}

struct entry *tree_lookup(const struct tree *tree, const struct inode *dir,
			  const char *name, size_t length)
{
	struct entry *e;

	if (!dir->buckets) {
		for (e = dir->first; e && !has_name(e, name, length);)
			e = e->next;
		return e;
	}
	e = *bucket(tree, dir, name, length);
	while (e && !has_name(e, name, length))
		e = e->hash_next;
	return e;
}

static void link_entry(struct entry *e, struct inode *inode)
{
	e->inode = inode;
	inode->nlink++;
	if (S_ISDIR(inode->mode)) {
		inode->self = e;
		e->dir->subdirs++;
	}
}

void inode_hold(struct inode *inode)
{
	inode->nlink++;
}

void tree_let_go(struct tree *tree, struct inode *inode)
{
	if (--inode->nlink)
		return;
	if (tree->release)
		tree->release(tree->release_context, inode);
	inode_free(inode);
}

static void unlink_entry(struct tree *tree, struct entry *e)
{
	struct inode *inode = e->inode;

	e->inode = NULL;
	if (S_ISDIR(inode->mode))
		e->dir->subdirs--;
	tree_let_go(tree, inode);
}

static size_t entry_size(size_t length)
{
	return offsetof(struct entry, name) + length + 1;
}

static struct entry *add_entry(struct tree *tree, struct inode *dir,
			       const char *name, size_t length)
{
	struct entry *e = pool_alloc(entry_size(length));

	if (dir->children >= (dir->bucket_count ?: FEW_NAMES))
		grow(tree, dir);
	e->dir = dir;
	e->layer = tree->layer;
	e->length = length;
	memcpy(e->name, name, length);
	if (dir->buckets)
		add_to_bucket(tree, e);
	e->prev = dir->last;
	if (dir->last)
		dir->last->next = e;
	else
		dir->first = e;
	dir->last = e;
	dir->children++;
	tree->entries++;
	return e;
}

static void remove_from_bucket(const struct tree *tree, struct entry *e)
{
	struct entry **at = bucket(tree, e->dir, e->name, e->length);

	while (*at != e)
		at = &(*at)->hash_next;
	*at = e->hash_next;
}

/* Take an entry without children out of its directory and free it. */
static void remove_leaf(struct tree *tree, struct entry *e)
{
	struct inode *dir = e->dir;

	if (dir->buckets)
		remove_from_bucket(tree, e);
	if (e->next)
		e->next->prev = e->prev;
	else
		dir->last = e->prev;
	if (e->prev)
		e->prev->next = e->next;
	else
		dir->first = e->next;
	dir->children--;
	tree->entries--;
	unlink_entry(tree, e);
	pool_free(e, entry_size(e->length));
}

/* Empty a directory: always the deepest first entry, until none is left. No name
 * is looked for meanwhile. */
static void remove_children(struct tree *tree, struct inode *top)
{
	struct inode *dir = top;
	struct entry *e;

	drop_buckets(dir);
	for (;;) {
		e = dir->first;
		if (e && S_ISDIR(e->inode->mode)) {
			dir = e->inode;
			drop_buckets(dir);
		} else if (e) {
			remove_leaf(tree, e);
		} else if (dir != top) {
			e = dir->self;
			dir = e->dir;
			remove_leaf(tree, e);
		} else {
			return;
		}
	}
}

void tree_remove(struct tree *tree, struct entry *entry)
{
	if (S_ISDIR(entry->inode->mode))
		remove_children(tree, entry->inode);
	remove_leaf(tree, entry);
}

void tree_free(struct tree *tree)
{
	tree->release = NULL;
	remove_children(tree, tree->root);
	inode_free(tree->root);
	memset(tree, 0, sizeof(*tree));
}

struct inode *tree_put(struct tree *tree, struct inode *dir, const char *name,
		       size_t length, struct inode *inode)
{
	struct entry *e = tree_lookup(tree, dir, name, length);

	if (e)
		e->layer = tree->layer;
	if (e && e->inode == inode)
		return inode;
	if (e && S_ISDIR(e->inode->mode) && S_ISDIR(inode->mode)) {
		inode_take_attributes(e->inode, inode);
		inode_free(inode);
		return e->inode;
	}
	if (e) {
		/* What goes may hold the last name of what comes. */
		inode_hold(inode);
		if (S_ISDIR(e->inode->mode))
			remove_children(tree, e->inode);
		unlink_entry(tree, e);
		inode->nlink--;
	} else {
		e = add_entry(tree, dir, name, length);
	}
	link_entry(e, inode);
	return inode;
}
