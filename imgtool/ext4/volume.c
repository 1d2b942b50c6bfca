/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/ext4/data.h"
#include "imgtool/ext4/dir.h"
#include "imgtool/ext4/disk.h"
#include "imgtool/ext4/inode.h"
#include "imgtool/ext4/library.h"
#include "imgtool/ext4/spool.h"
#include "imgtool/ext4/volume.h"
#include "imgtool/ext4/xattrblock.h"
#include "imgtool/msg.h"

#define MIB_BLOCKS (1 << (20 - BLOCK_BITS))

/* The tree drops an inode: its blocks can be used again. A failure to make
 * them zero was reported and shows again when the output is written. */
static void release(void *context, struct inode *inode)
{
	if (S_ISREG(inode->mode))
		data_release(context, inode);
}

void volume_begin(struct volume *volume, struct output *out, struct tree *tree,
		  const struct profile *profile, uint64_t fixed_bytes)
{
	memset(volume, 0, sizeof(*volume));
	volume->out = out;
	volume->tree = tree;
	volume->profile = profile;
	volume->fixed_bytes = fixed_bytes;
	volume->fixed_blocks = fixed_bytes >> BLOCK_BITS;
	alloc_init(&volume->alloc, layout_header(volume->fixed_blocks,
						 profile));
	alloc_set_every(&volume->alloc, layout_every(volume->fixed_blocks,
						     profile));
	tree->release = release;
	tree->release_context = volume;
}

static int too_small(const struct volume *volume, const struct layout *layout)
{
	uint64_t mib = (layout->blocks + MIB_BLOCKS - 1) / MIB_BLOCKS;

	if (volume->out->base) /* the partition table takes up to this */
		mib += 2;

	return msg_error(volume->out->name, "the size is too small for what "
			 "goes in; use --size %lluM or more",
			 (unsigned long long)mib);
}

static int too_large(const struct volume *volume)
{
	if (volume->fixed_blocks)
		return msg_error(volume->out->name, "the size is more than "
				 "the 16 TiB that an image can have");
	return msg_error(volume->out->name, "the contents are too large for "
			 "--size auto; give the size with --size");
}

int volume_layout(struct volume *volume, uint64_t free_bytes)
{
	struct layout_request request = {
		.profile = volume->profile,
		.inodes = FIRST_FREE_INODE - 2 + volume->inode_count,
		.fixed_blocks = volume->fixed_blocks,
		.free_blocks = blocks_of(free_bytes),
	};
	int r;

	r = layout_compute(&volume->alloc, &request, &volume->layout);
	if (r == 0 && !volume->overflow) {
		layout_place(&volume->alloc, &volume->layout,
			     &volume->placement);
		return 0;
	}
	return r == -EFBIG ? too_large(volume) :
			     too_small(volume, &volume->layout);
}

static int write_symlink(struct volume *volume, const struct inode *inode)
{
	uint64_t block = extents_list(&inode->extents)[0].physical;

	if (output_write(volume->out, block << BLOCK_BITS, inode->target,
			 inode->size) < 0)
		return -1;
	output_own_block(volume->out);
	return 0;
}

static int write_contents(struct volume *volume)
{
	struct inode **n, **end = volume->inodes + volume->inode_count;
	int r = data_copy_all(volume);

	for (n = volume->inodes; n < end && r == 0; n++)
		if (S_ISDIR((*n)->mode))
			r = dir_write(volume, *n);
	for (n = volume->inodes; n < end && r == 0; n++)
		if (S_ISLNK((*n)->mode) && inode_has_extents(*n))
			r = write_symlink(volume, *n);
	return r < 0 ? -1 : xattrs_write(volume);
}

/* The place of an inode in its group's table, in bytes. */
static uint64_t inode_offset(const struct volume *volume, uint32_t number)
{
	uint32_t per_group = volume->layout.inodes_per_group;
	uint64_t table = volume->placement.tables[(number - 1) / per_group];

	return (table << BLOCK_BITS) +
	       (uint64_t)((number - 1) % per_group) * INODE_SIZE;
}

static int write_inode(struct volume *volume, const struct inode *inode,
		       uint8_t data[INODE_SIZE])
{
	if (inode_encode(volume, inode, data) < 0)
		return -1;
	return output_write(volume->out, inode_offset(volume, inode->number),
			    data, INODE_SIZE);
}

static int write_inodes(struct volume *volume)
{
	uint8_t data[INODE_SIZE];
	size_t i;

	for (i = 0; i < volume->inode_count; i++)
		if (write_inode(volume, volume->inodes[i], data) < 0)
			return -1;
	return 0;
}

static int write_journal_superblock(struct volume *volume)
{
	struct ext2fs_journal_params parameters = {
		.num_journal_blocks = volume->layout.journal_blocks,
	};
	uint64_t first = extents_list(&volume->placement.journal)[0].physical;
	char *data;
	int r;

	if (ext2fs_create_journal_superblock2(volume->fs, &parameters, 0,
					      &data))
		return msg_error(volume->out->name, "the journal cannot be "
				 "made: out of memory");
	r = output_write(volume->out, first << BLOCK_BITS, data, BLOCK_SIZE);
	ext2fs_free_mem(&data);
	return r;
}

/* The superblock keeps a copy of where the journal is. */
static void point_to_journal(struct volume *volume, const uint8_t *data)
{
	const struct ext2_inode_large *inode = (const void *)data;
	struct ext2_super_block *sb = volume->fs->super;

	ext2fs_set_feature_journal(sb);
	sb->s_journal_inum = EXT2_JOURNAL_INO;
	sb->s_jnl_backup_type = EXT3_JNL_BACKUP_BLOCKS;
	memcpy(sb->s_jnl_blocks, inode->i_block, sizeof(inode->i_block));
	sb->s_jnl_blocks[15] = inode->i_size_high;
	sb->s_jnl_blocks[16] = inode->i_size;
}

static int write_journal(struct volume *volume)
{
	const struct layout *layout = &volume->layout;
	struct stamp time = { .sec = volume->fs->now };
	struct inode_extra extra = { .tree = volume->placement.journal_tree };
	struct inode journal = {
		.mode = S_IFREG | 0600,
		.nlink = 1,
		.number = EXT2_JOURNAL_INO,
		.size = (uint64_t)layout->journal_blocks << BLOCK_BITS,
		.extents = volume->placement.journal,
		.extra = &extra,
	};
	uint8_t data[INODE_SIZE];

	if (!layout->journal_blocks)
		return 0;
	inode_set_times(&journal, time);
	if (write_journal_superblock(volume) < 0 ||
	    write_inode(volume, &journal, data) < 0)
		return -1;
	point_to_journal(volume, data);
	return 0;
}

uint64_t volume_bytes(const struct volume *volume)
{
	return volume->fixed_bytes ?: volume->layout.blocks << BLOCK_BITS;
}

int volume_write(struct volume *volume)
{
	if (output_resize(volume->out, volume_bytes(volume)) < 0 ||
	    library_begin(volume) < 0 || write_contents(volume) < 0 ||
	    write_inodes(volume) < 0 || write_journal(volume) < 0)
		return -1;
	return library_finish(volume);
}

void volume_end(struct volume *volume)
{
	library_drop(volume);
	spool_close(volume);
	volume->tree->release = NULL;
	alloc_free_all(&volume->alloc);
	placement_free(&volume->placement);
	free(volume->inodes);
	free(volume->xattr_blocks);
	free(volume->xattr_buckets);
	memset(volume, 0, sizeof(*volume));
}
