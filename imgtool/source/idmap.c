/* SPDX-License-Identifier: GPL-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/source/idmap.h"
#include "imgtool/tree/xattr.h"

/* A number below 2^32 that ends with END. Moves *TEXT behind that. */
static bool take_number(const char **text, char end, uint32_t *value)
{
	uint64_t n = 0;
	const char *p;

	for (p = *text; isdigit((unsigned char)*p) && n <= UINT32_MAX; p++)
		n = n * 10 + *p - '0';
	if (p == *text || *p != end || n > UINT32_MAX)
		return false;
	*value = n;
	*text = p + (end != 0);
	return true;
}

/* 2^32-1 is no id but "none": ranges end before it. */
static bool is_range(uint32_t first, uint32_t count)
{
	return count && (uint64_t)first + count <= UINT32_MAX;
}

static bool overlaps(const struct idmap *map, const struct idrange *new)
{
	const struct idrange *r;
	size_t i;

	for (i = 0; i < map->count; i++) {
		r = &map->ranges[i];
		if (new->from < (uint64_t)r->from + r->count &&
		    r->from < (uint64_t)new->from + new->count)
			return true;
	}
	return false;
}

int idmap_add(struct idmap *map, const char *text)
{
	struct idrange new;

	if (!take_number(&text, ':', &new.from) ||
	    !take_number(&text, ':', &new.to) ||
	    !take_number(&text, 0, &new.count) ||
	    !is_range(new.from, new.count) || !is_range(new.to, new.count) ||
	    overlaps(map, &new))
		return -EINVAL;
	map->ranges = mem_grow(map->ranges, map->count, &map->capacity,
			       sizeof(new));
	map->ranges[map->count++] = new;
	return 0;
}

uint32_t idmap_apply(const struct idmap *map, uint32_t id)
{
	const struct idrange *r;
	size_t i;

	for (i = 0; i < map->count; i++) {
		r = &map->ranges[i];
		if (id >= r->from && id - r->from < r->count)
			return id - r->from + r->to;
	}
	return id;
}

/* ext4's form of an ACL: four bytes of version, then entries of tag and
 * permissions (two bytes each), with an id behind those of named ones. */
static void map_acl(const struct idmap *uids, const struct idmap *gids,
		    uint8_t *data, size_t size)
{
	size_t at = 4;
	uint16_t tag;
	uint32_t id;

	while (at + 4 <= size) {
		memcpy(&tag, data + at, 2);
		at += 4;
		if (tag != ACL_TAG_USER && tag != ACL_TAG_GROUP)
			continue;
		if (at + 4 > size)
			return;
		memcpy(&id, data + at, 4);
		id = idmap_apply(tag == ACL_TAG_USER ? uids : gids, id);
		memcpy(data + at, &id, 4);
		at += 4;
	}
}

void idmap_apply_acls(const struct idmap *uids, const struct idmap *gids,
		      struct xattr *list)
{
	/* The values are in the list's own memory. */
	for (; list; list = list->next)
		if (list->space == XATTR_ACL_ACCESS ||
		    list->space == XATTR_ACL_DEFAULT)
			map_acl(uids, gids, (uint8_t *)list->value,
				list->size);
}

void idmap_free(struct idmap *map)
{
	free(map->ranges);
	memset(map, 0, sizeof(*map));
}
