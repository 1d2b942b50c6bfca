/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Extended attributes of an inode, kept the way ext4 stores them: the
 * namespace as a number, the rest of the name, and the value (of a POSIX ACL,
 * ext4's own form of it).
 *
 * A list is in ext4's order: namespace, length of the name, name. There is
 * one attribute of a name.
 */
#ifndef IMGTOOL_TREE_XATTR_H
#define IMGTOOL_TREE_XATTR_H

#include <stddef.h>
#include <stdint.h>

/* ext4's numbers for namespaces. */
enum {
	XATTR_USER = 1,
	XATTR_ACL_ACCESS = 2,
	XATTR_ACL_DEFAULT = 3,
	XATTR_TRUSTED = 4,
	XATTR_SECURITY = 6,
};

/* The most a value can have anywhere in Linux. */
#define XATTR_VALUE_LONGEST 65536

struct xattr {
	struct xattr *next;
	const char *name; /* without namespace; behind this struct */
	const uint8_t *value;
	uint32_t size; /* of the value */
	uint8_t space;
	uint8_t length; /* of the name */
};

enum xattr_result {
	XATTR_TAKEN,
	XATTR_IGNORED, /* a namespace that ext4 does not store */
	XATTR_INVALID, /* a name or value that Linux would not accept */
};

/*
 * Add or replace the attribute NAME, given as listxattr(2) and getxattr(2)
 * show it (also system.posix_acl_access and _default, which are converted).
 */
enum xattr_result xattrs_set(struct xattr **list, const char *name,
			     const void *value, size_t size);

/* Add or replace with the parts as they are stored. */
void xattrs_set_raw(struct xattr **list, uint8_t space, const char *name,
		    const void *value, size_t size);

void xattrs_free(struct xattr **list);

/* One entry of a POSIX ACL. */
struct acl_entry {
	uint16_t tag;	/* ACL_TAG_... */
	uint16_t perms; /* rwx as 4, 2, 1 */
	uint32_t id;	/* of USER and GROUP entries */
};

enum {
	ACL_TAG_USER_OBJ = 0x01,
	ACL_TAG_USER = 0x02,
	ACL_TAG_GROUP_OBJ = 0x04,
	ACL_TAG_GROUP = 0x08,
	ACL_TAG_MASK = 0x10,
	ACL_TAG_OTHER = 0x20,
};

/*
 * Set the access (or default) ACL from COUNT entries in any order, which are
 * sorted in place. An access ACL that says no more than mode bits is dropped.
 */
enum xattr_result xattrs_set_acl(struct xattr **list, uint8_t space,
				 struct acl_entry *entries, size_t count);

/* The access ACL, if the list has one, says what a chmod() to MODE makes it
 * say. */
void xattrs_chmod(struct xattr *list, uint32_t mode);

#endif
