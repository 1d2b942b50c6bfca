/* SPDX-License-Identifier: GPL-2.0 */
/*
 * imgtool fsck: the container by what `cow check` does, then the file system
 * by its own checker: in a raw image where it is, of a COW file, or a partition
 * for all but e2fsck, on a temporary copy, from which what was changed goes back
 * through the image's writer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/check/checker.h"
#include "imgtool/check/tool.h"
#include "imgtool/cow/cow.h"
#include "imgtool/cow/findings.h"
#include "imgtool/image/disk.h"
#include "imgtool/image/kind.h"
#include "imgtool/image/target.h"
#include "imgtool/msg.h"
#include "imgtool/view/verbs.h"
#include "imgtool/view/view.h"
#include "ubd/format/cow.h"

#define PIECE 4096 /* what is written back at once */

enum { OPT_REPAIR = OPTION_LONG_ONLY, OPT_TIMEOUT };

const struct verb_option verb_fsck_options[] = {
	{ "repair", OPT_REPAIR, NULL, "repair what is found" },
	{ "timeout", OPT_TIMEOUT, "SECONDS",
	  "of processor time for that; 0: for ever (by the size)" },
	VERB_OPTION_ALLOW_BACKING,
	VIEW_OPTION_JSON,
	{ "quiet", OPTION_QUIET, NULL, "print nothing that the checker says" },
	VERB_OPTIONS_END
};

static bool repair, as_json, has_limit;

/* What differs in the copy goes back. -1: reported */
static int copy_back(struct disk *disk, int fd)
{
	static char now[PIECE], old[PIECE];
	uint64_t at;
	size_t n;
	int r = 0;

	for (at = 0; at < disk->size && !r; at += n) {
		n = disk->size - at < PIECE ? disk->size - at : PIECE;
		if (pread(fd, now, n, (off_t)at) != (ssize_t)n)
			return msg_error("temporary copy", "cannot be read");
		r = disk_read(disk, at, old, n);
		if (!r && memcmp(now, old, n))
			r = disk_write(disk, at, now, n);
	}
	if (!r)
		r = disk_sync(disk);
	return r ? msg_errno(disk->name, -r, "cannot be repaired") : 0;
}

/* A line of e2fsck's. JSON: NULL for a person, who gets what is wrong with the
 * call, and which version it was, where errors go. */
static void print_line(void *context, const char *line)
{
	struct json *json = context;
	char *safe;

	if (json) {
		json_string(json, NULL, line);
		return;
	}
	if (msg_is_quiet())
		return;
	safe = msg_visible(line, "");
	fprintf(strncmp(line, "e2fsck", 6) ? stdout : stderr, "%s\n", safe);
	fflush(stdout);
	free(safe);
}

/* Its status as fsck(8) has it, or -1: reported. */
static int run_checker(const struct checker *checker, struct disk *disk,
		       struct json *json)
{
	const char *const *words = repair ? checker->mend : checker->look;
	bool in_place = !disk->image && !checker->locks &&
			(checker->takes_offset || !disk->offset);
	int fd = disk->fd, status;

	if (checker->takes_offset && tool_fits(disk))
		return -1;
	if (!has_limit)
		tool_limit_size(disk);
	if (!in_place)
		fd = tool_copy(disk);
	if (fd < 0)
		return -1;
	status = tool_lines(checker->program, words, fd,
			    in_place ? disk->offset : 0, disk->name,
			    print_line, json);
	if (status >= 0)
		status = checker->status(status, repair);
	if (in_place)
		return status;
	if (status > 0 && status < CHECK_FAILED && repair &&
	    copy_back(disk, fd))
		status = -1;
	close(fd);
	return status;
}

static int check_with(const struct checker *checker, struct disk *disk,
		      struct json *json)
{
	int status = run_checker(checker, disk, json);

	if (status < 0)
		return CHECK_FAILED;
	if (repair && status & CHECK_LEFT && !strcmp(checker->fs, "xfs"))
		msg_error(disk->name, "has a journal that is not empty; any "
			  "change with imgtool makes that good, as imgtool "
			  "touch %s:/", disk->name);
	return status;
}

static int check_fs(const struct checker *checker, struct disk *disk,
		    struct json *json)
{
	int status;

	if (as_json) {
		json_begin(json, "filesystem", '{');
		json_string(json, "type", disk->fs);
		json_begin(json, "messages", '[');
	}
	status = check_with(checker, disk, as_json ? json : NULL);
	if (as_json) {
		json_end(json, ']');
		json_number(json, "status", (uint64_t)status);
		json_end(json, '}');
	}
	return status;
}

static int check_chosen(struct disk *disk, struct json *json)
{
	const struct checker *checker = checker_find(disk->fs);
	const char *what = kind_of_contents(disk->fs);

	if (!checker)
		msg_error(disk->name, "has %s, %s", what,
			  checker_missing(disk->fs));
	else if (repair ? checker->no_mend : checker->no_look)
		msg_error(disk->name, "has %s: %s", what, repair ?
			  checker->no_mend : checker->no_look);
	else
		return check_fs(checker, disk, json);
	return CHECK_FAILED;
}

static int open_and_check(struct target *target, struct json *json)
{
	struct disk disk;
	int status = CHECK_FAILED;

	if (disk_open(&disk, target->file, repair))
		return CHECK_FAILED;
	if (disk_choose(&disk, target->partition) == 0)
		status = check_chosen(&disk, json);
	disk_close(&disk);
	return status;
}

static bool is_cow(const char *file)
{
	unsigned char head[COW_HEAD_BYTES];
	int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);

	if (fd >= 0)
		close(fd);
	return n > 0 && cow_probe(head, (size_t)n);
}

static int check_all(struct target *target)
{
	struct json json = { .out = stdout };
	char *operand[] = { target->file, NULL };
	int status = CHECK_CLEAN;

	cow_options.json = as_json;
	cow_options.repair = repair;
	cow_options.allow = disk_backing_allowed();
	if (as_json) {
		json_begin(&json, NULL, '{');
		json_string(&json, "image", target->file);
	}
	if (is_cow(target->file)) {
		if (as_json)
			fputs(",\"container\":", stdout);
		status = cow_check(operand);
		/* JSON needs a value; what is wrong has been reported */
		if (as_json && status >= CHECK_FAILED)
			fputs("null", stdout);
	}
	/* a file system in a broken container is not what it was */
	if (!(status & ~CHECK_REPAIRED))
		status |= open_and_check(target, &json);
	if (as_json) {
		json_number(&json, "status", (uint64_t)status);
		json_end(&json, '}');
		json_done(&json);
	}
	return status;
}

static int set_limit(const char *text)
{
	char *end;
	unsigned long seconds;

	errno = 0;
	seconds = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno)
		return verb_usage_error("--timeout", "'%s' is no number of "
					"seconds", text);
	tool_limit(seconds);
	has_limit = true;
	return 0;
}

int verb_fsck(int argc, char **argv)
{
	struct verb_args args;
	struct target target;
	const char *value;
	int c, status;

	verb_args_start(&args, argc, argv, 0);
	while ((c = verb_args_next(&args, &value)) > 0) {
		switch (c) {
		case OPT_REPAIR: repair = true; break;
		case OPT_JSON: as_json = true; break;
		case OPT_TIMEOUT:
			if (set_limit(value))
				return CHECK_USAGE;
			break;
		}
	}
	if (c < 0)
		return args.status == STATUS_USAGE ? CHECK_USAGE : args.status;
	if (args.argc != 1) {
		verb_usage_error(args.argc ? args.argv[1] : "IMG",
				 "takes one operand");
		return CHECK_USAGE;
	}
	if (target_parse(&target, args.argv[0], true))
		return CHECK_FAILED;
	if (target.path) {
		verb_usage_error(args.argv[0], "takes an image, not a path");
		status = CHECK_USAGE;
	} else {
		status = check_all(&target);
	}
	target_free(&target);
	return status;
}
