/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
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
	if (!*slot)
		*slot = number;
	else
		nodes->inode_count--;
	return *slot;
}

int nodes_path(const struct nodes *nodes, uint32_t number, char **path,
	       size_t *room)
{
	const struct node *n;
	size_t size = 0;
	char *to;

	for (n = nodes->list[number]; n->parent; n = nodes->list[n->parent])
		size += strlen(n->name) + 1;
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
