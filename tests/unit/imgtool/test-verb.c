// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/verb.h"
#include "tests/unit/imgtool/suite.h"

enum { OPT_LONG = OPTION_LONG_ONLY };

static const struct verb_option options[] = {
	{ "output", 'o', "FILE", "a value" },
	{ "none", 'n', NULL, "none" },
	VERB_OPTION_QUIET,
	{ "long", OPT_LONG, "X", "no letter" },
	VERB_OPTIONS_END
};

static int function(int argc, char **argv)
{
	return 0;
}

const struct verb verbs[] = {
	{ "try", "ARGS", "for this test", function, options, NULL },
	{ .name = NULL },
};

/* Parse WORDS; SEEN gets "o=x n L=y | operand operand". Returns a status. */
static int parse(int flags, const char *words, char *seen)
{
	char *argv[20] = { (char *)"try" }, *copy = mem_strdup(words), *word;
	struct verb_args args;
	const char *value;
	int argc = 1, c, i;

	for (word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	*seen = 0;
	verb_args_start(&args, argc, argv, flags);
	while ((c = verb_args_next(&args, &value)) > 0)
		sprintf(seen + strlen(seen), "%c%s%s ", c == OPT_LONG ? 'L' : c,
			c == 'n' ? "" : "=", c == 'n' ? "" : value);
	strcat(seen, "|");
	for (i = 0; c == 0 && i < args.argc; i++)
		sprintf(seen + strlen(seen), " %s", args.argv[i]);
	free(copy);
	return c < 0 ? args.status : STATUS_OK;
}

START_TEST(good)
{
	char seen[200];

	ck_assert_int_eq(parse(0, "a -o x b --none --long=y c", seen), 0);
	ck_assert_str_eq(seen, "o=x n L=y | a b c");
	ck_assert_int_eq(parse(0, "-nox --long y -- -n", seen), 0);
	ck_assert_str_eq(seen, "n o=x L=y | -n");
	ck_assert_int_eq(parse(0, "--out x", seen), 0);
	ck_assert_str_eq(seen, "o=x |");
	ck_assert_int_eq(parse(VERB_ARGS_STOP_AT_OPERAND, "-n a -o x", seen),
			 0);
	ck_assert_str_eq(seen, "n | a -o x");
	ck_assert_int_eq(parse(0, "", seen), 0);
	ck_assert_str_eq(seen, "|");
}
END_TEST

/* Read in one place for all verbs. */
START_TEST(quiet)
{
	char seen[200];

	ck_assert(!msg_is_quiet());
	ck_assert_int_eq(parse(0, "-n --quiet a", seen), 0);
	ck_assert_str_eq(seen, "n | a");
	ck_assert(msg_is_quiet());
}
END_TEST

START_TEST(noted)
{
	char *argv[] = { (char *)"try", (char *)"-n", (char *)"--long=x",
			 (char *)"a", NULL };
	bool none = false, never = false;
	const char *value = NULL;
	const struct verb_setting settings[] = {
		{ 'o', &never, NULL }, { 'n', &none, NULL },
		{ OPT_LONG, NULL, &value }, { 0, NULL, NULL },
	};
	struct verb_args args;

	ck_assert_int_eq(verb_args_read(&args, 4, argv, settings), 0);
	ck_assert(none && !never);
	ck_assert_str_eq(value, "x");
	ck_assert_int_eq(args.argc, 1);
	ck_assert_str_eq(args.argv[0], "a");
}
END_TEST

START_TEST(bad)
{
	char seen[200];

	ck_assert_int_eq(parse(0, "-x", seen), STATUS_USAGE);
	ck_assert_int_eq(parse(0, "--nothing", seen), STATUS_USAGE);
	ck_assert_int_eq(parse(0, "-o", seen), STATUS_USAGE);
	ck_assert_int_eq(parse(0, "--long", seen), STATUS_USAGE);
	ck_assert_int_eq(parse(0, "--quiet=1", seen), STATUS_USAGE);
	ck_assert_int_eq(parse(0, "--help", seen), STATUS_OK);
}
END_TEST

START_TEST(table)
{
	ck_assert_ptr_eq(verb_find("try"), &verbs[0]);
	ck_assert_ptr_null(verb_find("tr"));
	ck_assert_ptr_null(verb_find(""));
}
END_TEST

RUN_TESTS("verb", good, quiet, noted, bad, table)
