/* SPDX-License-Identifier: GPL-2.0 */
/* Opening an image for writing, what is refused, and writing it back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <e2p/e2p.h>

#include "imgtool/check/checker.h"
#include "imgtool/edit/commit.h"
#include "imgtool/edit/copy.h"
#include "imgtool/edit/direct.h"
#include "imgtool/edit/guest.h"
#include "imgtool/engine/change.h"
#include "imgtool/msg.h"
#include "imgtool/size.h"

/* What the library may take besides the blocks that were asked for. */
#define SPARE_BLOCKS 8

#define REPAIR "run e2fsck -p or imgtool fsck --repair first"

#define INCOMPAT_REFUSED                                                       \
	(EXT2_FEATURE_INCOMPAT_COMPRESSION |                                   \
	 EXT3_FEATURE_INCOMPAT_JOURNAL_DEV | EXT4_FEATURE_INCOMPAT_MMP |       \
	 EXT4_FEATURE_INCOMPAT_EA_INODE | EXT4_FEATURE_INCOMPAT_DIRDATA |      \
	 EXT4_FEATURE_INCOMPAT_ENCRYPT | EXT4_FEATURE_INCOMPAT_CASEFOLD)
#define RO_COMPAT_REFUSED                                                      \
	(EXT4_FEATURE_RO_COMPAT_HAS_SNAPSHOT | EXT4_FEATURE_RO_COMPAT_QUOTA |  \
	 EXT4_FEATURE_RO_COMPAT_REPLICA | EXT4_FEATURE_RO_COMPAT_READONLY |    \
	 EXT4_FEATURE_RO_COMPAT_PROJECT |                                      \
	 EXT4_FEATURE_RO_COMPAT_SHARED_BLOCKS | EXT4_FEATURE_RO_COMPAT_VERITY)

static void add_names(char *names, size_t size, int kind, uint32_t features)
{
	int i;

	for (i = 0; i < 32; i++)
		if (features >> i & 1)
			snprintf(names + strlen(names), size - strlen(names),
				 " %s", e2p_feature2string(kind, 1U << i));
}

static int check_features(const struct disk *disk,
			  const struct ext2_super_block *sb)
{
	uint32_t incompat = ext2fs_le32_to_cpu(sb->s_feature_incompat);
	uint32_t ro = ext2fs_le32_to_cpu(sb->s_feature_ro_compat);
	char names[400] = "";

	incompat &= INCOMPAT_REFUSED | ~EXT2_LIB_FEATURE_INCOMPAT_SUPP;
	ro &= RO_COMPAT_REFUSED | ~EXT2_LIB_FEATURE_RO_COMPAT_SUPP;
	add_names(names, sizeof(names), E2P_FEATURE_INCOMPAT, incompat);
	add_names(names, sizeof(names), E2P_FEATURE_RO_INCOMPAT, ro);
	if (!*names)
		return 0;
	return msg_error(disk->name, "uses features that cannot be written "
			 "here:%s", names);
}

static int check_state(const struct disk *disk,
		       const struct ext2_super_block *sb)
{
	uint32_t state = ext2fs_le16_to_cpu(sb->s_state);

	if (ext2fs_le32_to_cpu(sb->s_feature_incompat) &
	    EXT3_FEATURE_INCOMPAT_RECOVER)
		return msg_error(disk->name, "was not unmounted, its journal "
				 "has to be replayed; " REPAIR);
	if (sb->s_last_orphan || (ext2fs_le32_to_cpu(sb->s_feature_ro_compat) &
				  EXT4_FEATURE_RO_COMPAT_ORPHAN_PRESENT))
		return msg_error(disk->name, "has orphans, files that were "
				 "deleted while open; " REPAIR);
	if (state & EXT2_ERROR_FS)
		return msg_error(disk->name, "the file system is marked as "
				 "damaged; " REPAIR);
	if (!(state & EXT2_VALID_FS))
		return msg_error(disk->name, "was not unmounted, or an edit "
				 "was interrupted; " REPAIR);
	return 0;
}

/* Everything that can be told from the superblock alone. What is no file
 * system at all, the reader will say. */
static int check_superblock(struct disk *disk)
{
	struct ext2_super_block sb;

	if (disk_read(disk, 1024, &sb, sizeof(sb)) < 0 ||
	    ext2fs_le16_to_cpu(sb.s_magic) != EXT2_SUPER_MAGIC)
		return 0;
	if (check_features(disk, &sb) < 0 || check_state(disk, &sb) < 0)
		return -1;
	return 0;
}

void edit_set_now(struct edit *edit)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	struct timespec ts;

	if (!epoch || epoch_parse(epoch, &edit->now.sec) < 0) {
		/* the clock of time(2): to e2fsck, run at once, a finer one
		 * may be in the future */
		clock_gettime(CLOCK_REALTIME_COARSE, &ts);
		edit->now.sec = ts.tv_sec;
		edit->now.nsec = ts.tv_nsec;
	}
	if (!edit->lib)
		return;
	/* The library's own stamps have 32 bits, and 0 is the clock. */
	edit->lib->now = edit->now.sec < 1 ? 1 :
			 edit->now.sec > UINT32_MAX ? UINT32_MAX :
			 edit->now.sec;
}

static const struct edit_ops direct_ops = {
	.begin = direct_begin,
	.close = direct_close,
	.strerror = direct_strerror,
	.reserve = direct_reserve,
	.new_file = direct_new_file,
	.enter = direct_enter,
	.free_inode = direct_free_inode,
	.mkdir = direct_mkdir,
	.rmdir = direct_rmdir,
	.clear_dir = direct_clear_dir,
	.unlink = direct_unlink,
	.hard_link = direct_hard_link,
	.check_outside = direct_check_outside,
	.rename = direct_rename,
	.symlink = direct_symlink,
	.truncate = direct_truncate,
	.allocate = direct_allocate,
	.write = direct_write,
	.set_size = direct_set_size,
	.set_attr = direct_set_attr,
	.set_xattr = direct_set_xattr,
};

/* The disk, and what it is refused for. */
static int open_disk(struct view *view)
{
	struct disk *disk = &view->disk;

	disk->fd = -1;
	if (disk_open(disk, view->target.file, true) < 0 ||
	    disk_choose(disk, view->target.partition) < 0)
		return -1;
	return engine_wanted(disk) ? 0 : check_superblock(disk);
}

int edit_open(struct edit *edit, struct target *target)
{
	struct view *view = &edit->view;

	memset(edit, 0, sizeof(*edit));
	view->target = *target;
	memset(target, 0, sizeof(*target));
	if (open_disk(view) < 0 ||
	    fs_open(&view->fs, &view->disk) < 0) {
		view_close(view);
		return -1;
	}
	if (engine_is(&view->fs)) {
		edit->ops = &guest_ops;
		edit->block_size = 4096;
		edit_set_now(edit);
		return 0;
	}
	edit->ops = &direct_ops;
	edit->ext = view->fs.private;
	edit->lib = edit->ext->fs;
	edit->block_size = edit->lib->blocksize;
	edit_set_now(edit);
	/* Without it to compare with, the library writes the superblock at
	 * once, and not byte by byte with a wrong checksum between. */
	ext2fs_free_mem(&edit->lib->orig_super);
	return 0;
}

int edit_open_operand(struct edit *edit, const char *exact,
		      const char *operand)
{
	struct target target;

	if (exact)
		target_exact(&target, exact, 0, operand);
	else if (target_parse(&target, operand, true) < 0)
		return -1;
	return edit_open(edit, &target);
}

int edit_from_library(errcode_t err)
{
	switch (err) {
	case 0:
		return 0;
	case EXT2_ET_BLOCK_ALLOC_FAIL:
	case EXT2_ET_INODE_ALLOC_FAIL:
	case EXT2_ET_TOOSMALL:
		return -ENOSPC;
	case EXT2_ET_EA_NO_SPACE:
		return -E2BIG;
	case EXT2_ET_EA_KEY_NOT_FOUND:
		return -ENODATA;
	case EXT2_ET_NO_MEMORY:
		return -ENOMEM;
	case EXT2_ET_SHORT_READ:
	case EXT2_ET_SHORT_WRITE:
		return -EIO;
	case EXT2_ET_FILE_TOO_BIG:
		return -EFBIG;
	}
	/* -EPERM would be the -1 of what has been reported */
	if (err == EPERM)
		return -EIO;
	return err > 0 && err < 256 ? -(int)err : -EUCLEAN;
}

const char *direct_strerror(const struct edit *edit, int err)
{
	return err == -ENOSPC && !edit->lib->super->s_free_inodes_count ?
	       "the image has no free inode left" : NULL;
}

const char *edit_strerror(const struct edit *edit, int err)
{
	const char *text = edit->ops->strerror(edit, err);

	if (text)
		return text;
	switch (-err) {
	case ENOSPC:
		return "no space left in the image";
	case E2BIG:
		return "the attributes do not fit into the inode and a block";
	case EMLINK:
		return "has as many links as there can be";
	case EFBIG:
		return "is larger than a file can be in this file system";
	case EACCES:
		return "is immutable or append-only, as lsattr shows";
	case EBUSY:
		return "has no name of its own";
	case EEXIST:
		return "is there already";
	case EINTR:
		return "interrupted";
	}
	return fs_strerror(err);
}

int edit_error(const struct edit *edit, const char *path, int err)
{
	const char *object = view_name(&edit->view, path);

	if (err == -1)
		return -1;
	if (err == -FS_GONE || err == -EUCLEAN)
		return fs_error(&edit->view.fs, object, err);
	return msg_error(object, "%s", edit_strerror(edit, err));
}

int edit_write_state(struct edit *edit, bool valid)
{
	ext2_filsys lib = edit->lib;
	errcode_t err;

	if (valid)
		lib->super->s_state |= EXT2_VALID_FS;
	else
		lib->super->s_state &= ~EXT2_VALID_FS;
	ext2fs_mark_super_dirty(lib);
	lib->flags |= EXT2_FLAG_SUPER_ONLY;
	err = ext2fs_flush2(lib, EXT2_FLAG_FLUSH_NO_SYNC);
	lib->flags &= ~EXT2_FLAG_SUPER_ONLY;
	return edit_from_library(err) ?: disk_sync(&edit->view.disk);
}

int direct_begin(struct edit *edit)
{
	errcode_t err;
	int r;

	if (edit->changed)
		return 0;
	interrupted_begin();
	err = ext2fs_read_bitmaps(edit->lib);
	if (err)
		return edit_from_library(err);
	/* Backups of the superblock are for what changes geometry. */
	edit->lib->flags |= EXT2_FLAG_MASTER_SB_ONLY;
	r = edit_write_state(edit, false);
	edit->changed = r == 0;
	return r;
}

int direct_reserve(const struct edit *edit, uint64_t blocks)
{
	uint64_t free = ext2fs_free_blocks_count(edit->lib->super);

	if (edit->commits)
		free -= commits_waiting(edit->commits, blocks + SPARE_BLOCKS);
	return free < SPARE_BLOCKS || blocks > free - SPARE_BLOCKS ? -ENOSPC :
								     0;
}

/* All but the mark, then the mark. */
static int write_back(struct edit *edit)
{
	int r = edit_from_library(ext2fs_flush2(edit->lib,
						EXT2_FLAG_FLUSH_NO_SYNC));

	if (r == 0)
		r = disk_sync(&edit->view.disk);
	return r ?: edit_write_state(edit, true);
}

int direct_close(struct edit *edit)
{
	return edit->changed ? write_back(edit) : 0;
}

int edit_close(struct edit *edit)
{
	int r = edit->ops->close(edit);

	if (r < 0)
		msg_error(edit->view.disk.name, "writing failed (%s)%s",
			  edit_strerror(edit, r),
			  checker_repairs(edit->view.fs.type) ?
			  "; run imgtool fsck --repair" : "");
	view_close(&edit->view);
	interrupted_end();
	return r < 0 ? -1 : 0;
}
