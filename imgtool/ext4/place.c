/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Step 3 of volume.h: numbers for inodes and blocks for everything whose size
 * is known now. Each kind of block comes in one go, in order of names, so
 * that a walk over the tree reads the image forwards.
 */
#include <stdlib.h>
#include <string.h>

#include "imgtool/ext4/blockmap.h"
#include "imgtool/ext4/data.h"
#include "imgtool/ext4/dir.h"
#include "imgtool/ext4/disk.h"
#include "imgtool/ext4/inode.h"
#include "imgtool/ext4/xattrblock.h"
#include "imgtool/msg.h"

static int complain(const struct volume *volume, const struct inode *inode,
		    const char *reason)
{
	char *path = tree_name(volume->tree, inode);

	msg_error(path, "%s", reason);
	free(path);
	return -1;
}

static int number(struct volume *volume, struct inode *inode)
{
	uint32_t most = volume->profile->links_most;

	if (!S_ISDIR(inode->mode) && inode->nlink > most)
		return complain(volume, inode, most == 32000 ?
				"has more hard links than the 32000 that ext2 "
				"and ext3 can count" :
				"has more hard links than the 65000 that ext4 "
				"can count");
	if (S_ISDIR(inode->mode) && !volume->profile->extents &&
	    inode->subdirs + 2 > most)
		return complain(volume, inode, "has more directories in it "
				"than the 31998 that ext2 and ext3 can count");
	inode->number = volume->inode_count ?
			FIRST_FREE_INODE + volume->inode_count - 1 :
			EXT2_ROOT_INO;
	volume->inodes[volume->inode_count++] = inode;
	return 0;
}

/* The root is 2, lost+found 11, the others follow in the order of a walk. */
static int number_all(struct volume *volume)
{
	struct tree *tree = volume->tree;
	struct entry *e;

	volume->inodes = mem_alloc((tree->entries + 1) *
				   sizeof(*volume->inodes));
	if (number(volume, tree->root) < 0)
		return -1;
	e = tree_lookup(tree, tree->root, "lost+found", 10);
	number(volume, e->inode);
	for (e = tree_next(tree, NULL); e; e = tree_next(tree, e))
		if (!e->inode->number && number(volume, e->inode) < 0)
			return -1;
	return 0;
}

/* A file of a source directory lists its parts without places. */
static void place_file(struct volume *volume, struct inode *inode)
{
	struct extents parts = inode->extents;
	const struct extent *list = extents_list(&parts);
	size_t i;

	memset(&inode->extents, 0, sizeof(inode->extents));
	for (i = 0; i < parts.count; i++)
		alloc_blocks(&volume->alloc, &inode->extents,
			     list[i].logical, list[i].count);
	extents_free(&parts);
}

static int place_dir(struct volume *volume, struct inode *dir)
{
	uint32_t blocks = dir_blocks(volume, dir);

	if (!blocks)
		return complain(volume, dir, "has more names than a "
				"directory of ext4 can have");
	dir->size = (uint64_t)blocks << BLOCK_BITS;
	alloc_blocks(&volume->alloc, &dir->extents, 0, blocks);
	return 0;
}

static void place_tree(struct volume *volume, struct inode *inode)
{
	size_t blocks = volume->profile->extents ?
			extent_tree_blocks(inode->extents.count) :
			blockmap_blocks(&inode->extents);

	if (inode_has_extents(inode) && blocks)
		alloc_blocks(&volume->alloc, &inode_extra(inode)->tree, 0,
			     blocks);
}

int volume_place(struct volume *volume,
		 const struct volume_identity *identity)
{
	struct inode *const *n, *const *end;

	volume->identity = *identity;
	if (number_all(volume) < 0)
		return -1;
	end = volume->inodes + volume->inode_count;
	for (n = volume->inodes; n < end; n++)
		if (S_ISREG((*n)->mode) && (*n)->ref)
			place_file(volume, *n);
	for (n = volume->inodes; n < end; n++)
		if (S_ISDIR((*n)->mode) && place_dir(volume, *n) < 0)
			return -1;
	for (n = volume->inodes; n < end; n++)
		if (S_ISLNK((*n)->mode) && inode_has_extents(*n))
			alloc_blocks(&volume->alloc, &(*n)->extents, 0, 1);
	for (n = volume->inodes; n < end; n++)
		if (inode_xattrs(*n) && xattrs_place(volume, *n) < 0)
			return -1;
	for (n = volume->inodes; n < end; n++)
		place_tree(volume, *n);
	return 0;
}
