/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool cow: its actions and options, and making COW files. */
#include <stdbool.h>
#include <string.h>

#include "imgtool/cow/cow.h"
#include "imgtool/cow/findings.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "imgtool/size.h"
#include "imgtool/verb.h"
#include "imgtool/view/view.h"
#include "ubd/host/cow_open.h"

enum { OPT_BACKING = OPTION_LONG_ONLY, OPT_ALLOW, OPT_UNSAFE,
       OPT_JSON, OPT_REPAIR, OPT_ALIGN };

const struct verb_option verb_cow_options[] = {
	{ "backing", OPT_BACKING, "FILE",
	  "the backing to take instead of the header's" },
	{ "allow-backing", OPT_ALLOW, NULL,
	  "the header may name a backing anywhere" },
	{ "unsafe", OPT_UNSAFE, NULL,
	  "rebase, commit: believe that contents are the same" },
	{ "align", OPT_ALIGN, "SIZE",
	  "create: where map and data begin, a power of two (1M)" },
	{ "json", OPT_JSON, NULL, "print JSON" },
	{ "repair", OPT_REPAIR, NULL, "check: repair what is safe to" },
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

struct cow_options cow_options = { .align = COW_ALIGN_NEW };

void cow_progress_begin(const char *file)
{
	progress_begin(file);
}

void cow_json_begin(struct json *json, const char *file)
{
	*json = (struct json){ .out = stdout };
	json_begin(json, NULL, '{');
	json_string(json, "file", file);
}

void cow_json_end(struct json *json)
{
	json_end(json, '}');
	json_done(json);
}

static int cow_create(char **operand)
{
	struct json json;
	char err[512];

	if (cow_make(operand[0], operand[1], cow_options.align, err,
		     sizeof(err))) {
		msg_error(NULL, "%s", err);
		return STATUS_FAILED;
	}
	if (cow_options.json) {
		cow_json_begin(&json, operand[0]);
		json_string(&json, "backing", operand[1]);
		cow_json_end(&json);
	}
	return STATUS_OK;
}

/* Less than a page, and nothing of the file would be in step with the host's
 * cache. */
static int parse_align(const char *text)
{
	uint64_t align;

	if (size_parse(text, &align) || align < COW_ALIGN || align > 1u << 30 ||
	    (align & (align - 1)))
		return verb_usage_error(text, "--align takes a power of two "
					"from 4K to 1G");
	cow_options.align = (uint32_t)align;
	return STATUS_OK;
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
	{ "flatten", 2, 2, cow_flatten_file },
	{ "upgrade", 1, 1, cow_upgrade_file },
	{ "commit", 1, 2, cow_commit_file },
	{ "rebase", 2, 2, cow_rebase_file },
};

/* Is it a check, which has statuses of its own? */
static bool is_check(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--backing") ||
		    !strcmp(argv[i], "--align"))
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
		case OPT_ALIGN:
			if (parse_align(value))
				return STATUS_USAGE;
			break;
		case OPT_UNSAFE: cow_options.unsafe = true; break;
		case OPT_JSON: cow_options.json = true; break;
		case OPT_REPAIR: cow_options.repair = true; break;
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
