// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX ACLs are the host's, where its file system has them (SB_POSIXACL), with
 * ids as uidmap= and gidmap= say; both sides apply them. With ownership=xattr
 * they are attributes on the host under our own names, which mean nothing to
 * it, and their ids are the guest's.
 */
#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "hostfs.h"

static const char *host_name(const struct hostfs_sb *hsb, int type)
{
	if (!hsb->records)
		return posix_acl_xattr_name(type);
	return type == ACL_TYPE_ACCESS ?
	       HOSTFS_OURS XATTR_NAME_POSIX_ACL_ACCESS :
	       HOSTFS_OURS XATTR_NAME_POSIX_ACL_DEFAULT;
}

/* The id of an entry is another one on the other side. */
static bool map_id(const struct hostfs_sb *hsb,
		   struct posix_acl_xattr_entry *entry, bool out)
{
	u16 tag = le16_to_cpu(entry->e_tag);
	const struct hostfs_idmap *map = tag == ACL_USER ? &hsb->uids :
					 tag == ACL_GROUP ? &hsb->gids : NULL;
	u32 id = le32_to_cpu(entry->e_id);

	if (!map)
		return true;
	if (!out)
		id = hostfs_id_in(map, id);
	else if (!hostfs_id_out(map, id, &id))
		return false;
	entry->e_id = cpu_to_le32(id);
	return true;
}

/* In place. EINVAL: one is nobody on the host. */
static int map_ids(const struct hostfs_sb *hsb, void *value, size_t size,
		   bool out)
{
	struct posix_acl_xattr_header *header = value;
	struct posix_acl_xattr_entry *entry = (void *)(header + 1);
	int n = posix_acl_xattr_count(size);

	if (hsb->records)
		return 0;
	for (; n > 0; n--)
		if (!map_id(hsb, entry++, out))
			return -EINVAL;
	return 0;
}

static struct posix_acl *take_host_acl(const struct hostfs_sb *hsb, void *value,
				       size_t size)
{
	map_ids(hsb, value, size, false);
	return posix_acl_from_xattr(&init_user_ns, value, size);
}

struct wanted {
	int type;
	struct posix_acl *acl;
};

static int read_acl(struct dentry *dentry, void *data)
{
	const struct hostfs_sb *hsb = hostfs_sb(dentry->d_sb);
	struct wanted *want = data;
	struct host_hostfs_xattr x = {
		.op = HOST_HOSTFS_XATTR_GET,
		.name = host_name(hsb, want->type),
	};
	s64 n = hostfs_call_xattr(dentry, &x);

	if (n == -ENODATA || n == -EOPNOTSUPP || !n)
		return 0;
	if (n < 0)
		return n;
	if (n > XATTR_SIZE_MAX)
		return -EIO;
	x.size = n;
	x.value = kvmalloc(n, GFP_KERNEL);
	if (!x.value)
		return -ENOMEM;
	n = hostfs_call_xattr(dentry, &x);
	if (n >= 0)
		want->acl = take_host_acl(hsb, x.value, n);
	kvfree(x.value);
	return min_t(s64, n, 0);
}

struct posix_acl *hostfs_get_acl(struct inode *inode, int type, bool rcu)
{
	struct wanted want = { .type = type };
	int err;

	if (rcu)
		return ERR_PTR(-ECHILD);
	err = hostfs_by_any_name(inode, read_acl, &want);
	return err ? ERR_PTR(err) : want.acl;
}

/* As the host is to have it: a removal for none. x->value is to be freed. */
static int take_acl(struct host_hostfs_xattr *x, const struct hostfs_sb *hsb,
		    int type, const struct posix_acl *acl)
{
	int n;

	*x = (struct host_hostfs_xattr){
		.op = HOST_HOSTFS_XATTR_REMOVE, .name = host_name(hsb, type),
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
		n = map_ids(hsb, x->value, x->size, true);
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
		err = take_acl(&x, hostfs_sb(inode->i_sb), type, acl);
	if (err)
		return err;
	err = hostfs_call_xattr(dentry, &x);
	kvfree(x.value);
	if (err == -ENODATA && !acl)
		err = 0;
	if (err)
		return err;
	set_cached_acl(inode, type, acl);
	return attr.ia_mode == inode->i_mode ? 0 :
	       hostfs_change(idmap, dentry, &attr);
}

int hostfs_put_acl(const struct hostfs_sb *hsb, const struct host_hostfs_at *at,
		   const struct posix_acl *acl, int type)
{
	struct host_hostfs_xattr x;
	int err;

	if (!acl)
		return 0;
	err = take_acl(&x, hsb, type, acl);
	if (err)
		return err;
	err = HOST(host_hostfs_xattr(hsb->host, at, &x));
	kvfree(x.value);
	return err;
}

bool hostfs_has_acls(const struct hostfs_sb *hsb)
{
	const struct host_hostfs_at root = { .dir = "", .fd = -1 };
	const struct host_hostfs_xattr x = {
		.op = HOST_HOSTFS_XATTR_GET,
		.name = XATTR_NAME_POSIX_ACL_ACCESS,
	};
	s64 n;

	if (hsb->records)
		return true;
	n = HOST(host_hostfs_xattr(hsb->host, &root, &x));
	return n >= 0 || n == -ENODATA;
}
