/* SPDX-License-Identifier: GPL-2.0 */
#include <string.h>

#include "imgtool/ext4/blockmap.h"
#include "imgtool/ext4/dir.h"
#include "imgtool/ext4/disk.h"
#include "imgtool/ext4/inode.h"
#include "imgtool/ext4/xattrblock.h"
#include "imgtool/msg.h"

#define SECTORS_PER_BLOCK (BLOCK_SIZE / 512)

void stamp_encode(const struct stamp *stamp, uint32_t *low, uint32_t *extra)
{
	int64_t sec = stamp->sec;
	uint32_t nsec = stamp->nsec;

	if (sec < STAMP_FIRST || sec > STAMP_LAST) {
		sec = sec < STAMP_FIRST ? STAMP_FIRST : STAMP_LAST;
		nsec = 0;
	}
	*low = (uint32_t)sec;
	/* The epoch counts the 2^32 s steps from the signed low half. */
	*extra = ((uint64_t)(sec - (int32_t)*low) >> 32 & 3) | nsec << 2;
}

static void put_stamp(const struct inode *inode, unsigned int which,
		      uint32_t *low, uint32_t *extra)
{
	struct stamp stamp = inode_stamp(inode, which);

	stamp_encode(&stamp, low, extra);
}

static void put_stamps(struct ext2_inode_large *disk, const struct inode *inode)
{
	put_stamp(inode, STAMP_MODIFIED, &disk->i_mtime, &disk->i_mtime_extra);
	put_stamp(inode, STAMP_ACCESSED, &disk->i_atime, &disk->i_atime_extra);
	put_stamp(inode, STAMP_CHANGED, &disk->i_ctime, &disk->i_ctime_extra);
	put_stamp(inode, STAMP_CREATED, &disk->i_crtime,
		  &disk->i_crtime_extra);
}

/* Small device numbers in the old form, others in the new one. */
static void put_device(struct ext2_inode_large *disk, const struct inode *inode)
{
	uint32_t major = inode->major, minor = inode->minor;

	if (major < 256 && minor < 256)
		disk->i_block[0] = major << 8 | minor;
	else
		disk->i_block[1] = (minor & 0xff) | major << 8 |
				   (minor & ~0xffu) << 12;
}

static uint32_t link_count(const struct volume *volume,
			   const struct inode *inode)
{
	uint32_t most = volume->profile->links_most;

	if (!S_ISDIR(inode->mode))
		return inode->nlink;
	/* Feature dir_nlink: too many to count is 1. */
	return inode->subdirs + 2 < most ? inode->subdirs + 2 : 1;
}

static void put_blocks(struct ext2_inode_large *disk, const struct inode *inode)
{
	const struct inode_extra *extra = inode->extra;
	uint64_t blocks = extents_blocks(&inode->extents), sectors;

	if (extra) {
		blocks += extents_blocks(&extra->tree);
		blocks += extra->xattr_block ? 1 : 0;
		disk->i_file_acl = extra->xattr_block;
	}
	sectors = blocks * SECTORS_PER_BLOCK;
	disk->i_blocks = sectors;
	disk->osd2.linux2.l_i_blocks_hi = sectors >> 32;
}

static void put_fields(const struct volume *volume,
		       struct ext2_inode_large *disk, const struct inode *inode)
{
	disk->i_mode = inode->mode;
	disk->i_uid = inode->uid;
	ext2fs_set_i_uid_high(*disk, inode->uid >> 16);
	disk->i_gid = inode->gid;
	ext2fs_set_i_gid_high(*disk, inode->gid >> 16);
	disk->i_size = inode->size;
	disk->i_size_high = inode->size >> 32;
	disk->i_links_count = link_count(volume, inode);
	disk->i_extra_isize = INODE_EXTRA_SIZE;
	put_stamps(disk, inode);
	put_blocks(disk, inode);
}

/* Whose extent tree is being made. */
struct owner {
	struct volume *volume;
	const struct inode *inode;
};

static int put_tree_block(void *context, uint64_t block, void *data)
{
	const struct owner *owner = context;
	struct volume *volume = owner->volume;

	if (volume->profile->extents &&
	    ext2fs_extent_block_csum_set(volume->fs, owner->inode->number,
					 data))
		return msg_error(volume->out->name,
				 "an extent block got no checksum");
	return output_write(volume->out, block << BLOCK_BITS, data,
			    BLOCK_SIZE);
}

static int put_extents(struct volume *volume, const struct inode *inode,
		       struct ext2_inode_large *disk)
{
	static const struct extents none;
	struct owner owner = { volume, inode };
	const struct extents *tree = inode->extra ? &inode->extra->tree : &none;

	if (S_ISDIR(inode->mode) && dir_is_indexed(volume, inode))
		disk->i_flags |= EXT2_INDEX_FL;
	if (!volume->profile->extents)
		return blockmap_make(&inode->extents, tree,
				     (uint8_t *)disk->i_block, put_tree_block,
				     &owner);
	disk->i_flags |= EXT4_EXTENTS_FL;
	return extent_tree_make(&inode->extents, tree,
				(uint8_t *)disk->i_block, put_tree_block,
				&owner);
}

int inode_encode(struct volume *volume, const struct inode *inode,
		 uint8_t out[256])
{
	struct ext2_inode_large *disk = (void *)out;
	uint8_t block[BLOCK_SIZE];

	memset(out, 0, INODE_SIZE);
	put_fields(volume, disk, inode);
	if (inode_has_extents(inode)) {
		if (put_extents(volume, inode, disk) < 0)
			return -1;
	} else if (S_ISLNK(inode->mode)) {
		memcpy(disk->i_block, inode->target, inode->size);
	} else if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode)) {
		put_device(disk, inode);
	}
	if (inode_xattrs(inode))
		xattrs_encode(inode_xattrs(inode), volume->profile->journal,
			      out + sizeof(*disk), block);
	if (ext2fs_inode_csum_set(volume->fs, inode->number, disk))
		return msg_error(volume->out->name,
				 "an inode got no checksum");
	return 0;
}
