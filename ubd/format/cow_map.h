/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The map of a COW file, of which only a bounded part is in memory.
 *
 * Two maps are kept. The read map has a bit as soon as the sector's data was
 * written; the disk map, which is what the file has, gains it only by a round:
 *
 *	map_snapshot()	what is set by now is to be stored
 *	...sync...	now the data of these sectors is safe
 *	map_store()	their bits are written
 *	...sync...	now the bits are safe
 *	map_settle()	and count as stored
 *
 * Bits only go from 0 to 1, so a map that was written in part is no harm.
 * Pages whose maps differ stay in memory until a round has stored them.
 */
#ifndef UBD_FORMAT_COW_MAP_H
#define UBD_FORMAT_COW_MAP_H

#include "io.h"

struct cow_map;

/* The map of `bits` sectors at byte `at` of io. NULL: no memory. */
struct cow_map *map_new(struct io *io, u64 at, u64 bits);
void map_free(struct cow_map *m);

/*
 * Is the sector in the file? 0 or 1, with *run how many sectors from this one
 * on, at most n, are in the same place; -errno if the map can't be read, and
 * -EAGAIN if it would have to be and nowait is set. Sectors behind the map
 * have no bit.
 */
int map_run(struct cow_map *m, u64 sector, u64 n, bool nowait, u64 *run);

/* The same, waiting if need be, and a run of clear bits goes on through holes
 * of the file, which are not read: a map may be of hundreds of MB. */
int map_run_far(struct cow_map *m, u64 sector, u64 n, u64 *run);

/* Sets bits in the read map. 0 or -errno; then some may be set. */
int map_set(struct cow_map *m, u64 sector, u64 n);

/* Are there bits that no round has stored? */
bool map_pending(struct cow_map *m);
/* So many that a round is due before more are set? */
bool map_crowded(struct cow_map *m);

bool map_snapshot(struct cow_map *m);	/* false: nothing to store */
int map_store(struct cow_map *m);
void map_settle(struct cow_map *m);

#endif
