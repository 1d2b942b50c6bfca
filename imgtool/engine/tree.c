/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tree in an engine, as everybody else sees trees. Whatever the engine
 * says is checked here: what is not as proto.h has it breaks the connection,
 * what no file system should have is a damaged file system.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/engine/change.h"
#include "imgtool/engine/tree.h"
#include "imgtool/msg.h"

void (*engine_release)(struct engine *engine);

/* ---- asking ---- */

int engine_path(struct engine *e, uint32_t node, const char **path)
{
	int r = nodes_path(&e->nodes, node, &e->path, &e->path_room);

	*path = e->path;
	return r;
}

int engine_ask(struct engine *e, const struct client_request *request,
	       size_t most)
{
	ahead_settle(e);
	return client_ask(&e->client, request, most);
}

int engine_ask_about(struct engine *e, uint32_t node, enum engine_op op,
		     size_t most)
{
	struct client_request request = { .op = op };
	int r = engine_path(e, node, &request.path);

	return r ?: engine_ask(e, &request, most);
}

/* The answer is one struct of SIZE bytes. */
int engine_ask_struct(struct engine *e, uint32_t node, enum engine_op op,
		      uint64_t offset, void *to, size_t size)
{
	struct client_request request = { .op = op, .offset = offset };
	int r = engine_path(e, node, &request.path);

	r = r ?: engine_ask(e, &request, size);
	if (r < 0)
		return r;
	if (e->client.size != size)
		return client_broken(&e->client);
	memcpy(to, e->client.reply, size);
	return 0;
}

/* ---- attributes ---- */

static bool take_time(struct fs_time *to, const struct engine_time *from)
{
	to->sec = from->sec;
	to->nsec = from->nsec;
	return from->nsec < 1000000000;
}

static bool is_type(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFLNK:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return mode <= 0177777;
	}
	return false;
}

/* False: there can be no such file. */
static bool take_attr(struct node *node, const struct engine_attr *from)
{
	struct fs_attr *to = &node->attr;

	*to = (struct fs_attr){
		.number = from->ino, .mode = from->mode, .uid = from->uid,
		.gid = from->gid, .nlink = from->nlink, .major = from->major,
		.minor = from->minor, .size = from->size,
		.blocks = from->blocks, .flags = from->flags,
		.has_crtime = from->has & ENGINE_HAS_CRTIME,
	};
	node->device = from->device;
	node->no_xattrs = from->has & ENGINE_HAS_NO_XATTRS;
	return is_type(from->mode) && from->size <= INT64_MAX &&
	       from->blocks <= INT64_MAX / 512 &&
	       take_time(&to->atime, &from->atime) &&
	       take_time(&to->mtime, &from->mtime) &&
	       take_time(&to->ctime, &from->ctime) &&
	       take_time(&to->crtime, &from->crtime);
}

void engine_know(struct engine *e, uint32_t number, struct node *node,
		 const struct engine_attr *attr, int error)
{
	uint32_t same;

	if (!error && !take_attr(node, attr))
		error = -EUCLEAN;
	node->error = error;
	node->stale = false;
	if (node->same)
		same = node->same;
	else
		same = error ? number : nodes_same(&e->nodes, number);
	nodes_join(&e->nodes, number, same);
	node->attr.ino = same;
}

int engine_learn(struct engine *e, uint32_t number, struct node *node)
{
	struct engine_attr attr;
	int r;

	if (node->same && !node->stale)
		return node->error;
	r = engine_ask_struct(e, number, ENGINE_STAT, 0, &attr, sizeof(attr));
	if (e->client.dead)
		return r;
	engine_know(e, number, node, &attr, r);
	return node->error;
}

struct node *engine_enter(struct fs *fs, uint64_t ino, struct engine **engine)
{
	struct engine *e = fs->private;

	pthread_mutex_lock(&e->lock);
	*engine = e;
	return nodes_get(&e->nodes, ino);
}

int engine_leave(struct engine *e, int result)
{
	pthread_mutex_unlock(&e->lock);
	return result;
}

static int tree_stat(struct fs *fs, uint64_t ino, struct fs_attr *attr)
{
	struct engine *e;
	struct node *node = engine_enter(fs, ino, &e);
	int r = node ? engine_learn(e, ino, node) : -EUCLEAN;

	if (r == 0)
		*attr = node->attr;
	return engine_leave(e, r);
}

/* ---- directories ---- */

bool engine_is_name(const char *name, size_t size)
{
	return size && size <= FS_NAME_LONGEST && !memchr(name, '/', size) &&
	       !memchr(name, 0, size) && strncmp(name, ".", size) &&
	       (size != 2 || memcmp(name, "..", 2));
}

static int find_name(struct engine *e, uint32_t dir, const char *name,
		     uint64_t *ino)
{
	uint32_t number = nodes_find(&e->nodes, dir, name);
	struct node *node, *parent = e->nodes.list[dir];
	/* (a directory that has changed still is one) */
	int r = parent->same ? parent->error : engine_learn(e, dir, parent);

	if (r < 0)
		return r;
	if (!S_ISDIR(parent->attr.mode))
		return -ENOTDIR;
	if (!engine_is_name(name, strlen(name)))
		return strlen(name) > FS_NAME_LONGEST ? -ENAMETOOLONG :
							-ENOENT;
	if (!number)
		number = nodes_add(&e->nodes, dir, name);
	if (!number)
		return -ENOMEM;
	node = e->nodes.list[number];
	r = engine_learn(e, number, node);
	if (r == -ENOENT || e->client.dead)
		return r;
	/* what cannot be looked at is there all the same */
	*ino = node->same ?: number;
	return 0;
}

static int tree_lookup(struct fs *fs, uint64_t dir, const char *name,
		       uint64_t *ino)
{
	struct engine *e;
	struct node *node = engine_enter(fs, dir, &e);

	return engine_leave(e, node ? find_name(e, dir, name, ino) : -EUCLEAN);
}

/* One entry of what was received: its size. 0: it is none. */
static size_t entry_size(const struct engine_entry *entry, size_t size)
{
	size_t n = sizeof(*entry);

	if (size < n)
		return 0;
	n = ENGINE_ALIGN(n + entry->name_size + entry->link_size);
	return n > size || entry->name_size > FS_NAME_LONGEST ||
	       entry->link_size > FS_LINK_LONGEST || entry->error > 0 ||
	       entry->error < -4095 ? 0 : n;
}

/* 0; -EUCLEAN: it is left out. */
static int take_entry(struct engine *e, uint32_t dir,
		      const struct engine_entry *entry)
{
	const char *text = (const char *)(entry + 1);
	char name[FS_NAME_LONGEST + 1] = "";
	struct node *node;
	uint32_t number;

	if (!engine_is_name(text, entry->name_size))
		return -EUCLEAN;
	memcpy(name, text, entry->name_size);
	text += entry->name_size;
	number = nodes_find(&e->nodes, dir, name) ?:
		 nodes_add(&e->nodes, dir, name);
	if (!number)
		return -ENOMEM;
	node = e->nodes.list[number];
	if (node->entered)
		return -EUCLEAN;
	if (!node->same || node->error)
		engine_know(e, number, node, &entry->attr, entry->error);
	if (entry->link_size && !memchr(text, 0, entry->link_size) &&
	    !node->link) {
		node->link = mem_zalloc(entry->link_size + 1);
		memcpy(node->link, text, entry->link_size);
	}
	nodes_enter(&e->nodes, number);
	return 0;
}

static int take_entries(struct engine *e, uint32_t dir)
{
	const char *at = e->client.reply, *end = at + e->client.size;
	int r = 0, bad;
	size_t n;

	for (; at < end; at += n) {
		n = entry_size((const void *)at, end - at);
		if (!n)
			return client_broken(&e->client);
		bad = take_entry(e, dir, (const void *)at);
		r = r ?: bad;
	}
	return r;
}

static void drop_entries(struct engine *e, struct node *node)
{
	size_t i;

	for (i = 0; i < node->entry_count; i++)
		e->nodes.list[node->entries[i]]->entered = false;
	node->entry_count = 0;
}

static int list(struct engine *e, uint32_t dir, struct node *node,
		bool no_flags)
{
	struct client_request request = {
		.op = ENGINE_READDIR,
		.flags = (e->wants_xattrs ? ENGINE_LIST_XATTRS : 0) |
			 (no_flags ? ENGINE_NO_FLAGS : 0),
	};
	bool more = true;
	int r, bad = 0;

	ahead_settle(e);
	drop_entries(e, node);
	r = engine_path(e, dir, &request.path);
	r = r ?: client_send(&e->client, &request);
	while (r == 0 && more) {
		r = client_receive(&e->client, ENGINE_REPLY_MOST, &more);
		if (r == 0) {
			r = take_entries(e, dir);
			if (!e->client.dead && r < 0) {
				bad = bad ?: r;
				r = 0;
			}
		}
	}
	r = r ?: bad;
	nodes_sort(&e->nodes, dir);
	node->listed = r == 0;
	return r;
}

static int tree_readdir(struct fs *fs, uint64_t ino, fs_entry_fn *fn,
			void *context)
{
	struct engine *e;
	struct node *node = engine_enter(fs, ino, &e), *entry;
	int r = node ? engine_learn(e, ino, node) : -EUCLEAN, result = 0;
	size_t i;

	if (r == 0 && !S_ISDIR(node->attr.mode))
		r = -ENOTDIR;
	if (r < 0)
		return engine_leave(e, r);
	if (!node->listed)
		r = list(e, ino, node, fs->no_flags);
	for (i = 0; i < node->entry_count && !result; i++) {
		entry = e->nodes.list[node->entries[i]];
		result = fn(context, entry->name, entry->same);
	}
	return engine_leave(e, result ?: r);
}

/* ---- the whole ---- */

static int get_usage(struct engine *e)
{
	struct engine_usage u;
	int r = engine_ask_struct(e, NODE_ROOT, ENGINE_USAGE, 0, &u, sizeof(u));

	if (r < 0)
		return r;
	if (u.block_size > 1u << 30 ||
	    (u.block_size && u.blocks > INT64_MAX / u.block_size))
		return -EUCLEAN;
	/* (some have no such number, or say so by the largest there is) */
	if (u.inodes > INT64_MAX || u.free_inodes > u.inodes)
		u.inodes = u.free_inodes = 0;
	e->usage = (struct fs_usage){
		.block_size = u.block_size, .blocks = u.blocks,
		.free_blocks = u.free_blocks, .inodes = u.inodes,
		.free_inodes = u.free_inodes,
	};
	e->has_usage = true;
	return 0;
}

static int tree_usage(struct fs *fs, struct fs_usage *usage)
{
	struct engine *e;
	int r = 0;

	engine_enter(fs, NODE_ROOT, &e);
	if (!e->has_usage)
		r = get_usage(e);
	if (r == 0)
		*usage = e->usage;
	return engine_leave(e, r);
}

static void tree_close(struct fs *fs)
{
	if (engine_release)
		engine_release(fs->private);
}

static const struct fs_ops tree_ops = {
	.stat = tree_stat,
	.lookup = tree_lookup,
	.readdir = tree_readdir,
	.read = contents_read,
	.data = contents_data,
	.readlink = contents_readlink,
	.xattrs = contents_xattrs,
	.usage = tree_usage,
	.close = tree_close,
};

bool engine_is(const struct fs *fs)
{
	return fs->ops == &tree_ops;
}

void engine_tree(struct engine *e, struct fs *fs)
{
	fs->ops = &tree_ops;
	fs->private = e;
	fs->root = NODE_ROOT;
	/* it may be compressed, or share blocks */
	fs->data_most = INT64_MAX;
	snprintf(fs->type, sizeof(fs->type), "%s", e->type);
}

void engine_begin(struct engine *e, int fd)
{
	pthread_mutexattr_t attr;

	memset(e, 0, sizeof(*e));
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&e->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	client_start(&e->client, fd);
	nodes_start(&e->nodes);
}

static void take_type(struct engine *e, const char *type)
{
	bool good = *type != 0;
	const char *p;

	for (p = type; *p; p++)
		good = good && isalnum((unsigned char)*p);
	snprintf(e->type, sizeof(e->type), "%s", good ? type : "unknown");
}

int engine_mount(struct engine *e, const char *device, const char *type,
		 unsigned int flags, int64_t time, const char **says)
{
	struct client_request request = {
		.op = ENGINE_MOUNT, .flags = flags, .path = device,
		.offset = time,
		.data = type, .data_size = strlen(type),
	};
	int r = engine_ask(e, &request, sizeof(e->type) - 1);

	*says = e->client.size && r < 0 ? e->client.reply : "";
	if (r == 0)
		take_type(e, e->client.reply);
	return r;
}

void engine_finish(struct engine *e)
{
	client_end(&e->client);
	nodes_end(&e->nodes);
	ahead_end(e);
	free(e->path);
	pthread_mutex_destroy(&e->lock);
}
