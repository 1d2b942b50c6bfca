/* SPDX-License-Identifier: GPL-2.0 */
/* Going over a whole tree in an order that depends on names only. */
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/tree/tree.h"

static int by_name(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a;
	const struct entry *y = *(struct entry *const *)b;

	return strcmp(x->name, y->name);
}

static void sort_children(struct inode *dir)
{
	struct entry **list, *e;
	uint32_t n = 0, i;

	if (dir->children < 2)
		return;
	list = mem_alloc(dir->children * sizeof(*list));
	for (e = dir->first; e; e = e->next)
		list[n++] = e;
	qsort(list, n, sizeof(*list), by_name);
	for (i = 0; i < n; i++) {
		list[i]->prev = i ? list[i - 1] : NULL;
		list[i]->next = i + 1 < n ? list[i + 1] : NULL;
	}
	dir->first = list[0];
	dir->last = list[n - 1];
	free(list);
}

void tree_sort(struct tree *tree)
{
	struct entry *e;

	sort_children(tree->root);
	for (e = tree_next(tree, NULL); e; e = tree_next(tree, e))
		if (S_ISDIR(e->inode->mode))
			sort_children(e->inode);
}

struct entry *tree_next(const struct tree *tree, const struct entry *entry)
{
	if (!entry)
		return tree->root->first;
	if (S_ISDIR(entry->inode->mode) && entry->inode->first)
		return entry->inode->first;
	while (!entry->next) {
		entry = entry->dir->self;
		if (!entry)
			return NULL;
	}
	return entry->next;
}

char *tree_path(const struct entry *entry)
{
	const struct entry *e;
	size_t length = 0;
	char *path, *p;

	if (!entry)
		return mem_strdup("/");
	for (e = entry; e; e = e->dir->self)
		length += e->length + 1;
	path = mem_alloc(length);
	p = path + length;
	*--p = 0;
	for (e = entry; e; e = e->dir->self) {
		p -= e->length;
		memcpy(p, e->name, e->length);
		if (p > path)
			*--p = '/';
	}
	return path;
}

char *tree_name(const struct tree *tree, const struct inode *inode)
{
	const struct entry *e = inode == tree->root ? NULL :
				tree_next(tree, NULL);

	while (e && e->inode != inode)
		e = tree_next(tree, e);
	return tree_path(e);
}
