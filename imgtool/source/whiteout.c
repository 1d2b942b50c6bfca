/* SPDX-License-Identifier: GPL-2.0 */
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/source/whiteout.h"
#include "imgtool/tree/path.h"

/* Drop what lower layers have below a directory. A directory of theirs stays
 * if something of this layer is in it. */
static void prune_below(struct tree *tree, struct inode *top)
{
	struct entry *e = top->first, *next;
	struct inode *dir = top;

	for (;;) {
		if (!e && dir == top)
			return;
		if (!e) {
			next = dir->self->next;
			e = dir->self;
			dir = e->dir;
			if (e->layer < tree->layer && !e->inode->children)
				tree_remove(tree, e);
			e = next;
		} else if (S_ISDIR(e->inode->mode) && e->inode->children) {
			dir = e->inode;
			e = dir->first;
		} else {
			next = e->next;
			if (e->layer < tree->layer)
				tree_remove(tree, e);
			e = next;
		}
	}
}

static void prune(struct tree *tree, struct entry *e)
{
	if (S_ISDIR(e->inode->mode))
		prune_below(tree, e->inode);
	if (e->layer < tree->layer &&
	    !(S_ISDIR(e->inode->mode) && e->inode->children))
		tree_remove(tree, e);
}

static void add(struct whiteouts *w, char *path, bool opaque)
{
	w->list = mem_grow(w->list, w->count, &w->capacity, sizeof(*w->list));
	w->list[w->count].path = path;
	w->list[w->count++].opaque = opaque;
}

bool whiteouts_take(struct whiteouts *whiteouts, struct tree *tree,
		    const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	struct entry *e;
	char *hidden;

	if (strncmp(name, ".wh.", 4))
		return false;
	if (!strcmp(name, ".wh..wh..opq")) {
		add(whiteouts, mem_printf("%.*s", slash ? (int)(slash - path) :
					  0, path), true);
		return true;
	}
	/* Other names of this kind are aufs' own. */
	if (!strncmp(name, ".wh..wh.", 8) || !name[4] ||
	    !strcmp(name, ".wh..") || !strcmp(name, ".wh..."))
		return true;
	hidden = mem_printf("%.*s%s", (int)(name - path), path, name + 4);
	/* A hidden symlink must not lead what comes next astray. */
	e = path_lookup(tree, hidden);
	if (e && S_ISLNK(e->inode->mode))
		prune(tree, e);
	add(whiteouts, hidden, false);
	return true;
}

static void apply(struct tree *tree, const struct whiteout *w)
{
	struct entry *e;

	if (!*w->path) {
		prune_below(tree, tree->root);
		return;
	}
	e = path_lookup(tree, w->path);
	if (!e)
		return;
	if (!w->opaque)
		prune(tree, e);
	else if (S_ISDIR(e->inode->mode))
		prune_below(tree, e->inode);
}

void whiteouts_apply(struct whiteouts *whiteouts, struct tree *tree)
{
	size_t i;

	for (i = 0; i < whiteouts->count; i++)
		apply(tree, &whiteouts->list[i]);
	whiteouts_free(whiteouts);
}

void whiteouts_free(struct whiteouts *whiteouts)
{
	size_t i;

	for (i = 0; i < whiteouts->count; i++)
		free(whiteouts->list[i].path);
	free(whiteouts->list);
	memset(whiteouts, 0, sizeof(*whiteouts));
}
