/* SPDX-License-Identifier: GPL-2.0 */
/* What a COW file holds, put into its backing. */
#ifndef UBD_FORMAT_COW_COMMIT_H
#define UBD_FORMAT_COW_COMMIT_H

#include "cow_record.h"
#include "format.h"

struct cow_commit {
	struct io *cow;			/* the file, with */
	const struct cow_header *h;	/* its header: cow_can_write() */
	struct image *base;
	u64 base_bytes;		/* base takes that many; the rest of the last
				 * sector stays in the COW file */
	bool resumed;		/* there is a record in the file already */
	struct cow_record record;
	u64 mtime;		/* seconds: what the backing's becomes */
	/* Gives the backing that mtime, on stable storage, and corrects mtime
	 * to what it has got. 0, -EPERM if it was left as it is, or another
	 * -errno. */
	int (*stamp)(struct cow_commit *c);
	/* called now and then with how much of the work is done; or NULL */
	void (*progress)(u64 done, u64 of);
	/* out */
	u64 copied;		/* bytes */
	bool tail_kept;
	bool begun;		/* on failure: to be run again, with the record */
	int punch_error;	/* done, but the file is as large as before */
};

/*
 * 0 or -errno. The mtime must be at least a second later than the record's,
 * and than any that the backing has had since. With no sector to copy and no
 * record nothing is changed.
 */
int cow_commit(struct cow_commit *c);

#endif
