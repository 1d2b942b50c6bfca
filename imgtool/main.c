/* SPDX-License-Identifier: GPL-2.0 */
/*
 * imgtool: builds and runs guest disks. This file only finds the verb; see
 * verb.h for what a verb is.
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "imgtool/engine/engine.h"
#include "imgtool/msg.h"
#include "imgtool/verb.h"
#include "imgtool/version.h"

static void print_overview(FILE *out)
{
	const struct verb *verb;

	fputs("Usage: imgtool VERB [OPTION]... [OPERAND]...\n\n", out);
	for (verb = verbs; verb->name; verb++)
		fprintf(out, "  %-10s%s\n", verb->name, verb->summary);
	fputs("\n  imgtool help VERB    what a verb takes\n"
	      "  imgtool --version    print the version; with --json, that of libraries, too\n"
	      "\nMore in imgtool(1).\n", out);
}

/* Help and version are all some callers want: a full disk must show. */
static int finish_stdout(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		msg_error("standard output", "cannot be written");
		return status ?: STATUS_FAILED;
	}
	return status;
}

static int help(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 2 || !strcmp(argv[1], "help")) {
		print_overview(stdout);
		return STATUS_OK;
	}
	if (argc > 2)
		return verb_usage_error(argv[2], "help takes one verb");
	verb = verb_find(argv[1]);
	if (!verb)
		return verb_usage_error(argv[1], "no such verb");
	verb_print_help(verb, stdout);
	return STATUS_OK;
}

static int dispatch(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 2) {
		print_overview(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return version_print(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_overview(stdout);
		return STATUS_OK;
	}
	if (!strcmp(argv[1], "help"))
		return help(argc - 1, argv + 1);
	verb = verb_find(argv[1]);
	if (!verb)
		return verb_usage_error(argv[1], argv[1][0] == '-' ?
					"no such option" : "no such verb");
	msg_set_verb(verb->name);
	return verb->function(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	/* Names in archives are UTF-8 or bytes; never translate them. */
	setlocale(LC_CTYPE, "C.UTF-8");
	engine_open = engine_open_guest;
	engine_is_there = engine_has_kernel;
	return finish_stdout(dispatch(argc, argv));
}
