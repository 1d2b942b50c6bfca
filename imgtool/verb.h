/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Verbs: what `imgtool NAME ...` can be.
 *
 * A verb is one line in the table of verbs.c, a function, and a table of
 * options. Help texts, option parsing and the tests of the man page all read
 * these tables; nothing else knows an option's name.
 *
 * How a verb reads its arguments:
 *
 *	struct verb_args args;
 *	const char *value;
 *	int c;
 *
 *	verb_args_start(&args, argc, argv, 0);
 *	while ((c = verb_args_next(&args, &value)) > 0) {
 *		switch (c) {
 *		case 'o': output = value; break;
 *		...
 *		}
 *	}
 *	if (c < 0)
 *		return args.status;
 *	... args.argc and args.argv are the operands that are left ...
 *
 * or, where options are just noted, by verb_args_read().
 */
#ifndef IMGTOOL_VERB_H
#define IMGTOOL_VERB_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

/* Exit statuses of every verb that does not return a guest's. */
enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1, /* the work could not be done; one line says why */
	STATUS_USAGE = 2,  /* the command line makes no sense */
};

/* The first value for options that have no short letter. */
enum { OPTION_LONG_ONLY = 256 };

/* Of all verbs that have them; no verb sees them. What --quiet is for, asks
 * msg_is_quiet(). */
enum { OPTION_QUIET = 'q', OPTION_ENGINE = 8192, OPTION_ALLOW_BACKING };
#define VERB_OPTION_QUIET                                                      \
	{ "quiet", OPTION_QUIET, NULL, "no progress and no warnings" }
#define VERB_OPTION_ENGINE                                                     \
	{ "engine", OPTION_ENGINE, "auto|direct|guest",                        \
	  "what reads the file system" }
#define VERB_OPTION_ALLOW_BACKING                                              \
	{ "allow-backing", OPTION_ALLOW_BACKING, NULL,                         \
	  "a COW file may name a backing in any directory" }

struct verb_option {
	const char *name;  /* long name, without the dashes */
	int id;		   /* short letter, or OPTION_LONG_ONLY and up */
	const char *value; /* name of its value; NULL: it takes none */
	const char *help;  /* lower case, no full stop, fits a line */
};

/* No verb has more options than this. */
#define VERB_OPTIONS_MOST 40

#define VERB_OPTIONS_END { NULL, 0, NULL, NULL }

struct verb {
	const char *name;
	const char *synopsis; /* what follows "imgtool NAME" */
	const char *summary;  /* one line, lower case, no full stop */
	/*
	 * Do it. argv[0] is the verb's name. Returns the exit status; messages
	 * have been printed by then.
	 */
	int (*function)(int argc, char **argv);
	const struct verb_option *options; /* ends with VERB_OPTIONS_END */
	const char *notes; /* lines printed below the options, or NULL */
};

/* The table; ends with an entry whose name is NULL. */
extern const struct verb verbs[];

/* The verb of that name, or NULL. */
const struct verb *verb_find(const char *name);

/* Print the help text of one verb. */
void verb_print_help(const struct verb *verb, FILE *out);

struct verb_args {
	int argc;    /* after the last option: the operands */
	char **argv;
	int status;  /* after verb_args_next() < 0: what to exit with */

	/* private */
	const struct verb *verb;
	int total;
	char **all;
	struct option long_options[VERB_OPTIONS_MOST + 2];
	char short_options[3 * VERB_OPTIONS_MOST + 8];
};

/* Options end at the first operand; what follows belongs to somebody else. */
#define VERB_ARGS_STOP_AT_OPERAND 1

/*
 * Begin reading options. argv[0] must be the name of a verb in the table.
 * Only one argument vector can be read at a time (getopt_long is under it).
 */
void verb_args_start(struct verb_args *args, int argc, char **argv, int flags);

/*
 * The next option: its id, with *value set if it takes one. 0 when all are
 * read; -1 when the verb should return args->status at once, because help was
 * asked for and printed, or because an option is wrong and was reported.
 */
int verb_args_next(struct verb_args *args, const char **value);

/* What an option that was given sets: a flag, or where its value goes. */
struct verb_setting {
	int id; /* 0: the end of a list of these */
	bool *flag;
	const char **value;
};

/*
 * Reads all options, for a verb of which each is one of SETTINGS; those that
 * are in none of this verb's options do no harm. 0, or -1: return args->status.
 */
int verb_args_read(struct verb_args *args, int argc, char **argv,
		   const struct verb_setting *settings);

/*
 * Report a wrong command line: "imgtool: VERB: OBJECT: reason; see imgtool
 * help VERB". Returns STATUS_USAGE.
 */
int verb_usage_error(const char *object, const char *reason, ...)
	__attribute__((format(printf, 2, 3)));

/* The verbs. Each is in the file of its name, with its options. */
int verb_build(int argc, char **argv);
extern const struct verb_option verb_build_options[];
int verb_convert(int argc, char **argv);
extern const struct verb_option verb_convert_options[];
int verb_cow(int argc, char **argv);
extern const struct verb_option verb_cow_options[];
int verb_run(int argc, char **argv);
extern const struct verb_option verb_run_options[];

#endif
