// SPDX-License-Identifier: GPL-2.0
/* Extended attributes. */
#include <linux/fs.h>
#include <linux/posix_acl_xattr.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xattr.h>

#include "hostfs.h"

s64 hostfs_call_xattr(struct dentry *dentry, const struct host_hostfs_xattr *x)
{
	bool change = x->op >= HOST_HOSTFS_XATTR_SET;
	struct inode *inode = d_inode(dentry);
	struct hostfs_where w;
	s64 ret = hostfs_lock_where(&w, dentry);

	if (ret)
		return ret;
	if (change) {
		hostfs_begin(inode);
		hostfs_own_begin(inode);
	}
	ret = HOST(host_hostfs_xattr(hostfs_sb(dentry->d_sb)->host, &w.at, x));
	if (change) {
		hostfs_own_end(inode);
		hostfs_end(inode);
	}
	hostfs_unlock_where(&w, dentry);
	return ret;
}

/*
 * With ownership=xattr, what an ordinary user of the host may not set is under
 * HOSTFS_OURS on the host: user.umkit.security.x for security.x. The rest below
 * that is not the guest's to see.
 */
#define OURS_LEN	(sizeof(HOSTFS_OURS) - 1)

static bool is_moved(const char *name)
{
	return !strncmp(name, XATTR_SECURITY_PREFIX, XATTR_SECURITY_PREFIX_LEN) ||
	       !strncmp(name, XATTR_TRUSTED_PREFIX, XATTR_TRUSTED_PREFIX_LEN) ||
	       is_posix_acl_xattr(name);
}

/* The host's name of an attribute; in buf if it is another one. NULL: none. */
static const char *host_name(const struct super_block *sb, const char *name,
			     char *buf, size_t size)
{
	if (!hostfs_sb(sb)->records)
		return name;
	if (!strncmp(name, HOSTFS_OURS, OURS_LEN))
		return NULL;
	if (!is_moved(name))
		return name;
	return snprintf(buf, size, HOSTFS_OURS "%s", name) < size ? buf : NULL;
}

static int get_xattr(const struct xattr_handler *handler, struct dentry *dentry,
		     struct inode *inode, const char *name, void *value,
		     size_t size)
{
	char buf[XATTR_NAME_MAX + 1];
	const struct host_hostfs_xattr x = {
		.op = HOST_HOSTFS_XATTR_GET,
		.name = host_name(inode->i_sb, xattr_full_name(handler, name),
				  buf, sizeof(buf)),
		.value = value, .size = size,
	};

	return x.name ? hostfs_call_xattr(dentry, &x) : -ENODATA;
}

static int set_xattr(const struct xattr_handler *handler,
		     struct mnt_idmap *idmap, struct dentry *dentry,
		     struct inode *inode, const char *name, const void *value,
		     size_t size, int flags)
{
	char buf[XATTR_NAME_MAX + 1];
	const struct host_hostfs_xattr x = {
		.op = value ? HOST_HOSTFS_XATTR_SET : HOST_HOSTFS_XATTR_REMOVE,
		.flags = flags,
		.name = host_name(inode->i_sb, xattr_full_name(handler, name),
				  buf, sizeof(buf)),
		.value = (void *)value, .size = size,
	};

	return x.name ? hostfs_call_xattr(dentry, &x) : -EPERM;
}

/* The guest's name of one in the host's list, or NULL. */
static const char *guest_name(const struct super_block *sb, const char *name)
{
	bool records = hostfs_sb(sb)->records;

	if (!strncmp(name, XATTR_SYSTEM_PREFIX, XATTR_SYSTEM_PREFIX_LEN))
		return !records && (sb->s_flags & SB_POSIXACL) &&
		       is_posix_acl_xattr(name) ? name : NULL;
	if (!records)
		return name;
	if (is_moved(name))
		return NULL;		/* the host's own */
	if (strncmp(name, HOSTFS_OURS, OURS_LEN))
		return name;
	return is_moved(name + OURS_LEN) ? name + OURS_LEN : NULL;
}

/* The same, if it is for the caller to see. */
static const char *offered_name(const struct super_block *sb, const char *name)
{
	name = guest_name(sb, name);
	if (name && !strncmp(name, XATTR_TRUSTED_PREFIX,
			     XATTR_TRUSTED_PREFIX_LEN) &&
	    !ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN))
		return NULL;
	return name;
}

/* Makes the host's list the guest's, in place; no name gets longer. */
static ssize_t offered(const struct super_block *sb, char *list, ssize_t n)
{
	char *from = list, *to = list;

	while (from < list + n) {
		const char *name = offered_name(sb, from);
		size_t len = strlen(from) + 1, keep;

		if (name) {
			keep = strlen(name) + 1;
			memmove(to, name, keep);
			to += keep;
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
	ssize_t ret = hostfs_call_xattr(dentry, &x);

	return ret > 0 && size ? offered(dentry->d_sb, list, ret) : ret;
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
