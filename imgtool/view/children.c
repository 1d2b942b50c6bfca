/* SPDX-License-Identifier: GPL-2.0 */
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/view/children.h"

static int add_child(void *context, const char *name, uint64_t ino)
{
	struct children *c = context;

	c->list = mem_grow(c->list, c->count, &c->capacity,
			   sizeof(struct child));
	c->list[c->count].name = mem_strdup(name);
	c->list[c->count++].ino = ino;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct child *)a)->name,
		      ((const struct child *)b)->name);
}

int children_read(struct children *children, struct fs *fs, uint64_t dir)
{
	int r = fs_readdir(fs, dir, add_child, children);

	if (children->count)
		qsort(children->list, children->count, sizeof(struct child),
		      by_name);
	return r;
}

void children_free(struct children *children)
{
	size_t i;

	for (i = 0; i < children->count; i++)
		free(children->list[i].name);
	free(children->list);
	memset(children, 0, sizeof(*children));
}

bool inode_set_add(struct inode_set *set, uint64_t ino)
{
	uint64_t bit = 1ULL << ino % 64, bits = set->count;

	if (ino >= bits) {
		while (bits <= ino)
			bits = bits ? bits * 2 : 65536;
		set->bits = realloc(set->bits, bits / 8);
		if (!set->bits)
			abort();
		memset((char *)set->bits + set->count / 8, 0,
		       (bits - set->count) / 8);
		set->count = bits;
	}
	if (set->bits[ino / 64] & bit)
		return true;
	set->bits[ino / 64] |= bit;
	return false;
}

void inode_set_free(struct inode_set *set)
{
	free(set->bits);
	memset(set, 0, sizeof(*set));
}
