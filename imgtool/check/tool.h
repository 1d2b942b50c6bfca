/* SPDX-License-Identifier: GPL-2.0 */
/* Programs that check and change file systems, run on an open file. */
#ifndef IMGTOOL_CHECK_TOOL_H
#define IMGTOOL_CHECK_TOOL_H

#include <stdint.h>

#include "imgtool/image/disk.h"

/*
 * Run PROGRAM with the words of ARGS (ends with NULL) and the file FD at OFFSET.
 * EACH is called with every line that it prints, as it comes, without empty
 * ones. Returns its exit status, or -1: reported.
 *
 * The file is named by its descriptor: a "?" in its name would begin options.
 * In what is printed it is called NAME.
 */
int tool_lines(const char *program, const char *const *args, int fd,
	       uint64_t offset, const char *name,
	       void (*each)(void *context, const char *line), void *context);

/*
 * The same, with LAST (may be NULL) as the last word, without its messages. A
 * status over MOST is reported of the image NAME, with the last message, and is
 * -1.
 */
int tool_quiet(const char *program, const char *const *args, int fd,
	       uint64_t offset, const char *last, int most, const char *name);

/*
 * Programs that are run from now on may use so many SECONDS of processor time
 * each; 0: for ever. A journal or a tree made to harm can lead them in circles.
 */
void tool_limit(uint64_t seconds);

/* The same by the size of DISK: by far more than honest file systems take. */
void tool_limit_size(const struct disk *disk);

/* A file without a name of so many bytes, all zero. -1: reported */
int tool_temporary(uint64_t bytes);

/* The same with what is in the chosen part of a disk, zeroes as holes. */
int tool_copy(struct disk *disk);

/* These programs do not know where a partition ends: does the file system fit
 * into the chosen one? -1: reported */
int tool_fits(struct disk *disk);

#endif
