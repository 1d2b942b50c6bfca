/* SPDX-License-Identifier: GPL-2.0 */
/* Operations of a writable mount on attributes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "imgtool/edit/acl.h"
#include "imgtool/mount/tree.h"
#include "imgtool/msg.h"

static void set_time(struct edit *edit, struct ext2_inode_large *inode,
		     enum edit_time which, const struct timespec *to, bool now)
{
	struct fs_time time = { .sec = to->tv_sec, .nsec = to->tv_nsec };

	edit_set_time(edit, inode, which, now ? &edit->now : &time);
}

static int set_attributes(struct edit *edit, uint64_t ino,
			  const struct stat *st, int set)
{
	struct ext2_inode_large inode;
	int r = edit_load(edit, ino, &inode);

	if (r < 0)
		return r;
	if (set & FUSE_SET_ATTR_MODE)
		inode.i_mode = (inode.i_mode & S_IFMT) | (st->st_mode & 07777);
	if (set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		edit_set_owner(&inode, set & FUSE_SET_ATTR_UID ? st->st_uid :
			       inode_uid(inode), set & FUSE_SET_ATTR_GID ?
			       st->st_gid : inode_gid(inode));
	edit_set_time(edit, &inode, EDIT_CTIME, &edit->now);
	if (set & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW))
		set_time(edit, &inode, EDIT_ATIME, &st->st_atim,
			 set & FUSE_SET_ATTR_ATIME_NOW);
	if (set & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW))
		set_time(edit, &inode, EDIT_MTIME, &st->st_mtim,
			 set & FUSE_SET_ATTR_MTIME_NOW);
	return edit_store(edit, ino, &inode);
}

static void changes_setattr(fuse_req_t req, fuse_ino_t node, struct stat *st,
			    int set, struct fuse_file_info *info)
{
	struct tree *tree = tree_of(req);
	uint64_t ino = inode_of(tree, node);
	struct reader *reader;
	struct stat now;
	int r = tree_begin_change(req, &reader);

	if (r == 0 && (set & FUSE_SET_ATTR_SIZE))
		r = st->st_size < 0 ? -EINVAL :
		    edit_truncate(tree->edit, ino, st->st_size);
	if (r == 0 && (set & ~FUSE_SET_ATTR_SIZE))
		r = tree->guest ?
			guest_set_attributes(&reader->fs, ino, st, set) :
			set_attributes(tree->edit, ino, st, set);
	if (r == 0 && (set & FUSE_SET_ATTR_MODE) && !tree->guest)
		r = acl_follow_mode(tree->edit, &reader->fs, ino, st->st_mode);
	r = r ?: tree_stat(&reader->fs, ino, &now);
	tree_end_change(req, reader);
	if (r < 0)
		tree_reply(req, r);
	else
		fuse_reply_attr(req, &now, tree_attr_timeout(tree, &now));
}

static bool is_acl(const char *name)
{
	return !strcmp(name, ACL_ACCESS) || !strcmp(name, ACL_DEFAULT);
}

static bool may_be_set(const char *name)
{
	return !strncmp(name, "user.", 5) || !strncmp(name, "trusted.", 8) ||
	       !strncmp(name, "security.", 9) || is_acl(name);
}

static int set_xattr(struct tree *tree, struct fs *fs, uint64_t ino,
		     const char *name, const char *value, size_t size,
		     int flags)
{
	uint8_t *old = NULL;
	size_t old_size;
	int r = may_be_set(name) ? fs_xattr(fs, ino, name, &old, &old_size) :
				   -EOPNOTSUPP;

	free(old);
	if (r > 0 && (flags & XATTR_CREATE))
		r = -EEXIST;
	else if (r == 0 && (flags & XATTR_REPLACE))
		r = -ENODATA;
	if (r < 0)
		return r;
	/* what has no room, by the name that setxattr(2) gives it */
	r = is_acl(name) && !tree->guest ?
		acl_set(tree->edit, fs, ino, name, value, size) :
		edit_set_xattr(tree->edit, ino, name, value ?: "", size);
	return r == -E2BIG ? -ENOSPC : r;
}

static void changes_setxattr(fuse_req_t req, fuse_ino_t node, const char *name,
			     const char *value, size_t size, int flags)
{
	struct tree *tree = tree_of(req);
	struct reader *reader;
	int r = tree_begin_change(req, &reader);

	r = r ?: set_xattr(tree, &reader->fs, inode_of(tree, node), name, value,
			   size, flags);
	tree_end_change(req, reader);
	tree_reply(req, r);
}

static void changes_removexattr(fuse_req_t req, fuse_ino_t node,
				const char *name)
{
	struct tree *tree = tree_of(req);
	struct reader *reader;
	int r = tree_begin_change(req, &reader);

	if (r == 0 && !may_be_set(name))
		r = -EOPNOTSUPP;
	r = r ?: edit_set_xattr(tree->edit, inode_of(tree, node), name, NULL,
				0);
	tree_end_change(req, reader);
	tree_reply(req, r);
}

void tree_add_changes(struct fuse_lowlevel_ops *ops)
{
	ops->setattr = changes_setattr;
	ops->setxattr = changes_setxattr;
	ops->removexattr = changes_removexattr;
}
