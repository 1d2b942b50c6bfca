// SPDX-License-Identifier: GPL-2.0
/* Changing attributes. */
#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/posix_acl.h>

#include "hostfs.h"

static int take_owner(struct host_hostfs_attr *a, const struct iattr *attr,
		      struct inode *inode)
{
	const struct hostfs_sb *hsb = hostfs_sb(inode->i_sb);

	a->uid = i_uid_read(inode);
	a->gid = i_gid_read(inode);
	if (attr->ia_valid & ATTR_UID) {
		a->what |= HOST_HOSTFS_UID;
		a->uid = from_kuid(&init_user_ns, attr->ia_uid);
		if (!hsb->records && !hostfs_id_out(&hsb->uids, a->uid, &a->uid))
			return -EINVAL;
	}
	if (attr->ia_valid & ATTR_GID) {
		a->what |= HOST_HOSTFS_GID;
		a->gid = from_kgid(&init_user_ns, attr->ia_gid);
		if (!hsb->records && !hostfs_id_out(&hsb->gids, a->gid, &a->gid))
			return -EINVAL;
	}
	return 0;
}

static int take_attr(struct host_hostfs_attr *a, const struct iattr *attr,
		     struct inode *inode)
{
	struct timespec64 now = current_time(inode);

	*a = (struct host_hostfs_attr){ .size = attr->ia_size,
					.mode = inode->i_mode };
	if (attr->ia_valid & ATTR_MODE) {
		a->what |= HOST_HOSTFS_MODE;
		a->mode = attr->ia_mode;
	}
	if (attr->ia_valid & ATTR_SIZE)
		a->what |= HOST_HOSTFS_SIZE;
	if (attr->ia_valid & ATTR_ATIME) {
		struct timespec64 t = attr->ia_valid & ATTR_ATIME_SET ?
				      attr->ia_atime : now;

		a->what |= HOST_HOSTFS_ATIME;
		a->atime = (struct host_hostfs_time){ t.tv_sec, t.tv_nsec };
	}
	/* truncation sets it by itself */
	if ((attr->ia_valid & ATTR_MTIME) &&
	    (!(attr->ia_valid & ATTR_SIZE) || attr->ia_valid & ATTR_MTIME_SET)) {
		struct timespec64 t = attr->ia_valid & ATTR_MTIME_SET ?
				      attr->ia_mtime : now;

		a->what |= HOST_HOSTFS_MTIME;
		a->mtime = (struct host_hostfs_time){ t.tv_sec, t.tv_nsec };
	}
	return take_owner(a, attr, inode);
}

static int set_host(struct dentry *dentry, const struct host_hostfs_attr *a)
{
	struct hostfs_inode *hi = hostfs_i(d_inode(dentry));
	struct hostfs_where w;
	int err;

	hostfs_lazy_end(dentry);
	err = hostfs_lock_where(&w, dentry);
	if (err)
		return err;
	if ((a->what & HOST_HOSTFS_SIZE) && hi->wfd >= 0)
		w.at.fd = hi->wfd;
	hostfs_begin(d_inode(dentry));
	hostfs_own_begin(d_inode(dentry));
	err = HOST(host_hostfs_setattr(hostfs_sb(dentry->d_sb)->host, &w.at, a));
	hostfs_own_end(d_inode(dentry));
	hostfs_end(d_inode(dentry));
	hostfs_unlock_where(&w, dentry);
	return err;
}

int hostfs_change(struct mnt_idmap *idmap, struct dentry *dentry,
		  struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	struct host_hostfs_attr a;
	loff_t old;
	int err = setattr_prepare(idmap, dentry, attr);

	if (!err)
		err = take_attr(&a, attr, inode);
	if (err)
		return err;
	/* later writeback would set times again, or not be allowed any more */
	if (S_ISREG(inode->i_mode))
		filemap_write_and_wait(inode->i_mapping);
	/* what is cached is kept: it must be the host's until now */
	if ((attr->ia_valid & (ATTR_SIZE | ATTR_OPEN)) == ATTR_SIZE &&
	    attr->ia_size && !atomic_read(&hostfs_i(inode)->writers))
		err = hostfs_refresh(dentry, true);
	if (err)
		return err;
	old = i_size_read(inode);
	if (attr->ia_valid & ATTR_SIZE) {
		filemap_invalidate_lock(inode->i_mapping);
		hostfs_touch(inode);
		hostfs_zero_tail(inode, old, attr->ia_size);
		truncate_setsize(inode, attr->ia_size);
	}
	err = set_host(dentry, &a);
	if (attr->ia_valid & ATTR_SIZE) {
		if (err)
			i_size_write(inode, old);
		hostfs_touch(inode);
		filemap_invalidate_unlock(inode->i_mapping);
	}
	return err ? err : hostfs_refresh(dentry, true);
}

int hostfs_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
		   struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	int err = hostfs_change(idmap, dentry, attr);

	if (err || !(attr->ia_valid & ATTR_MODE) || !IS_POSIXACL(inode))
		return err;
	if (hostfs_sb(inode->i_sb)->records)
		err = posix_acl_chmod(idmap, dentry, inode->i_mode);
	else
		forget_all_cached_acls(inode);	/* the host has done it */
	return err;
}
