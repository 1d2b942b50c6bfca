/* SPDX-License-Identifier: GPL-2.0 */
/* What all copying has in common, and hard links. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/edit/copy.h"
#include "imgtool/msg.h"

/* Files with several names that have been copied, by device and inode. */
struct copy_link {
	uint64_t device, ino, id;
};

struct copy_links {
	struct copy_link *slots; /* id 0: free */
	size_t size, count;
};

static struct copy_link *find_slot(struct copy_links *links, uint64_t device,
				   uint64_t ino)
{
	size_t at = (ino * 0x9e3779b97f4a7c15ULL ^ device) % links->size;
	struct copy_link *link;

	for (;; at = (at + 1) % links->size) {
		link = &links->slots[at];
		if (!link->id || (link->device == device && link->ino == ino))
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
		if (old.slots[i].id)
			*find_slot(links, old.slots[i].device,
				   old.slots[i].ino) = old.slots[i];
	free(old.slots);
}

static uint64_t seen_before(struct copy *copy, const struct copy_node *node)
{
	if (!copy->seen || !copy->seen->size)
		return 0;
	return find_slot(copy->seen, node->device, node->attr.ino)->id;
}

static void remember(struct copy *copy, const struct copy_node *node)
{
	struct copy_links *links = copy->seen;
	struct copy_link *link;

	if (!links)
		links = copy->seen = mem_zalloc(sizeof(*links));
	if (2 * (links->count + 1) > links->size)
		grow(links);
	link = find_slot(links, node->device, node->attr.ino);
	*link = (struct copy_link){ node->device, node->attr.ino,
				    copy->last_id };
	links->count++;
}

void copy_free(struct copy *copy)
{
	if (copy->seen)
		free(copy->seen->slots);
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
