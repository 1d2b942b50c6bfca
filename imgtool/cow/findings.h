/* SPDX-License-Identifier: GPL-2.0 */
/* What imgtool cow check has found. */
#ifndef IMGTOOL_COW_FINDINGS_H
#define IMGTOOL_COW_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "imgtool/view/view.h"
#include "ubd/format/cow_check.h"

/* Exit statuses, as fsck(8) has them: the first two are added up. */
enum {
	CHECK_CLEAN = 0,
	CHECK_REPAIRED = 1,
	CHECK_LEFT = 4,
	CHECK_FAILED = 8,
	CHECK_USAGE = 16,
};

/* A note is no defect, and leaves the file clean. */
enum severity { FOUND_NOTE, FOUND_WARNING, FOUND_ERROR };

struct finding {
	const char *code;	/* see the man page */
	enum severity severity;
	char *text;
	bool repaired;
};

struct check {
	const char *file;
	bool repair, changed;
	int fd;
	struct stat *st;
	struct cow_header h;
	struct finding *list;
	size_t count, capacity;
};

/* Adds one, which is valid until the next is added. */
struct finding *found(struct check *check, enum severity severity,
		      const char *code, const char *text, ...)
	__attribute__((format(printf, 4, 5)));

/* Prints them all. report: what is in the file, or NULL. Returns the exit
 * status. */
int findings_print(struct check *check, const struct cow_report *report,
		   bool json);
void findings_free(struct check *check);

/* Looks at the backing, of which nothing is opened that --backing and
 * --allow-backing do not allow. */
void check_backing(struct check *check);

#endif
