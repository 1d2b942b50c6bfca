/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walking a tree. Its depth is the image's choice, so the path from the root
 * to here is on the heap, not on the stack.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/view/children.h"
#include "imgtool/view/view.h"

struct frame {
	struct fs_attr attr;
	struct children children;
	size_t next;
	size_t path_length;
	bool last;
};

struct walking {
	struct view *view;
	const struct walk *walk;
	struct frame *frames;
	size_t depth, capacity;
	char *path;
	size_t path_capacity;
	struct inode_set seen; /* directories that were entered */
	int status;
};

static void set_path(struct walking *w, size_t length, const char *name)
{
	size_t n = strlen(name);

	if (length + n + 2 > w->path_capacity) {
		w->path_capacity = 2 * (length + n + 2);
		w->path = realloc(w->path, w->path_capacity);
		if (!w->path)
			abort();
	}
	if (length == 1)
		length = 0; /* the root's slash */
	w->path[length] = '/';
	memcpy(w->path + length + 1, name, n + 1);
}

static void failed(struct walking *w, int err)
{
	fs_error(&w->view->fs, view_name(w->view, w->path), err);
	w->status = -1;
}

/* A directory has been entered: read it and go in. */
static void push(struct walking *w, const struct fs_attr *attr, bool last)
{
	struct frame *f;
	int r;

	w->frames = mem_grow(w->frames, w->depth, &w->capacity,
			     sizeof(struct frame));
	f = &w->frames[w->depth++];
	memset(f, 0, sizeof(*f));
	f->attr = *attr;
	f->path_length = strlen(w->path);
	f->last = last;
	r = children_read(&f->children, &w->view->fs, attr->ino);
	if (r < 0)
		failed(w, r);
}

static int visit(struct walking *w, const char *name,
		 const struct fs_attr *attr, bool last)
{
	struct visit v = { .path = w->path, .name = name, .depth = w->depth,
			   .last = last, .attr = attr };
	int r;

	if (S_ISDIR(attr->mode) && inode_set_add(&w->seen, attr->ino)) {
		msg_error(view_name(w->view, w->path), "a directory that "
			  "stands elsewhere, too; the file system is damaged");
		w->status = -1;
		return 0;
	}
	r = w->walk->enter(w->walk->context, &v);
	if (r < 0)
		return r;
	if (r == 0 && S_ISDIR(attr->mode))
		push(w, attr, last);
	return 0;
}

static int leave(struct walking *w)
{
	struct frame *f = &w->frames[w->depth - 1];
	struct visit v = { .path = w->path, .depth = w->depth - 1,
			   .last = f->last, .attr = &f->attr };
	int r = 0;

	w->path[f->path_length] = 0;
	v.name = strrchr(w->path, '/') + 1;
	if (w->walk->leave)
		r = w->walk->leave(w->walk->context, &v);
	children_free(&f->children);
	w->depth--;
	return r;
}

static int step(struct walking *w)
{
	struct frame *f = &w->frames[w->depth - 1];
	const struct child *child;
	struct fs_attr attr;
	int r;

	if (f->next == f->children.count)
		return leave(w);
	child = &f->children.list[f->next++];
	w->path[f->path_length] = 0;
	set_path(w, f->path_length, child->name);
	r = fs_stat(&w->view->fs, child->ino, &attr);
	if (r == -FS_GONE)
		return -1;
	if (r < 0) {
		failed(w, r);
		return 0;
	}
	return visit(w, child->name, &attr, f->next == f->children.count);
}

int view_walk(struct view *view, const struct walk *walk)
{
	struct walking w = { .view = view, .walk = walk };
	int r;

	set_path(&w, 0, "");
	if (strcmp(view->path, "/"))
		set_path(&w, 0, view->path + 1);
	r = visit(&w, strrchr(w.path, '/') + 1, &view->attr, true);
	while (r >= 0 && w.depth)
		r = step(&w);
	while (w.depth)
		children_free(&w.frames[--w.depth].children);
	free(w.frames);
	free(w.path);
	inode_set_free(&w.seen);
	return r < 0 ? -1 : w.status;
}
