/* SPDX-License-Identifier: GPL-2.0 */
/* What can be wrong behind the header of a COW file, and what can be regained
 * from one. The store is used by nobody else meanwhile. */
#ifndef UBD_FORMAT_COW_CHECK_H
#define UBD_FORMAT_COW_CHECK_H

#include "cow_header.h"
#include "format.h"

struct cow_report {
	u64 sectors;		/* that the map has bits for, of these ... */
	u64 set;		/* ... so many are in the file */
	u64 stray;		/* bits set behind the last sector's */
	u64 lost, first_lost;	/* set, but the file ends before their data */
	u64 length;		/* what the file's should be at least ... */
	u64 length_most;	/* ... and at most */
	u64 garbage;		/* bytes of room below clear bits */
};

/* Looks at the map and the data's room. progress is called now and then with
 * how much is done, or NULL. 0 or -errno. */
int cow_scan(struct io *io, const struct cow_header *h, u64 file_bytes,
	     struct cow_report *report, void (*progress)(u64 done, u64 of));

/* Clears the bits behind the last sector's; synced. 0 or -errno. */
int cow_clear_stray(struct io *io, const struct cow_header *h);

struct cow_compaction {
	u64 cleared;		/* sectors that were as in the base */
	u64 punched;		/* bytes below clear bits, given back */
	/* called now and then with how much of the work is done; or NULL */
	void (*progress)(struct cow_compaction *c, u64 done, u64 of);
};

/*
 * Clears the bits of sectors that are as in the base, syncs, and then punches
 * what is below clear bits. Whenever it is cut off, each sector reads as
 * before. 0 or -errno; -EOPNOTSUPP: bits were cleared, but the store can't
 * punch.
 */
int cow_compact(struct io *io, const struct cow_header *h, u64 file_bytes,
		struct image *base, struct cow_compaction *c);

#endif
