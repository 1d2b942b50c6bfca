// SPDX-License-Identifier: GPL-2.0
/* Names: looking up, removing, renaming. */
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "hostfs.h"

static int stat_name(struct dentry *dentry, struct host_hostfs_stat *st)
{
	struct hostfs_where w;
	int err = hostfs_where_name(&w, dentry);

	if (err)
		return err;
	err = HOST(host_hostfs_stat(hostfs_sb(dentry->d_sb)->host, &w.at, st));
	hostfs_where_done(&w);
	return err;
}

static int hostfs_revalidate(struct dentry *dentry, unsigned int flags)
{
	struct hostfs_sb *hsb = hostfs_sb(dentry->d_sb);
	struct host_hostfs_stat st;
	struct inode *inode;
	u64 asked;
	int err;

	if (time_before(jiffies, READ_ONCE(dentry->d_time) + hsb->timeout) &&
	    !(flags & LOOKUP_REVAL))
		return 1;
	if (flags & LOOKUP_RCU)
		return -ECHILD;
	inode = d_inode(dentry);
	if (!inode && (flags & (LOOKUP_CREATE | LOOKUP_RENAME_TARGET)))
		return 0;
	asked = hostfs_now(dentry->d_sb);
	err = stat_name(dentry, &st);
	if (err && err != -ENOENT)
		return err == -ESTALE ? 0 : err;
	if (!inode != (err == -ENOENT) || (inode && !hostfs_same(inode, &st)))
		return 0;
	if (inode)
		hostfs_fill(inode, &st, asked, false);
	WRITE_ONCE(dentry->d_time, jiffies);
	return 1;
}

const struct dentry_operations hostfs_dentry_operations = {
	.d_revalidate	= hostfs_revalidate,
};

static struct dentry *hostfs_lookup(struct inode *dir, struct dentry *dentry,
				    unsigned int flags)
{
	struct inode *inode = NULL;
	struct host_hostfs_stat st;
	u64 asked = hostfs_now(dir->i_sb);
	struct dentry *alias;
	int err;

	if (dentry->d_name.len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	err = stat_name(dentry, &st);
	if (err && err != -ENOENT)
		return ERR_PTR(err);
	if (!err) {
		inode = hostfs_iget(dir->i_sb, &st, asked);
		if (IS_ERR(inode))
			return ERR_CAST(inode);
	}
	dentry->d_time = jiffies;
	alias = d_splice_alias(inode, dentry);
	if (!IS_ERR_OR_NULL(alias))
		alias->d_time = jiffies;
	return alias;
}

/* ---- removing, renaming ---- */

/* Around a change of a name in dir, which is, was or becomes inode's (NULL: of
 * nobody). Counts of links are the guest's own meanwhile. */
static void begin(struct inode *dir, struct inode *inode)
{
	hostfs_begin(dir);
	if (!inode)
		return;
	hostfs_begin(inode);
	hostfs_own_begin(inode);
}

static void end(struct inode *dir, struct inode *inode)
{
	if (inode) {
		hostfs_own_end(inode);
		hostfs_end(inode);
	}
	hostfs_end(dir);
}

static int hostfs_link(struct dentry *old, struct inode *dir,
		       struct dentry *new)
{
	struct inode *inode = d_inode(old);
	struct hostfs_where from, to;
	struct hostfs_own *own;
	int err;

	err = hostfs_lock_where(&from, old);
	if (err)
		return err;
	err = hostfs_where_name(&to, new);
	if (!err) {
		own = hostfs_own_name(new);
		begin(dir, inode);
		err = HOST(host_hostfs_link(hostfs_host(dir), &from.at, &to.at));
		if (!err)
			set_nlink(inode, inode->i_nlink + 1);
		end(dir, inode);
		hostfs_own_name_done(own);
		hostfs_where_done(&to);
	}
	hostfs_unlock_where(&from, old);
	if (err)
		return err;
	ihold(inode);
	new->d_time = jiffies;
	d_instantiate(new, inode);
	return 0;
}

/* Of a name, and who has it as far as we know. */
static int where_meant(struct hostfs_where *w, struct dentry *dentry)
{
	int err = hostfs_where_name(w, dentry);

	if (err)
		return err;
	w->at.ino = HOST_HOSTFS_NOBODY;
	if (d_really_is_positive(dentry)) {
		w->at.dev = hostfs_i(d_inode(dentry))->dev;
		w->at.ino = hostfs_i(d_inode(dentry))->ino;
		w->at.born = hostfs_i(d_inode(dentry))->born;
	}
	return 0;
}

/* A directory has one name only, whatever its link count. */
static void lost_name(struct inode *inode)
{
	if (S_ISDIR(inode->i_mode))
		clear_nlink(inode);
	else if (inode->i_nlink)
		drop_nlink(inode);
}

static int remove(struct inode *dir, struct dentry *dentry, bool is_dir)
{
	struct inode *inode = d_inode(dentry);
	struct hostfs_own *own;
	struct hostfs_where w;
	int err = where_meant(&w, dentry);
	bool held;

	if (err)
		return err;
	hostfs_lazy_end(dentry);
	held = hostfs_hold(dentry, 1);
	own = hostfs_own_name(dentry);
	begin(dir, inode);
	err = HOST(host_hostfs_unlink(hostfs_host(dir), &w.at, is_dir));
	if (!err)
		lost_name(inode);
	end(dir, inode);
	hostfs_own_name_done(own);
	hostfs_where_done(&w);
	if (err && held)
		hostfs_hold_end(inode);
	return err;
}

static int hostfs_unlink(struct inode *dir, struct dentry *dentry)
{
	return remove(dir, dentry, false);
}

static int hostfs_rmdir(struct inode *dir, struct dentry *dentry)
{
	return remove(dir, dentry, true);
}

static int rename_host(const struct hostfs_where *from, struct inode *old_dir,
		       struct dentry *old, const struct hostfs_where *to,
		       struct inode *new_dir, struct dentry *new,
		       unsigned int flags)
{
	struct hostfs_own *own_old = hostfs_own_name(old);
	struct hostfs_own *own_new = hostfs_own_name(new);
	struct inode *moved = d_inode(old), *other = d_inode(new);
	bool held;
	int err;

	hostfs_lazy_end(old);
	hostfs_lazy_end(new);
	/* (vfs_rename() is one of the users) */
	held = !(flags & RENAME_EXCHANGE) && hostfs_hold(new, 2);
	begin(old_dir, moved);
	begin(new_dir, other);
	err = HOST(host_hostfs_rename(hostfs_host(old_dir), &from->at, &to->at,
				      flags));
	if (!err && other && !(flags & RENAME_EXCHANGE))
		lost_name(other);
	end(new_dir, other);
	end(old_dir, moved);
	hostfs_own_name_done(own_new);
	hostfs_own_name_done(own_old);
	if (err && held)
		hostfs_hold_end(other);
	return err;
}

static int hostfs_rename(struct mnt_idmap *idmap, struct inode *old_dir,
			 struct dentry *old, struct inode *new_dir,
			 struct dentry *new, unsigned int flags)
{
	struct hostfs_where from, to;
	int err;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	err = where_meant(&from, old);
	if (err)
		return err;
	err = where_meant(&to, new);
	if (!err) {
		err = rename_host(&from, old_dir, old, &to, new_dir, new, flags);
		hostfs_where_done(&to);
	}
	hostfs_where_done(&from);
	if (!err)
		old->d_time = jiffies;
	return err;
}

/* ---- symbolic links ---- */

/* The text is believed as the name is: whoever comes here has looked at that. */
static const char *cached_link(struct inode *inode)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	const char *text = smp_load_acquire(&hi->link);

	return text && !READ_ONCE(hi->link_old) ? text : NULL;
}

static void cache_link(struct inode *inode, const char *text, int n)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	char *copy = hi->link ? NULL : kmemdup(text, n + 1, GFP_KERNEL_ACCOUNT);

	/* to be there as long as the inode: walks use it under RCU */
	if (copy && cmpxchg(&hi->link, NULL, copy))
		kfree(copy);
}

static const char *hostfs_get_link(struct dentry *dentry, struct inode *inode,
				   struct delayed_call *done)
{
	const char *cached = cached_link(inode);
	struct hostfs_where w;
	char *text;
	int n;

	if (cached)
		return cached;
	if (!dentry)
		return ERR_PTR(-ECHILD);
	text = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!text)
		return ERR_PTR(-ENOMEM);
	n = hostfs_where(&w, dentry);
	if (!n) {
		n = HOST(host_hostfs_readlink(hostfs_host(inode), &w.at, text,
					      PATH_MAX - 1));
		hostfs_where_done(&w);
	}
	if (n < 0) {
		kfree(text);
		return ERR_PTR(n);
	}
	text[n] = '\0';
	cache_link(inode, text, n);
	set_delayed_call(done, kfree_link, text);
	return text;
}

/*
 * Names that are walked have been looked at; the directory where a walk begins
 * has not.
 *
 * Whoever is about to watch a file is asked for MAY_READ alone: open() adds
 * MAY_OPEN, access() MAY_ACCESS.
 */
static int refresh(struct dentry *dentry, void *data)
{
	return hostfs_refresh(dentry, false);
}

static int hostfs_permission(struct mnt_idmap *idmap, struct inode *inode,
			     int mask)
{
	int err;

	if (hostfs_expired(inode)) {
		if (mask & MAY_NOT_BLOCK)
			return -ECHILD;
		err = hostfs_by_any_name(inode, refresh, NULL);
		/* of one that has gone, what we know is all there is */
		if (err && err != -ESTALE)
			return err;
	}
	err = generic_permission(idmap, inode, mask);
	if (!err && mask == MAY_READ)
		hostfs_notify_begin(inode);
	return err;
}

const struct inode_operations hostfs_link_inode_operations = {
	.get_link	= hostfs_get_link,
	.getattr	= hostfs_getattr,
	.setattr	= hostfs_setattr,
	.listxattr	= hostfs_listxattr,
};

const struct inode_operations hostfs_file_inode_operations = {
	.permission	= hostfs_permission,
	.getattr	= hostfs_getattr,
	.setattr	= hostfs_setattr,
	.listxattr	= hostfs_listxattr,
	.get_inode_acl	= hostfs_get_acl,
	.set_acl	= hostfs_set_acl,
};

const struct inode_operations hostfs_dir_inode_operations = {
	.permission	= hostfs_permission,
	.lookup		= hostfs_lookup,
	.create		= hostfs_create,
	.link		= hostfs_link,
	.unlink		= hostfs_unlink,
	.symlink	= hostfs_symlink,
	.mkdir		= hostfs_mkdir,
	.rmdir		= hostfs_rmdir,
	.mknod		= hostfs_mknod,
	.rename		= hostfs_rename,
	.tmpfile	= hostfs_tmpfile,
	.getattr	= hostfs_getattr,
	.setattr	= hostfs_setattr,
	.listxattr	= hostfs_listxattr,
	.get_inode_acl	= hostfs_get_acl,
	.set_acl	= hostfs_set_acl,
};
