// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX ACLs, with ownership=xattr: attributes on the host under our own names,
 * which mean nothing to it. Their ids are the guest's. Without that option the
 * host applies its own, which the guest does not see.
 */
#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "hostfs.h"

static const char *host_name(int type)
{
	return type == ACL_TYPE_ACCESS ?
	       HOSTFS_OURS XATTR_NAME_POSIX_ACL_ACCESS :
	       HOSTFS_OURS XATTR_NAME_POSIX_ACL_DEFAULT;
}

static struct posix_acl *read_acl(struct dentry *dentry, int type)
{
	struct host_hostfs_xattr x = {
		.op = HOST_HOSTFS_XATTR_GET, .name = host_name(type),
	};
	struct posix_acl *acl;
	s64 n = hostfs_call_xattr(dentry, &x);

	if (n == -ENODATA || n == -EOPNOTSUPP || !n)
		return NULL;
	if (n < 0)
		return ERR_PTR(n);
	if (n > XATTR_SIZE_MAX)
		return ERR_PTR(-EIO);
	x.size = n;
	x.value = kvmalloc(n, GFP_KERNEL);
	if (!x.value)
		return ERR_PTR(-ENOMEM);
	n = hostfs_call_xattr(dentry, &x);
	acl = n < 0 ? ERR_PTR(n) :
	      posix_acl_from_xattr(&init_user_ns, x.value, n);
	kvfree(x.value);
	return acl;
}

struct posix_acl *hostfs_get_acl(struct inode *inode, int type, bool rcu)
{
	struct posix_acl *acl;
	struct dentry *dentry;

	if (rcu)
		return ERR_PTR(-ECHILD);
	dentry = d_find_any_alias(inode);
	if (!dentry)
		return ERR_PTR(-ESTALE);
	acl = read_acl(dentry, type);
	dput(dentry);
	return acl;
}

/* As the host is to have it: a removal for none. x->value is to be freed. */
static int take_acl(struct host_hostfs_xattr *x, int type,
		    const struct posix_acl *acl)
{
	int n;

	*x = (struct host_hostfs_xattr){
		.op = HOST_HOSTFS_XATTR_REMOVE, .name = host_name(type),
	};
	if (!acl)
		return 0;
	x->op = HOST_HOSTFS_XATTR_SET;
	x->size = posix_acl_xattr_size(acl->a_count);
	x->value = kvmalloc(x->size, GFP_KERNEL);
	if (!x->value)
		return -ENOMEM;
	n = posix_acl_to_xattr(&init_user_ns, acl, x->value, x->size);
	if (n >= 0)
		return 0;
	kvfree(x->value);
	return n;
}

int hostfs_set_acl(struct mnt_idmap *idmap, struct dentry *dentry,
		   struct posix_acl *acl, int type)
{
	struct inode *inode = d_inode(dentry);
	struct iattr attr = { .ia_valid = ATTR_MODE, .ia_mode = inode->i_mode };
	struct host_hostfs_xattr x;
	int err = 0;

	if (type == ACL_TYPE_ACCESS && acl)
		err = posix_acl_update_mode(idmap, inode, &attr.ia_mode, &acl);
	else if (type == ACL_TYPE_DEFAULT && !S_ISDIR(inode->i_mode))
		return acl ? -EACCES : 0;
	if (!err)
		err = take_acl(&x, type, acl);
	if (err)
		return err;
	err = hostfs_call_xattr(dentry, &x);
	kvfree(x.value);
	if (err == -ENODATA && !acl)
		err = 0;
	if (err)
		return err;
	set_cached_acl(inode, type, acl);
	hostfs_i(inode)->fresh = false;
	return attr.ia_mode == inode->i_mode ? 0 :
	       hostfs_change(idmap, dentry, &attr);
}

int hostfs_put_acl(struct host_hostfs *host, const struct host_hostfs_at *at,
		   const struct posix_acl *acl, int type)
{
	struct host_hostfs_xattr x;
	int err;

	if (!acl)
		return 0;
	err = take_acl(&x, type, acl);
	if (err)
		return err;
	err = HOST(host_hostfs_xattr(host, at, &x));
	kvfree(x.value);
	return err;
}
