/* SPDX-License-Identifier: GPL-2.0 */
/* Formats of images that are made, and a COW file of a disk that was just made. */
#ifndef IMGTOOL_CONVERT_LAYER_H
#define IMGTOOL_CONVERT_LAYER_H

#include <stdint.h>

#include "imgtool/io/output.h"

enum format { FORMAT_NONE, FORMAT_RAW, FORMAT_COW };

/* --format: a word of the user's. FORMAT_NONE: it is none. */
enum format format_of(const char *name);

/* FORMAT_NONE becomes what a file with this BACKING, or NULL, is. 0, or the exit
 * status: it cannot have that, or needs one. */
int format_choose(enum format *format, const char *backing);

/* The size of the disk in BACKING, for a COW file FILE over it, which it must
 * not be itself. -1: reported. */
int layer_size(const char *file, const char *backing, uint64_t *size);

/*
 * The COW file RAW->name over BACKING, of what the file of RAW holds: only
 * sectors that differ are in it. It appears when it is complete and on the
 * disk. RAW is left to be aborted. -1: reported.
 */
int layer_make(struct output *raw, const char *backing);

#endif
