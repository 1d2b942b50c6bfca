/* SPDX-License-Identifier: GPL-2.0 */
/* Open addressing without gaps: what follows a free place moves up. */
#include <stdlib.h>
#include <string.h>

#include "imgtool/mount/known.h"
#include "imgtool/msg.h"

#define ROOM_FIRST 1024

static size_t home(const struct known *known, uint64_t ino)
{
	return ((ino * 0x9e3779b97f4a7c15) >> 32) & (known->room - 1);
}

static struct known_node *find(const struct known *known, uint64_t ino)
{
	size_t i = home(known, ino);

	while (known->table[i].ino && known->table[i].ino != ino)
		i = (i + 1) & (known->room - 1);
	return &known->table[i];
}

static void grow(struct known *known)
{
	struct known_node *old = known->table;
	size_t n = known->room, i;

	known->room = n ? 2 * n : ROOM_FIRST;
	known->table = mem_zalloc(known->room * sizeof(*old));
	for (i = 0; i < n; i++)
		if (old[i].ino)
			*find(known, old[i].ino) = old[i];
	free(old);
}

void known_add(struct known *known, uint64_t ino)
{
	struct known_node *node;

	if (2 * (known->count + 1) > known->room)
		grow(known);
	node = find(known, ino);
	if (!node->ino) {
		node->ino = ino;
		known->count++;
	}
	node->known++;
}

static void take_out(struct known *known, size_t i)
{
	size_t mask = known->room - 1, next, want;

	for (next = (i + 1) & mask; known->table[next].ino;
	     next = (next + 1) & mask) {
		want = home(known, known->table[next].ino);
		/* may it stand at I, which is not before its home? */
		if (((next - want) & mask) >= ((next - i) & mask)) {
			known->table[i] = known->table[next];
			i = next;
		}
	}
	memset(&known->table[i], 0, sizeof(*known->table));
	known->count--;
}

bool known_forget(struct known *known, uint64_t ino, uint64_t times)
{
	struct known_node *node = known->room ? find(known, ino) : NULL;
	bool nameless;

	if (!node || !node->ino)
		return false;
	if (node->known > times) {
		node->known -= times;
		return false;
	}
	nameless = node->nameless;
	take_out(known, node - known->table);
	return nameless;
}

static struct known_node *find_known(const struct known *known, uint64_t ino)
{
	struct known_node *node = known->room ? find(known, ino) : NULL;

	return node && node->ino ? node : NULL;
}

const struct known_node *known_unname(struct known *known, uint64_t ino)
{
	struct known_node *node = find_known(known, ino);

	if (node)
		node->nameless = true;
	return node;
}

void known_open(struct known *known, uint64_t ino)
{
	struct known_node *node = find_known(known, ino);

	if (node)
		node->opened++;
}

bool known_close(struct known *known, uint64_t ino)
{
	struct known_node *node = find_known(known, ino);

	if (node && node->opened)
		node->opened--;
	return node && !node->opened && node->nameless;
}

void known_free(struct known *known)
{
	free(known->table);
	memset(known, 0, sizeof(*known));
}
