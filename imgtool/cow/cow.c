/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool cow: make COW files, look at them, and turn them into raw ones. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/cow/cow.h"
#include "imgtool/cow/findings.h"
#include "imgtool/msg.h"
#include "imgtool/verb.h"
#include "ubd/format/cow.h"
#include "ubd/host/cow_open.h"
#include "ubd/host/lock.h"

#define CHUNK (1u << 20)

enum { OPT_BACKING = OPTION_LONG_ONLY, OPT_ALLOW, OPT_UNSAFE, OPT_JSON, OPT_REPAIR };

const struct verb_option verb_cow_options[] = {
	{ "backing", OPT_BACKING, "FILE",
	  "the backing to take instead of the header's" },
	{ "allow-backing", OPT_ALLOW, NULL,
	  "the header may name a backing anywhere" },
	{ "unsafe", OPT_UNSAFE, NULL,
	  "rebase, commit: believe that contents are the same" },
	{ "json", OPT_JSON, NULL, "check, info: print JSON" },
	{ "repair", OPT_REPAIR, NULL, "check: repair what is safe to" },
	{ "quiet", 'q', NULL, "commit, compact: no progress" },
	VERB_OPTIONS_END
};

struct cow_options cow_options;

static int cow_create(char **operand)
{
	char err[512];

	if (!cow_make(operand[0], operand[1], err, sizeof(err)))
		return STATUS_OK;
	msg_error(NULL, "%s", err);
	return STATUS_FAILED;
}

/* Copies an image; what is zero stays a hole. 0 or -errno */
static int copy(struct image *img, int out, u64 size)
{
	char *buffer = mem_alloc(CHUNK);
	u64 off, n;
	int err = ftruncate(out, (off_t)size) ? -errno : 0;

	for (off = 0; off < img->bytes && !err; off += n) {
		n = img->bytes - off < CHUNK ? img->bytes - off : CHUNK;
		struct iovec v = { buffer, n };
		struct io_span span = { &v, 0, n };
		u64 keep = size - off < n ? size - off : n, put = 0;

		err = img->fmt->read(img, &span, off, false);
		if (err || (!buffer[0] && !memcmp(buffer, buffer + 1, keep - 1)))
			continue;
		while (put < keep && !err) {
			ssize_t r = pwrite(out, buffer + put, keep - put,
					   (off_t)(off + put));

			if (r > 0)
				put += (u64)r;
			else if (!r || errno != EINTR)
				err = r ? -errno : -EIO;
		}
	}
	if (!err && fsync(out))
		err = -errno;
	free(buffer);
	return err;
}

/* The size of the backing, to the byte. */
static u64 exact_size(int fd, u64 bytes)
{
	unsigned char head[COW_HEADER_MOST];
	struct cow_header h;
	ssize_t n = pread(fd, head, sizeof(head), 0);

	return n > 0 && !cow_parse(head, (size_t)n, bytes, &h) ? h.size : 0;
}

static int write_raw(struct image *img, const char *file, u64 size)
{
	char *temp = mem_printf("%s.%d.new", file, (int)getpid());
	int err = 0, out = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
				0666);

	if (out < 0)
		err = -errno;
	if (!err)
		err = copy(img, out, size);
	if (!err && link(temp, file))
		err = -errno;
	if (out >= 0) {
		close(out);
		unlink(temp);
	}
	free(temp);
	if (err)
		msg_errno(file, -err, "cannot be written");
	return err ? STATUS_FAILED : STATUS_OK;
}

static int cow_flatten(char **operand)
{
	struct cow_opening o = { .file = operand[0],
				 .backing = cow_options.backing,
				 .any_backing = cow_options.allow };
	char holder[64];
	struct image *img;
	u64 bytes, size;
	int status, fd = cow_open_file(operand[0], &bytes);

	if (fd < 0)
		return STATUS_FAILED;
	if (lock_image(fd, false, holder, sizeof(holder)) == -EAGAIN) {
		msg_error(operand[0], "in use by %s", holder);
		close(fd);
		return STATUS_FAILED;
	}
	size = exact_size(fd, bytes);
	if (cow_open(fd, bytes, &o, &img)) {
		msg_error(NULL, "%s", o.err);
		return STATUS_FAILED;
	}
	status = write_raw(img, operand[1], size);
	img->fmt->close(img);
	return status;
}

static const struct {
	const char *name;
	int least, most;	/* operands */
	int (*function)(char **operand);
} actions[] = {
	{ "check", 1, 1, cow_check },
	{ "compact", 1, 1, cow_compact_file },
	{ "create", 2, 2, cow_create },
	{ "info", 1, 1, cow_info },
	{ "flatten", 2, 2, cow_flatten },
	{ "upgrade", 1, 1, cow_upgrade_file },
	{ "commit", 1, 2, cow_commit_file },
	{ "rebase", 2, 2, cow_rebase_file },
};

/* Is it a check, which has statuses of its own? */
static bool is_check(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--backing"))
			i++;
		else if (argv[i][0] != '-')
			return !strcmp(argv[i], "check");
	}
	return false;
}

static int act(int argc, char **argv)
{
	struct verb_args args;
	const char *value;
	size_t i;
	int c;

	verb_args_start(&args, argc, argv, 0);
	while ((c = verb_args_next(&args, &value)) > 0) {
		switch (c) {
		case OPT_BACKING: cow_options.backing = value; break;
		case OPT_ALLOW: cow_options.allow = true; break;
		case OPT_UNSAFE: cow_options.unsafe = true; break;
		case OPT_JSON: cow_options.json = true; break;
		case OPT_REPAIR: cow_options.repair = true; break;
		case 'q': cow_options.quiet = true; break;
		}
	}
	if (c < 0)
		return args.status;
	if (!args.argc)
		return verb_usage_error("action", "create, info, flatten, "
					  "upgrade, commit, rebase, check or "
					  "compact?");
	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(args.argv[0], actions[i].name))
			continue;
		if (args.argc - 1 < actions[i].least ||
		    args.argc - 1 > actions[i].most)
			return verb_usage_error(args.argv[0],
						"takes %d operands",
						actions[i].least);
		return actions[i].function(args.argv + 1);
	}
	return verb_usage_error(args.argv[0], "no such action");
}

int verb_cow(int argc, char **argv)
{
	int status = act(argc, argv);

	return status == STATUS_USAGE && is_check(argc, argv) ? CHECK_USAGE :
								status;
}
