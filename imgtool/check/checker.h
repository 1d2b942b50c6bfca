/* SPDX-License-Identifier: GPL-2.0 */
/* The program that checks a kind of file system. */
#ifndef IMGTOOL_CHECK_CHECKER_H
#define IMGTOOL_CHECK_CHECKER_H

#include <stdbool.h>

#define CHECKER_WORDS 4

struct checker {
	const char *fs; /* as blkid calls it; "ext" for all of that */
	const char *program;
	const char *look[CHECKER_WORDS]; /* its words to look only ... */
	const char *mend[CHECKER_WORDS]; /* ... and to repair */
	bool takes_offset; /* it reads a partition where that is */
	bool locks;	   /* it locks the file, which we have done: not there */
	/* Its exit status, as fsck(8) has it. */
	int (*status)(int status, bool repair);
	const char *no_look, *no_mend; /* why it does not do one of these */
};

/* For what blkid calls TYPE ("": unknown, which e2fsck may know); NULL if there
 * is none. */
const struct checker *checker_find(const char *type);

/* Is there one for TYPE that repairs what is damaged? */
bool checker_repairs(const char *type);

/* ... or at least lets it be written to again? */
bool checker_resets(const char *type);

/* Why there is none for TYPE, and what to do: it "has a ...". */
const char *checker_missing(const char *type);

#endif
