/* SPDX-License-Identifier: GPL-2.0 */
/* What all copying has in common, and hard links. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/edit/copy.h"
#include "imgtool/msg.h"

/*
 * Files with several names that have been copied, by device and inode; and by
 * their ids, what each is a copy of. A copy may have been replaced since, by a
 * later operand, and its id be that of something else: only where both agree
 * there is something to link to.
 */
struct copy_link {
	uint64_t device, ino;  /* the key; of an id, device is 0 */
	uint64_t of, id;       /* what it is a copy of; or just its id */
	bool used;
};

struct copy_links {
	struct copy_link *slots;
	size_t size, count;
};

static struct copy_link *find_slot(struct copy_links *links, uint64_t device,
				   uint64_t ino)
{
	size_t at = (ino * 0x9e3779b97f4a7c15ULL ^ device) % links->size;
	struct copy_link *link;

	for (;; at = (at + 1) % links->size) {
		link = &links->slots[at];
		if (!link->used || (link->device == device && link->ino == ino))
			return link;
	}
}

static void grow(struct copy_links *links)
{
	struct copy_links old = *links;
	size_t i;

	links->size = old.size ? old.size * 2 : 64;
	links->slots = mem_zalloc(links->size * sizeof(*links->slots));
	for (i = 0; i < old.size; i++)
		if (old.slots[i].used)
			*find_slot(links, old.slots[i].device,
				   old.slots[i].ino) = old.slots[i];
	free(old.slots);
}

static void set(struct copy_links *links, struct copy_link link)
{
	struct copy_link *slot;

	if (2 * (links->count + 1) > links->size)
		grow(links);
	slot = find_slot(links, link.device, link.ino);
	links->count += !slot->used;
	link.used = true;
	*slot = link;
}

static uint64_t seen_before(struct copy *copy, const struct copy_node *node)
{
	struct copy_links *seen = copy->seen;
	const struct copy_link *made;
	uint64_t id;

	if (!seen)
		return 0;
	id = find_slot(&seen[0], node->device, node->attr.ino)->id;
	made = id ? find_slot(&seen[1], 0, id) : NULL;
	return made && made->of == node->device &&
	       made->id == node->attr.ino ? id : 0;
}

static void remember(struct copy *copy, const struct copy_node *node)
{
	uint64_t device = node->device, ino = node->attr.ino;

	if (!copy->seen)
		copy->seen = mem_zalloc(2 * sizeof(*copy->seen));
	set(&copy->seen[0], (struct copy_link){ device, ino, 0,
						copy->last_id, true });
	set(&copy->seen[1], (struct copy_link){ 0, copy->last_id, device,
						ino, true });
}

void copy_replaced(struct copy *copy, uint64_t id)
{
	if (copy->seen && find_slot(&copy->seen[1], 0, id)->used)
		set(&copy->seen[1], (struct copy_link){ 0, id, 0, 0, true });
}

void copy_free(struct copy *copy)
{
	if (copy->seen) {
		free(copy->seen[0].slots);
		free(copy->seen[1].slots);
	}
	free(copy->seen);
	copy->seen = NULL;
}

bool copy_keeps_xattr(const char *name)
{
	return !strncmp(name, "user.", 5) || !strncmp(name, "trusted.", 8) ||
	       !strncmp(name, "security.", 9) ||
	       !strcmp(name, "system.posix_acl_access") ||
	       !strcmp(name, "system.posix_acl_default");
}

/* What a sink returned, as a walk wants it. */
static int result(struct copy *copy, int r, int skip)
{
	if (r == 0)
		return 0;
	copy->status = -1;
	return r == -2 ? -1 : skip;
}

static int add(struct copy *copy, const struct copy_node *node)
{
	bool several = copy->links && node->attr.nlink > 1;
	uint64_t id = several ? seen_before(copy, node) : 0;
	int r;

	if (id)
		return copy->sink->link(copy, node, id);
	copy->last_id = 0;
	r = copy->sink->add(copy, node);
	if (r == 0 && several && copy->last_id)
		remember(copy, node);
	return r;
}

int copy_visit(struct copy *copy, const struct copy_node *node)
{
	if (interrupted()) {
		copy->status = msg_error(NULL, "interrupted");
		return -1;
	}
	if (!S_ISDIR(node->attr.mode))
		return result(copy, add(copy, node), 0);
	if (copy->recursive)
		return result(copy, copy->sink->enter(copy, node), 1);
	msg_error(node->path, "is a directory; -r copies it");
	return result(copy, -1, 1);
}

int copy_leave(struct copy *copy, const struct copy_node *node)
{
	return result(copy, copy->sink->leave(copy, node), 0);
}
