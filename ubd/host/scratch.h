/* SPDX-License-Identifier: GPL-2.0 */
/* The unlinked file that holds a throw-away layer. */
#ifndef UBD_HOST_SCRATCH_H
#define UBD_HOST_SCRATCH_H

#include <abi/types.h>

struct scratch {
	int fd;
	u64 max;		/* limit to keep, 0: none */
	char dir[200];		/* where it is, cut to fit */
};

/*
 * Makes an empty, sparse, unlinked file that may grow to `bytes`. dir: the
 * user's choice, or NULL: the directory of `image`, $TMPDIR or /var/tmp, the
 * first that can hold it. max: the user's limit or 0. On failure -errno, with
 * s->dir the last directory tried.
 */
int scratch_make(const char *image, const char *dir, u64 bytes, u64 max,
		 struct scratch *s);

#endif
