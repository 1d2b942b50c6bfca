/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an operand names: IMG, IMG@N, IMG:/path or IMG@N:/path.
 *
 * Both ":" and "@" may stand in the names of files. The image is the longest
 * prefix that is an existing file; a file that really is called "a@1" wins
 * over partition 1 of "a".
 */
#ifndef IMGTOOL_IMAGE_TARGET_H
#define IMGTOOL_IMAGE_TARGET_H

#include <stdbool.h>

struct target {
	char *file;
	unsigned int partition; /* 0: none was named */
	char *path;		/* what follows ":"; NULL: nothing did */
};

/* Returns 0, or -1: no prefix of TEXT is a file. Reports only if REPORT. */
int target_parse(struct target *target, const char *text, bool report);

/* FILE exactly as it is, of the partition and path given (PATH may be NULL). */
void target_exact(struct target *target, const char *file,
		  unsigned int partition, const char *path);

void target_free(struct target *target);

#endif
