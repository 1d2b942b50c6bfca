/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A writable mount of what only a kernel can write: through a guest, which has
 * it mounted. What is done here is done there, by the same system calls.
 *
 * Names, attributes and numbers of files are remembered on this side
 * (engine/nodes.h), since nobody else changes them. A file is open there as
 * long as it is here, so that it can lose its names meanwhile. What was not
 * synced gets to the disk when the guest's kernel thinks so, and at the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "imgtool/engine/change.h"
#include "imgtool/mount/tree.h"
#include "imgtool/msg.h"

int tree_find(const struct tree *tree, const struct dir *dir, const char *name,
	      uint64_t *ino, const char **spelling)
{
	int r = dir_find(dir, name, ino);
	size_t i;

	*spelling = name;
	if (r != -ENOENT || !tree->any_case)
		return r;
	for (i = 0; i < dir->count; i++) {
		const char *other = dir->names + dir->entries[i].name;

		if (!dir->entries[i].ino || strcasecmp(name, other))
			continue;
		*ino = dir->entries[i].ino;
		*spelling = other;
		return 0;
	}
	return r;
}

/* ---- names ---- */

int guest_give(struct tree *tree, const struct edit_where *where, uint64_t ino)
{
	struct edit *edit = tree->edit;
	struct edit_attr attr = { .set = EDIT_SET_OWNER, .uid = edit->uid,
				  .gid = edit->gid };
	struct fs_attr dir, new;
	int r;

	if (!tree->guest || tree->any_case)
		return 0;
	r = fs_stat(&edit->view.fs, where->dir, &dir) ?:
	    fs_stat(&edit->view.fs, ino, &new);
	if (r < 0)
		return r;
	attr.mode = new.mode & 07777;
	if (dir.mode & S_ISGID)
		attr.gid = dir.gid;
	if (!attr.uid && !attr.gid)
		return 0;
	/* (a new owner costs set-id bits) */
	if (new.mode & (S_ISUID | S_ISGID) && !S_ISLNK(new.mode))
		attr.set |= EDIT_SET_MODE;
	return edit_set_attr(edit, ino, &attr);
}

int guest_exchange(struct tree *tree, const struct edit_where *from,
		   const struct edit_where *to)
{
	return change_rename(&tree->edit->view.fs, from->dir, from->name,
			     to->dir, to->name, true);
}

/* ---- attributes ---- */

static struct engine_time to_time(const struct timespec *t, bool now)
{
	struct timespec ts = *t;

	if (now)
		clock_gettime(CLOCK_REALTIME, &ts);
	return (struct engine_time){ .sec = ts.tv_sec, .nsec = ts.tv_nsec };
}

int guest_set_attributes(struct fs *fs, uint64_t ino, const struct stat *st,
			 int set)
{
	struct engine_setattr to = { .mode = st->st_mode & 07777,
		.atime = to_time(&st->st_atim, set & FUSE_SET_ATTR_ATIME_NOW),
		.mtime = to_time(&st->st_mtim, set & FUSE_SET_ATTR_MTIME_NOW),
	};
	struct client_request op = { .op = ENGINE_SETATTR, .data = &to,
				     .data_size = sizeof(to) };
	struct fs_attr old;
	int r = fs_stat(fs, ino, &old);

	if (r < 0)
		return r;
	to.uid = set & FUSE_SET_ATTR_UID ? st->st_uid : old.uid;
	to.gid = set & FUSE_SET_ATTR_GID ? st->st_gid : old.gid;
	if (set & FUSE_SET_ATTR_MODE)
		to.set |= ENGINE_SET_MODE;
	if (to.uid != old.uid || to.gid != old.gid)
		to.set |= ENGINE_SET_OWNER;
	if (set & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW))
		to.set |= ENGINE_SET_ATIME;
	if (set & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW))
		to.set |= ENGINE_SET_MTIME;
	return to.set ? change_inode(fs, ino, &op) : 0;
}

/* ---- contents ---- */

static void guest_open(fuse_req_t req, fuse_ino_t node,
		       struct fuse_file_info *info)
{
	struct tree *tree = tree_of(req);
	uint64_t ino = inode_of(tree, node);
	struct reader *reader = reader_take(&tree->readers);
	int r = change_open(&reader->fs, ino);

	reader_return(&tree->readers, reader);
	/* nobody but the kernel changes anything */
	info->keep_cache = 1;
	if (r < 0) {
		tree_reply(req, r);
		return;
	}
	if (fuse_reply_open(req, info) != -ENOENT)
		return;
	reader = reader_take(&tree->readers);
	change_close(&reader->fs, ino);
	reader_return(&tree->readers, reader);
}

static void guest_release(fuse_req_t req, fuse_ino_t node,
			  struct fuse_file_info *info)
{
	struct tree *tree = tree_of(req);
	struct reader *reader = reader_take(&tree->readers);
	int r = change_close(&reader->fs, inode_of(tree, node));

	reader_return(&tree->readers, reader);
	tree_reply(req, r);
}

int guest_allocate(struct fs *fs, uint64_t ino, int mode, off_t off,
		   off_t length)
{
	const uint32_t how = mode;
	struct client_request op = {
		.op = ENGINE_ALLOCATE, .offset = off, .length = length,
		.data = &how, .data_size = sizeof(how),
	};

	return change_inode(fs, ino, &op);
}

static void guest_fsync(fuse_req_t req, fuse_ino_t node, int data_only,
			struct fuse_file_info *info)
{
	struct tree *tree = tree_of(req);
	struct reader *reader = reader_take(&tree->readers);
	int r = change_sync(&reader->fs, inode_of(tree, node));

	reader_return(&tree->readers, reader);
	tree_reply(req, r);
}

void tree_add_guest(struct fuse_lowlevel_ops *ops)
{
	ops->open = guest_open;
	ops->release = guest_release;
	ops->read = tree_read;
	ops->fsync = guest_fsync;
	ops->fsyncdir = guest_fsync;
}
