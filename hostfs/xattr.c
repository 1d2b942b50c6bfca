// SPDX-License-Identifier: GPL-2.0
/* Extended attributes, as the host has them. ACLs are not offered. */
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xattr.h>

#include "hostfs.h"

static s64 call_host(struct dentry *dentry, const struct host_hostfs_xattr *x)
{
	struct hostfs_where w;
	s64 ret = hostfs_lock_where(&w, dentry);

	if (ret)
		return ret;
	ret = HOST(host_hostfs_xattr(hostfs_sb(dentry->d_sb)->host, &w.at, x));
	hostfs_unlock_where(&w, dentry);
	return ret;
}

static int get_xattr(const struct xattr_handler *handler, struct dentry *dentry,
		     struct inode *inode, const char *name, void *value,
		     size_t size)
{
	const struct host_hostfs_xattr x = {
		.op = HOST_HOSTFS_XATTR_GET,
		.name = xattr_full_name(handler, name),
		.value = value, .size = size,
	};

	return call_host(dentry, &x);
}

static int set_xattr(const struct xattr_handler *handler,
		     struct mnt_idmap *idmap, struct dentry *dentry,
		     struct inode *inode, const char *name, const void *value,
		     size_t size, int flags)
{
	const struct host_hostfs_xattr x = {
		.op = value ? HOST_HOSTFS_XATTR_SET : HOST_HOSTFS_XATTR_REMOVE,
		.flags = flags,
		.name = xattr_full_name(handler, name),
		.value = (void *)value, .size = size,
	};
	int ret = call_host(dentry, &x);

	hostfs_i(inode)->fresh = false;
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
	const struct host_hostfs_xattr x = {
		.op = HOST_HOSTFS_XATTR_LIST, .value = list, .size = size,
	};
	ssize_t ret = call_host(dentry, &x);

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
