/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists are in the form of getxattr(2): a header, then entries of a tag, rights
 * and an id. What is inherited, and what becomes of the mode, is as acl(5) and
 * the kernel have it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/edit/acl.h"
#include "imgtool/msg.h"

#define HEAD  4 /* bytes */
#define ENTRY 8

/* tags of entries */
enum { OWNER = 1, USER = 2, GROUP = 4, NAMED_GROUP = 8, MASK = 16, OTHER = 32 };

/* The entry of a tag, or NULL. */
static uint8_t *entry(uint8_t *acl, size_t size, unsigned int tag)
{
	size_t at;

	for (at = HEAD; at + ENTRY <= size; at += ENTRY)
		if (acl[at] == tag && !acl[at + 1])
			return acl + at;
	return NULL;
}

/* The entries that mode bits stand for: the mask, or the group's if there is
 * none, is what the group's bits are. */
struct three {
	uint8_t *owner, *group, *other;
};

static bool find_three(uint8_t *acl, size_t size, struct three *t)
{
	t->owner = entry(acl, size, OWNER);
	t->group = entry(acl, size, MASK) ?: entry(acl, size, GROUP);
	t->other = entry(acl, size, OTHER);
	return t->owner && t->group && t->other;
}

static uint32_t bits(const struct three *t)
{
	return (t->owner[2] & 7) << 6 | (t->group[2] & 7) << 3 |
	       (t->other[2] & 7);
}

static void set_bits(struct three *t, uint32_t mode)
{
	t->owner[2] = mode >> 6 & 7;
	t->group[2] = mode >> 3 & 7;
	t->other[2] = mode & 7;
}

/* Does it say no more than mode bits? */
static bool is_plain(uint8_t *acl, size_t size)
{
	return !entry(acl, size, MASK) && !entry(acl, size, USER) &&
	       !entry(acl, size, NAMED_GROUP);
}

int acl_of_new(struct fs *fs, uint64_t dir, uint32_t mode, uint32_t umask,
	       struct acl_new *new)
{
	uint8_t *acl = NULL;
	struct three t;
	int r = 0;

	memset(new, 0, sizeof(*new));
	new->mode = mode & ~umask;
	if (!S_ISLNK(mode))
		r = fs_xattr(fs, dir, ACL_DEFAULT, &acl, &new->size);
	if (r <= 0)
		return r;
	if (S_ISDIR(mode))
		new->inherit = mem_dup(acl, new->size);
	if (find_three(acl, new->size, &t)) {
		new->mode = (mode & ~0777u) | (mode & bits(&t));
		set_bits(&t, new->mode);
	}
	if (is_plain(acl, new->size))
		free(acl);
	else
		new->access = acl;
	return 0;
}

int acl_give(struct edit *edit, uint64_t ino, const struct acl_new *new)
{
	int r = 0;

	if (new->inherit)
		r = edit_set_xattr(edit, ino, ACL_DEFAULT, new->inherit,
				   new->size);
	if (r == 0 && new->access)
		r = edit_set_xattr(edit, ino, ACL_ACCESS, new->access,
				   new->size);
	return r == -E2BIG ? -ENOSPC : r;
}

int acl_inherit(struct edit *edit, uint64_t dir, uint64_t ino, uint32_t mode)
{
	struct acl_new new;
	struct three t;
	int r = acl_of_new(&edit->view.fs, dir, mode, 0, &new);

	if (r == 0 && new.access && find_three(new.access, new.size, &t))
		set_bits(&t, mode);
	r = r ?: acl_give(edit, ino, &new);
	acl_new_free(&new);
	return r;
}

void acl_new_free(struct acl_new *new)
{
	free(new->access);
	free(new->inherit);
}

int acl_follow_mode(struct edit *edit, struct fs *fs, uint64_t ino,
		    uint32_t mode)
{
	struct three t;
	uint8_t *acl;
	size_t size;
	int r = fs_xattr(fs, ino, ACL_ACCESS, &acl, &size);

	if (r <= 0)
		return r;
	r = 0;
	if (find_three(acl, size, &t)) {
		set_bits(&t, mode);
		r = edit_set_xattr(edit, ino, ACL_ACCESS, acl, size);
	}
	free(acl);
	return r;
}

static int mode_follow_acl(struct edit *edit, uint64_t ino,
			   const struct three *t)
{
	struct ext2_inode_large inode;
	int r = edit_load(edit, ino, &inode);

	if (r < 0)
		return r;
	inode.i_mode = (inode.i_mode & ~0777) | bits(t);
	return edit_store(edit, ino, &inode);
}

static int remove_list(struct edit *edit, uint64_t ino, const char *name)
{
	int r = edit_set_xattr(edit, ino, name, NULL, 0);

	return r == -ENODATA ? 0 : r;
}

int acl_set(struct edit *edit, struct fs *fs, uint64_t ino, const char *name,
	    const void *value, size_t size)
{
	bool access = !strcmp(name, ACL_ACCESS), plain;
	struct fs_attr attr;
	uint8_t *acl;
	struct three t;
	int r = fs_stat(fs, ino, &attr);

	if (r < 0)
		return r;
	if (!access && !S_ISDIR(attr.mode))
		return -EACCES;
	acl = mem_dup(value ?: "", size);
	plain = size <= HEAD || (access && is_plain(acl, size));
	r = plain ? remove_list(edit, ino, name) :
		    edit_set_xattr(edit, ino, name, acl, size);
	if (r == 0 && access && find_three(acl, size, &t))
		r = mode_follow_acl(edit, ino, &t);
	free(acl);
	return r;
}
