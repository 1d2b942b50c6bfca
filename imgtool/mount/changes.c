/* SPDX-License-Identifier: GPL-2.0 */
/* Operations of a writable mount on attributes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "imgtool/mount/tree.h"
#include "imgtool/msg.h"

#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"
#define ACL_HEAD    4 /* bytes in front of the entries */
#define ACL_ENTRY   8

/* tags of entries */
enum { ACL_OWNER = 1, ACL_GROUP = 4, ACL_MASK = 16, ACL_OTHER = 32 };

/* An attribute that is wanted, copied. */
struct wanted {
	const char *name;
	uint8_t *value;
	size_t size;
};

static int take_wanted(void *context, const char *name, const void *value,
		       size_t size)
{
	struct wanted *w = context;

	if (strcmp(name, w->name))
		return 0;
	w->value = mem_dup(value, size);
	w->size = size;
	return 1;
}

/* The entry of a tag that occurs once, or NULL. */
static uint8_t *acl_entry(uint8_t *acl, size_t size, unsigned int tag)
{
	size_t at;

	for (at = ACL_HEAD; at + ACL_ENTRY <= size; at += ACL_ENTRY)
		if (acl[at] == tag && !acl[at + 1])
			return acl + at;
	return NULL;
}

/* Mode bits and an ACL say the same: the mask, or the group if there is none,
 * stands for the group's bits. */
static int acl_follow_mode(struct tree *tree, struct fs *fs, uint64_t ino,
			   uint32_t mode)
{
	struct wanted w = { .name = ACL_ACCESS };
	uint8_t *owner, *group, *other;
	int r = fs_xattrs(fs, ino, take_wanted, &w);

	if (r <= 0)
		return r;
	owner = acl_entry(w.value, w.size, ACL_OWNER);
	group = acl_entry(w.value, w.size, ACL_MASK) ?:
		acl_entry(w.value, w.size, ACL_GROUP);
	other = acl_entry(w.value, w.size, ACL_OTHER);
	if (owner && group && other) {
		owner[2] = mode >> 6 & 7;
		group[2] = mode >> 3 & 7;
		other[2] = mode & 7;
		r = edit_set_xattr(tree->edit, ino, ACL_ACCESS, w.value,
				   w.size);
	} else {
		r = 0;
	}
	free(w.value);
	return r;
}

static int mode_follow_acl(struct tree *tree, uint64_t ino, const char *value,
			   size_t size)
{
	uint8_t *acl = mem_dup(value, size), *owner, *group, *other;
	struct ext2_inode_large inode;
	int r = edit_load(tree->edit, ino, &inode);

	owner = acl_entry(acl, size, ACL_OWNER);
	group = acl_entry(acl, size, ACL_MASK) ?:
		acl_entry(acl, size, ACL_GROUP);
	other = acl_entry(acl, size, ACL_OTHER);
	if (r == 0 && owner && group && other) {
		inode.i_mode = (inode.i_mode & ~0777) | (owner[2] & 7) << 6 |
			       (group[2] & 7) << 3 | (other[2] & 7);
		r = edit_store(tree->edit, ino, &inode);
	}
	free(acl);
	return r;
}

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
		r = set_attributes(tree->edit, ino, st, set);
	if (r == 0 && (set & FUSE_SET_ATTR_MODE))
		r = acl_follow_mode(tree, &reader->fs, ino, st->st_mode);
	r = r ?: tree_stat(&reader->fs, ino, &now);
	tree_end_change(req, reader);
	if (r < 0)
		tree_reply(req, r);
	else
		fuse_reply_attr(req, &now, tree_attr_timeout(tree, &now));
}

static bool may_be_set(const char *name)
{
	return !strncmp(name, "user.", 5) || !strncmp(name, "trusted.", 8) ||
	       !strncmp(name, "security.", 9) || !strcmp(name, ACL_ACCESS) ||
	       !strcmp(name, ACL_DEFAULT);
}

static int set_xattr(struct tree *tree, struct fs *fs, uint64_t ino,
		     const char *name, const char *value, size_t size,
		     int flags)
{
	struct wanted w = { .name = name };
	int r = may_be_set(name) ? fs_xattrs(fs, ino, take_wanted, &w) :
				   -EOPNOTSUPP;

	free(w.value);
	if (r > 0 && (flags & XATTR_CREATE))
		r = -EEXIST;
	else if (r == 0 && (flags & XATTR_REPLACE))
		r = -ENODATA;
	if (r < 0)
		return r;
	/* what has no room, by the name that setxattr(2) gives it */
	r = edit_set_xattr(tree->edit, ino, name, value ?: "", size);
	if (r == 0 && !strcmp(name, ACL_ACCESS) && !tree->guest)
		r = mode_follow_acl(tree, ino, value, size);
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
