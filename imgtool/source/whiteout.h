/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whiteouts of container layers: `.wh.NAME` hides NAME of lower layers,
 * `.wh..wh..opq` in a directory hides all that lower layers have in it. What
 * the layer itself has is never hidden, wherever in the archive the whiteout
 * stands; so they are collected, and applied when the layer has been read.
 */
#ifndef IMGTOOL_SOURCE_WHITEOUT_H
#define IMGTOOL_SOURCE_WHITEOUT_H

#include "imgtool/tree/tree.h"

struct whiteout {
	char *path;
	bool opaque;
};

struct whiteouts {
	struct whiteout *list;
	size_t count, capacity;
};

/* If the normalised PATH is a whiteout, note it. */
bool whiteouts_take(struct whiteouts *whiteouts, struct tree *tree,
		    const char *path);

/* Hide what they say, but for entries of tree->layer. Empties the list. */
void whiteouts_apply(struct whiteouts *whiteouts, struct tree *tree);

void whiteouts_free(struct whiteouts *whiteouts);

#endif
