/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The image file while it is being made: a temporary file beside the name it
 * will have, and a write buffer in front of it.
 *
 * States: open (no file of that name yet, or an old one that stays whole) ->
 * committed (complete under its name) or aborted (nothing is left). Where the
 * file system can do it the temporary has no name, so that even SIGKILL
 * leaves nothing behind.
 *
 * Writing: pieces that follow each other are collected and written in large
 * parts. What was never written reads as zeros. The end of a file in the
 * middle of a block would end such a part; output_own_block() lets the rest of
 * the block be filled with zeros instead.
 *
 * Every function that can fail has reported when it returns -1 or NULL.
 */
#ifndef IMGTOOL_IO_OUTPUT_H
#define IMGTOOL_IO_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The most that output_reserve() gives at once. */
#define OUTPUT_BUFFER (1 << 20)

struct output {
	const char *name; /* as the user gave it, for messages */
	char *path;	  /* where it goes */
	char *temporary;  /* its name now; NULL: it has none */
	int fd;		  /* -1: not open */
	uint64_t base;	  /* added to every offset and length below */
	dev_t old_dev;	  /* the file that will be replaced, if ... */
	ino_t old_ino;	  /* ... this is not 0 */

	/* Count only: drop what is written (it is known not to fit). */
	bool discard;

	uint8_t *buffer;
	size_t used;   /* bytes in the buffer ... */
	uint64_t from; /* ... that belong here */
	bool own_block; /* see output_own_block() */
	bool waited;	/* set when output_copy() had to wait for data */
};

/* Begin. NAME must stay valid. On failure there is nothing to abort. */
int output_open(struct output *out, const char *name);

/*
 * Begin what is only counted and never written (`discard`), and has no file.
 * NAME may be NULL. It can be aborted, not committed or read.
 */
int output_count(struct output *out, const char *name);

/* Write LENGTH bytes at OFFSET. */
int output_write(struct output *out, uint64_t offset, const void *data,
		 size_t length);

/* Memory for LENGTH bytes (up to OUTPUT_BUFFER) at OFFSET, which the caller
 * fills completely before the next call here. */
void *output_reserve(struct output *out, uint64_t offset, size_t length);

/* The block in which the last piece ended holds nothing else, now or later,
 * but what continues that piece. */
void output_own_block(struct output *out);

/*
 * Copy LENGTH bytes of the file FD from POSITION on to OFFSET. SOURCE names
 * the file; if it ends too early that is an error. It owns its last block.
 */
int output_copy(struct output *out, uint64_t offset, int fd, uint64_t position,
		uint64_t length, const char *source);

/* Make LENGTH bytes at OFFSET zero again, and give the space back. */
int output_zero(struct output *out, uint64_t offset, uint64_t length);

/* Read back; what lies behind the end of the file is zero. */
int output_read(struct output *out, uint64_t offset, void *data, size_t length);

/* Write out what is buffered. */
int output_flush(struct output *out);

/* What is written next is counted from BASE in the file (0 at first). */
int output_set_base(struct output *out, uint64_t base);

/* It is only for us: it gets no name, and cannot be committed. */
void output_keep_unnamed(struct output *out);

/* Set the length of the file. */
int output_resize(struct output *out, uint64_t length);

/* Complete: the file gets its name. The output is closed even on failure. */
int output_commit(struct output *out);

/* Drop everything. Also after a commit, where it does nothing. */
void output_abort(struct output *out);

#endif
