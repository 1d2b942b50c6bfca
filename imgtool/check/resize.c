/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool resize: on a copy, since a resize2fs that is killed leaves ruins. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/check/retable.h"
#include "imgtool/check/tool.h"
#include "imgtool/image/kind.h"
#include "imgtool/io/output.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "imgtool/size.h"
#include "imgtool/view/verbs.h"

#define SECTOR 512

const struct verb_option verb_resize_options[] = {
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

/* Can it be done with such a disk? -1: reported */
static int check_disk(const struct disk *disk, struct stat *st)
{
	if (disk->image)
		return msg_error(disk->name, "is a COW file, which has the size "
				 "of its backing; resize a raw image of it, "
				 "which imgtool convert %s NEW makes",
				 disk->name);
	if (!disk->partition_count && strncmp(disk->fs, "ext", 3))
		return *disk->fs ?
		       msg_error(disk->name, "has %s; the size of ext2, ext3 "
				 "and ext4 can be changed. imgtool cp -a copies "
				 "it to a new image",
				 kind_of_contents(disk->fs)) :
		       msg_error(disk->name, "has no ext2, ext3 or ext4 file "
				 "system");
	if (fstat(disk->fd, st) || !S_ISREG(st->st_mode))
		return msg_error(disk->name, "is not a regular file");
	return 0;
}

static int copy_data(const struct disk *disk, struct output *out)
{
	off_t at, end = 0, size = (off_t)disk->file_size;

	while (end < size) {
		at = lseek(disk->fd, end, SEEK_DATA);
		if (at < 0 && errno == ENXIO)	/* there are no more */
			break;
		if (at < 0)
			return msg_errno(disk->name, errno, "cannot be read");
		end = lseek(disk->fd, at, SEEK_HOLE);
		if (end < 0)
			end = size;
		if (output_copy(out, (uint64_t)at, disk->fd, (uint64_t)at,
				(uint64_t)(end - at), disk->name))
			return -1;
	}
	return output_flush(out);
}

static int copy(const struct disk *disk, struct output *out)
{
	int r;

	progress_begin(disk->name);
	progress_expect(disk->allocated);
	r = copy_data(disk, out);
	progress_end();
	return r;
}

/* The file system at OFFSET of the copy gets SIZE bytes. */
static int resize_fs(const struct disk *disk, struct output *out,
		     uint64_t offset, uint64_t size)
{
	const char *const check[] = { "-f", "-p", NULL };
	const char *const nothing[] = { NULL };
	char sectors[32];

	tool_limit_size(disk);
	snprintf(sectors, sizeof(sectors), "%" PRIu64 "s", size / SECTOR);
	return tool_quiet("e2fsck", check, out->fd, offset, NULL, 1,
			  disk->name) < 0 ||
	       tool_quiet("resize2fs", nothing, out->fd, offset, sectors, 0,
			  disk->name) < 0 ? -1 : 0;
}

static int resize_copy(const struct disk *disk, struct output *out,
		       uint64_t size)
{
	const struct partition *part = NULL;
	uint64_t room = size;

	if (disk->partition_count) {
		part = retable_last(disk);
		room = part ? retable_room(disk, part, size) : 0;
		if (!room)
			return -1;
	}
	if (copy(disk, out) ||
	    output_resize(out, size > disk->file_size ? size :
			  disk->file_size) ||
	    resize_fs(disk, out, part ? part->offset : 0, room))
		return -1;
	return part ? retable_write(disk, part, out, size, room) ||
		      output_flush(out) ? -1 : 0 : output_resize(out, size);
}

static int resize(const struct disk *disk, uint64_t size)
{
	struct output out;
	struct stat st;

	if (check_disk(disk, &st) || output_open(&out, disk->name))
		return -1;
	if (resize_copy(disk, &out, size)) {
		output_abort(&out);
		return -1;
	}
	/* an owner that we cannot give it is then ours */
	if (fchown(out.fd, st.st_uid, st.st_gid))
		errno = 0;
	if (fchmod(out.fd, st.st_mode & 07777) || fsync(out.fd)) {
		msg_errno(disk->name, errno, "cannot be written");
		output_abort(&out);
		return -1;
	}
	return output_commit(&out);
}

int verb_resize(int argc, char **argv)
{
	const struct verb_setting settings[] = { { 0 } };
	struct verb_args args;
	struct disk disk;
	uint64_t size;
	int r;

	if (verb_args_read(&args, argc, argv, settings) < 0)
		return args.status;
	if (args.argc != 2)
		return verb_usage_error(args.argc < 2 ? "IMG SIZE" :
					args.argv[2], "takes two operands");
	if (size_parse(args.argv[1], &size) || !size || size % SECTOR)
		return verb_usage_error(args.argv[1], "is not a size of whole "
					"sectors");
	if (disk_open(&disk, args.argv[0], true))
		return STATUS_FAILED;
	r = resize(&disk, size);
	disk_close(&disk);
	return r ? STATUS_FAILED : STATUS_OK;
}
