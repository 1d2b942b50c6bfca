/* SPDX-License-Identifier: GPL-2.0 */
#include <string.h>

#include "imgtool/ext4/disk.h"
#include "imgtool/ext4/library.h"
#include "imgtool/ext4/manager.h"
#include "imgtool/msg.h"

/* What Debian 12's mke2fs gives; _4: an ext4 only. */
#define COMPAT (EXT2_FEATURE_COMPAT_EXT_ATTR | \
		EXT2_FEATURE_COMPAT_RESIZE_INODE | \
		EXT2_FEATURE_COMPAT_DIR_INDEX)
#define INCOMPAT EXT2_FEATURE_INCOMPAT_FILETYPE
#define INCOMPAT_4 (EXT3_FEATURE_INCOMPAT_EXTENTS | \
		    EXT4_FEATURE_INCOMPAT_FLEX_BG)
#define RO_COMPAT (EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | \
		   EXT2_FEATURE_RO_COMPAT_LARGE_FILE)
#define RO_COMPAT_4 (EXT4_FEATURE_RO_COMPAT_HUGE_FILE | \
		     EXT4_FEATURE_RO_COMPAT_DIR_NLINK | \
		     EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE)

#define LOG_GROUPS_PER_FLEX 4
#define MAX_MOUNT_COUNT (-1)

/* "-1: reported" for an error of the library. */
static int library_error(struct volume *volume, errcode_t error,
			 const char *doing)
{
	if (output_manager_failed())
		return -1;
	initialize_ext2_error_table();
	return msg_error(volume->out->name, "%s failed: %s", doing,
			 error_message(error));
}

static void fill_features(const struct profile *profile,
			  struct ext2_super_block *p)
{
	p->s_feature_compat = COMPAT;
	p->s_feature_incompat = INCOMPAT;
	p->s_feature_ro_compat = RO_COMPAT;
	if (!profile->extents)
		return;
	p->s_feature_incompat |= INCOMPAT_4;
	p->s_feature_ro_compat |= RO_COMPAT_4 |
		(profile->checksums ? EXT4_FEATURE_RO_COMPAT_METADATA_CSUM :
				      EXT4_FEATURE_RO_COMPAT_GDT_CSUM);
	if (profile->bits64)
		p->s_feature_incompat |= EXT4_FEATURE_INCOMPAT_64BIT;
	p->s_log_groups_per_flex = LOG_GROUPS_PER_FLEX;
}

static void fill_parameters(const struct volume *volume,
			    struct ext2_super_block *p)
{
	const struct layout *layout = &volume->layout;

	memset(p, 0, sizeof(*p));
	p->s_rev_level = EXT2_DYNAMIC_REV;
	fill_features(volume->profile, p);
	p->s_log_block_size = BLOCK_BITS - 10;
	p->s_log_cluster_size = BLOCK_BITS - 10;
	p->s_inode_size = INODE_SIZE;
	p->s_blocks_per_group = BLOCKS_PER_GROUP;
	p->s_max_mnt_count = MAX_MOUNT_COUNT;
	p->s_errors = EXT2_ERRORS_CONTINUE;
	p->s_inodes_count = layout->inodes_per_group * layout->groups;
	p->s_reserved_gdt_blocks = volume->alloc.header - 1 -
				   layout->desc_blocks;
	ext2fs_blocks_count_set(p, layout->blocks);
}

/* libext2fs must have come to the same numbers, or ours are wrong. */
static bool agrees(const struct volume *volume)
{
	const struct layout *layout = &volume->layout;
	ext2_filsys fs = volume->fs;

	return ext2fs_blocks_count(fs->super) == layout->blocks &&
	       fs->group_desc_count == layout->groups &&
	       fs->desc_blocks == layout->desc_blocks &&
	       fs->inode_blocks_per_group == layout->table_blocks &&
	       fs->super->s_inodes_per_group == layout->inodes_per_group &&
	       1 + fs->desc_blocks + fs->super->s_reserved_gdt_blocks ==
	       volume->alloc.header;
}

static void fill_superblock(struct volume *volume)
{
	const struct volume_identity *identity = &volume->identity;
	struct ext2_super_block *sb = volume->fs->super;
	int64_t time = identity->time;

	/* 0 would mean the clock; the fields have 32 bits. */
	time = time < 1 ? 1 : time > UINT32_MAX ? UINT32_MAX : time;
	volume->fs->now = time;
	sb->s_mkfs_time = time;
	sb->s_lastcheck = time;
	sb->s_wtime = time;
	sb->s_checkinterval = 0;
	sb->s_creator_os = EXT2_OS_LINUX;
	memcpy(sb->s_uuid, identity->uuid, 16);
	memcpy(sb->s_volume_name, identity->label, 16);
	memcpy(sb->s_hash_seed, identity->hash_seed, 16);
	sb->s_def_hash_version = EXT2_HASH_HALF_MD4;
	sb->s_flags &= ~(EXT2_FLAGS_SIGNED_HASH | EXT2_FLAGS_UNSIGNED_HASH);
	sb->s_flags |= EXT2_FLAGS_SIGNED_HASH;
	sb->s_default_mount_opts = EXT2_DEFM_XATTR_USER | EXT2_DEFM_ACL;
	sb->s_min_extra_isize = INODE_EXTRA_SIZE;
	sb->s_want_extra_isize = INODE_EXTRA_SIZE;
	if (volume->profile->checksums)
		sb->s_checksum_type = EXT2_CRC32C_CHKSUM;
	ext2fs_init_csum_seed(volume->fs);
}

/*
 * To compute the checksum of a block that belongs to an inode, the library
 * reads that inode for its generation. Ours are all 0, and not written yet.
 */
static errcode_t read_blank_inode(ext2_filsys fs, ext2_ino_t number,
				  struct ext2_inode *inode)
{
	memset(inode, 0, sizeof(*inode));
	return 0;
}

int library_begin(struct volume *volume)
{
	struct ext2_super_block parameters;
	errcode_t error;

	fill_parameters(volume, &parameters);
	error = ext2fs_initialize("image", EXT2_FLAG_64BITS, &parameters,
				  output_manager(volume->out), &volume->fs);
	if (error)
		return library_error(volume, error, "making a file system");
	if (!agrees(volume))
		return msg_error(volume->out->name, "libext2fs disagrees "
				 "about the layout; please report this");
	fill_superblock(volume);
	volume->fs->read_inode = read_blank_inode;
	return 0;
}

static uint64_t overlap(uint64_t a, uint64_t a_end, uint64_t b, uint64_t b_end)
{
	uint64_t from = a > b ? a : b, to = a_end < b_end ? a_end : b_end;

	return from < to ? to - from : 0;
}

/*
 * Everything in front of the cursor is taken, but for the holes; behind it
 * only headers are, which the library has marked itself.
 */
static void mark_blocks(struct volume *volume)
{
	const struct alloc *alloc = &volume->alloc;
	uint64_t end = alloc->cursor, blocks = volume->layout.blocks, at, n;
	ext2_filsys fs = volume->fs;
	struct hole hole;

	/* The library takes 32-bit counts. */
	end = end < blocks ? end : blocks;
	for (at = 0; at < end; at += n) {
		n = end - at < 1 << 30 ? end - at : 1 << 30;
		ext2fs_mark_block_bitmap_range2(fs->block_map, at, n);
	}
	for (at = 0; holes_next(&alloc->holes, at, &hole); at = hole.start + 1)
		ext2fs_unmark_block_bitmap_range2(fs->block_map, hole.start,
						  hole.count);
	for (at = 0; alloc->every && at < volume->layout.groups; at++)
		ext2fs_mark_block_bitmap_range2(fs->block_map,
						at * BLOCKS_PER_GROUP,
						alloc_front(alloc, at));
	ext2fs_mark_bb_dirty(fs);
}

static void count_blocks(struct volume *volume)
{
	const struct alloc *alloc = &volume->alloc;
	uint64_t first, end, used, total = 0, group;
	ext2_filsys fs = volume->fs;
	struct hole hole;
	bool left = holes_next(&alloc->holes, 0, &hole);

	for (group = 0; group < volume->layout.groups; group++) {
		first = group * BLOCKS_PER_GROUP;
		end = first + BLOCKS_PER_GROUP;
		if (end > volume->layout.blocks)
			end = volume->layout.blocks;
		used = overlap(first, end, 0, alloc->cursor);
		if (!used)
			used = alloc_front(alloc, group);
		/* one that crosses the end is met again in the next group */
		while (left && hole.start < end) {
			used -= overlap(first, end, hole.start,
					hole.start + hole.count);
			if (hole.start + hole.count > end)
				break;
			left = holes_next(&alloc->holes, hole.start + 1, &hole);
		}
		ext2fs_bg_free_blocks_count_set(fs, group, end - first - used);
		if (first < alloc->cursor)
			ext2fs_bg_flags_clear(fs, group, EXT2_BG_BLOCK_UNINIT);
		total += end - first - used;
	}
	ext2fs_free_blocks_count_set(fs->super, total);
}

static void count_inodes(struct volume *volume)
{
	uint32_t per_group = volume->layout.inodes_per_group;
	uint64_t used = FIRST_FREE_INODE - 2 + volume->inode_count, n, group;
	ext2_filsys fs = volume->fs;

	for (n = 1; n <= used; n++)
		ext2fs_mark_inode_bitmap2(fs->inode_map, n);
	ext2fs_mark_ib_dirty(fs);
	fs->super->s_free_inodes_count = fs->super->s_inodes_count - used;
	for (group = 0; group < volume->layout.groups; group++) {
		n = used < per_group ? used : per_group;
		used -= n;
		ext2fs_bg_free_inodes_count_set(fs, group, per_group - n);
		ext2fs_bg_used_dirs_count_set(fs, group, 0);
		if (!ext2fs_has_group_desc_csum(fs))
			continue;
		ext2fs_bg_itable_unused_set(fs, group, per_group - n);
		/* Tables are zero where nothing was written. */
		ext2fs_bg_flags_set(fs, group, EXT2_BG_INODE_ZEROED);
		if (n)
			ext2fs_bg_flags_clear(fs, group, EXT2_BG_INODE_UNINIT);
	}
}

static void count_directories(struct volume *volume)
{
	ext2_filsys fs = volume->fs;
	const struct inode *inode;
	dgrp_t group;
	size_t i;

	for (i = 0; i < volume->inode_count; i++) {
		inode = volume->inodes[i];
		if (!S_ISDIR(inode->mode))
			continue;
		group = ext2fs_group_of_ino(fs, inode->number);
		ext2fs_bg_used_dirs_count_set(fs, group,
			ext2fs_bg_used_dirs_count(fs, group) + 1);
	}
}

/* Block N of a list of extents without gaps. */
static void set_locations(struct volume *volume, const struct extents *extents,
			  void (*set)(ext2_filsys fs, dgrp_t group, blk64_t b))
{
	const struct extent *e = extents_list(extents);
	uint64_t group;

	for (group = 0; group < volume->layout.groups; group++) {
		while (group >= (uint64_t)e->logical + e->count)
			e++;
		set(volume->fs, group, e->physical + group - e->logical);
	}
}

static void describe_groups(struct volume *volume)
{
	const struct placement *p = &volume->placement;
	uint64_t group, table;

	if (!volume->layout.in_groups) {
		set_locations(volume, &p->block_bitmaps,
			      ext2fs_block_bitmap_loc_set);
		set_locations(volume, &p->inode_bitmaps,
			      ext2fs_inode_bitmap_loc_set);
	}
	for (group = 0; group < volume->layout.groups; group++) {
		table = p->tables[group];
		ext2fs_inode_table_loc_set(volume->fs, group, table);
		if (!volume->layout.in_groups)
			continue;
		ext2fs_block_bitmap_loc_set(volume->fs, group, table - 2);
		ext2fs_inode_bitmap_loc_set(volume->fs, group, table - 1);
	}
	mark_blocks(volume);
	count_blocks(volume);
	count_inodes(volume);
	count_directories(volume);
	for (group = 0; group < volume->layout.groups; group++)
		ext2fs_group_desc_csum_set(volume->fs, group);
	ext2fs_mark_super_dirty(volume->fs);
}

int library_finish(struct volume *volume)
{
	errcode_t error;

	volume->fs->read_inode = NULL;
	describe_groups(volume);
	error = ext2fs_create_resize_inode(volume->fs);
	if (error)
		return library_error(volume, error, "making the resize inode");
	volume->fs->flags &= ~EXT2_FLAG_SUPER_ONLY;
	error = ext2fs_close_free(&volume->fs);
	if (error)
		return library_error(volume, error, "writing the superblock");
	return 0;
}

void library_drop(struct volume *volume)
{
	if (!volume->fs)
		return;
	volume->out->discard = true;
	ext2fs_free(volume->fs);
	volume->fs = NULL;
}
