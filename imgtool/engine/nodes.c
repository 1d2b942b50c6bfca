/* SPDX-License-Identifier: GPL-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/engine/nodes.h"
#include "imgtool/engine/proto.h"
#include "imgtool/msg.h"

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

static uint64_t hash_name(uint32_t parent, const char *name)
{
	uint64_t h = mix(0x51ed270b, parent);

	for (; *name; name++)
		h = mix(h, (unsigned char)*name);
	return h;
}

static uint64_t hash_inode(const struct node *node)
{
	return mix(mix(0x2545f491, node->device), node->attr.number);
}

struct node *nodes_get(const struct nodes *nodes, uint64_t number)
{
	return number < nodes->count ? nodes->list[number] : NULL;
}

static uint32_t *find_name(const struct nodes *nodes, uint32_t parent,
			   const char *name)
{
	size_t i = hash_name(parent, name) & (nodes->name_size - 1);

	for (; nodes->names[i]; i = (i + 1) & (nodes->name_size - 1)) {
		const struct node *n = nodes->list[nodes->names[i]];

		if (n->parent == parent && !strcmp(n->name, name))
			break;
	}
	return &nodes->names[i];
}

static uint32_t *find_inode(const struct nodes *nodes, const struct node *node)
{
	size_t i = hash_inode(node) & (nodes->inode_size - 1);

	for (; nodes->inodes[i]; i = (i + 1) & (nodes->inode_size - 1)) {
		const struct node *n = nodes->list[nodes->inodes[i]];

		if (n->device == node->device &&
		    n->attr.number == node->attr.number)
			break;
	}
	return &nodes->inodes[i];
}

static void grow_names(struct nodes *nodes)
{
	uint32_t *old = nodes->names;
	size_t size = nodes->name_size, i;

	if (nodes->name_count * 2 < size)
		return;
	nodes->name_size = size ? size * 2 : 1024;
	nodes->names = mem_zalloc(nodes->name_size * sizeof(uint32_t));
	for (i = 0; i < size; i++) {
		const struct node *n = nodes->list[old[i]];

		if (old[i])
			*find_name(nodes, n->parent, n->name) = old[i];
	}
	free(old);
}

static void grow_inodes(struct nodes *nodes)
{
	uint32_t *old = nodes->inodes;
	size_t size = nodes->inode_size, i;

	if (nodes->inode_count * 2 < size)
		return;
	nodes->inode_size = size ? size * 2 : 256;
	nodes->inodes = mem_zalloc(nodes->inode_size * sizeof(uint32_t));
	for (i = 0; i < size; i++)
		if (old[i])
			*find_inode(nodes, nodes->list[old[i]]) = old[i];
	free(old);
}

static void append(struct nodes *nodes, struct node *node)
{
	nodes->list = mem_grow(nodes->list, nodes->count, &nodes->capacity,
			       sizeof(*nodes->list));
	nodes->list[nodes->count++] = node;
}

void nodes_start(struct nodes *nodes)
{
	struct node *root = mem_zalloc(sizeof(*root));

	memset(nodes, 0, sizeof(*nodes));
	root->name = mem_strdup("");
	append(nodes, NULL);
	append(nodes, root);
	grow_names(nodes);
	grow_inodes(nodes);
}

void nodes_end(struct nodes *nodes)
{
	size_t i;

	for (i = NODE_ROOT; i < nodes->count; i++) {
		free(nodes->list[i]->name);
		free(nodes->list[i]->link);
		free(nodes->list[i]->entries);
		free(nodes->list[i]);
	}
	free(nodes->list);
	free(nodes->names);
	free(nodes->inodes);
	memset(nodes, 0, sizeof(*nodes));
}

uint32_t nodes_find(const struct nodes *nodes, uint32_t parent,
		    const char *name)
{
	return *find_name(nodes, parent, name);
}

uint32_t nodes_add(struct nodes *nodes, uint32_t parent, const char *name)
{
	struct node *node;

	if (nodes->count >= NODES_MOST)
		return 0;
	node = mem_zalloc(sizeof(*node));
	node->parent = parent;
	node->name = mem_strdup(name);
	append(nodes, node);
	nodes->name_count++;
	grow_names(nodes);
	*find_name(nodes, parent, name) = nodes->count - 1;
	return nodes->count - 1;
}

uint32_t nodes_same(struct nodes *nodes, uint32_t number)
{
	const struct node *node = nodes->list[number];
	uint32_t *slot;

	if (node->error || node->attr.nlink < 2 || S_ISDIR(node->attr.mode))
		return number;
	nodes->inode_count++;
	grow_inodes(nodes);
	slot = find_inode(nodes, node);
	if (*slot)
		nodes->inode_count--;
	/* (one that is gone has left its inode to somebody else) */
	if (!*slot || nodes->list[*slot]->error ||
	    (nodes->list[*slot]->orphan && !nodes->list[*slot]->attr.nlink))
		*slot = number;
	return nodes->list[*slot]->same ?: *slot;
}

/* ---- names of one file ---- */

/* NUMBER is in no list any more. */
static void part(struct nodes *nodes, uint32_t number)
{
	struct node *node = nodes->list[number];

	if (node->previous)
		nodes->list[node->previous]->next = node->next;
	if (node->next)
		nodes->list[node->next]->previous = node->previous;
	node->previous = node->next = 0;
}

void nodes_join(struct nodes *nodes, uint32_t number, uint32_t same)
{
	struct node *node = nodes->list[number], *first = nodes->list[same];

	if (node->same == same && (node->previous || number == same))
		return;
	part(nodes, number);
	node->same = same;
	if (number == same)
		return;
	node->previous = same;
	node->next = first->next;
	if (first->next)
		nodes->list[first->next]->previous = number;
	first->next = number;
}

/* Another name of the file that NUMBER is the first of; 0: none is known. */
static uint32_t find_other(const struct nodes *nodes, uint32_t number)
{
	uint32_t i = nodes->list[number]->next;

	while (i && nodes->list[i]->error)
		i = nodes->list[i]->next;
	return i;
}

/* ---- entries of directories ---- */

void nodes_enter(struct nodes *nodes, uint32_t number)
{
	struct node *node = nodes->list[number];
	struct node *dir = nodes->list[node->parent];

	dir->entries = mem_grow(dir->entries, dir->entry_count,
				&dir->entry_capacity, sizeof(uint32_t));
	node->place = dir->entry_count;
	node->entered = true;
	dir->entries[dir->entry_count++] = number;
}

static int by_name(const void *a, const void *b, void *context)
{
	const struct nodes *nodes = context;

	return strcmp(nodes->list[*(const uint32_t *)a]->name,
		      nodes->list[*(const uint32_t *)b]->name);
}

void nodes_sort(struct nodes *nodes, uint32_t number)
{
	struct node *dir = nodes->list[number];
	uint32_t i;

	if (dir->entry_count)
		qsort_r(dir->entries, dir->entry_count, sizeof(uint32_t),
			by_name, nodes);
	for (i = 0; i < dir->entry_count; i++)
		nodes->list[dir->entries[i]]->place = i;
}

/* ---- changes ---- */

static void leave_dir(struct nodes *nodes, uint32_t number)
{
	struct node *node = nodes->list[number];
	struct node *dir = nodes->list[node->parent];
	uint32_t last;

	if (!node->entered)
		return;
	last = dir->entries[--dir->entry_count];
	dir->entries[node->place] = last;
	nodes->list[last]->place = node->place;
	node->entered = false;
}

static void enter_dir(struct nodes *nodes, uint32_t number)
{
	struct node *node = nodes->list[number];

	if (nodes->list[node->parent]->listed && !node->entered)
		nodes_enter(nodes, number);
}

/* Forget what was known of it. It is not there, or something new. Other names
 * of its file, which could not be looked at, are to be looked at again. */
static void blank(struct nodes *nodes, uint32_t number, uint32_t same,
		  int error)
{
	struct node *node = nodes->list[number];

	while (node->next && !node->previous) {
		uint32_t other = node->next;

		part(nodes, other);
		nodes->list[other]->same = 0;
	}
	part(nodes, number);
	free(node->link);
	free(node->entries);
	node->link = NULL;
	node->entries = NULL;
	node->entry_count = node->entry_capacity = 0;
	node->listed = node->stale = node->no_xattrs = false;
	node->same = same;
	node->error = error;
	memset(&node->attr, 0, sizeof(node->attr));
	node->device = 0;
}

/*
 * The first node of a file has lost its name, and no other is known. Who has
 * kept its number may still ask for it; the name is another node from now on,
 * of what is not there.
 */
static void vanish(struct nodes *nodes, uint32_t number)
{
	struct node *node = nodes->list[number], *name;
	uint32_t *at;

	if (!nodes->kept || !node->same || node->error ||
	    nodes->count >= NODES_MOST) {
		blank(nodes, number, number, -ENOENT);
		return;
	}
	name = mem_zalloc(sizeof(*name));
	name->parent = node->parent;
	name->name = mem_strdup(node->name);
	name->same = nodes->count;
	name->error = -ENOENT;
	at = find_name(nodes, node->parent, node->name);
	append(nodes, name);
	*at = name->same;
	node->orphan = true;
	node->parent = 0;
	if (S_ISDIR(node->attr.mode))
		node->attr.nlink = 0;
	else if (node->attr.nlink)
		node->attr.nlink--;
}

/* Two nodes take each other's names. */
static void swap(struct nodes *nodes, uint32_t a, uint32_t b)
{
	struct node *x = nodes->list[a], *y = nodes->list[b];
	uint32_t *at_x = find_name(nodes, x->parent, x->name);
	uint32_t *at_y = find_name(nodes, y->parent, y->name);
	uint32_t parent = x->parent;
	char *name = x->name;

	leave_dir(nodes, a);
	leave_dir(nodes, b);
	*at_x = b;
	*at_y = a;
	x->parent = y->parent;
	x->name = y->name;
	y->parent = parent;
	y->name = name;
	enter_dir(nodes, a);
	enter_dir(nodes, b);
}

uint32_t nodes_make(struct nodes *nodes, uint32_t parent, const char *name)
{
	uint32_t number = nodes_find(nodes, parent, name) ?:
			  nodes_add(nodes, parent, name);

	if (!number)
		return 0;
	blank(nodes, number, 0, 0);
	enter_dir(nodes, number);
	return number;
}

void nodes_remove(struct nodes *nodes, uint32_t parent, const char *name)
{
	uint32_t number = nodes_find(nodes, parent, name), other = 0;
	struct node *node = nodes->list[number];

	if (!number)
		return;
	if (node->same == number)
		other = find_other(nodes, number);
	if (node->same && node->same != number)
		nodes->list[node->same]->stale = true;
	if (other) {
		node->stale = true;
		swap(nodes, number, other);
		number = other;
	}
	leave_dir(nodes, number);
	if (nodes->list[number]->same == number)
		vanish(nodes, number);
	else
		blank(nodes, number, number, -ENOENT);
}

void nodes_rename(struct nodes *nodes, uint32_t parent, const char *name,
		  uint32_t new_parent, const char *new_name)
{
	uint32_t from = nodes_find(nodes, parent, name), to;

	nodes_remove(nodes, new_parent, new_name);
	to = nodes_find(nodes, new_parent, new_name) ?:
	     nodes_add(nodes, new_parent, new_name);
	if (!from || !to)
		return;
	swap(nodes, from, to);
	enter_dir(nodes, from);
	leave_dir(nodes, to);
	blank(nodes, to, to, -ENOENT);
	nodes->list[from]->stale = true;
}

void nodes_exchange(struct nodes *nodes, uint32_t parent, const char *name,
		    uint32_t new_parent, const char *new_name)
{
	uint32_t a = nodes_find(nodes, parent, name);
	uint32_t b = nodes_find(nodes, new_parent, new_name);

	if (!a || !b)
		return;
	swap(nodes, a, b);
	nodes->list[a]->stale = nodes->list[b]->stale = true;
}

void nodes_clear(struct nodes *nodes, uint32_t dir)
{
	struct node *node = nodes->list[dir];

	while (node->entry_count) {
		uint32_t number = node->entries[node->entry_count - 1];
		struct node *entry = nodes->list[number];

		if (entry->next || entry->previous) {
			nodes_remove(nodes, dir, entry->name);
			continue;
		}
		node->entry_count--;
		entry->entered = false;
		blank(nodes, number, number, -ENOENT);
	}
}

static int handle_path(const struct node *node, char **path, size_t *room)
{
	if (*room < 1024) {
		free(*path);
		*room = 1024;
		*path = mem_alloc(*room);
	}
	snprintf(*path, *room, "//%u", node->handle - 1);
	return 0;
}

int nodes_path(const struct nodes *nodes, uint32_t number, char **path,
	       size_t *room)
{
	const struct node *n = nodes->list[number];
	size_t size = 0;
	char *to;

	if (n->handle || n->orphan) {
		if (n->handle)
			return handle_path(n, path, room);
		number = find_other(nodes, number);
		if (!number)
			return -ENOENT;
	}
	for (n = nodes->list[number]; n->parent; n = nodes->list[n->parent])
		size += strlen(n->name) + 1;
	if (n->orphan)
		return -ENOENT;
	if (size > ENGINE_PATH_MOST)
		return -ENAMETOOLONG;
	if (*room < size + 1) {
		free(*path);
		*room = size + 1024;
		*path = mem_alloc(*room);
	}
	to = *path + (size ? size - 1 : 0);
	*to = 0;
	for (n = nodes->list[number]; n->parent; n = nodes->list[n->parent]) {
		size = strlen(n->name);
		to -= size;
		memcpy(to, n->name, size);
		if (to > *path)
			*--to = '/';
	}
	return 0;
}
