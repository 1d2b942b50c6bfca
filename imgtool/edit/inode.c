/* SPDX-License-Identifier: GPL-2.0 */
/* Inodes: reading and writing them, their fields, making and freeing them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/edit/acl.h"
#include "imgtool/edit/direct.h"
#include "imgtool/ext4/inode.h"
#include "imgtool/msg.h"

#define BASIC EXT2_GOOD_OLD_INODE_SIZE
/* Bytes of the fields behind the first 128, as every kernel since 2.6.23. */
#define EXTRA_SIZE (sizeof(struct ext2_inode_large) - BASIC)

static bool is_ours(const struct edit *edit, uint64_t ino)
{
	const struct ext2_super_block *sb = edit->lib->super;

	return ino <= sb->s_inodes_count &&
	       (ino == EXT2_ROOT_INO ||
		ino >= EXT2_FIRST_INODE(edit->lib->super)) &&
	       (!edit->lib->inode_map ||
		ext2fs_test_inode_bitmap2(edit->lib->inode_map, ino));
}

int edit_load(struct edit *edit, uint64_t ino, struct ext2_inode_large *inode)
{
	errcode_t err;

	memset(inode, 0, sizeof(*inode));
	if (!is_ours(edit, ino))
		return -EUCLEAN;
	err = ext2fs_read_inode_full(edit->lib, ino, (void *)inode,
				     sizeof(*inode));
	if (err)
		return edit_from_library(err);
	if (!inode->i_mode)
		return -EUCLEAN;
	if (inode->i_flags & (EXT4_EA_INODE_FL | EXT4_ENCRYPT_FL))
		return -EOPNOTSUPP;
	return inode->i_flags & (EXT2_IMMUTABLE_FL | EXT2_APPEND_FL) ?
	       -EACCES : 0;
}

int edit_store(struct edit *edit, uint64_t ino,
	       const struct ext2_inode_large *inode)
{
	edit->ext->ino = 0;
	return edit_from_library(ext2fs_write_inode_full(edit->lib, ino,
							 (void *)inode,
							 sizeof(*inode)));
}

/* Does the inode have the field that ends at END? */
static bool has_field(const struct edit *edit,
		      const struct ext2_inode_large *inode, size_t end)
{
	return EXT2_INODE_SIZE(edit->lib->super) >= end &&
	       end <= (size_t)BASIC + inode->i_extra_isize;
}

void edit_set_time(const struct edit *edit, struct ext2_inode_large *inode,
		   enum edit_time which, const struct fs_time *time)
{
	static const struct {
		size_t low, extra;
	} fields[] = {
#define FIELD(name) { offsetof(struct ext2_inode_large, name),                 \
		      offsetof(struct ext2_inode_large, name##_extra) }
		FIELD(i_atime), FIELD(i_mtime), FIELD(i_ctime), FIELD(i_crtime),
#undef FIELD
	};
	struct stamp stamp = { .sec = time->sec, .nsec = time->nsec };
	size_t low = fields[which].low, extra = fields[which].extra;
	bool wide = has_field(edit, inode, extra + 4);
	uint32_t value[2];

	if (low >= BASIC && !has_field(edit, inode, low + 4))
		return;
	if (!wide && stamp.sec > INT32_MAX)
		stamp.sec = INT32_MAX;
	stamp_encode(&stamp, &value[0], &value[1]);
	memcpy((char *)inode + low, &value[0], 4);
	if (wide)
		memcpy((char *)inode + extra, &value[1], 4);
}

void edit_set_owner(struct ext2_inode_large *inode, uint32_t uid, uint32_t gid)
{
	inode->i_uid = uid;
	ext2fs_set_i_uid_high(*inode, uid >> 16);
	inode->i_gid = gid;
	ext2fs_set_i_gid_high(*inode, gid >> 16);
}

/* Small numbers in the old form, others in the new one. */
int edit_set_device(struct ext2_inode_large *inode, uint32_t major,
		    uint32_t minor)
{
	if (major >= 1 << 12 || minor >= 1 << 20)
		return -EOVERFLOW;
	if (major < 256 && minor < 256)
		inode->i_block[0] = major << 8 | minor;
	else
		inode->i_block[1] = (minor & 0xff) | major << 8 |
				    (minor & ~0xffu) << 12;
	return 0;
}

static void set_all_times(const struct edit *edit,
			  struct ext2_inode_large *inode)
{
	enum edit_time which;

	for (which = EDIT_ATIME; which <= EDIT_CRTIME; which++)
		edit_set_time(edit, inode, which, &edit->now);
}

void edit_set_empty_map(const struct edit *edit,
			struct ext2_inode_large *inode)
{
	struct ext3_extent_header *h = (void *)inode->i_block;

	memset(inode->i_block, 0, sizeof(inode->i_block));
	if (!ext2fs_has_feature_extents(edit->lib->super))
		return;
	inode->i_flags |= EXT4_EXTENTS_FL;
	h->eh_magic = ext2fs_cpu_to_le16(EXT3_EXT_MAGIC);
	h->eh_max = ext2fs_cpu_to_le16(
		(sizeof(inode->i_block) - sizeof(*h)) /
		sizeof(struct ext3_extent));
}

/* The fields of a new inode; FULL bytes of it are written. */
static void fill_inode(const struct edit *edit, uint32_t mode,
		       const struct ext2_inode_large *dir,
		       struct ext2_inode_large *inode)
{
	bool setgid = dir->i_mode & S_ISGID;

	memset(inode, 0, sizeof(*inode));
	inode->i_mode = mode;
	edit_set_owner(inode, edit->uid,
		       setgid ? inode_gid(*dir) : edit->gid);
	if (EXT2_INODE_SIZE(edit->lib->super) > BASIC)
		inode->i_extra_isize = EXTRA_SIZE;
	set_all_times(edit, inode);
	if (S_ISREG(mode) || S_ISLNK(mode))
		edit_set_empty_map(edit, inode);
}

int edit_new_inode(struct edit *edit, uint64_t dir, uint32_t mode,
		   struct ext2_inode_large *inode, uint64_t *ino)
{
	size_t full = EXT2_INODE_SIZE(edit->lib->super);
	struct ext2_inode_large parent;
	ext2_ino_t number;
	uint8_t *all;
	errcode_t err;
	int r = edit_begin(edit) ?: edit_load(edit, dir, &parent);

	if (r < 0)
		return r;
	err = ext2fs_new_inode(edit->lib, dir, mode, NULL, &number);
	if (err)
		return edit_from_library(err);
	fill_inode(edit, mode, &parent, inode);
	all = mem_zalloc(full > sizeof(*inode) ? full : sizeof(*inode));
	memcpy(all, inode, sizeof(*inode));
	err = ext2fs_write_inode_full(edit->lib, number, (void *)all, full);
	free(all);
	if (err)
		return edit_from_library(err);
	ext2fs_inode_alloc_stats2(edit->lib, number, 1, 0);
	edit->ext->ino = 0;
	*ino = number;
	return 0;
}

int direct_new_file(struct edit *edit, uint64_t dir, const char *name,
		    uint32_t mode, uint32_t major, uint32_t minor,
		    uint64_t *ino)
{
	struct ext2_inode_large inode;
	int r = edit_new_inode(edit, dir, mode, &inode, ino);

	if (r < 0)
		return r;
	if (S_ISCHR(mode) || S_ISBLK(mode))
		r = edit_set_device(&inode, major, minor) ?:
		    edit_store(edit, *ino, &inode);
	r = r ?: acl_inherit(edit, dir, *ino, mode);
	if (r < 0)
		edit_free_inode(edit, *ino);
	return r;
}

int direct_set_attr(struct edit *edit, uint64_t ino,
		    const struct edit_attr *attr)
{
	struct ext2_inode_large inode;
	int r = edit_load(edit, ino, &inode);

	if (r < 0)
		return r;
	if (attr->set & EDIT_SET_MODE)
		inode.i_mode = (inode.i_mode & S_IFMT) | (attr->mode & 07777);
	if (attr->set & EDIT_SET_OWNER)
		edit_set_owner(&inode, attr->uid, attr->gid);
	if (attr->set & EDIT_SET_ATIME)
		edit_set_time(edit, &inode, EDIT_ATIME, &attr->atime);
	if (attr->set & EDIT_SET_MTIME)
		edit_set_time(edit, &inode, EDIT_MTIME, &attr->mtime);
	edit_set_time(edit, &inode, EDIT_CTIME, &edit->now);
	return edit_begin(edit) ?: edit_store(edit, ino, &inode);
}

/* The first block that a file cannot have. */
static uint64_t blocks_end(const struct edit *edit,
			   const struct ext2_inode_large *inode)
{
	uint64_t per = edit->lib->blocksize / 4;
	uint64_t end = EXT2_NDIR_BLOCKS + per + per * per + per * per * per;

	return (inode->i_flags & EXT4_EXTENTS_FL) || end >> 32 ? 1ULL << 32 :
								 end;
}

int edit_check_map(struct edit *edit, uint64_t ino)
{
	uint64_t most = ext2fs_blocks_count(edit->lib->super), used = 0;
	uint64_t runs = 0, at, end;
	struct ext_run run;
	int r = ext_load(edit->ext, ino);

	if (r < 0 || ext_is_inline(edit->ext) ||
	    !ext2fs_inode_has_valid_blocks2(edit->lib,
			(void *)&edit->ext->inode.large))
		return r;
	end = blocks_end(edit, &edit->ext->inode.large);
	for (at = 0; at < end; at += run.count) {
		r = ext_map(edit->ext, at, &run);
		if (r < 0)
			return r;
		used += run.physical ? run.count : 0;
		if (used > most || ++runs > 2 * most + 16)
			return -EUCLEAN;
	}
	return 0;
}

#define ROOT_MOST 4 /* extents in an inode */

/*
 * The library leaves a tree as high as it was. If what is left in its leaves
 * fits into the inode, it goes there, as e2fsck would have it.
 */
static int shorten(struct edit *edit, struct ext2_inode_large *inode)
{
	struct ext3_extent_header *root = (void *)inode->i_block, *leaf;
	struct ext3_extent_idx *idx = (void *)(root + 1);
	struct ext3_extent all[ROOT_MOST];
	unsigned int n = ext2fs_le16_to_cpu(root->eh_entries), i, more, has = 0;
	uint64_t blocks[ROOT_MOST];
	int r;

	if (!(inode->i_flags & EXT4_EXTENTS_FL) || !n || n > ROOT_MOST ||
	    ext2fs_le16_to_cpu(root->eh_depth) != 1)
		return 0;
	for (i = 0; i < n; i++) {
		blocks[i] = ext2fs_le32_to_cpu(idx[i].ei_leaf) |
			    (uint64_t)ext2fs_le16_to_cpu(idx[i].ei_leaf_hi)
			    << 32;
		r = ext_read_block(edit->ext, blocks[i], edit->ext->block);
		if (r < 0)
			return r;
		leaf = (void *)edit->ext->block;
		more = ext2fs_le16_to_cpu(leaf->eh_entries);
		if (leaf->eh_depth || more > ROOT_MOST - has)
			return 0;
		memcpy(all + has, leaf + 1, more * sizeof(*all));
		has += more;
	}
	memset(idx, 0, ROOT_MOST * sizeof(*all));
	memcpy(idx, all, has * sizeof(*all));
	root->eh_entries = ext2fs_cpu_to_le16(has);
	root->eh_depth = 0;
	for (i = 0; i < n; i++)
		ext2fs_block_alloc_stats2(edit->lib, blocks[i], -1);
	ext2fs_iblk_sub_blocks(edit->lib, (void *)inode, n);
	return 0;
}

/* The library takes the last block of a file system for one behind its end: it
 * must believe that there is another. */
int edit_punch(struct edit *edit, uint64_t ino, struct ext2_inode_large *inode,
	       uint64_t start, uint64_t end)
{
	struct ext2_super_block *sb = edit->lib->super;
	uint64_t blocks = ext2fs_blocks_count(sb);
	errcode_t err;

	ext2fs_blocks_count_set(sb, blocks + 1);
	err = ext2fs_punch(edit->lib, ino, (void *)inode, NULL, start, end);
	ext2fs_blocks_count_set(sb, blocks);
	edit->ext->ino = 0;
	return err ? edit_from_library(err) : shorten(edit, inode);
}

static int free_blocks(struct edit *edit, uint64_t ino,
		       struct ext2_inode_large *inode)
{
	struct ext2_inode *basic = (struct ext2_inode *)inode;
	int r;

	if (ext2fs_file_acl_block(edit->lib, basic)) {
		r = edit_from_library(ext2fs_free_ext_attr(edit->lib, ino,
							   inode));
		if (r < 0)
			return r;
	}
	if ((inode->i_flags & EXT4_INLINE_DATA_FL) ||
	    !ext2fs_inode_has_valid_blocks2(edit->lib, basic))
		return 0;
	return edit_punch(edit, ino, inode, 0, ~0ULL);
}

int direct_free_inode(struct edit *edit, uint64_t ino)
{
	struct ext2_inode_large inode;
	bool dir;
	int r = edit_load(edit, ino, &inode);

	if (r < 0)
		return r;
	dir = S_ISDIR(inode.i_mode);
	if (dir || S_ISREG(inode.i_mode) || S_ISLNK(inode.i_mode))
		r = edit_check_map(edit, ino);
	r = r ?: edit_remove_orphan(edit, ino, &inode) ?:
	    free_blocks(edit, ino, &inode);
	if (r < 0)
		return r;
	inode.i_links_count = 0;
	inode.i_dtime = edit->lib->now;
	r = edit_store(edit, ino, &inode);
	if (r == 0)
		ext2fs_inode_alloc_stats2(edit->lib, ino, -1, dir);
	return r;
}

int edit_drop_last(struct edit *edit, uint64_t ino)
{
	enum edit_use use = edit->in_use ?
		edit->in_use(edit->in_use_context, ino) : EDIT_UNUSED;
	struct ext2_inode_large inode;
	int r;

	if (use == EDIT_UNUSED)
		return edit_free_inode(edit, ino);
	r = edit_load(edit, ino, &inode);
	if (r < 0)
		return r;
	inode.i_links_count = 0;
	edit_set_time(edit, &inode, EDIT_CTIME, &edit->now);
	r = edit_store(edit, ino, &inode) ?: edit_add_orphan(edit, ino, &inode);
	if (r == 0 && use == EDIT_KNOWN && S_ISREG(inode.i_mode))
		r = edit_truncate(edit, ino, 0);
	return r;
}

int edit_drop_link(struct edit *edit, uint64_t ino)
{
	struct ext2_inode_large inode;
	int r = edit_load(edit, ino, &inode);

	if (r < 0)
		return r;
	if (inode.i_links_count <= 1)
		return edit_drop_last(edit, ino);
	inode.i_links_count--;
	edit_set_time(edit, &inode, EDIT_CTIME, &edit->now);
	return edit_store(edit, ino, &inode);
}
