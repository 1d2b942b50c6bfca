/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The record in a V3 file that says: a commit into the backing is under way.
 * It lies in the padding between header and map, within one sector, so that
 * it is there or not; ubd-cow.5 has its layout.
 */
#ifndef UBD_FORMAT_COW_RECORD_H
#define UBD_FORMAT_COW_RECORD_H

#include "cow_header.h"

#define COW_RECORD_AT		4160u
#define COW_RECORD_BYTES	64u
/* What to read of a file to see header and record. */
#define COW_HEAD_BYTES		(COW_RECORD_AT + COW_RECORD_BYTES)

struct cow_record {
	u64 dev, ino;	/* the backing; a block device has ino 0 */
	u64 mtime;	/* of the backing when the commit began, seconds */
	bool known;	/* false: a later program's, not to be resumed */
};

/*
 * Has the file whose first len bytes these are, and whose header was parsed,
 * a record? One whose checksum is wrong is none: nothing is done before it is
 * whole, and it goes when all is done.
 */
bool cow_record_get(const void *head, size_t len, const struct cow_header *h,
		    struct cow_record *r);

/* A record as COW_RECORD_BYTES bytes. */
void cow_record_put(const struct cow_record *r, void *out);

#endif
