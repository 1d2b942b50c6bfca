/* SPDX-License-Identifier: GPL-2.0 */
/* What an image holds, put into another of the same size. */
#ifndef IMGTOOL_CONVERT_COPY_H
#define IMGTOOL_CONVERT_COPY_H

#include "ubd/format/format.h"

struct image_copy {
	struct image *from, *to;
	bool fresh;		/* to is new and reads as zero: no need to look */
	u32 unit;		/* bytes that are written or not; 512 to 4096 */
	void (*progress)(u64 done, u64 of);	/* or NULL */
	bool reading;		/* out, on failure: it was a read of from */
};

/*
 * Writes what differs; what becomes zero takes no room, and holes of both are
 * not read. Not flushed. 0 or -errno.
 */
int image_copy(struct image_copy *c);

#endif
