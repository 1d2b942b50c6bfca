/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Opening an archive with libarchive.
 *
 * Only formats whose contents are in the archive itself are allowed (mtree
 * would name files of the host), and only filters that libarchive has built
 * in (others would run programs named by nobody but the input).
 */
#ifndef IMGTOOL_SOURCE_READER_H
#define IMGTOOL_SOURCE_READER_H

#include <archive.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "imgtool/source/source.h"

struct reader {
	struct archive *archive;
	struct source *source;
	uint8_t *buffer;
	uint64_t bytes;	    /* read so far */
	uint8_t tail[512];  /* the last of them */
	bool at_end;	    /* of the input */
};

/* Returns 0, or -1: reported, and nothing is left open. */
int reader_open(struct reader *reader, struct source *source);

/*
 * An entry's data end as they should, and an error follows: is it only that nothing
 * fills the last block? Some programs end layers so. It is believed where it is
 * known that nothing was cut off.
 */
bool reader_lacks_padding(const struct reader *reader);

/*
 * After the last entry: was the input cut off between two entries of a plain
 * tar, where libarchive does not notice? Reads what a pipe still holds, so
 * that its writer can finish. Returns 0, or -1: reported.
 */
int reader_check_end(struct reader *reader);

void reader_close(struct reader *reader);

/* libarchive's own words for what went wrong, in one form. */
int reader_failed(const struct reader *reader, const char *path);

#endif
