/* SPDX-License-Identifier: GPL-2.0 */
/*
 * --spool: what comes in as a stream waits in a nameless file (in $TMPDIR or
 * /var/tmp) until the tree is complete, and is then placed in its order, as
 * the files of a source directory are. A file has its blocks there one after
 * the other, without its holes.
 */
#ifndef IMGTOOL_EXT4_SPOOL_H
#define IMGTOOL_EXT4_SPOOL_H

#include "imgtool/ext4/data.h"

/* From now on streams wait. Returns 0, or -1: reported. */
int spool_open(struct volume *volume);

/* Take note of COUNT blocks of the file from LOGICAL on. */
void spool_map(struct data_stream *stream, uint32_t logical, uint32_t count);

/* Write to blocks that are mapped; they are the last ones. */
int spool_write(struct data_stream *stream, uint64_t offset, const void *data,
		size_t length);

/* The file is complete. */
void spool_end(struct data_stream *stream);

/* Copy a file that waited to its place. */
int spool_copy(struct volume *volume, const struct inode *inode);

/* Does the inode's data wait there? */
bool spool_has(const struct inode *inode);

void spool_close(struct volume *volume);

#endif
