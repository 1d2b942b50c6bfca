/* SPDX-License-Identifier: GPL-2.0 */
/* Open addressing without gaps: what follows a free place moves up. */
#include <stdlib.h>
#include <string.h>

#include "imgtool/mount/nodes.h"
#include "imgtool/msg.h"

#define ROOM_FIRST 1024

static size_t home(const struct nodes *nodes, uint64_t ino)
{
	return ((ino * 0x9e3779b97f4a7c15) >> 32) & (nodes->room - 1);
}

static struct node *find(const struct nodes *nodes, uint64_t ino)
{
	size_t i = home(nodes, ino);

	while (nodes->table[i].ino && nodes->table[i].ino != ino)
		i = (i + 1) & (nodes->room - 1);
	return &nodes->table[i];
}

static void grow(struct nodes *nodes)
{
	struct node *old = nodes->table;
	size_t n = nodes->room, i;

	nodes->room = n ? 2 * n : ROOM_FIRST;
	nodes->table = mem_zalloc(nodes->room * sizeof(*old));
	for (i = 0; i < n; i++)
		if (old[i].ino)
			*find(nodes, old[i].ino) = old[i];
	free(old);
}

void nodes_add(struct nodes *nodes, uint64_t ino)
{
	struct node *node;

	if (2 * (nodes->count + 1) > nodes->room)
		grow(nodes);
	node = find(nodes, ino);
	if (!node->ino) {
		node->ino = ino;
		nodes->count++;
	}
	node->known++;
}

static void take_out(struct nodes *nodes, size_t i)
{
	size_t mask = nodes->room - 1, next, want;

	for (next = (i + 1) & mask; nodes->table[next].ino;
	     next = (next + 1) & mask) {
		want = home(nodes, nodes->table[next].ino);
		/* may it stand at I, which is not before its home? */
		if (((next - want) & mask) >= ((next - i) & mask)) {
			nodes->table[i] = nodes->table[next];
			i = next;
		}
	}
	memset(&nodes->table[i], 0, sizeof(*nodes->table));
	nodes->count--;
}

bool nodes_forget(struct nodes *nodes, uint64_t ino, uint64_t times)
{
	struct node *node = nodes->room ? find(nodes, ino) : NULL;
	bool nameless;

	if (!node || !node->ino)
		return false;
	if (node->known > times) {
		node->known -= times;
		return false;
	}
	nameless = node->nameless;
	take_out(nodes, node - nodes->table);
	return nameless;
}

static struct node *find_known(const struct nodes *nodes, uint64_t ino)
{
	struct node *node = nodes->room ? find(nodes, ino) : NULL;

	return node && node->ino ? node : NULL;
}

const struct node *nodes_unname(struct nodes *nodes, uint64_t ino)
{
	struct node *node = find_known(nodes, ino);

	if (node)
		node->nameless = true;
	return node;
}

void nodes_open(struct nodes *nodes, uint64_t ino)
{
	struct node *node = find_known(nodes, ino);

	if (node)
		node->opened++;
}

bool nodes_close(struct nodes *nodes, uint64_t ino)
{
	struct node *node = find_known(nodes, ino);

	if (node && node->opened)
		node->opened--;
	return node && !node->opened && node->nameless;
}

void nodes_free(struct nodes *nodes)
{
	free(nodes->table);
	memset(nodes, 0, sizeof(*nodes));
}
