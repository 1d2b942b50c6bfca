/* SPDX-License-Identifier: GPL-2.0 */
/* See ext.h. This file: opening, attributes, contents, links. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <e2p/e2p.h>

#include "imgtool/engine/engine.h"
#include "imgtool/image/io.h"
#include "imgtool/image/kind.h"
#include "imgtool/msg.h"
#include "imgtool/view/ext.h"

static int from_library(errcode_t err)
{
	if (err == EXT2_ET_SHORT_READ)
		return -EIO;
	if (err > 0 && err < 256)
		return -(int)err;
	return err == EXT2_ET_NO_MEMORY ? -ENOMEM : -EUCLEAN;
}

int ext_load(struct ext *ext, uint64_t ino)
{
	struct ext2_super_block *sb = ext->fs->super;
	errcode_t err;

	if (ext->ino == ino)
		return 0;
	ext->ino = 0;
	if (!ino || ino > sb->s_inodes_count)
		return -EUCLEAN;
	ext->inode_size = EXT2_INODE_SIZE(sb);
	memset(&ext->inode, 0, sizeof(ext->inode.large));
	err = ext2fs_read_inode_full(ext->fs, ino,
				     (struct ext2_inode *)&ext->inode.large,
				     ext->inode_size);
	/* A wrong checksum is fsck's business; the fields are checked. */
	if (err && err != EXT2_ET_INODE_CSUM_INVALID)
		return from_library(err);
	ext->ino = ino;
	return 0;
}

uint64_t ext_size(const struct ext *ext)
{
	const struct ext2_inode_large *i = &ext->inode.large;

	return i->i_size | (uint64_t)i->i_size_high << 32;
}

bool ext_is_inline(const struct ext *ext)
{
	return ext->inode.large.i_flags & EXT4_INLINE_DATA_FL;
}

int ext_read_block(struct ext *ext, uint64_t number, void *data)
{
	errcode_t err;

	if (number < ext->fs->super->s_first_data_block ||
	    number >= ext2fs_blocks_count(ext->fs->super))
		return -EUCLEAN;
	err = io_channel_read_blk64(ext->fs->io, number, 1, data);
	return err ? from_library(err) : 0;
}

/* Is the field of the large inode that ends at END stored? */
static bool has_field(const struct ext *ext, size_t end)
{
	return ext->inode_size > EXT2_GOOD_OLD_INODE_SIZE &&
	       end <= (size_t)EXT2_GOOD_OLD_INODE_SIZE +
			      ext->inode.large.i_extra_isize &&
	       end <= ext->inode_size;
}

#define HAS(ext, field)                                                        \
	has_field(ext, offsetof(struct ext2_inode_large, field) +              \
			       sizeof((ext)->inode.large.field))

static struct fs_time decode_time(uint32_t sec, bool has_extra, uint32_t extra)
{
	struct fs_time t = { .sec = (int32_t)sec };

	if (has_extra) {
		t.sec += (int64_t)(extra & 3) << 32;
		t.nsec = extra >> 2;
		if (t.nsec > 999999999)
			t.nsec = 999999999;
	}
	return t;
}

static void decode_times(const struct ext *ext, struct fs_attr *attr)
{
	const struct ext2_inode_large *i = &ext->inode.large;

	attr->atime = decode_time(i->i_atime, HAS(ext, i_atime_extra),
				  i->i_atime_extra);
	attr->mtime = decode_time(i->i_mtime, HAS(ext, i_mtime_extra),
				  i->i_mtime_extra);
	attr->ctime = decode_time(i->i_ctime, HAS(ext, i_ctime_extra),
				  i->i_ctime_extra);
	attr->has_crtime = HAS(ext, i_crtime);
	if (attr->has_crtime)
		attr->crtime = decode_time(i->i_crtime,
					   HAS(ext, i_crtime_extra),
					   i->i_crtime_extra);
}

static uint64_t decode_blocks(const struct ext *ext)
{
	const struct ext2_inode_large *i = &ext->inode.large;
	uint64_t n = i->i_blocks;

	if (!ext2fs_has_feature_huge_file(ext->fs->super))
		return n;
	n |= (uint64_t)i->osd2.linux2.l_i_blocks_hi << 32;
	if (i->i_flags & EXT4_HUGE_FILE_FL)
		n *= ext->fs->blocksize / 512;
	return n;
}

static void decode_device(const struct ext *ext, struct fs_attr *attr)
{
	const struct ext2_inode_large *i = &ext->inode.large;
	dev_t dev = i->i_block[1];

	if (i->i_block[0]) {
		attr->major = i->i_block[0] >> 8 & 0xff;
		attr->minor = i->i_block[0] & 0xff;
	} else {
		attr->major = (dev & 0xfff00) >> 8;
		attr->minor = (dev & 0xff) | (dev >> 12 & 0xfff00);
	}
}

/* What is longer cannot be mapped: extents have block numbers of 32 bits,
 * other files 12 direct blocks and three trees. */
static uint64_t size_most(const struct ext *ext)
{
	uint64_t bs = ext->fs->blocksize, per = bs / 4;
	uint64_t blocks = EXT2_NDIR_BLOCKS + per + per * per + per * per * per;

	if ((ext->inode.large.i_flags & EXT4_EXTENTS_FL) || blocks >> 32)
		blocks = 1ULL << 32;
	return blocks * bs;
}

static int ext_stat(struct fs *fs, uint64_t ino, struct fs_attr *attr)
{
	struct ext *ext = fs->private;
	const struct ext2_inode_large *i = &ext->inode.large;
	int r = ext_load(ext, ino);

	memset(attr, 0, sizeof(*attr));
	if (r < 0)
		return r;
	attr->ino = attr->number = ino;
	attr->mode = i->i_mode;
	attr->uid = inode_uid(*i);
	attr->gid = inode_gid(*i);
	attr->nlink = i->i_links_count;
	attr->size = ext_size(ext);
	attr->blocks = decode_blocks(ext);
	attr->flags = i->i_flags;
	decode_times(ext, attr);
	if (S_ISCHR(attr->mode) || S_ISBLK(attr->mode))
		decode_device(ext, attr);
	if (!attr->mode)
		return -EUCLEAN;
	return attr->size > size_most(ext) ? -EUCLEAN : 0;
}

static ssize_t read_inline(struct ext *ext, uint64_t offset, void *data,
			   size_t length)
{
	uint64_t size = ext_size(ext);
	uint8_t all[65536 + 60];
	const uint8_t *rest;
	size_t more;
	int r;

	memset(all, 0, sizeof(all));
	memcpy(all, ext->inode.large.i_block, 60);
	r = ext_inline_rest(ext, &rest, &more);
	if (r < 0)
		return r;
	if (more > 65536 || size > 60 + more)
		return -EUCLEAN;
	if (more)
		memcpy(all + 60, rest, more);
	if (offset >= size)
		return 0;
	if (length > size - offset)
		length = size - offset;
	memcpy(data, all + offset, length);
	return length;
}

/* A run of data, or the part of it that was asked for: from the disk at once,
 * unless a journal has newer blocks. */
static int read_run(struct ext *ext, uint64_t block, size_t skip, void *data,
		    size_t length)
{
	size_t size = ext->fs->blocksize, n;
	uint64_t count = (skip + length + size - 1) / size;
	struct disk *disk = ext->fs->io->app_data;
	int r = 0;

	if (!disk_io_overlaid(ext->fs->io, block, count))
		return disk_read(disk, block * size + skip, data, length);
	for (; length && !r; block++, skip = 0) {
		n = length < size - skip ? length : size - skip;
		r = ext_read_block(ext, block, ext->block);
		memcpy(data, ext->block + skip, n);
		data = (char *)data + n;
		length -= n;
	}
	return r;
}

static ssize_t ext_read(struct fs *fs, uint64_t ino, uint64_t offset,
			void *data, size_t length)
{
	struct ext *ext = fs->private;
	uint64_t size, bs = ext->fs->blocksize, n;
	struct ext_run run;
	size_t done = 0;
	int r = ext_load(ext, ino);

	if (r < 0)
		return r;
	if (ext->inode.large.i_flags & EXT4_ENCRYPT_FL)
		return -EOPNOTSUPP;
	if (ext_is_inline(ext))
		return read_inline(ext, offset, data, length);
	size = ext_size(ext);
	if (offset >= size)
		return 0;
	if (length > size - offset)
		length = size - offset;
	while (done < length) {
		r = ext_map(ext, offset / bs, &run);
		if (r < 0)
			return r;
		n = run.count * bs - offset % bs;
		if (n > length - done)
			n = length - done;
		if (run.physical)
			r = read_run(ext, run.physical, offset % bs,
				     (char *)data + done, n);
		else
			memset((char *)data + done, 0, n);
		if (r < 0)
			return r;
		done += n;
		offset += n;
	}
	return done;
}

static int ext_data(struct fs *fs, uint64_t ino, uint64_t offset,
		    uint64_t *start, uint64_t *end)
{
	struct ext *ext = fs->private;
	uint64_t bs = ext->fs->blocksize, size, at, first;
	struct ext_run run = { 0 };
	int r = ext_load(ext, ino);

	if (r < 0)
		return r;
	size = *start = *end = ext_size(ext);
	if (ext_is_inline(ext) && offset < size)
		*start = offset;
	if (ext_is_inline(ext) || offset >= size)
		return 0;
	for (at = offset / bs; at * bs < size; at += run.count) {
		r = ext_map(ext, at, &run);
		if (r < 0)
			return r;
		if (run.physical)
			break;
	}
	if (at * bs >= size)
		return 0;
	*start = at * bs > offset ? at * bs : offset;
	for (first = at; at * bs < size && run.physical; at += run.count) {
		r = ext_map(ext, at, &run);
		/* there cannot be more data than there are blocks */
		if (at - first > ext2fs_blocks_count(ext->fs->super))
			r = -EUCLEAN;
		if (r < 0)
			return r;
		if (!run.physical)
			break;
	}
	*end = at * bs < size ? at * bs : size;
	return 0;
}

static int ext_readlink(struct fs *fs, uint64_t ino, char *target)
{
	struct ext *ext = fs->private;
	int r = ext_load(ext, ino);
	uint64_t size;
	ssize_t n;

	if (r < 0)
		return r;
	if (!S_ISLNK(ext->inode.large.i_mode))
		return -EINVAL;
	if (ext->inode.large.i_flags & EXT4_ENCRYPT_FL)
		return -EOPNOTSUPP;
	size = ext_size(ext);
	if (size > FS_LINK_LONGEST)
		return -EUCLEAN;
	if (size < 60 && !ext_is_inline(ext)) {
		memcpy(target, ext->inode.large.i_block, size);
	} else {
		n = ext_read(fs, ino, 0, target, size);
		if (n < 0)
			return n;
		if ((uint64_t)n != size)
			return -EUCLEAN;
	}
	target[size] = 0;
	return strlen(target) == size ? 0 : -EUCLEAN;
}

/* The superblock's numbers are not kept up to date while it is mounted. */
static void sum_up(ext2_filsys fs, struct fs_usage *usage)
{
	dgrp_t i;

	usage->free_blocks = usage->free_inodes = 0;
	for (i = 0; i < fs->group_desc_count; i++) {
		usage->free_blocks += (uint64_t)EXT2FS_C2B(fs,
			ext2fs_bg_free_blocks_count(fs, i));
		usage->free_inodes += ext2fs_bg_free_inodes_count(fs, i);
	}
}

static int ext_usage(struct fs *fs, struct fs_usage *usage)
{
	struct ext *ext = fs->private;
	struct ext2_super_block *sb = ext->fs->super;

	usage->block_size = ext->fs->blocksize;
	usage->blocks = ext2fs_blocks_count(sb);
	usage->free_blocks = ext2fs_free_blocks_count(sb);
	usage->inodes = sb->s_inodes_count;
	usage->free_inodes = sb->s_free_inodes_count;
	if (ext->needs_recovery)
		sum_up(ext->fs, usage);
	if (usage->free_blocks > usage->blocks)
		usage->free_blocks = usage->blocks;
	if (usage->free_inodes > usage->inodes)
		usage->free_inodes = usage->inodes;
	return 0;
}

static void ext_close(struct fs *fs)
{
	struct ext *ext = fs->private;

	if (ext->fs)
		ext2fs_free(ext->fs);
	free(ext->block);
	free(ext);
}

static const struct fs_ops ext_ops = {
	.stat = ext_stat,
	.readdir = ext_readdir,
	.read = ext_read,
	.data = ext_data,
	.readlink = ext_readlink,
	.xattrs = ext_xattrs,
	.usage = ext_usage,
	.close = ext_close,
};

static void name_type(struct fs *fs, struct ext2_super_block *sb)
{
	const char *type = "ext2";

	if (ext2fs_has_feature_extents(sb) || ext2fs_has_feature_64bit(sb) ||
	    ext2fs_has_feature_flex_bg(sb) ||
	    ext2fs_has_feature_metadata_csum(sb))
		type = "ext4";
	else if (ext2fs_has_feature_journal(sb))
		type = "ext3";
	strcpy(fs->type, type);
}

/* The names of incompatible features that the library does not know. */
static int report_features(const struct disk *disk)
{
	struct ext2_super_block sb;
	uint32_t unknown;
	char names[200] = "";
	int i;

	if (disk_read((struct disk *)disk, 1024, &sb, sizeof(sb)) < 0)
		return msg_error(disk->name, "%s", fs_strerror(EIO));
	unknown = ext2fs_le32_to_cpu(sb.s_feature_incompat) &
		  ~EXT2_LIB_FEATURE_INCOMPAT_SUPP;
	for (i = 0; i < 32; i++)
		if (unknown >> i & 1)
			snprintf(names + strlen(names),
				 sizeof(names) - strlen(names), " %s",
				 e2p_feature2string(E2P_FEATURE_INCOMPAT,
						    1U << i));
	return msg_error(disk->name, "uses features that cannot be read "
			 "here:%s", names);
}

/* It has no file system of ours. */
static int report_other(struct disk *disk)
{
	const char *what = kind_of_contents(disk->fs), *packed;
	char head[KIND_HEAD] = "";

	if (*disk->fs && engine_find_type(disk->fs))
		return msg_error(disk->name, "has %s, which a guest reads; by "
				 "itself imgtool reads ext2, ext3 and ext4",
				 what);
	if (*disk->fs && strncmp(disk->fs, "ext", 3))
		return msg_error(disk->name, "has %s, which cannot be read "
				 "here", what);
	disk_read(disk, 0, head, disk->size < sizeof(head) ? disk->size :
							     sizeof(head));
	packed = kind_of_packed(head, sizeof(head));
	if (packed)
		return msg_error(disk->name, "is compressed (%s); images are "
				 "read uncompressed", packed);
	return msg_error(disk->name, "has no ext2, ext3 or ext4 file system");
}

static int report_open(struct disk *disk, errcode_t err)
{
	switch (err) {
	case EXT2_ET_UNSUPP_FEATURE:
		return report_features(disk);
	case EXT2_ET_SHORT_READ:
		if (!strncmp(disk->fs, "ext", 3))
			return msg_error(disk->name, "the image ends before "
					 "its file system does");
		return report_other(disk);
	case EXT2_ET_BAD_MAGIC:
		return report_other(disk);
	}
	return msg_error(disk->name, "the file system is damaged: its "
			 "superblock or descriptors make no sense; "
			 "e2fsck may repair it");
}

/* What the library does not check, and what follows relies on. */
static bool sane(const struct ext *ext, const struct disk *disk)
{
	struct ext2_super_block *sb = ext->fs->super;
	uint64_t blocks = ext2fs_blocks_count(sb);

	return ext->fs->blocksize >= 1024 && ext->fs->blocksize <= 65536 &&
	       EXT2_INODE_SIZE(sb) >= EXT2_GOOD_OLD_INODE_SIZE &&
	       EXT2_INODE_SIZE(sb) <= sizeof(ext->inode) &&
	       blocks <= UINT64_MAX / ext->fs->blocksize &&
	       blocks > sb->s_first_data_block && disk->size >= 2048;
}

static errcode_t open_library(struct disk *disk, struct overlay *overlay,
			      ext2_filsys *lib)
{
	errcode_t err;

	disk_io_use(disk, overlay);
	err = ext2fs_open2("disk", NULL, EXT2_FLAG_64BITS |
			   (disk->writable ? EXT2_FLAG_RW :
			    EXT2_FLAG_SOFTSUPP_FEATURES |
			    EXT2_FLAG_IGNORE_CSUM_ERRORS), 0, 0,
			   disk_io_manager, lib);
	if (!err)
		(*lib)->io->app_data = disk;
	return err;
}

/* Superblock and descriptors again, as the journal has them. */
static int open_replayed(struct ext *ext, struct disk *disk)
{
	unsigned int block_size = ext->fs->blocksize;
	struct overlay *overlay = ext_replay(ext, disk->name);
	errcode_t err;

	if (!overlay)
		return -1;
	ext2fs_free(ext->fs);
	ext->ino = 0;
	err = open_library(disk, overlay, &ext->fs);
	if (err) {
		ext->fs = NULL;
		return report_open(disk, err);
	}
	if (ext->fs->blocksize != block_size || !sane(ext, disk))
		return report_open(disk, EXT2_ET_CORRUPT_SUPERBLOCK);
	ext2fs_set_feature_journal_needs_recovery(ext->fs->super);
	ext->needs_recovery = true;
	return 0;
}

int ext_open(struct fs *fs)
{
	struct disk *disk = fs->disk;
	struct ext *ext;
	ext2_filsys lib;
	errcode_t err;

	initialize_ext2_error_table();
	err = open_library(disk, NULL, &lib);
	if (err)
		return report_open(disk, err);
	ext = mem_zalloc(sizeof(*ext));
	ext->fs = lib;
	ext->block = mem_alloc(lib->blocksize);
	fs->private = ext;
	fs->ops = &ext_ops;
	fs->root = EXT2_ROOT_INO;
	fs->data_most = disk->size;
	if (!sane(ext, disk)) {
		fs_close(fs);
		return report_open(disk, EXT2_ET_CORRUPT_SUPERBLOCK);
	}
	ext->blocks_most = disk->allocated / lib->blocksize + 16;
	/* (who writes refuses it) */
	if (ext2fs_has_feature_journal_needs_recovery(lib->super) &&
	    !disk->writable && open_replayed(ext, disk) < 0) {
		fs_close(fs);
		return -1;
	}
	name_type(fs, ext->fs->super);
	return 0;
}

const struct ext2_super_block *ext_super(const struct fs *fs)
{
	const struct ext *ext = fs->private;

	return fs->ops == &ext_ops ? ext->fs->super : NULL;
}
