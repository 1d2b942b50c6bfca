/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/engine/change.h"
#include "imgtool/engine/tree.h"
#include "imgtool/msg.h"

/* The path of NAME in a directory, in new memory. */
static int path_in(struct engine *e, uint64_t dir, const char *name,
		   char **path)
{
	const char *parent;
	int r;

	if (!nodes_get(&e->nodes, dir))
		return -EUCLEAN;
	if (!*name || strchr(name, '/') || strlen(name) > FS_NAME_LONGEST)
		return -EINVAL;
	r = engine_path(e, dir, &parent);
	if (r == 0)
		*path = mem_printf("%s%s%s", parent, *parent ? "/" : "", name);
	return r;
}

/* Nothing that was read or counted holds any more. */
static int ask_for(struct engine *e, const struct client_request *op,
		   size_t most)
{
	ahead_forget(e);
	e->has_usage = false;
	return engine_ask(e, op, most);
}

static int ask(struct engine *e, const struct client_request *op)
{
	return ask_for(e, op, 0);
}

/* Entries of a directory have changed, and so have its own attributes. */
static void touch(struct engine *e, uint64_t dir)
{
	nodes_get(&e->nodes, dir)->stale = true;
}

static int make(struct engine *e, uint64_t dir, const char *name,
		struct client_request *op, uint64_t *ino)
{
	struct engine_attr attr;
	struct node *node;
	uint32_t number;
	char *path;
	int r = path_in(e, dir, name, &path);

	if (r < 0)
		return r;
	op->path = path;
	r = ask_for(e, op, sizeof(attr));
	free(path);
	if (r < 0)
		return r;
	if (e->client.size != sizeof(attr))
		return client_broken(&e->client);
	memcpy(&attr, e->client.reply, sizeof(attr));
	touch(e, dir);
	number = nodes_make(&e->nodes, dir, name);
	if (!number)
		return -ENOMEM;
	node = nodes_get(&e->nodes, number);
	engine_know(e, number, node, &attr, 0);
	if (node->error == 0 && ino)
		*ino = node->same;
	return node->error;
}

int change_make(struct fs *fs, uint64_t dir, const char *name,
		struct client_request *op, uint64_t *ino)
{
	struct engine *e;

	engine_enter(fs, dir, &e);
	return engine_leave(e, make(e, dir, name, op, ino));
}

int change_link(struct fs *fs, uint64_t dir, const char *name, uint64_t ino)
{
	struct client_request op = { .op = ENGINE_LINK };
	struct engine *e;
	struct node *node = engine_enter(fs, ino, &e);
	const char *path;
	char *from = NULL;
	int r = node ? engine_path(e, ino, &path) : -EUCLEAN;

	if (r == 0) {
		op.data = from = mem_strdup(path);
		op.data_size = strlen(from);
		r = make(e, dir, name, &op, NULL);
	}
	/* it may be the first that says that there are several */
	if (r == 0) {
		node->stale = true;
		nodes_join(&e->nodes, nodes_find(&e->nodes, dir, name), ino);
	}
	free(from);
	return engine_leave(e, r);
}

static int remove_name(struct engine *e, uint64_t dir, const char *name,
		       enum engine_op which)
{
	struct client_request op = { .op = which };
	char *path;
	int r = path_in(e, dir, name, &path);

	if (r < 0)
		return r;
	op.path = path;
	r = ask(e, &op);
	free(path);
	if (r < 0)
		return r;
	nodes_remove(&e->nodes, dir, name);
	touch(e, dir);
	return 0;
}

int change_remove(struct fs *fs, uint64_t dir, const char *name,
		  enum engine_op op)
{
	struct engine *e;

	engine_enter(fs, dir, &e);
	return engine_leave(e, remove_name(e, dir, name, op));
}

int change_remove_inode(struct fs *fs, uint64_t ino)
{
	struct engine *e;
	struct node *node = engine_enter(fs, ino, &e);
	char *name = node ? mem_strdup(node->name) : NULL;
	int r = node ? remove_name(e, node->parent, name, ENGINE_UNLINK) :
		       -EUCLEAN;

	free(name);
	return engine_leave(e, r);
}

int change_clear(struct fs *fs, uint64_t dir)
{
	struct client_request op = { .op = ENGINE_CLEAR };
	struct engine *e;
	struct node *node = engine_enter(fs, dir, &e);
	int r = node ? engine_path(e, dir, &op.path) : -EUCLEAN;

	if (r == 0)
		r = ask(e, &op);
	if (r == 0) {
		nodes_clear(&e->nodes, dir);
		touch(e, dir);
	}
	return engine_leave(e, r);
}

/* Is NAME in DIR above, or the same as, BELOW? Linux says no by itself, but a
 * guest that a hostile image has taken may not, and paths would have no end. */
static bool is_above(struct engine *e, uint64_t dir, const char *name,
		     uint64_t below)
{
	uint32_t number = nodes_find(&e->nodes, dir, name);
	const struct node *node = nodes_get(&e->nodes, below);

	for (; number && node; below = node->parent,
	     node = nodes_get(&e->nodes, below))
		if (below == number)
			return true;
	return false;
}

/* It was renamed, but has another name now than it should, which the answer is. */
static int misnamed(struct fs *fs, uint64_t dir, const char *name,
		    uint64_t new_dir, const char *new_name, int err)
{
	struct engine *e = fs->private;
	const char *other = (const char *)e->client.reply, *parent;

	if (!engine_is_name(other, e->client.size))
		return client_broken(&e->client);
	nodes_remove(&e->nodes, new_dir, new_name);
	nodes_rename(&e->nodes, dir, name, new_dir, other);
	if (engine_path(e, new_dir, &parent) == 0) {
		char *object = mem_printf("%s:/%s%s%s", fs->disk->name, parent,
					  *parent ? "/" : "", other);

		msg_error(object, "got this name instead of the one that was "
			  "meant (%s); rename it with imgtool mv",
			  strerror(-err));
		free(object);
	}
	return -1;
}

static int rename_in(struct fs *fs, uint64_t dir, const char *name,
		     uint64_t new_dir, const char *new_name, bool exchange)
{
	struct client_request op = { .op = ENGINE_RENAME,
				     .flags = exchange ? ENGINE_EXCHANGE : 0 };
	struct engine *e = fs->private;
	char *from, *to = NULL;
	int r = path_in(e, dir, name, &from);

	if (r < 0)
		return r;
	r = path_in(e, new_dir, new_name, &to);
	if (r == 0 && (is_above(e, dir, name, new_dir) ||
		       (exchange && is_above(e, new_dir, new_name, dir))))
		r = -EINVAL;
	if (r == 0) {
		op.path = from;
		op.data = to;
		op.data_size = strlen(to);
		e->client.size = 0;
		r = ask(e, &op);
		if (r < 0 && e->client.size)
			r = misnamed(fs, dir, name, new_dir, new_name, r);
		else if (r == 0)
			(exchange ? nodes_exchange : nodes_rename)
				(&e->nodes, dir, name, new_dir, new_name);
	}
	free(from);
	free(to);
	if (r == 0 || r == -1) {
		touch(e, dir);
		touch(e, new_dir);
	}
	return r;
}

int change_rename(struct fs *fs, uint64_t dir, const char *name,
		  uint64_t new_dir, const char *new_name, bool exchange)
{
	struct engine *e;

	engine_enter(fs, dir, &e);
	return engine_leave(e, rename_in(fs, dir, name, new_dir, new_name,
					 exchange));
}

void engine_catch_up(struct engine *e)
{
	bool more;
	int r;

	for (; e->deferred; e->deferred--) {
		r = client_receive(&e->client, 0, &more);
		if (r == 0 && more)
			r = client_broken(&e->client);
		if (r < 0 && !e->deferred_error)
			e->deferred_error = r;
	}
}

/* Send it, and go on. -EAGAIN: others have to be caught up with first. */
static int defer(struct engine *e, const struct client_request *op)
{
	int r;

	if (!e->deferred)
		ahead_forget(e);
	e->has_usage = false;
	if (e->deferred == CLIENT_AHEAD)
		return -EAGAIN;
	r = client_send(&e->client, op);
	if (r == 0)
		e->deferred++;
	return r;
}

/* (of attributes that a file system has none of, callers want to know) */
static bool may_wait(enum engine_op op)
{
	return op == ENGINE_WRITE_AT || op == ENGINE_TRUNCATE ||
	       op == ENGINE_SETATTR;
}

void change_begin_file(struct fs *fs)
{
	struct engine *e;

	engine_enter(fs, NODE_ROOT, &e);
	engine_catch_up(e);
	e->deferred_error = 0;
	e->deferring = true;
	engine_leave(e, 0);
}

int change_end_file(struct fs *fs)
{
	struct engine *e;
	int r;

	engine_enter(fs, NODE_ROOT, &e);
	engine_catch_up(e);
	r = e->deferred_error;
	e->deferred_error = 0;
	e->deferring = false;
	return engine_leave(e, r);
}

int change_inode(struct fs *fs, uint64_t ino, struct client_request *op)
{
	struct engine *e;
	struct node *node = engine_enter(fs, ino, &e);
	int r = node ? engine_path(e, ino, &op->path) : -EUCLEAN;
	bool asked = r < 0;

	if (!asked && e->deferring && may_wait(op->op)) {
		r = defer(e, op);
		asked = r != -EAGAIN;
	}
	if (!asked)
		r = ask(e, op);
	if (node)
		node->stale = true;
	return engine_leave(e, r);
}

int change_set_size(struct fs *fs, uint64_t ino, uint64_t size)
{
	struct client_request op = { .op = ENGINE_TRUNCATE, .offset = size };
	struct engine *e;
	const struct node *node = engine_enter(fs, ino, &e);
	bool has_it = node && node->same && !node->stale && !node->error &&
		      node->attr.size == size;

	return engine_leave(e, has_it ? 0 : change_inode(fs, ino, &op));
}

void change_keep_numbers(struct fs *fs)
{
	struct engine *e = fs->private;

	e->nodes.kept = true;
}

int change_open(struct fs *fs, uint64_t ino)
{
	struct engine_handle handle;
	struct engine *e;
	struct node *node = engine_enter(fs, ino, &e);
	int r = node ? 0 : -EUCLEAN;

	if (r == 0 && !node->opened)
		r = engine_ask_struct(e, ino, ENGINE_OPEN, 0, &handle,
				      sizeof(handle));
	if (r == 0 && !node->opened && handle.number >= ENGINE_HANDLES)
		r = client_broken(&e->client);
	if (r == 0 && !node->opened++)
		node->handle = handle.number + 1;
	return engine_leave(e, r);
}

int change_close(struct fs *fs, uint64_t ino)
{
	struct client_request op = { .op = ENGINE_CLOSE };
	struct engine *e;
	struct node *node = engine_enter(fs, ino, &e);
	int r = 0;

	if (node && node->opened && !--node->opened) {
		op.offset = node->handle - 1;
		node->handle = 0;
		r = engine_ask(e, &op, 0);
	}
	return engine_leave(e, r);
}

int change_sync(struct fs *fs, uint64_t ino)
{
	struct engine *e;

	engine_enter(fs, ino, &e);
	return engine_leave(e, engine_ask_about(e, ino, ENGINE_SYNC, 0));
}

int change_trim(struct fs *fs)
{
	struct client_request op = { .op = ENGINE_TRIM };
	struct engine *e;

	engine_enter(fs, NODE_ROOT, &e);
	return engine_leave(e, ask(e, &op));
}

int change_check_outside(struct fs *fs, uint64_t dir, uint64_t ancestor)
{
	struct engine *e;
	struct node *node = engine_enter(fs, dir, &e);
	int r = 0;

	for (; node && r == 0; dir = node->parent,
	     node = nodes_get(&e->nodes, dir))
		if (dir == ancestor)
			r = -EINVAL;
	return engine_leave(e, r);
}

int change_end(struct fs *fs)
{
	struct client_request op = { .op = ENGINE_END };
	struct engine *e;

	engine_enter(fs, NODE_ROOT, &e);
	return engine_leave(e, ask(e, &op));
}
