/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contents of files, to their place in the image.
 */
#ifndef IMGTOOL_EXT4_DATA_H
#define IMGTOOL_EXT4_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "imgtool/ext4/volume.h"

/* A file whose data arrive as a stream. */
struct data_stream {
	struct volume *volume;
	struct inode *inode;
	const char *name;   /* for messages */
	uint64_t position;  /* nothing may be written before this */
	uint32_t mapped;    /* blocks below this have been dealt with */
	uint64_t claimed;   /* blocks set aside in a hole, ... */
	uint32_t claim;	    /* ... and how many of them are left */
	uint32_t spooled;   /* blocks that wait */
};

/*
 * Begin. SIZE is what the file is expected to have (0 if unknown); it decides
 * which hole is used again, nothing else.
 */
void data_begin(struct data_stream *stream, struct volume *volume,
		struct inode *inode, const char *name, uint64_t size);

/* LENGTH bytes at OFFSET, behind all earlier ones; gaps become holes. */
int data_write(struct data_stream *stream, uint64_t offset, const void *data,
	       size_t length);

/* LENGTH bytes at OFFSET are there and zero, without being written: no hole.
 * Both are of whole blocks. */
int data_zero(struct data_stream *stream, uint64_t offset, uint64_t length);

/* The file has SIZE bytes; a hole is left where nothing was written. */
int data_end(struct data_stream *stream, uint64_t size);

/* Free the blocks of an inode's data. */
int data_release(struct volume *volume, struct inode *inode);

/* Copy the data that are not in the image yet: of files of source directories
 * (inode->ref), and what waits in the spool. */
int data_copy_all(struct volume *volume);

#endif
