/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Everything about an archive's entry but its name and contents.
 *
 * Times that an archive does not have are those of the last modification.
 * Names of users in ACLs without a number are looked up on this host, as tar
 * does; the numbers in owners are taken as they are.
 */
#include <archive.h>
#include <archive_entry.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/source/attributes.h"
#include "imgtool/tree/path.h"
#include "imgtool/tree/xattr.h"

#define ACL_ENTRIES_MOST 512

static int take_owner(struct archive_entry *entry, const char *path,
		      struct inode *inode)
{
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);

	if (uid < 0 || gid < 0 || uid > UINT32_MAX || gid > UINT32_MAX)
		return msg_error(path, "its owner is out of range");
	inode->uid = uid;
	inode->gid = gid;
	return 0;
}

/*
 * libarchive reads the pax time -1000.25 as -1000 s and 250 ms, without
 * counting the fraction downwards: put that right.
 */
static void take_stamp(struct stamp *stamp, int64_t sec, long nsec)
{
	if (nsec < 0 || nsec > 999999999)
		nsec = 0;
	if (sec < 0 && sec > INT64_MIN && nsec) {
		sec--;
		nsec = 1000000000 - nsec;
	}
	stamp->sec = sec;
	stamp->nsec = nsec;
}

static void set_stamp(struct inode *inode, unsigned int which, int64_t sec,
		      long nsec)
{
	struct stamp stamp;

	take_stamp(&stamp, sec, nsec);
	inode_set_stamp(inode, which, stamp);
}

static void take_times(struct archive_entry *e, struct inode *inode)
{
	struct stamp time;

	take_stamp(&time, archive_entry_mtime(e), archive_entry_mtime_nsec(e));
	inode_set_times(inode, time);
	if (archive_entry_atime_is_set(e))
		set_stamp(inode, STAMP_ACCESSED, archive_entry_atime(e),
			  archive_entry_atime_nsec(e));
	if (archive_entry_ctime_is_set(e))
		set_stamp(inode, STAMP_CHANGED, archive_entry_ctime(e),
			  archive_entry_ctime_nsec(e));
	if (archive_entry_birthtime_is_set(e))
		set_stamp(inode, STAMP_CREATED, archive_entry_birthtime(e),
			  archive_entry_birthtime_nsec(e));
}

static int take_xattrs(struct archive_entry *entry, const char *path,
		       struct inode *inode)
{
	const char *name;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) ==
	       ARCHIVE_OK)
		if (name && import_xattr(inode, path, name, value, size) < 0)
			return -1;
	return 0;
}

/* The number of a user or group that an ACL names. */
static bool look_up(struct acl_entry *to, const char *name)
{
	const struct passwd *user;
	const struct group *group;

	if (!name || !*name)
		return false;
	if (to->tag == ACL_TAG_USER) {
		user = getpwnam(name);
		to->id = user ? user->pw_uid : 0;
		return user;
	}
	group = getgrnam(name);
	to->id = group ? group->gr_gid : 0;
	return group;
}

static uint16_t acl_tag(int tag)
{
	switch (tag) {
	case ARCHIVE_ENTRY_ACL_USER_OBJ: return ACL_TAG_USER_OBJ;
	case ARCHIVE_ENTRY_ACL_USER: return ACL_TAG_USER;
	case ARCHIVE_ENTRY_ACL_GROUP_OBJ: return ACL_TAG_GROUP_OBJ;
	case ARCHIVE_ENTRY_ACL_GROUP: return ACL_TAG_GROUP;
	case ARCHIVE_ENTRY_ACL_MASK: return ACL_TAG_MASK;
	case ARCHIVE_ENTRY_ACL_OTHER: return ACL_TAG_OTHER;
	}
	return 0;
}

/* The entries of one of the two ACLs; how many, or -1: reported. */
static int get_acl(struct archive_entry *entry, int type, const char *path,
		   struct acl_entry *list)
{
	int got, perms, tag, id, count = 0;
	const char *name;

	archive_entry_acl_reset(entry, type);
	while (archive_entry_acl_next(entry, type, &got, &perms, &tag, &id,
				      &name) == ARCHIVE_OK) {
		if (count == ACL_ENTRIES_MOST)
			return msg_error(path, "its ACL is too long");
		list[count].tag = acl_tag(tag);
		list[count].perms = perms & 7;
		list[count].id = id;
		if ((list[count].tag == ACL_TAG_USER ||
		     list[count].tag == ACL_TAG_GROUP) && id < 0 &&
		    !look_up(&list[count], name))
			return msg_error(path, "its ACL names %s, which this "
					 "host does not know; use tar "
					 "--numeric-owner", name ?: "nobody");
		count++;
	}
	return count;
}

/* The bits of a mode that an access ACL decides. */
static uint32_t mode_from_acl(uint32_t mode, const struct acl_entry *list,
			      int count)
{
	bool masked = false;
	int i;

	for (i = 0; i < count; i++) {
		if (list[i].tag == ACL_TAG_USER_OBJ)
			mode = (mode & ~0700u) | list[i].perms << 6;
		if (list[i].tag == ACL_TAG_OTHER)
			mode = (mode & ~07u) | list[i].perms;
		if (list[i].tag == ACL_TAG_MASK ||
		    (list[i].tag == ACL_TAG_GROUP_OBJ && !masked))
			mode = (mode & ~070u) | list[i].perms << 3;
		masked |= list[i].tag == ACL_TAG_MASK;
	}
	return mode;
}

static int take_acl(struct archive_entry *entry, int type, const char *path,
		    struct inode *inode)
{
	bool access = type == ARCHIVE_ENTRY_ACL_TYPE_ACCESS;
	struct acl_entry list[ACL_ENTRIES_MOST];
	enum xattr_result result;
	struct xattr *xattrs;
	int count;

	if (!(archive_entry_acl_types(entry) & type) ||
	    S_ISLNK(inode->mode) || (!access && !S_ISDIR(inode->mode)))
		return 0;
	count = get_acl(entry, type, path, list);
	if (count <= 0)
		return count;
	if (access)
		inode->mode = mode_from_acl(inode->mode, list, count);
	xattrs = inode_xattrs(inode);
	result = xattrs_set_acl(&xattrs, access ? XATTR_ACL_ACCESS :
				XATTR_ACL_DEFAULT, list, count);
	inode_set_xattrs(inode, xattrs);
	if (result != XATTR_TAKEN)
		return msg_error(path, "its ACL is not valid");
	return 0;
}

int attributes_from_entry(const struct import *import, const char *path,
			  struct archive_entry *entry, struct inode *inode)
{
	if (!*path)
		path = "/";
	if (take_owner(entry, path, inode) < 0 ||
	    take_xattrs(entry, path, inode) < 0 ||
	    take_acl(entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, path, inode) < 0 ||
	    take_acl(entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, path, inode) < 0)
		return -1;
	take_times(entry, inode);
	import_adjust(import, inode);
	return 0;
}
