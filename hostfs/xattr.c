// SPDX-License-Identifier: GPL-2.0
/* Extended attributes, as the host has them. ACLs are not offered. */
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xattr.h>

#include "hostfs.h"

static int get_xattr(const struct xattr_handler *handler, struct dentry *dentry,
		     struct inode *inode, const char *name, void *value,
		     size_t size)
{
	const char *full = xattr_full_name(handler, name);
	struct hostfs_inode *hi = hostfs_i(inode);
	struct hostfs_where w;
	int ret;

	mutex_lock(&hi->lock);
	ret = hostfs_where(&w, dentry);
	if (!ret) {
		ret = HOST(host_hostfs_getxattr(hostfs_host(inode), &w.at, full,
						value, size));
		hostfs_where_done(&w);
	}
	mutex_unlock(&hi->lock);
	return ret;
}

static int set_xattr(const struct xattr_handler *handler,
		     struct mnt_idmap *idmap, struct dentry *dentry,
		     struct inode *inode, const char *name, const void *value,
		     size_t size, int flags)
{
	const char *full = xattr_full_name(handler, name);
	struct hostfs_inode *hi = hostfs_i(inode);
	struct hostfs_where w;
	int ret;

	mutex_lock(&hi->lock);
	ret = hostfs_where(&w, dentry);
	if (!ret) {
		ret = HOST(host_hostfs_setxattr(hostfs_host(inode), &w.at, full,
						value, size, flags));
		hostfs_where_done(&w);
	}
	mutex_unlock(&hi->lock);
	hi->fresh = false;
	return ret;
}

/* Drops the host's names that nobody can get here. */
static ssize_t offered(char *list, ssize_t n)
{
	char *from = list, *to = list;

	while (from < list + n) {
		size_t len = strlen(from) + 1;

		if (strncmp(from, XATTR_SYSTEM_PREFIX, XATTR_SYSTEM_PREFIX_LEN)) {
			memmove(to, from, len);
			to += len;
		}
		from += len;
	}
	return to - list;
}

ssize_t hostfs_listxattr(struct dentry *dentry, char *list, size_t size)
{
	struct inode *inode = d_inode(dentry);
	struct hostfs_inode *hi = hostfs_i(inode);
	struct hostfs_where w;
	ssize_t ret;

	mutex_lock(&hi->lock);
	ret = hostfs_where(&w, dentry);
	if (!ret) {
		ret = HOST(host_hostfs_listxattr(hostfs_host(inode), &w.at,
						 list, size));
		hostfs_where_done(&w);
	}
	mutex_unlock(&hi->lock);
	return ret > 0 && size ? offered(list, ret) : ret;
}

#define HANDLER(id, text)					\
static const struct xattr_handler id = {			\
	.prefix = text, .get = get_xattr, .set = set_xattr,	\
}

HANDLER(user_handler, XATTR_USER_PREFIX);
HANDLER(trusted_handler, XATTR_TRUSTED_PREFIX);
HANDLER(security_handler, XATTR_SECURITY_PREFIX);

const struct xattr_handler * const hostfs_xattr_handlers[] = {
	&user_handler,
	&trusted_handler,
	&security_handler,
	NULL
};
