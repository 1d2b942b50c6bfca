/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool info: containers and partitions; see info.h for what is on them. */
#include <string.h>

#include "imgtool/engine/engine.h"
#include "imgtool/msg.h"
#include "imgtool/view/info.h"
#include "imgtool/view/verbs.h"

const struct verb_option verb_info_options[] = {
	{ "packages", 'p', NULL, "list packages, not only their number" },
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VIEW_OPTION_JSON,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

struct info {
	struct report report;
	struct disk disk;
	const char *image;
	bool list;
};

static bool is_ext(const char *fs)
{
	return !strncmp(fs, "ext", 3);
}

/* Without a kernel that has it, saying which file system it is will do. */
static bool can_read(const char *type)
{
	return is_ext(type) || (engine_reads(type) && engine_is_there(type));
}

/* The file system on the chosen part of the disk, which blkid calls TYPE. */
static int put_fs(struct info *info, const char *type)
{
	struct report *r = &info->report;
	int status = 0;
	struct fs fs;

	report_begin(r, "filesystem", '{');
	if (can_read(type) && fs_open(&fs, &info->disk) == 0) {
		report_bool(r, "readable", true);
		status = info_fs(r, &fs, info->disk.name, info->list);
		fs_close(&fs);
	} else {
		report_bool(r, "readable", false);
		report_string(r, "type", type);
		info_names(r, &info->disk);
		/* what should be readable has been reported */
		status = can_read(type) ? -1 : 0;
	}
	report_end(r, "filesystem", '}');
	return status;
}

static int put_partition(struct info *info, const struct partition *p)
{
	struct report *r = &info->report;
	int status = 0;

	report_begin(r, NULL, '{');
	report_number(r, "number", p->number);
	report_bytes(r, "offset", p->offset);
	report_bytes(r, "size", p->size);
	report_string(r, "type", p->type);
	if (*p->name)
		report_string(r, "name", p->name);
	if (*p->fs) {
		status = disk_choose(&info->disk, p->number);
		if (status == 0)
			status = put_fs(info, p->fs);
	}
	report_end(r, NULL, '}');
	return status;
}

/* All partitions, or only NUMBER. */
static int put_partitions(struct info *info, unsigned int number)
{
	struct disk *disk = &info->disk;
	bool found = false;
	int status = 0;
	size_t i;

	report_string(&info->report, "table", disk->table);
	report_begin(&info->report, "partitions", '[');
	for (i = 0; i < disk->partition_count; i++) {
		if (number && disk->partitions[i].number != number)
			continue;
		found = true;
		if (put_partition(info, &disk->partitions[i]) < 0)
			status = -1;
	}
	report_end(&info->report, "partitions", ']');
	if (number && !found)
		return msg_error(disk->name, "has no partition %u", number);
	return status;
}

static void put_container(struct info *info)
{
	struct report *r = &info->report;
	const struct disk *disk = &info->disk;
	size_t i;

	report_string(r, "image", disk->name);
	report_string(r, "format", disk->format);
	report_bytes(r, "size", disk->file_size);
	report_bytes(r, "allocated", disk->allocated);
	if (!disk->backing_count)
		return;
	report_begin(r, "backings", '[');
	for (i = 0; i < disk->backing_count; i++) {
		report_begin(r, NULL, '{');
		report_string(r, "file", disk->backings[i].file);
		report_bytes(r, "allocated", disk->backings[i].allocated);
		report_end(r, NULL, '}');
	}
	report_end(r, "backings", ']');
}

static int put_image(struct info *info, const struct target *target)
{
	struct disk *disk = &info->disk;
	int status = 0;

	report_begin(&info->report, NULL, '{');
	put_container(info);
	if (*disk->fs && !target->partition)
		status = put_fs(info, disk->fs);
	if (*disk->table && put_partitions(info, target->partition) < 0)
		status = -1;
	if (!*disk->table && target->partition)
		status = msg_error(disk->name, "has no partitions");
	report_end(&info->report, NULL, '}');
	return status;
}

static int one(struct info *info, const char *operand)
{
	struct target target;
	int status;

	if (info->image)
		target_exact(&target, info->image, 0, NULL);
	else if (target_parse(&target, operand, true) < 0)
		return -1;
	if (target.path) {
		status = msg_error(operand, "is a path in an image; imgtool "
				   "stat shows it");
	} else {
		status = disk_open(&info->disk, target.file, false);
		if (status == 0) {
			status = put_image(info, &target);
			disk_close(&info->disk);
		}
	}
	target_free(&target);
	return status;
}

int verb_info(int argc, char **argv)
{
	struct info info = { .report.out.out = stdout };
	const struct verb_setting settings[] = {
		{ 'p', .flag = &info.list },
		{ OPT_IMAGE, .value = &info.image },
		{ OPT_JSON, .flag = &info.report.json },
		{ 0 },
	};
	struct verb_args args;
	int i, status = 0;

	if (verb_args_read(&args, argc, argv, settings) < 0)
		return args.status;
	if (!args.argc == !info.image)
		return verb_usage_error(NULL, info.image ? "--image is the "
					"image already" : "no image given");
	if (info.report.json)
		json_begin(&info.report.out, NULL, '[');
	for (i = 0; i < (args.argc ?: 1); i++) {
		if (i && !info.report.json)
			putchar('\n');
		if (one(&info, args.argc ? args.argv[i] : NULL) < 0)
			status = -1;
	}
	if (info.report.json) {
		json_end(&info.report.out, ']');
		json_done(&info.report.out);
	}
	return status < 0 ? STATUS_FAILED : STATUS_OK;
}
