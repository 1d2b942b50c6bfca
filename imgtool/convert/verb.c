/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool convert. */
#include <string.h>

#include "imgtool/convert/convert.h"
#include "imgtool/convert/copy.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "imgtool/verb.h"

enum { OPT_FORMAT = OPTION_LONG_ONLY, OPT_BACKING, OPT_FROM, OPT_UNDER,
       OPT_ALLOW };

const struct verb_option verb_convert_options[] = {
	{ "format", OPT_FORMAT, "raw|cow",
	  "of DST; cow if it gets a backing, else raw" },
	{ "backing", OPT_BACKING, "FILE",
	  "of DST: what is the same there is left out" },
	{ "from", OPT_FROM, "raw|cow", "of SRC; if not given, by its header" },
	{ "source-backing", OPT_UNDER, "FILE",
	  "of SRC: to take instead of its header's" },
	{ "allow-backing", OPT_ALLOW, NULL,
	  "a header may name a backing anywhere" },
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

/* STATUS_OK, or what to return. */
static int check_options(struct verb_args *args, struct source *s,
			 struct target *t)
{
	if (args->argc != 2)
		return verb_usage_error(args->argc < 2 ? "SRC DST" :
					args->argv[2], "takes two operands");
	s->file = args->argv[0];
	t->file = args->argv[1];
	if (format_choose(&t->format, t->backing))
		return STATUS_USAGE;
	if (s->backing && s->format == FORMAT_RAW)
		return verb_usage_error("--source-backing", "a raw file has "
					"none");
	t->allow = s->allow;
	return STATUS_OK;
}

static int parse(int argc, char **argv, struct source *s, struct target *t)
{
	struct verb_args args;
	const char *value;
	enum format *f;
	int c;

	verb_args_start(&args, argc, argv, 0);
	while ((c = verb_args_next(&args, &value)) > 0) {
		switch (c) {
		case OPT_FORMAT:
		case OPT_FROM:
			f = c == OPT_FROM ? &s->format : &t->format;
			*f = format_of(value);
			if (!*f)
				return verb_usage_error(value, "neither raw nor "
							"cow");
			break;
		case OPT_BACKING: t->backing = value; break;
		case OPT_UNDER: s->backing = value; break;
		case OPT_ALLOW: s->allow = true; break;
		}
	}
	if (c < 0)
		/* help is no work, but it is done */
		return args.status ?: -1;
	return check_options(&args, s, t);
}

int convert_copy(struct source *s, struct target *t)
{
	struct image_copy copy = {
		.from = s->img, .to = t->img, .progress = progress_show,
		.fresh = t->format == FORMAT_RAW,
		.unit = t->format == FORMAT_RAW ? 4096 : 512,
	};
	int err;

	progress_begin(t->file);
	err = image_copy(&copy);
	progress_end();
	if (!err)
		return target_commit(t);
	target_abort(t);
	return msg_errno(copy.reading ? s->file : t->file, -err, copy.reading ?
			 "cannot be read" : "cannot be written");
}

int verb_convert(int argc, char **argv)
{
	struct source s = { .file = NULL };
	struct target t = { .file = NULL };
	int r = parse(argc, argv, &s, &t);

	if (r)
		return r < 0 ? STATUS_OK : r;
	if (source_open(&s))
		return STATUS_FAILED;
	r = target_open(&t, &s);
	if (!r)
		r = convert_copy(&s, &t);
	s.img->fmt->close(s.img);
	return r ? STATUS_FAILED : STATUS_OK;
}
