/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For tests of what ends in the middle: by a kill, which leaves all that was
 * written, or by a power cut, which leaves of what was not synced each sector
 * or not.
 *
 * A step is a write, a sync, a punch or a stamp, of any of the stores; the one
 * at which it ends may have done its work or not.
 */
#ifndef TESTS_UNIT_STORAGE_CRASH_H
#define TESTS_UNIT_STORAGE_CRASH_H

#include "../../../ubd/format/cow.h"
#include "cutio.h"

#define SECTOR		512u
#define SECTORS		(32768u + 21)	/* two pages of map */
#define CUT_OFF		100u		/* of the last sector of the backing */
#define BYTES		((u64)SECTORS * SECTOR - CUT_OFF)
#define PLACES		12u
#define BEGIN		1000u		/* the backing's mtime */

/* Where things happen: corners of bytes and pages of the map, and the end. */
extern const u32 places[PLACES];

struct store {
	struct io io;
	struct cutio mem;
	u64 mtime, safe_mtime;
	bool stamped;		/* safe_mtime is what mtime is */
};

extern struct store over, base, base2;	/* the COW file, and two backings */
extern int steps_left, steps_done, fail_at;
extern u64 now;

extern struct cow_header head;
extern unsigned char view[PLACES][SECTOR];	/* what the COW file shows */
extern unsigned char was[PLACES][SECTOR];	/* the backing before */
extern bool tail;	/* something is behind the end of the backing */

/* Is the step to be done? False, with *err, if not; at the end by chance. */
bool step(int *err);
/* Everything stops, and starts again. */
void end(bool power);
void no_end(void);

/* A COW file over base, made by seed, and base2, which differs. */
void start(u32 seed);
void stop(void);

u32 room(u32 sector);	/* bytes that a backing has of it */
struct image *open_over(struct store *below);
/* Of the file as it is now; true: it has a record. */
bool reread(struct cow_header *h);
void check_view(struct store *below);

#endif
