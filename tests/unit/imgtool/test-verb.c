// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/verb.h"
#include "tests/unit/imgtool/suite.h"

enum { OPT_LONG = OPTION_LONG_ONLY };

static const struct verb_option options[] = {
	{ "output", 'o', "FILE", "a value" },
	{ "quiet", 'q', NULL, "none" },
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

/* Parse WORDS; SEEN gets "o=x q L=y | operand operand". Returns a status. */
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
			c == 'q' ? "" : "=", c == 'q' ? "" : value);
	strcat(seen, "|");
	for (i = 0; c == 0 && i < args.argc; i++)
		sprintf(seen + strlen(seen), " %s", args.argv[i]);
	free(copy);
	return c < 0 ? args.status : STATUS_OK;
}

START_TEST(good)
{
	char seen[200];

	ck_assert_int_eq(parse(0, "a -o x b --quiet --long=y c", seen), 0);
	ck_assert_str_eq(seen, "o=x q L=y | a b c");
	ck_assert_int_eq(parse(0, "-qox --long y -- -q", seen), 0);
	ck_assert_str_eq(seen, "q o=x L=y | -q");
	ck_assert_int_eq(parse(0, "--out x", seen), 0);
	ck_assert_str_eq(seen, "o=x |");
	ck_assert_int_eq(parse(VERB_ARGS_STOP_AT_OPERAND, "-q a -o x", seen),
			 0);
	ck_assert_str_eq(seen, "q | a -o x");
	ck_assert_int_eq(parse(0, "", seen), 0);
	ck_assert_str_eq(seen, "|");
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

RUN_TESTS("verb", good, bad, table)
