/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool convert: its two ends. */
#ifndef IMGTOOL_CONVERT_CONVERT_H
#define IMGTOOL_CONVERT_CONVERT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "imgtool/convert/layer.h"
#include "imgtool/io/output.h"
#include "ubd/format/format.h"

struct source {
	const char *file;
	enum format format;	/* FORMAT_NONE: find out */
	const char *backing;	/* to take instead of the header's; or NULL */
	bool allow;
	/* when it is open */
	struct stat st;
	uint64_t bytes;		/* of the disk, exactly */
	struct image *img;
};

/* Opens, locks for reading. -1: reported */
int source_open(struct source *source);

struct target {
	const char *file;
	enum format format;
	const char *backing;	/* of FORMAT_COW */
	bool allow;
	/* when it is open */
	int old;		/* the file that will be replaced, or -1 */
	uint64_t bytes;
	struct output out;
	struct image *img;
};

/*
 * Begins a file for what source holds, which gets its name in target_commit()
 * only. Neither what source reads nor what is in use is replaced. -1: reported,
 * and nothing is left.
 */
int target_open(struct target *target, const struct source *source);

/* Complete and on the disk, or nothing is left. -1: reported */
int target_commit(struct target *target);
void target_abort(struct target *target);

/* Copies, and commits the target or aborts it. -1: reported */
int convert_copy(struct source *source, struct target *target);

#endif
