/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walking a tree. Its depth is the image's choice, so the path from the root
 * to here is on the heap, not on the stack.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/view/view.h"

struct child {
	char *name;
	uint64_t ino;
};

struct frame {
	struct fs_attr attr;
	struct child *children;
	size_t count, capacity, next;
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
	uint64_t *seen; /* bits: directories that were entered */
	uint64_t seen_bits;
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
	fs_error(view_name(w->view, w->path), err);
	w->status = -1;
}

static int add_child(void *context, const char *name, uint64_t ino)
{
	struct frame *f = context;

	f->children = mem_grow(f->children, f->count, &f->capacity,
			       sizeof(struct child));
	f->children[f->count].name = mem_strdup(name);
	f->children[f->count++].ino = ino;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct child *)a)->name,
		      ((const struct child *)b)->name);
}

static bool was_seen(struct walking *w, uint64_t ino)
{
	uint64_t bit = 1ULL << ino % 64, bits = w->seen_bits;

	if (ino >= bits) {
		while (bits <= ino)
			bits = bits ? bits * 2 : 65536;
		w->seen = realloc(w->seen, bits / 8);
		if (!w->seen)
			abort();
		memset((char *)w->seen + w->seen_bits / 8, 0,
		       (bits - w->seen_bits) / 8);
		w->seen_bits = bits;
	}
	if (w->seen[ino / 64] & bit)
		return true;
	w->seen[ino / 64] |= bit;
	return false;
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
	r = fs_readdir(&w->view->fs, attr->ino, add_child, f);
	if (r < 0)
		failed(w, r);
	if (f->count)
		qsort(f->children, f->count, sizeof(struct child), by_name);
}

static void free_frame(struct frame *f)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		free(f->children[i].name);
	free(f->children);
}

static int visit(struct walking *w, const char *name,
		 const struct fs_attr *attr, bool last)
{
	struct visit v = { .path = w->path, .name = name, .depth = w->depth,
			   .last = last, .attr = attr };
	int r;

	if (S_ISDIR(attr->mode) && was_seen(w, attr->ino)) {
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
	free_frame(f);
	w->depth--;
	return r;
}

static int step(struct walking *w)
{
	struct frame *f = &w->frames[w->depth - 1];
	const struct child *child;
	struct fs_attr attr;
	int r;

	if (f->next == f->count)
		return leave(w);
	child = &f->children[f->next++];
	w->path[f->path_length] = 0;
	set_path(w, f->path_length, child->name);
	r = fs_stat(&w->view->fs, child->ino, &attr);
	if (r < 0) {
		failed(w, r);
		return 0;
	}
	return visit(w, child->name, &attr, f->next == f->count);
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
		free_frame(&w.frames[--w.depth]);
	free(w.frames);
	free(w.path);
	free(w.seen);
	return r < 0 ? -1 : w.status;
}
