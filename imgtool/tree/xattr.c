/* SPDX-License-Identifier: GPL-2.0 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/tree/xattr.h"

/* More entries than fit an ext4 block are wrong in any case. */
#define ACL_ENTRIES_MOST 512

static const struct {
	const char *prefix;
	uint8_t space;
} spaces[] = {
	{ "user.", XATTR_USER },
	{ "trusted.", XATTR_TRUSTED },
	{ "security.", XATTR_SECURITY },
};

static int compare(const struct xattr *x, uint8_t space, const char *name,
		   size_t length)
{
	if (x->space != space)
		return x->space < space ? -1 : 1;
	if (x->length != length)
		return x->length < length ? -1 : 1;
	return memcmp(x->name, name, length);
}

void xattrs_set_raw(struct xattr **list, uint8_t space, const char *name,
		    const void *value, size_t size)
{
	size_t length = strlen(name);
	struct xattr *x, *old;
	char *data;

	while (*list && compare(*list, space, name, length) < 0)
		list = &(*list)->next;
	x = mem_alloc(sizeof(*x) + length + size);
	data = (char *)(x + 1);
	x->space = space;
	x->length = length;
	x->size = size;
	x->name = memcpy(data, name, length);
	x->value = (uint8_t *)data + length;
	if (size)
		memcpy(data + length, value, size);
	old = *list;
	if (old && !compare(old, space, name, length)) {
		x->next = old->next;
		free(old);
	} else {
		x->next = old;
	}
	*list = x;
}

void xattrs_free(struct xattr **list)
{
	struct xattr *x;

	while ((x = *list)) {
		*list = x->next;
		free(x);
	}
}

static uint16_t get16(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint8_t *put16(uint8_t *p, uint16_t v)
{
	p[0] = v;
	p[1] = v >> 8;
	return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v), v >> 16);
}

/* The form of getxattr(2): version 2, then tag, perms, id in 8 bytes each. */
static enum xattr_result set_acl_value(struct xattr **list, uint8_t space,
				       const uint8_t *value, size_t size)
{
	struct acl_entry entries[ACL_ENTRIES_MOST];
	size_t count, i;

	if (size < 4 || get32(value) != 2 || (size - 4) % 8)
		return XATTR_INVALID;
	count = (size - 4) / 8;
	if (count > ACL_ENTRIES_MOST)
		return XATTR_INVALID;
	for (i = 0; i < count; i++) {
		const uint8_t *p = value + 4 + i * 8;

		entries[i].tag = get16(p);
		entries[i].perms = get16(p + 2);
		entries[i].id = get32(p + 4);
	}
	return xattrs_set_acl(list, space, entries, count);
}

enum xattr_result xattrs_set(struct xattr **list, const char *name,
			     const void *value, size_t size)
{
	size_t i, prefix, length;

	if (!strcmp(name, "system.posix_acl_access"))
		return set_acl_value(list, XATTR_ACL_ACCESS, value, size);
	if (!strcmp(name, "system.posix_acl_default"))
		return set_acl_value(list, XATTR_ACL_DEFAULT, value, size);
	for (i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		prefix = strlen(spaces[i].prefix);
		if (strncmp(name, spaces[i].prefix, prefix))
			continue;
		length = strlen(name + prefix);
		if (!length || length > 255 || size > XATTR_VALUE_LONGEST)
			return XATTR_INVALID;
		xattrs_set_raw(list, spaces[i].space, name + prefix, value,
			       size);
		return XATTR_TAKEN;
	}
	return XATTR_IGNORED;
}

static bool has_id(const struct acl_entry *e)
{
	return e->tag == ACL_TAG_USER || e->tag == ACL_TAG_GROUP;
}

static int by_tag(const void *a, const void *b)
{
	const struct acl_entry *x = a, *y = b;

	if (x->tag != y->tag)
		return x->tag < y->tag ? -1 : 1;
	if (!has_id(x) || x->id == y->id)
		return 0;
	return x->id < y->id ? -1 : 1;
}

/* The rules of acl(5) that the kernel enforces when it reads one. */
static bool acl_valid(const struct acl_entry *e, size_t count)
{
	unsigned int seen = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (e[i].perms > 7 || e[i].tag > ACL_TAG_OTHER || !e[i].tag ||
		    e[i].tag & (e[i].tag - 1))
			return false;
		if (i && !by_tag(&e[i - 1], &e[i]))
			return false;
		seen |= e[i].tag;
	}
	if ((seen & 0x25) != 0x25)
		return false;
	return seen & ACL_TAG_MASK || !(seen & (ACL_TAG_USER | ACL_TAG_GROUP));
}

enum xattr_result xattrs_set_acl(struct xattr **list, uint8_t space,
				 struct acl_entry *entries, size_t count)
{
	uint8_t *value, *p;
	size_t i;

	if (count > ACL_ENTRIES_MOST)
		return XATTR_INVALID;
	qsort(entries, count, sizeof(*entries), by_tag);
	if (!acl_valid(entries, count))
		return XATTR_INVALID;
	if (space == XATTR_ACL_ACCESS && count == 3)
		return XATTR_TAKEN;
	value = mem_alloc(4 + count * 8);
	p = put32(value, 1);
	for (i = 0; i < count; i++) {
		p = put16(p, entries[i].tag);
		p = put16(p, entries[i].perms);
		if (has_id(&entries[i]))
			p = put32(p, entries[i].id);
	}
	xattrs_set_raw(list, space, "", value, p - value);
	free(value);
	return XATTR_TAKEN;
}

void xattrs_chmod(struct xattr *list, uint32_t mode)
{
	uint8_t *group = NULL, *mask = NULL, *p;
	size_t at = 4;
	uint16_t tag;

	while (list && list->space != XATTR_ACL_ACCESS)
		list = list->next;
	for (; list && at + 4 <= list->size; at += 4) {
		/* The value is in the list's own memory. */
		p = (uint8_t *)list->value + at;
		tag = get16(p);
		if (tag == ACL_TAG_USER || tag == ACL_TAG_GROUP)
			at += 4;
		else if (tag == ACL_TAG_USER_OBJ)
			put16(p + 2, mode >> 6 & 7);
		else if (tag == ACL_TAG_OTHER)
			put16(p + 2, mode & 7);
		else if (tag == ACL_TAG_GROUP_OBJ)
			group = p + 2;
		else if (tag == ACL_TAG_MASK)
			mask = p + 2;
	}
	if (mask || group)
		put16(mask ? mask : group, mode >> 3 & 7);
}
