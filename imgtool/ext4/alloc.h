/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which blocks of the image are taken, while nobody knows yet how large it
 * will be.
 *
 * Blocks are given out from the front to the back. What stands at the start
 * of some groups (superblock, group descriptors and room for more of them)
 * has the same size in every image, so it can be stepped over before the
 * number of groups is known. Freed blocks are kept as holes and used again.
 *
 * Whatever is not taken is zero in the file: who frees blocks that were
 * written makes them zero again.
 */
#ifndef IMGTOOL_EXT4_ALLOC_H
#define IMGTOOL_EXT4_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "imgtool/ext4/extent.h"
#include "imgtool/ext4/holes.h"

struct alloc {
	uint32_t header;   /* blocks in front of a group with a superblock */
	uint32_t every;	   /* behind them, or at the front: of every group */
	uint64_t cursor;   /* from here on nothing was ever taken */
	uint64_t taken;	   /* blocks given out and not freed */
	struct holes holes;
};

/* Does a group have a copy of the superblock (feature sparse_super)? */
bool group_has_super(uint64_t group);

/* Blocks in headers of the first GROUPS groups. */
uint64_t header_blocks(uint32_t header, uint64_t groups);

/* How many blocks at the front of a group are nobody's to take. */
uint32_t alloc_front(const struct alloc *alloc, uint64_t group);

/* Nothing in front of every group but the header. */
void alloc_init(struct alloc *alloc, uint32_t header);

/* EVERY group has so many blocks at its front; before any is taken. */
void alloc_set_every(struct alloc *alloc, uint32_t every);
void alloc_free_all(struct alloc *alloc);

/* A copy to try things out on. */
void alloc_clone(struct alloc *to, const struct alloc *from);

/*
 * Take COUNT blocks and append them to EXTENTS from LOGICAL on. One piece if
 * a hole has them or the cursor can; a header in the way makes two.
 */
void alloc_blocks(struct alloc *alloc, struct extents *extents,
		  uint32_t logical, uint32_t count);

/* Take COUNT blocks (less than fit a group) that are one piece. */
uint64_t alloc_contiguous(struct alloc *alloc, uint32_t count);

/* Give blocks back. */
void alloc_release(struct alloc *alloc, uint64_t start, uint64_t count);

#endif
