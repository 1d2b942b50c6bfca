// SPDX-License-Identifier: GPL-2.0
/* Making files. */
#include <linux/fs.h>
#include <linux/posix_acl.h>

#include "hostfs.h"

static int add(struct inode *dir, struct dentry *dentry,
	       const struct host_hostfs_stat *st, u64 asked, int fd)
{
	struct inode *inode = hostfs_iget(dir->i_sb, st, asked);

	if (IS_ERR(inode)) {
		if (fd >= 0)
			HOST((host_hostfs_close(fd), 0));
		return PTR_ERR(inode);
	}
	if (fd >= 0) {
		inode_has_no_xattr(inode);
		hostfs_keep_created(inode, fd);
	}
	dentry->d_time = jiffies;
	d_instantiate(dentry, inode);
	return 0;
}

/* What a new file is to have. */
struct new {
	umode_t mode;
	u32 uid, gid;
	u64 asked;
	struct hostfs_own *own;
	struct posix_acl *access, *inherit;
};

static void new_done(struct new *n)
{
	posix_acl_release(n->access);
	posix_acl_release(n->inherit);
}

static int new_start(struct new *n, struct mnt_idmap *idmap, struct inode *dir,
		     umode_t mode)
{
	const struct hostfs_sb *hsb = hostfs_sb(dir->i_sb);
	int err;

	n->mode = mode;
	n->uid = from_kuid(&init_user_ns, mapped_fsuid(idmap, i_user_ns(dir)));
	n->gid = from_kgid(&init_user_ns, mapped_fsgid(idmap, i_user_ns(dir)));
	if (dir->i_mode & S_ISGID) {
		n->gid = i_gid_read(dir);
		if (S_ISDIR(mode))
			n->mode |= S_ISGID;
	}
	err = posix_acl_create(dir, &n->mode, &n->inherit, &n->access);
	if (err || hsb->records)
		return err;
	return hostfs_id_out(&hsb->uids, n->uid, &n->uid) &&
	       hostfs_id_out(&hsb->gids, n->gid, &n->gid) ? 0 : -EOVERFLOW;
}

/* Of the file just made, which is removed if it cannot have them. */
static int new_acls(struct new *n, struct inode *dir, struct host_hostfs_at *at,
		    const struct host_hostfs_stat *st)
{
	const struct hostfs_sb *hsb = hostfs_sb(dir->i_sb);
	int err;

	at->dev = st->dev;
	at->ino = st->ino;
	err = hostfs_put_acl(hsb, at, n->access, ACL_TYPE_ACCESS);
	if (!err)
		err = hostfs_put_acl(hsb, at, n->inherit, ACL_TYPE_DEFAULT);
	if (err && at->fd < 0)
		HOST(host_hostfs_unlink(hsb->host, at, S_ISDIR(n->mode)));
	return err;
}

/* The name of a new file, and what it is to have. */
static int start(struct new *n, struct hostfs_where *w, struct mnt_idmap *idmap,
		 struct inode *dir, struct dentry *dentry, umode_t mode)
{
	int err = new_start(n, idmap, dir, mode);

	if (!err)
		err = hostfs_where_name(w, dentry);
	if (err)
		new_done(n);
	if (err)
		return err;
	n->asked = hostfs_now(dir->i_sb);
	n->own = hostfs_own_name(dentry);
	hostfs_begin(dir);
	return 0;
}

/* The end of it: ret is what the host said, an error, 0 or a descriptor. */
static int finish(struct new *n, struct hostfs_where *w, struct inode *dir,
		  const struct host_hostfs_stat *st, int ret)
{
	int err = ret < 0 ? ret : new_acls(n, dir, &w->at, st);

	hostfs_end(dir);
	hostfs_own_name_done(n->own);
	hostfs_where_done(w);
	new_done(n);
	return err;
}

static int make(struct mnt_idmap *idmap, struct inode *dir,
		struct dentry *dentry, umode_t mode, dev_t rdev,
		const char *target)
{
	struct host_hostfs_stat st;
	struct hostfs_where w;
	struct new n = {};
	int err = start(&n, &w, idmap, dir, dentry, mode);

	if (err)
		return err;
	err = HOST(host_hostfs_make(hostfs_host(dir), &w.at, n.mode, n.uid,
				    n.gid, MAJOR(rdev), MINOR(rdev), target,
				    &st));
	err = finish(&n, &w, dir, &st, err);
	return err ? err : add(dir, dentry, &st, n.asked, -1);
}

int hostfs_create(struct mnt_idmap *idmap, struct inode *dir,
		  struct dentry *dentry, umode_t mode, bool excl)
{
	struct host_hostfs_stat st;
	struct hostfs_where w;
	struct new n = {};
	int fd, err = start(&n, &w, idmap, dir, dentry, mode);

	if (err)
		return err;
	fd = HOST(host_hostfs_create(hostfs_host(dir), &w.at, n.mode, n.uid,
				     n.gid, &st));
	err = finish(&n, &w, dir, &st, fd);
	if (!err)
		return add(dir, dentry, &st, n.asked, fd);
	if (fd >= 0)
		HOST((host_hostfs_close(fd), 0));
	return err;
}

int hostfs_mkdir(struct mnt_idmap *idmap, struct inode *dir,
		 struct dentry *dentry, umode_t mode)
{
	return make(idmap, dir, dentry, S_IFDIR | mode, 0, NULL);
}

int hostfs_mknod(struct mnt_idmap *idmap, struct inode *dir,
		 struct dentry *dentry, umode_t mode, dev_t rdev)
{
	return make(idmap, dir, dentry, mode, rdev, NULL);
}

int hostfs_symlink(struct mnt_idmap *idmap, struct inode *dir,
		   struct dentry *dentry, const char *target)
{
	return make(idmap, dir, dentry, S_IFLNK | 0777, 0, target);
}

/* The descriptor. */
static int make_tmpfile(struct mnt_idmap *idmap, struct inode *dir,
			struct dentry *dentry, umode_t mode,
			struct host_hostfs_stat *st)
{
	struct hostfs_where w;
	struct new n = {};
	/* a nameless child of the directory: that is what counts */
	int fd, err = start(&n, &w, idmap, dir, dentry, mode);

	if (err)
		return err;
	fd = HOST(host_hostfs_tmpfile(hostfs_host(dir), &w.at, n.mode, n.uid,
				      n.gid, st));
	w.at.fd = fd;
	err = finish(&n, &w, dir, st, fd);
	if (err && fd >= 0)
		HOST((host_hostfs_close(fd), 0));
	return err ? err : fd;
}

int hostfs_tmpfile(struct mnt_idmap *idmap, struct inode *dir,
		   struct file *file, umode_t mode)
{
	struct host_hostfs_stat st;
	u64 asked = hostfs_now(dir->i_sb);
	struct inode *inode;
	/* of a removed directory, file systems of the host say this or that */
	int fd = IS_DEADDIR(dir) || !dir->i_nlink ? -EPERM :
		 make_tmpfile(idmap, dir, file->f_path.dentry, mode, &st);

	if (fd < 0)
		return finish_open_simple(file, fd);
	inode = hostfs_iget(dir->i_sb, &st, asked);
	if (IS_ERR(inode)) {
		HOST((host_hostfs_close(fd), 0));
		return finish_open_simple(file, PTR_ERR(inode));
	}
	hostfs_keep_created(inode, fd);
	set_nlink(inode, 1);
	d_tmpfile(file, inode);
	return finish_open_simple(file, 0);
}
