/* SPDX-License-Identifier: GPL-2.0 */
/* Operations of a writable mount on names: making, removing, renaming. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "imgtool/edit/acl.h"
#include "imgtool/mount/tree.h"
#include "imgtool/msg.h"

/* <linux/fs.h> and <stdio.h> disagree about who has these */
#define NOREPLACE 1u
#define EXCHANGE  2u

/* What NAME in directory NODE is; where->ino is 0 if it is not there. */
static int look_up(struct tree *tree, struct reader *reader, fuse_ino_t node,
		   const char *name, struct edit_where *where)
{
	const char *spelling;
	struct dir *dir;
	int r;

	memset(where, 0, sizeof(*where));
	where->dir = inode_of(tree, node);
	if (strlen(name) > FS_NAME_LONGEST)
		return -ENAMETOOLONG;
	strcpy(where->name, name);
	r = dir_take(&tree->dirs, &reader->fs, where->dir, &dir);
	if (r < 0)
		return r;
	r = tree_find(tree, dir, name, &where->ino, &spelling);
	if (r == 0)
		strcpy(where->name, spelling);
	dir_return(&tree->dirs, dir);
	if (r == -ENOENT)
		return 0;
	return r ?: fs_stat(&reader->fs, where->ino, &where->attr);
}

/* The same for a name to be made: it is not there, and DIR still is. */
static int look_free(struct tree *tree, struct reader *reader, fuse_ino_t node,
		     const char *name, struct edit_where *where)
{
	struct fs_attr dir;
	int r = fs_stat(&reader->fs, inode_of(tree, node), &dir);

	if (r == 0 && !dir.nlink)
		r = -ENOENT;
	r = r ?: look_up(tree, reader, node, name, where);
	return r == 0 && where->ino ? -EEXIST : r;
}

static void reply_new(fuse_req_t req, struct reader *reader, int r,
		      const struct edit_where *where, uint64_t ino)
{
	struct tree *tree = tree_of(req);
	struct fuse_entry_param entry;

	if (r == 0) {
		dirs_change(&tree->dirs, where->dir, where->name, ino);
		r = tree_entry(tree, &reader->fs, ino, &entry);
	}
	tree_end_change(req, reader);
	if (r < 0)
		tree_reply(req, r);
	else
		fuse_reply_entry(req, &entry);
}

static int make_node(struct edit *edit, const struct edit_where *where,
		     const struct acl_new *new, dev_t device, uint64_t *ino)
{
	struct ext2_inode_large inode;
	int r = edit_reserve(edit, 8) ?:
		edit_new_inode(edit, where->dir, new->mode, &inode, ino);

	if (r < 0)
		return r;
	if (S_ISCHR(new->mode) || S_ISBLK(new->mode))
		r = edit_set_device(&inode, major(device), minor(device)) ?:
		    edit_store(edit, *ino, &inode);
	r = r ?: acl_give(edit, *ino, new) ?:
	    edit_enter(edit, where->dir, where->name, *ino);
	if (r < 0)
		edit_free_inode(edit, *ino);
	return r;
}

static int make_dir(struct edit *edit, const struct edit_where *where,
		    const struct acl_new *new, uint64_t *ino)
{
	int r = edit_reserve(edit, 8) ?:
		edit_make_dir(edit, where->dir, where->name, new->mode, ino);

	if (r < 0)
		return r;
	r = acl_give(edit, *ino, new);
	if (r < 0)
		edit_rmdir(edit, where->dir, where->name, *ino);
	return r;
}

/* There the kernel lets it inherit, or applies the umask. */
static int make_in_guest(struct tree *tree, const struct edit_where *where,
			 mode_t mode, dev_t device, uint64_t *ino)
{
	struct edit *edit = tree->edit;
	int r, given;

	if (S_ISDIR(mode))
		return edit_mkdir(edit, where->dir, where->name, mode & 07777,
				  ino) ?:
		       guest_give(tree, where, *ino);
	r = edit_new_file(edit, where->dir, where->name, mode, major(device),
			  minor(device), ino);
	if (r < 0)
		return r;
	given = guest_give(tree, where, *ino);
	return edit_enter(edit, where->dir, where->name, *ino) ?: given;
}

static int make_it(struct tree *tree, struct reader *reader,
		   const struct edit_where *where, mode_t mode, mode_t umask,
		   dev_t device, uint64_t *ino)
{
	struct acl_new new;
	int r;

	if (tree->guest)
		return make_in_guest(tree, where, mode, device, ino);
	r = acl_of_new(&reader->fs, where->dir, mode, umask, &new);
	if (r == 0)
		r = S_ISDIR(mode) ? make_dir(tree->edit, where, &new, ino) :
				    make_node(tree->edit, where, &new, device,
					      ino);
	acl_new_free(&new);
	return r;
}

/* A new file or directory; MODE has its type. */
static void make(fuse_req_t req, fuse_ino_t parent, const char *name,
		 mode_t mode, dev_t device)
{
	struct tree *tree = tree_of(req);
	struct edit_where where;
	struct reader *reader;
	uint64_t ino = 0;
	int r = tree_begin_change(req, &reader);

	r = r ?: look_free(tree, reader, parent, name, &where) ?:
	    make_it(tree, reader, &where, mode, fuse_req_ctx(req)->umask,
		    device, &ino);
	reply_new(req, reader, r, &where, ino);
}

static void names_mknod(fuse_req_t req, fuse_ino_t parent, const char *name,
			mode_t mode, dev_t device)
{
	make(req, parent, name, mode, device);
}

static void names_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name,
			mode_t mode)
{
	make(req, parent, name, S_IFDIR | (mode & ~S_IFMT), 0);
}

static void names_symlink(fuse_req_t req, const char *target,
			  fuse_ino_t parent, const char *name)
{
	struct tree *tree = tree_of(req);
	struct edit_where where;
	struct reader *reader;
	uint64_t ino = 0;
	int r = tree_begin_change(req, &reader);

	r = r ?: look_free(tree, reader, parent, name, &where) ?:
	    edit_symlink(tree->edit, where.dir, name, target, &ino) ?:
	    guest_give(tree, &where, ino);
	reply_new(req, reader, r, &where, ino);
}

static void names_link(fuse_req_t req, fuse_ino_t node, fuse_ino_t parent,
		       const char *name)
{
	struct tree *tree = tree_of(req);
	uint64_t ino = inode_of(tree, node);
	struct edit_where where;
	struct reader *reader;
	struct fs_attr attr;
	int r = tree_begin_change(req, &reader);

	r = r ?: look_free(tree, reader, parent, name, &where) ?:
	    fs_stat(&reader->fs, ino, &attr);
	if (r == 0 && S_ISDIR(attr.mode))
		r = -EPERM;
	if (r == 0 && !attr.nlink)
		r = -ENOENT;
	r = r ?: edit_hard_link(tree->edit, where.dir, name, ino);
	reply_new(req, reader, r, &where, ino);
}

static void names_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct tree *tree = tree_of(req);
	struct edit_where where;
	struct reader *reader;
	int r = tree_begin_change(req, &reader);

	r = r ?: look_up(tree, reader, parent, name, &where);
	if (r == 0 && !where.ino)
		r = -ENOENT;
	r = r ?: edit_unlink(tree->edit, where.dir, where.name, where.ino);
	if (r == 0)
		dirs_change(&tree->dirs, where.dir, where.name, 0);
	tree_end_change(req, reader);
	tree_reply(req, r);
}

static void names_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct tree *tree = tree_of(req);
	struct edit_where where;
	struct reader *reader;
	int r = tree_begin_change(req, &reader);

	r = r ?: look_up(tree, reader, parent, name, &where);
	if (r == 0)
		r = !where.ino ? -ENOENT :
		    S_ISDIR(where.attr.mode) ? 0 : -ENOTDIR;
	r = r ?: edit_rmdir(tree->edit, where.dir, where.name, where.ino);
	if (r == 0) {
		dirs_change(&tree->dirs, where.dir, where.name, 0);
		dirs_drop(&tree->dirs, where.ino);
	}
	tree_end_change(req, reader);
	tree_reply(req, r);
}

static int rename_to(struct tree *tree, const struct edit_where *from,
		     const struct edit_where *to, unsigned int flags)
{
	bool same = from->dir == to->dir && !strcmp(from->name, to->name);
	int r;

	if (!from->ino || ((flags & EXCHANGE) && !to->ino))
		return -ENOENT;
	if ((flags & NOREPLACE) && to->ino)
		return -EEXIST;
	/* two names of one file: both stay */
	if (same || from->ino == to->ino)
		return 0;
	r = !(flags & EXCHANGE) ? edit_rename(tree->edit, from, to) :
	    tree->guest ? guest_exchange(tree, from, to) :
			  edit_exchange(tree->edit, from, to);
	/* it has a name that nobody asked for, which was said */
	if (r == -1) {
		dirs_drop(&tree->dirs, from->dir);
		dirs_drop(&tree->dirs, to->dir);
		return -EIO;
	}
	if (r < 0)
		return r;
	dirs_change(&tree->dirs, to->dir, to->name, from->ino);
	dirs_change(&tree->dirs, from->dir, from->name,
		    flags & EXCHANGE ? to->ino : 0);
	if (!(flags & EXCHANGE) && to->ino && S_ISDIR(to->attr.mode))
		dirs_drop(&tree->dirs, to->ino);
	return 0;
}

static void names_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
			 fuse_ino_t newparent, const char *newname,
			 unsigned int flags)
{
	struct tree *tree = tree_of(req);
	struct edit_where from, to;
	struct reader *reader;
	struct fs_attr dir;
	int r;

	if (flags & ~(NOREPLACE | EXCHANGE) ||
	    flags == (NOREPLACE | EXCHANGE)) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	r = tree_begin_change(req, &reader);
	r = r ?: look_up(tree, reader, parent, name, &from) ?:
	    look_up(tree, reader, newparent, newname, &to) ?:
	    fs_stat(&reader->fs, to.dir, &dir);
	if (r == 0 && !dir.nlink)
		r = -ENOENT;
	r = r ?: rename_to(tree, &from, &to, flags);
	tree_end_change(req, reader);
	tree_reply(req, r);
}

static void names_opendir(fuse_req_t req, fuse_ino_t node,
			  struct fuse_file_info *info)
{
	struct tree *tree = tree_of(req);
	struct reader *reader = reader_take(&tree->readers);
	struct dir *dir = NULL;
	int r = dir_take(&tree->dirs, &reader->fs, inode_of(tree, node), &dir);

	reader_return(&tree->readers, reader);
	info->fh = (uintptr_t)dir;
	if (r < 0)
		tree_reply(req, r);
	else if (fuse_reply_open(req, info) == -ENOENT)
		dir_return(&tree->dirs, dir);
}

static void names_releasedir(fuse_req_t req, fuse_ino_t node,
			     struct fuse_file_info *info)
{
	dir_return(&tree_of(req)->dirs, (struct dir *)info->fh);
	fuse_reply_err(req, 0);
}

static void forget(struct tree *tree, fuse_ino_t node, uint64_t times)
{
	uint64_t ino = inode_of(tree, node);

	if (!known_forget(&tree->known, ino, times))
		return;
	dirs_drop(&tree->dirs, ino);
	if (!tree->guest && !commits_ready(&tree->commits))
		edit_free_inode(tree->edit, ino);
}

static void names_forget(fuse_req_t req, fuse_ino_t node, uint64_t times)
{
	struct tree *tree = tree_of(req);
	struct reader *reader = reader_take(&tree->readers);

	forget(tree, node, times);
	reader_return(&tree->readers, reader);
	fuse_reply_none(req);
}

static void names_forget_multi(fuse_req_t req, size_t count,
			       struct fuse_forget_data *forgets)
{
	struct tree *tree = tree_of(req);
	struct reader *reader = reader_take(&tree->readers);
	size_t i;

	for (i = 0; i < count; i++)
		forget(tree, forgets[i].ino, forgets[i].nlookup);
	reader_return(&tree->readers, reader);
	fuse_reply_none(req);
}

void tree_add_names(struct fuse_lowlevel_ops *ops)
{
	ops->mknod = names_mknod;
	ops->mkdir = names_mkdir;
	ops->symlink = names_symlink;
	ops->link = names_link;
	ops->unlink = names_unlink;
	ops->rmdir = names_rmdir;
	ops->rename = names_rename;
	ops->opendir = names_opendir;
	ops->releasedir = names_releasedir;
	ops->forget = names_forget;
	ops->forget_multi = names_forget_multi;
}
