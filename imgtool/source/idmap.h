/* SPDX-License-Identifier: GPL-2.0 */
/* Users or groups of a source, as other users or groups of the image. */
#ifndef IMGTOOL_SOURCE_IDMAP_H
#define IMGTOOL_SOURCE_IDMAP_H

#include <stddef.h>
#include <stdint.h>

struct xattr;

struct idrange {
	uint32_t from, to, count;
};

struct idmap {
	struct idrange *ranges;
	size_t count, capacity;
};

/* Add "FROM:TO:COUNT". 0, or -EINVAL if it is none or overlaps another. */
int idmap_add(struct idmap *map, const char *text);

/* What ID becomes; itself if no range has it. */
uint32_t idmap_apply(const struct idmap *map, uint32_t id);

/* Map users and groups in the ACLs of a list of attributes. */
void idmap_apply_acls(const struct idmap *uids, const struct idmap *gids,
		      struct xattr *list);

void idmap_free(struct idmap *map);

#endif
