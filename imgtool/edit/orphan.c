/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files without a name that are still in use are in a list, as ext4 has it: the
 * superblock tells the last one, and i_dtime of each the one before. If we are
 * killed, e2fsck or a kernel goes through it and frees them. Superblock and
 * inodes reach the disk together, by the journal; without one, e2fsck, which
 * has to look at everything then, finds them by itself.
 */
#include <errno.h>

#include "imgtool/edit/commit.h"
#include "imgtool/edit/direct.h"

static bool has_list(const struct edit *edit)
{
	return edit->commits && edit->commits->journal;
}

int edit_add_orphan(struct edit *edit, uint64_t ino,
		    struct ext2_inode_large *inode)
{
	struct ext2_super_block *sb = edit->lib->super;

	if (!has_list(edit))
		return 0;
	inode->i_dtime = sb->s_last_orphan;
	sb->s_last_orphan = ino;
	ext2fs_mark_super_dirty(edit->lib);
	return edit_store(edit, ino, inode);
}

int edit_remove_orphan(struct edit *edit, uint64_t ino,
		       const struct ext2_inode_large *inode)
{
	struct ext2_super_block *sb = edit->lib->super;
	uint32_t budget = sb->s_inodes_count, at = sb->s_last_orphan;
	struct ext2_inode_large other;
	int r;

	if (!has_list(edit) || inode->i_links_count || !at)
		return 0;
	if (at == ino) {
		sb->s_last_orphan = inode->i_dtime;
		ext2fs_mark_super_dirty(edit->lib);
		return 0;
	}
	while (at && budget--) {
		r = edit_load(edit, at, &other);
		if (r < 0)
			return r;
		if (other.i_dtime == ino) {
			other.i_dtime = inode->i_dtime;
			return edit_store(edit, at, &other);
		}
		at = other.i_dtime;
	}
	return 0; /* a new one, whose making failed */
}
