/* SPDX-License-Identifier: GPL-2.0 */
/* Copying into an image. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/edit/copy.h"
#include "imgtool/msg.h"

#define CHUNK (1 << 20)
/* Blocks are taken in runs that fit into an extent. */
#define RUN (32 << 20)

struct level {
	uint64_t dir;
	bool fresh; /* was made by us: has no names that we do not know */
};

struct to_image {
	struct edit *edit;
	struct level *levels; /* directories down to here; 0: the target */
	size_t capacity;
	uint64_t file;
	uint8_t *buffer;
	bool told_xattrs; /* the warning has been printed */
};

static struct to_image *image_of(const struct copy *copy)
{
	return copy->sink->private;
}

/* With "-2: no use in going on" where that is so. */
static int report(const struct to_image *to, const struct copy_node *node,
		  int err)
{
	if (err == 0 || err == -1)
		return err;
	if (err == -FS_GONE)
		return -2;
	if (err == -EEXIST || err == -ENOTDIR || err == -EISDIR)
		return msg_error(node->path, "cannot take the place of what "
				 "is there");
	msg_error(node->path, "%s", edit_strerror(to->edit, err));
	return err == -ENOSPC || err == -EINTR ? -2 : -1;
}

/* ------------------------------------------------------------ attributes */

struct setting {
	struct to_image *to;
	const struct copy_node *node;
	uint64_t ino;
};

static int set_xattr(void *context, const char *name, const void *value,
		     size_t size)
{
	struct setting *setting = context;
	struct to_image *to = setting->to;
	int r;

	if (!copy_keeps_xattr(name))
		return 0;
	r = edit_set_xattr(to->edit, setting->ino, name, value, size);
	if (r != -EOPNOTSUPP)
		return r;
	if (!to->told_xattrs)
		msg_warning(setting->node->path, "%s and maybe other "
			    "attributes cannot be kept: %s", name,
			    edit_strerror(to->edit, r));
	to->told_xattrs = true;
	return 0;
}

/* Attributes of the source; without --preserve only what must be. */
static int set_attributes(struct copy *copy, const struct copy_node *node,
			  uint64_t ino)
{
	struct edit *edit = image_of(copy)->edit;
	struct setting setting = { image_of(copy), node, ino };
	const struct edit_attr attr = {
		.set = EDIT_SET_MODE | EDIT_SET_OWNER | EDIT_SET_ATIME |
		       EDIT_SET_MTIME | EDIT_SET_LENIENT,
		.mode = node->attr.mode, .uid = node->attr.uid,
		.gid = node->attr.gid, .atime = node->attr.atime,
		.mtime = node->attr.mtime,
	};

	if (!copy->preserve)
		return 0;
	/* (a new owner would cost capabilities, where a kernel does it) */
	return edit_set_attr(edit, ino, &attr) ?:
	       node->source->xattrs(node, set_xattr, &setting);
}

/* --------------------------------------------------------------- contents */

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

/* The next data at or behind AT, in whole blocks of the image. 1: none. */
static int next_data(const struct to_image *to, const struct copy_node *node,
		     uint64_t at, uint64_t *start, uint64_t *end)
{
	uint64_t bs = to->edit->block_size;
	int r = at < node->attr.size ?
		node->source->data(node, at, start, end) : 1;

	if (r)
		return r;
	if (*start >= node->attr.size || *end <= *start)
		return 1;
	*start = *start / bs * bs;
	if (*start < at)
		*start = at;
	*end = round_up(*end, bs);
	return 0;
}

/*
 * The blocks that the data needs must be there before any is written, with
 * FREED that come back first.
 */
static int check_space(const struct to_image *to, const struct copy_node *node,
		       uint64_t freed)
{
	uint64_t blocks = 0, at = 0, start, end;
	uint64_t bs = to->edit->block_size;
	int r;

	while ((r = next_data(to, node, at, &start, &end)) == 0) {
		blocks += (end - start) / bs;
		at = end;
	}
	blocks += blocks / (bs / 16) + 4;
	return r < 0 ? r :
	       edit_reserve(to->edit, blocks > freed ? blocks - freed : 0);
}

/* A part whose blocks have been allocated. */
static int copy_run(struct to_image *to, const struct copy_node *node,
		    uint64_t ino, uint64_t at, uint64_t end)
{
	uint64_t n;
	ssize_t got;
	int r = 0;

	for (; r == 0 && at < end; at += n) {
		n = end - at < CHUNK ? end - at : CHUNK;
		got = node->source->read(node, at, to->buffer, n);
		if (got < 0)
			return got;
		memset(to->buffer + got, 0, n - got);
		r = interrupted() ? -EINTR :
		    edit_write(to->edit, ino, at, to->buffer, n);
	}
	return r;
}

static int copy_range(struct to_image *to, const struct copy_node *node,
		      uint64_t ino, uint64_t at, uint64_t end)
{
	uint64_t n;
	int r = 0;

	for (; r == 0 && at < end; at += n) {
		n = end - at < RUN ? end - at : RUN;
		r = edit_allocate(to->edit, ino, at, n) ?:
		    copy_run(to, node, ino, at, at + n);
	}
	return r;
}

/* Everything into the empty file INO. */
static int copy_data(struct to_image *to, const struct copy_node *node,
		     uint64_t ino)
{
	uint64_t at = 0, start, end;
	int r;

	while ((r = next_data(to, node, at, &start, &end)) == 0) {
		r = copy_range(to, node, ino, start, end);
		if (r < 0)
			return r;
		at = end;
	}
	return r < 0 ? r : edit_set_size(to->edit, ino, node->attr.size);
}

/* A file that is there already keeps what it is, as with cp(1). */
static int overwrite(struct copy *copy, const struct copy_node *node,
		     const struct fs_attr *old)
{
	struct to_image *to = image_of(copy);
	struct edit_attr attr = { .set = EDIT_SET_MTIME,
				  .mtime = to->edit->now };
	uint64_t freed = old->blocks * 512 / to->edit->block_size;
	int r;

	if (node->source->fs == &to->edit->view.fs &&
	    node->attr.ino == old->ino)
		return msg_error(node->path, "is copied to itself");
	r = check_space(to, node, freed);
	r = r ?: edit_truncate(to->edit, old->ino, 0);
	if (r < 0)
		return r;
	r = copy_data(to, node, old->ino);
	/* blocks that were not written are nobody's business */
	if (r < 0)
		edit_truncate(to->edit, old->ino, 0);
	r = r ?: set_attributes(copy, node, old->ino);
	copy->last_id = old->ino;
	if (r < 0 || copy->preserve)
		return r;
	return edit_set_attr(to->edit, old->ino, &attr);
}

/* A new inode that is no directory and no symlink, without a name yet. */
static int make_inode(struct copy *copy, const struct copy_node *node,
		      uint64_t dir, uint64_t *ino)
{
	struct to_image *to = image_of(copy);
	uint32_t mode = node->attr.mode & (S_IFMT | 0777);
	int r = S_ISREG(mode) ? check_space(to, node, 0) :
				edit_reserve(to->edit, 8);

	r = r ?: edit_new_file(to->edit, dir, node->name, mode,
			       node->attr.major, node->attr.minor, ino);
	if (r < 0)
		return r;
	if (S_ISREG(mode))
		r = copy_data(to, node, *ino);
	if (r < 0)
		edit_free_inode(to->edit, *ino);
	return r;
}

static int make(struct copy *copy, const struct copy_node *node, uint64_t dir)
{
	struct to_image *to = image_of(copy);
	char target[FS_LINK_LONGEST + 1];
	uint64_t ino;
	int r;

	if (S_ISLNK(node->attr.mode)) {
		r = node->source->readlink(node, target) ?:
		    edit_symlink(to->edit, dir, node->name, target, &ino);
		copy->last_id = r == 0 ? ino : 0;
		return r ?: set_attributes(copy, node, ino);
	}
	r = make_inode(copy, node, dir, &ino);
	if (r < 0)
		return r;
	r = set_attributes(copy, node, ino) ?:
	    edit_enter(to->edit, dir, node->name, ino);
	if (r < 0)
		edit_free_inode(to->edit, ino);
	copy->last_id = r == 0 ? ino : 0;
	return r;
}

/* What is at the place that the node goes to. */
static int find_old(const struct to_image *to, const struct copy_node *node,
		    struct edit_where *where)
{
	const struct level *level = &to->levels[node->depth];

	memset(where, 0, sizeof(*where));
	if (!node->depth && to->file) {
		where->ino = to->file;
		return fs_stat(&to->edit->view.fs, to->file, &where->attr);
	}
	where->dir = level->dir;
	return level->fresh ? 0 : edit_find_in(to->edit, level->dir,
					       node->name, where);
}

static int sink_add(struct copy *copy, const struct copy_node *node)
{
	struct to_image *to = image_of(copy);
	struct edit_where old;
	int r = edit_begin(to->edit) ?: find_old(to, node, &old);

	if (r == 0 && old.ino && S_ISDIR(old.attr.mode))
		r = -EISDIR;
	if (r < 0)
		return report(to, node, r);
	if (old.ino)
		copy_replaced(copy, old.ino);
	if (old.ino && S_ISREG(old.attr.mode) && S_ISREG(node->attr.mode))
		return report(to, node, overwrite(copy, node, &old.attr));
	if (old.ino && !old.dir)
		return report(to, node, -EEXIST);
	if (old.ino)
		r = edit_unlink(to->edit, old.dir, node->name, old.ino);
	return report(to, node, r ?: make(copy, node,
					  to->levels[node->depth].dir));
}

static int sink_link(struct copy *copy, const struct copy_node *node,
		     uint64_t id)
{
	struct to_image *to = image_of(copy);
	struct edit_where old;
	int r = find_old(to, node, &old);

	if (r == 0 && old.ino == id)
		return 0;
	if (r == 0 && old.ino)
		copy_replaced(copy, old.ino);
	if (r == 0 && old.ino)
		r = S_ISDIR(old.attr.mode) ? -EISDIR :
		    edit_unlink(to->edit, old.dir, node->name, old.ino);
	r = r ?: edit_hard_link(to->edit, to->levels[node->depth].dir,
				node->name, id);
	/* too many names for one inode, or more than one: a copy, then */
	if (r == -EMLINK || r == -EOPNOTSUPP)
		r = make(copy, node, to->levels[node->depth].dir);
	return report(to, node, r);
}

/* ------------------------------------------------------------ directories */

static int sink_enter(struct copy *copy, const struct copy_node *node)
{
	struct to_image *to = image_of(copy);
	uint64_t dir = to->levels[node->depth].dir;
	struct edit_where old = { .ino = dir };
	bool fresh = false;
	int r = edit_begin(to->edit);

	if (r == 0 && *node->name)
		r = find_old(to, node, &old);
	if (r == 0 && *node->name && old.ino && !S_ISDIR(old.attr.mode))
		r = -ENOTDIR;
	if (r == 0 && !old.ino) {
		fresh = true;
		r = edit_mkdir(to->edit, dir, node->name,
			       node->attr.mode & 0777, &old.ino);
	}
	if (r < 0)
		return report(to, node, r);
	to->levels = mem_grow(to->levels, node->depth + 1, &to->capacity,
			      sizeof(struct level));
	to->levels[node->depth + 1] = (struct level){ old.ino, fresh };
	return 0;
}

static int sink_leave(struct copy *copy, const struct copy_node *node)
{
	struct to_image *to = image_of(copy);

	return report(to, node,
		      set_attributes(copy, node,
				     to->levels[node->depth + 1].dir));
}

struct copy_sink *sink_image_new(struct edit *edit, uint64_t dir,
				 uint64_t file)
{
	struct copy_sink *sink = mem_zalloc(sizeof(*sink));
	struct to_image *to = mem_zalloc(sizeof(*to));

	to->edit = edit;
	to->file = file;
	to->levels = mem_grow(NULL, 0, &to->capacity, sizeof(struct level));
	to->levels[0] = (struct level){ dir, false };
	to->buffer = mem_alloc(CHUNK);
	*sink = (struct copy_sink){ sink_enter, sink_leave, sink_add,
				    sink_link, to };
	return sink;
}

void sink_image_free(struct copy_sink *sink)
{
	struct to_image *to = sink->private;

	free(to->levels);
	free(to->buffer);
	free(to);
	free(sink);
}
