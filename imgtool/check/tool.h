/* SPDX-License-Identifier: GPL-2.0 */
/* The programs of e2fsprogs, run on an open file. */
#ifndef IMGTOOL_CHECK_TOOL_H
#define IMGTOOL_CHECK_TOOL_H

#include <stdint.h>

/*
 * Run PROGRAM with the words of ARGS (ends with NULL), the file FD at OFFSET,
 * and LAST (may be NULL). What it prints goes to OUT, or if that is -1 to
 * where ours does. Returns its exit status, or -1: reported.
 *
 * The file is named by its descriptor: a "?" in its name would begin options.
 */
int tool_run(const char *program, const char *const *args, int fd,
	     uint64_t offset, const char *last, int out);

#endif
