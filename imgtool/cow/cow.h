/* SPDX-License-Identifier: GPL-2.0 */
/* Actions of imgtool cow: each takes its operands and returns a status. */
#ifndef IMGTOOL_COW_COW_H
#define IMGTOOL_COW_COW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "ubd/format/cow_record.h"

int cow_check(char **operand);	/* a status as fsck(8) has */
int cow_compact_file(char **operand);
int cow_flatten_file(char **operand);
int cow_info(char **operand);
int cow_upgrade_file(char **operand);
int cow_commit_file(char **operand);	/* the second may be missing */
int cow_rebase_file(char **operand);

struct cow_options {
	const char *backing;
	bool allow;	/* the header may name a backing anywhere */
	bool unsafe, json, repair;
	uint32_t align;	/* of a new file */
};
extern struct cow_options cow_options;

/* What a file that was changed, but not in its contents, says if its mtime
 * can't be set back. */
#define COW_UNTIMED							\
	"done, but its time cannot be set back: COW files over it need "	\
	"imgtool cow rebase --unsafe"

/* Progress on `file`, unless quiet. */
void cow_progress_begin(const char *file);

/* One object for --json; its fields are the caller's, then it is ended. */
struct json;
void cow_json_begin(struct json *json, const char *file);
void cow_json_end(struct json *json);

/* An image file for reading, looked at before it is used. -1: reported */
int cow_open_file(const char *file, uint64_t *bytes);

/* A COW file that is to be changed, locked against all others. */
struct cow_top {
	const char *file;
	int fd;
	struct stat st;
	struct cow_header h;
	bool cut_off;			/* a commit was, and */
	struct cow_record record;	/* this is its record */
};

/* -1: reported, and nothing to close */
int cow_open_top(const char *file, struct cow_top *top);

/* 0; -1: it has to be made ready first, and how is reported */
int cow_top_writable(const struct cow_top *top);

/*
 * Puts a new file with header `new`, and what top holds, in its place. A file
 * FILE.imgtool-new may be left by a crash; the next call removes it. 0 or
 * -errno.
 */
int cow_replace(const struct cow_top *top, const struct cow_header *new);

#endif
