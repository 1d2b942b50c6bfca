/* SPDX-License-Identifier: GPL-2.0 */
/* A tree in an image, to be copied. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/edit/copy.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"

struct from_image {
	struct copy *copy;
	struct copy_source source;
	struct view *view;
	const char *name;
	uint64_t device;
};

static ssize_t image_read(const struct copy_node *node, uint64_t offset,
			  void *data, size_t length)
{
	ssize_t n = fs_read(node->source->fs, node->attr.ino, offset, data,
			    length);

	if (n > 0)
		progress_add((uint64_t)n);
	return n;
}

static int image_data(const struct copy_node *node, uint64_t offset,
		      uint64_t *start, uint64_t *end)
{
	return fs_data(node->source->fs, node->attr.ino, offset, start, end);
}

static int image_readlink(const struct copy_node *node, char *target)
{
	return fs_readlink(node->source->fs, node->attr.ino, target);
}

static int image_xattrs(const struct copy_node *node, fs_xattr_fn *fn,
			void *context)
{
	return fs_xattrs(node->source->fs, node->attr.ino, fn, context);
}

static void make_node(const struct from_image *from, const struct visit *visit,
		      struct copy_node *node)
{
	memset(node, 0, sizeof(*node));
	node->source = &from->source;
	node->path = mem_strdup(view_name(from->view, visit->path));
	node->name = visit->depth ? visit->name : from->name;
	node->depth = visit->depth;
	node->attr = *visit->attr;
	node->device = from->device;
	node->fd = -1;
}

static int enter(void *context, const struct visit *visit)
{
	struct from_image *from = context;
	struct copy_node node;
	int r;

	make_node(from, visit, &node);
	r = copy_visit(from->copy, &node);
	free((char *)node.path);
	return r;
}

static int leave(void *context, const struct visit *visit)
{
	struct from_image *from = context;
	struct copy_node node;
	int r;

	make_node(from, visit, &node);
	r = copy_leave(from->copy, &node);
	free((char *)node.path);
	return r;
}

/* A number for the file system: inodes of another one are other files. */
static uint64_t device_of(const struct disk *disk)
{
	const uint64_t k = 0x9e3779b97f4a7c15ULL;
	struct stat st = { 0 };

	fstat(disk->fd, &st);
	/* (no host's device has the uppermost bit) */
	return ((st.st_dev * k ^ st.st_ino) * k ^ disk->offset) | 1ULL << 63;
}

int copy_from_image(struct copy *copy, struct view *view, const char *name)
{
	struct from_image from = {
		.copy = copy, .view = view, .name = name,
		.device = device_of(&view->disk),
		.source = { image_read, image_data, image_readlink,
			    image_xattrs, &view->fs },
	};
	struct walk walk = { enter, leave, &from };
	int r = view_walk(view, &walk);

	/* what is damaged is reported and left out, and not the end */
	if (r < 0)
		copy->status = -1;
	return r;
}
