/* SPDX-License-Identifier: GPL-2.0 */
/*
 * imgtool sparsify: holes for blocks that are free. The bitmap of ext2, ext3 and
 * ext4 is believed only after e2fsck has found nothing wrong. Of other file
 * systems, the guest that has it mounted tells its disk what is free.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/check/tool.h"
#include "imgtool/edit/edit.h"
#include "imgtool/engine/change.h"
#include "imgtool/engine/engine.h"
#include "imgtool/image/io.h"
#include "imgtool/image/kind.h"
#include "imgtool/image/target.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "imgtool/size.h"
#include "imgtool/view/verbs.h"
#include "imgtool/view/view.h"
#include "ubd/format/format.h"

const struct verb_option verb_sparsify_options[] = {
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VIEW_OPTION_JSON,
	{ "quiet", OPTION_QUIET, NULL, "print errors only" },
	VERB_OPTIONS_END
};

static bool as_json;

/* Whole sectors of the format only. What is the backing's stays so. */
static int punch_cow(struct disk *disk, uint64_t offset, uint64_t length)
{
	uint64_t n = disk->granule, end = (offset + length) / n * n;

	offset = (offset + n - 1) / n * n;
	return offset < end ? disk->image->fmt->discard(disk->image, offset,
							end - offset) : 0;
}

static int punch(struct disk *disk, uint64_t offset, uint64_t length)
{
	int r;

	if (offset > disk->size || length > disk->size - offset)
		return msg_error(disk->name, "ends before its file system does");
	if (disk->image) {
		r = punch_cow(disk, disk->offset + offset, length);
		return r < 0 ? msg_errno(disk->name, -r, "holes cannot be made "
					 "here") : 0;
	}
	if (fallocate(disk->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (off_t)(disk->offset + offset), (off_t)length))
		return msg_errno(disk->name, errno, "holes cannot be made here");
	return 0;
}

static int punch_all(struct disk *disk, ext2_filsys fs)
{
	blk64_t at = fs->super->s_first_data_block, next;
	blk64_t last = ext2fs_blocks_count(fs->super) - 1;

	while (at <= last && !ext2fs_find_first_zero_block_bitmap2(
			fs->block_map, at, last, &at)) {
		if (ext2fs_find_first_set_block_bitmap2(fs->block_map, at, last,
							&next))
			next = last + 1;
		if (punch(disk, at * fs->blocksize,
			  (next - at) * fs->blocksize))
			return -1;
		at = next;
		progress_show(at, last);
	}
	return 0;
}

static int punch_free(struct disk *disk, ext2_filsys fs)
{
	int r;

	progress_begin(disk->name);
	r = punch_all(disk, fs);
	progress_end();
	return r;
}

/* -1: reported */
static int check(struct disk *disk)
{
	const char *const look[] = { "-f", "-n", NULL };
	int fd, r;

	if (!disk->image)
		return tool_quiet("e2fsck", look, disk->fd, disk->offset, NULL,
				  0, disk->name);
	fd = tool_copy(disk);
	if (fd < 0)
		return -1;
	r = tool_quiet("e2fsck", look, fd, 0, NULL, 0, disk->name);
	close(fd);
	return r;
}

static int sparsify_fs(struct disk *disk)
{
	ext2_filsys fs;
	int r = -1;

	if (*disk->fs && strncmp(disk->fs, "ext", 3))
		return msg_error(disk->name, "has %s, of which only a guest "
				 "knows what is free",
				 kind_of_contents(disk->fs));
	tool_limit_size(disk);
	if (tool_fits(disk) || check(disk) < 0)
		return -1;
	disk_io_use(disk, NULL);
	if (ext2fs_open2("disk", NULL, EXT2_FLAG_64BITS, 0, 0, disk_io_manager,
			 &fs))
		return msg_error(disk->name, "has no ext2, ext3 or ext4 file "
				 "system that can be read");
	if (ext2fs_has_feature_journal_needs_recovery(fs->super))
		msg_error(disk->name, "was not unmounted; imgtool fsck --repair "
			  "makes that good");
	else if (ext2fs_read_block_bitmap(fs))
		msg_error(disk->name, "its block bitmap cannot be read");
	else
		r = punch_free(disk, fs);
	ext2fs_free(fs);
	return r;
}

static void report(const char *name, uint64_t bytes)
{
	struct json json = { .out = stdout };
	char text[16];

	if (as_json) {
		json_begin(&json, NULL, '{');
		json_string(&json, "image", name);
		json_number(&json, "given_back", bytes);
		json_end(&json, '}');
		json_done(&json);
	} else if (!msg_is_quiet()) {
		printf("%s: %s given back\n", name, size_format(bytes, text));
	}
}

/* Takes the target over. -1: reported */
static int trim(struct target *target)
{
	struct edit edit;
	int r;

	if (edit_open(&edit, target) < 0)
		return -1;
	r = edit_begin(&edit) ?: change_trim(&edit.view.fs);
	if (r < 0)
		edit_error(&edit, "/", r);
	return edit_close(&edit) < 0 || r < 0 ? -1 : 0;
}

/* 1: that needs a guest. -1: reported */
static int sparsify_here(const struct target *target)
{
	struct disk disk;
	int r;

	if (disk_open(&disk, target->file, true))
		return -1;
	r = disk_choose(&disk, target->partition);
	if (!r)
		r = engine_wanted(&disk) ? 1 :
		    sparsify_fs(&disk) || disk_sync(&disk) ? -1 : 0;
	disk_close(&disk);
	return r;
}

/* Takes the target over. */
static int sparsify(struct target *target)
{
	char *file = mem_strdup(target->file);
	struct stat before, after;
	int r = stat(file, &before) ?
		msg_errno(file, errno, "cannot be looked at") :
		sparsify_here(target);

	if (r > 0)
		r = trim(target);
	if (!r && stat(file, &after))
		r = msg_errno(file, errno, "cannot be looked at");
	if (!r)
		report(file, after.st_blocks < before.st_blocks ?
		       (uint64_t)(before.st_blocks - after.st_blocks) * 512 : 0);
	free(file);
	return r;
}

int verb_sparsify(int argc, char **argv)
{
	const struct verb_setting settings[] = {
		{ OPT_JSON, .flag = &as_json }, { 0 },
	};
	struct verb_args args;
	struct target target;
	int r;

	if (verb_args_read(&args, argc, argv, settings) < 0)
		return args.status;
	if (args.argc != 1)
		return verb_usage_error(args.argc ? args.argv[1] : "IMG",
					"takes one operand");
	if (target_parse(&target, args.argv[0], true))
		return STATUS_FAILED;
	if (target.path) {
		target_free(&target);
		return verb_usage_error(args.argv[0],
					"takes an image, not a path");
	}
	r = sparsify(&target);
	target_free(&target);
	return r ? STATUS_FAILED : STATUS_OK;
}
