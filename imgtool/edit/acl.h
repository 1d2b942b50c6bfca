/* SPDX-License-Identifier: GPL-2.0 */
/* What access lists have to do with mode bits, for the direct writer. */
#ifndef IMGTOOL_EDIT_ACL_H
#define IMGTOOL_EDIT_ACL_H

#include "imgtool/edit/direct.h"

#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

/* What a new file gets from the directory that it is made in. */
struct acl_new {
	uint32_t mode;
	uint8_t *access; /* NULL: the mode says it all */
	uint8_t *inherit; /* of a directory: its own default; or NULL */
	size_t size;	 /* of either */
};

/*
 * A file of MODE is going to be made in directory DIR: its default list counts,
 * or if it has none UMASK. acl_new_free() must follow. 0 or -errno.
 */
int acl_of_new(struct fs *fs, uint64_t dir, uint32_t mode, uint32_t umask,
	       struct acl_new *new);

/* INO, which was made with new->mode, gets the rest. 0 or -errno. */
int acl_give(struct edit *edit, uint64_t ino, const struct acl_new *new);

/* The same for INO, which was made in DIR and keeps its MODE: what it inherits
 * is as a chmod() to that leaves it. 0 or -errno. */
int acl_inherit(struct edit *edit, uint64_t dir, uint64_t ino, uint32_t mode);

void acl_new_free(struct acl_new *new);

/* The mode was changed: the access list, if there is one, says the same. */
int acl_follow_mode(struct edit *edit, struct fs *fs, uint64_t ino,
		    uint32_t mode);

/*
 * Set an access or default list, as ext4 does: an access list changes the mode
 * bits; one that says no more than these, or nothing, is removed. 0 or -errno.
 */
int acl_set(struct edit *edit, struct fs *fs, uint64_t ino, const char *name,
	    const void *value, size_t size);

#endif
