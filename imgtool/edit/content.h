/* SPDX-License-Identifier: GPL-2.0 */
/* Contents of files in the way of write(2) and fallocate(2): any range. */
#ifndef IMGTOOL_EDIT_CONTENT_H
#define IMGTOOL_EDIT_CONTENT_H

#include "imgtool/edit/edit.h"

/* All of it, or -errno: the file is as long as before then. */
int content_write(struct edit *edit, uint64_t ino, uint64_t offset,
		  const void *data, size_t length);

/*
 * fallocate(2): space, with zeros where there was none; holes; zeros. Other
 * modes, and space behind an end that is kept, are -EOPNOTSUPP.
 */
int content_allocate(struct edit *edit, uint64_t ino, int mode,
		     uint64_t offset, uint64_t length);

#endif
