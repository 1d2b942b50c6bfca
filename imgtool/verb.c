/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading options, and printing help, from the tables that verb.h describes.
 * getopt_long does the parsing; its messages are replaced by ours, which name
 * the verb and where to read on.
 */
#include <assert.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/engine/engine.h"
#include "imgtool/image/disk.h"
#include "imgtool/msg.h"
#include "imgtool/verb.h"

/* Where the texts of options begin in help output. */
#define HELP_COLUMN 26

/* The option every verb has. */
#define ID_HELP 'h'
static const struct verb_option help_option = {
	"help", ID_HELP, NULL, "print this help",
};

const struct verb *verb_find(const char *name)
{
	const struct verb *verb;

	for (verb = verbs; verb->name; verb++)
		if (!strcmp(verb->name, name))
			return verb;
	return NULL;
}

static void print_option(const struct verb_option *option, FILE *out)
{
	char left[80];
	int n = 0;

	if (option->id < OPTION_LONG_ONLY)
		n = snprintf(left, sizeof(left), "-%c, ", option->id);
	else
		n = snprintf(left, sizeof(left), "    ");
	snprintf(left + n, sizeof(left) - n, "--%s%s%s", option->name,
		 option->value ? " " : "", option->value ?: "");
	if (strlen(left) + 4 > HELP_COLUMN)
		fprintf(out, "  %s\n%*s%s\n", left, HELP_COLUMN, "",
			option->help);
	else
		fprintf(out, "  %-*s%s\n", HELP_COLUMN - 2, left,
			option->help);
}

void verb_print_help(const struct verb *verb, FILE *out)
{
	const struct verb_option *option;

	fprintf(out, "Usage: imgtool %s %s\n%s\n\n", verb->name,
		verb->synopsis, verb->summary);
	for (option = verb->options; option->name; option++)
		print_option(option, out);
	print_option(&help_option, out);
	if (verb->notes)
		fprintf(out, "\n%s\n", verb->notes);
	fprintf(out, "\nMore in imgtool(1).\n");
}

int verb_usage_error(const char *object, const char *reason, ...)
{
	va_list ap;
	char *text;

	va_start(ap, reason);
	if (vasprintf(&text, reason, ap) < 0)
		text = NULL;
	va_end(ap);
	msg_error(object, "%s; see imgtool help%s%s", text ?: "wrong",
		  msg_verb() ? " " : "", msg_verb() ?: "");
	free(text);
	return STATUS_USAGE;
}

static void add_option(struct verb_args *args, int at,
		       const struct verb_option *option)
{
	struct option *o = &args->long_options[at];
	char letter[4];

	o->name = option->name;
	o->has_arg = option->value ? required_argument : no_argument;
	o->flag = NULL;
	o->val = option->id;
	if (option->id < OPTION_LONG_ONLY) {
		snprintf(letter, sizeof(letter), "%c%s", option->id,
			 option->value ? ":" : "");
		strcat(args->short_options, letter);
	}
}

void verb_args_start(struct verb_args *args, int argc, char **argv, int flags)
{
	const struct verb *verb = verb_find(argv[0]);
	int n = 0, i;

	memset(args, 0, sizeof(*args));
	args->verb = verb;
	args->total = argc;
	args->all = argv;
	while (verb->options[n].name)
		n++;
	assert(n <= VERB_OPTIONS_MOST);
	strcpy(args->short_options,
	       flags & VERB_ARGS_STOP_AT_OPERAND ? "+:" : ":");
	for (i = 0; i < n; i++)
		add_option(args, i, &verb->options[i]);
	add_option(args, n, &help_option);
	opterr = 0;
	optind = 0;
}

static void args_done(struct verb_args *args)
{
	args->argc = args->total - optind;
	args->argv = args->all + optind;
}

/* getopt_long has refused something: find out what it was. */
static void report_bad_option(struct verb_args *args, int c)
{
	const char *word = optind > 0 ? args->all[optind - 1] : "";
	char letter[3] = { '-', optopt, 0 };
	const char *what = word;

	if (optopt > 0 && optopt < OPTION_LONG_ONLY && strncmp(word, "--", 2))
		what = letter;
	if (c == ':')
		verb_usage_error(what, "needs a value");
	else if (optopt && what == word)
		verb_usage_error(what, "takes no value");
	else
		verb_usage_error(what, "no such option");
}

int verb_args_next(struct verb_args *args, const char **value)
{
	int c;

	optopt = 0;
	c = getopt_long(args->total, args->all, args->short_options,
			args->long_options, NULL);
	switch (c) {
	case -1:
		args_done(args);
		return 0;
	case '?':
	case ':':
		report_bad_option(args, c);
		args->status = STATUS_USAGE;
		args_done(args);
		return -1;
	case ID_HELP:
		verb_print_help(args->verb, stdout);
		args->status = STATUS_OK;
		args_done(args);
		return -1;
	}
	*value = optarg;
	if (c == OPTION_QUIET) {
		msg_set_quiet();
		return verb_args_next(args, value);
	}
	if (c == OPTION_ALLOW_BACKING) {
		disk_allow_backing();
		return verb_args_next(args, value);
	}
	if (c == OPTION_ENGINE) {
		if (engine_choose(optarg) == 0)
			return verb_args_next(args, value);
		args->status = verb_usage_error(optarg, "--engine takes auto, "
						"direct or guest");
		args_done(args);
		return -1;
	}
	return c;
}

int verb_args_read(struct verb_args *args, int argc, char **argv,
		   const struct verb_setting *settings)
{
	const struct verb_setting *s;
	const char *value;
	int c;

	verb_args_start(args, argc, argv, 0);
	while ((c = verb_args_next(args, &value)) > 0) {
		for (s = settings; s->id != c; s++)
			assert(s->id);
		if (s->flag)
			*s->flag = true;
		else
			*s->value = value;
	}
	return c;
}
