/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/view/xattrs.h"

/* Values may be in inodes of their own, and several names in one of them. */
#define BYTES_MOST (64 << 20)

static int add(void *context, const char *name, const void *value, size_t size)
{
	struct xattr_list *l = context;
	struct xattr_item *item;

	l->bytes += size;
	if (l->bytes > BYTES_MOST)
		return -EUCLEAN;
	l->list = mem_grow(l->list, l->count, &l->capacity, sizeof(*item));
	item = &l->list[l->count++];
	item->name = mem_strdup(name);
	item->value = mem_dup(value, size);
	item->size = size;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct xattr_item *)a)->name,
		      ((const struct xattr_item *)b)->name);
}

int xattr_list_read(struct xattr_list *list, struct fs *fs, uint64_t ino)
{
	int r = fs_xattrs(fs, ino, add, list);

	if (list->count)
		qsort(list->list, list->count, sizeof(*list->list), by_name);
	return r;
}

bool xattr_list_equal(const struct xattr_list *a, const struct xattr_list *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
		if (strcmp(a->list[i].name, b->list[i].name) ||
		    a->list[i].size != b->list[i].size ||
		    memcmp(a->list[i].value, b->list[i].value,
			   a->list[i].size))
			return false;
	return true;
}

void xattr_list_free(struct xattr_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		free(list->list[i].name);
		free(list->list[i].value);
	}
	free(list->list);
	memset(list, 0, sizeof(*list));
}
