/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a tree needs before it can be written, and who the file system will
 * be. Nothing here is random and nothing depends on the clock, except that a
 * time in the future is not used: the same input gives the same image.
 */
#ifndef IMGTOOL_FINISH_H
#define IMGTOOL_FINISH_H

#include <stdbool.h>
#include <stdint.h>

#include "imgtool/ext4/volume.h"
#include "imgtool/tree/tree.h"

struct identity_options {
	const char *label; /* up to 16 bytes; NULL: none */
	const char *seed;  /* decides uuid and hash seed; NULL: the tree does */
	bool set_uuid;
	uint8_t uuid[16];
	bool set_time; /* SOURCE_DATE_EPOCH */
	int64_t time;
};

/* The uuid that a file system of this tree gets, if nothing more comes in. */
void tree_uuid(struct tree *tree, const struct identity_options *options,
	       uint8_t uuid[16]);

/*
 * Sort the tree, add lost+found, give times to directories no source has.
 * Returns 0, or -1: reported.
 */
int tree_finish(struct tree *tree, const struct identity_options *options,
		struct volume_identity *identity);

#endif
