// SPDX-License-Identifier: GPL-2.0
/* Where the host finds a file. */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include "hostfs.h"

#define BIG_PATH	(64 << 10)

static int dir_path(struct hostfs_where *w, struct dentry *dir)
{
	char *path;

	w->path = __getname();
	if (!w->path)
		return -ENOMEM;
	path = dentry_path_raw(dir, w->path, PATH_MAX);
	if (path == ERR_PTR(-ENAMETOOLONG)) {
		__putname(w->path);
		w->big = true;
		w->path = kmalloc(BIG_PATH, GFP_KERNEL);
		if (!w->path)
			return -ENOMEM;
		path = dentry_path_raw(dir, w->path, BIG_PATH);
	}
	if (IS_ERR(path))
		return PTR_ERR(path);
	w->at.dir = path + 1;
	return 0;
}

int hostfs_where_name(struct hostfs_where *w, struct dentry *dentry)
{
	struct dentry *parent;
	struct hostfs_inode *dir;
	int err;

	*w = (struct hostfs_where){ .at.fd = -1, .at.dir = "" };
	if (IS_ROOT(dentry))
		return 0;
	take_dentry_name_snapshot(&w->name, dentry);
	w->has_name = true;
	w->at.name = w->name.name.name;
	parent = dget_parent(dentry);
	dir = hostfs_i(d_inode(parent));
	w->at.dir_dev = dir->dev;
	w->at.dir_ino = dir->ino;
	err = dir_path(w, parent);
	dput(parent);
	if (err)
		hostfs_where_done(w);
	return err;
}

int hostfs_where(struct hostfs_where *w, struct dentry *dentry)
{
	struct hostfs_inode *hi = hostfs_i(d_inode(dentry));
	int fd = READ_ONCE(hi->wfd), err;

	/* An open file stays the same whatever becomes of its name. Callers
	 * hold the lock, so that it is not closed under them. */
	err = hostfs_where_name(w, dentry);
	if (err)
		return err;
	w->at.dev = hi->dev;
	w->at.ino = hi->ino;
	w->at.born = hi->born;
	if (fd < 0)
		fd = READ_ONCE(hi->rfd);
	w->at.fd = fd;
	return 0;
}

void hostfs_where_done(struct hostfs_where *w)
{
	if (w->has_name)
		release_dentry_name_snapshot(&w->name);
	if (w->big)
		kfree(w->path);
	else if (w->path)
		__putname(w->path);
}

/* The nth name of an inode, or NULL. */
static struct dentry *nth_name(struct inode *inode, unsigned int n)
{
	struct dentry *dentry, *found = NULL;

	spin_lock(&inode->i_lock);
	hlist_for_each_entry(dentry, &inode->i_dentry, d_u.d_alias) {
		if (n--)
			continue;
		found = dget(dentry);
		break;
	}
	spin_unlock(&inode->i_lock);
	return found;
}

/* The first name may be one that is just being removed. */
int hostfs_by_any_name(struct inode *inode,
		       int (*call)(struct dentry *dentry, void *data),
		       void *data)
{
	struct dentry *dentry;
	unsigned int n = 0;
	int ret = -ESTALE;

	while (ret == -ESTALE && (dentry = nth_name(inode, n++))) {
		ret = call(dentry, data);
		dput(dentry);
	}
	return ret;
}

int hostfs_lock_where(struct hostfs_where *w, struct dentry *dentry)
{
	struct hostfs_inode *hi = hostfs_i(d_inode(dentry));
	int err;

	mutex_lock(&hi->lock);
	err = hostfs_where(w, dentry);
	if (err)
		mutex_unlock(&hi->lock);
	return err;
}

void hostfs_unlock_where(struct hostfs_where *w, struct dentry *dentry)
{
	hostfs_where_done(w);
	mutex_unlock(&hostfs_i(d_inode(dentry))->lock);
}
