/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of an inode that are packed, or there only if needed. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/tree/pool.h"
#include "imgtool/tree/tree.h"
#include "imgtool/tree/xattr.h"

#define NSEC_BITS 30

static size_t inode_size(uint32_t mode)
{
	if (S_ISDIR(mode))
		return sizeof(struct inode);
	return offsetof(struct inode, ref) + sizeof(struct file_ref *);
}

struct inode *inode_new(uint32_t mode)
{
	struct inode *inode = pool_alloc(inode_size(mode));

	inode->mode = mode;
	return inode;
}

void inode_drop_ref(struct inode *inode)
{
	struct file_ref *ref = inode->ref;

	if (ref)
		pool_free(ref, offsetof(struct file_ref, name) +
			       strlen(ref->name) + 1);
	inode->ref = NULL;
}

static void drop_extra(struct inode *inode)
{
	if (!inode->extra)
		return;
	xattrs_free(&inode->extra->xattrs);
	extents_free(&inode->extra->tree);
	free(inode->extra);
	inode->extra = NULL;
}

void inode_free(struct inode *inode)
{
	if (S_ISLNK(inode->mode))
		pool_free_text(inode->target);
	if (S_ISREG(inode->mode))
		inode_drop_ref(inode);
	drop_extra(inode);
	extents_free(&inode->extents);
	pool_free(inode, inode_size(inode->mode));
}

struct inode_extra *inode_extra(struct inode *inode)
{
	int i;

	if (inode->extra)
		return inode->extra;
	inode->extra = mem_zalloc(sizeof(*inode->extra));
	for (i = 0; i < STAMPS - 1; i++)
		inode->extra->stamps[i] = inode->stamp;
	return inode->extra;
}

static uint64_t pack(struct stamp stamp)
{
	if (stamp.sec < STAMP_FIRST)
		return 0;
	if (stamp.sec > STAMP_LAST)
		return (uint64_t)(STAMP_LAST - STAMP_FIRST) << NSEC_BITS;
	return (uint64_t)(stamp.sec - STAMP_FIRST) << NSEC_BITS | stamp.nsec;
}

struct stamp inode_stamp(const struct inode *inode, unsigned int which)
{
	uint64_t packed = inode->stamp;

	if (which && inode->extra)
		packed = inode->extra->stamps[which - 1];
	return (struct stamp){ (int64_t)(packed >> NSEC_BITS) + STAMP_FIRST,
			       packed & ((1u << NSEC_BITS) - 1) };
}

void inode_set_stamp(struct inode *inode, unsigned int which,
		     struct stamp stamp)
{
	uint64_t packed = pack(stamp);

	if (!inode->extra && packed == inode->stamp)
		return;
	/* The others keep what they were. */
	inode_extra(inode);
	if (which)
		inode->extra->stamps[which - 1] = packed;
	else
		inode->stamp = packed;
}

void inode_set_times(struct inode *inode, struct stamp time)
{
	int i;

	inode->stamp = pack(time);
	for (i = 0; inode->extra && i < STAMPS - 1; i++)
		inode->extra->stamps[i] = inode->stamp;
}

void inode_set_xattrs(struct inode *inode, struct xattr *list)
{
	if (list || inode->extra)
		inode_extra(inode)->xattrs = list;
}

void inode_take_attributes(struct inode *to, struct inode *from)
{
	struct xattr *old = inode_xattrs(to);
	unsigned int i;

	to->mode = (to->mode & S_IFMT) | (from->mode & ~S_IFMT);
	to->uid = from->uid;
	to->gid = from->gid;
	to->made = from->made;
	inode_set_times(to, inode_stamp(from, STAMP_MODIFIED));
	for (i = 1; i < STAMPS; i++)
		inode_set_stamp(to, i, inode_stamp(from, i));
	xattrs_free(&old);
	inode_set_xattrs(to, inode_xattrs(from));
	inode_set_xattrs(from, NULL);
}
