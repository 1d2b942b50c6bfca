/* SPDX-License-Identifier: GPL-2.0 */
/* Going through the map of a COW file that nobody writes. */
#ifndef UBD_FORMAT_COW_WALK_H
#define UBD_FORMAT_COW_WALK_H

#include "cow_header.h"
#include "cow_map.h"

struct cow_walk {
	struct io *io;
	const struct cow_header *h;
	struct cow_map *map;
	u64 bits;		/* sectors that have one */
};

/* 0 or -ENOMEM. */
int walk_begin(struct cow_walk *w, struct io *io, const struct cow_header *h);
void walk_end(struct cow_walk *w);

/*
 * The first run of sectors at or behind `at` whose bits are set; it may go on
 * behind its end. 1; 0 if there is none; -errno. Holes in the map cost
 * nothing.
 */
int walk_set(struct cow_walk *w, u64 at, u64 *first, u64 *n);

/*
 * The same for room below clear bits: the first range at or behind byte off of
 * the store, in whole blocks of COW_ALIGN, or up to the end of the data, that
 * is no hole. -EOPNOTSUPP: the store does not tell where its holes are.
 */
int walk_garbage(struct cow_walk *w, u64 off, u64 *from, u64 *to);

#endif
