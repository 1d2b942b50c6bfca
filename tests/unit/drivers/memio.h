/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A store in memory that misbehaves on request: it moves fewer bytes than it
 * was asked to, refuses not to wait, or fails one call in so many.
 */
#ifndef TESTS_UNIT_DRIVERS_MEMIO_H
#define TESTS_UNIT_DRIVERS_MEMIO_H

#include "../../../ubd/format/io.h"
#include "iotest.h"

struct memio {
	struct io io;
	unsigned char *data;
	u64 size;		/* end of file for reads; writes extend it */
	u64 room;		/* of data */
	bool shorten;		/* random short reads and writes */
	bool no_punch;
	int nowait_err;		/* every other nowait read gives this */
	int fail_in, fail_err;	/* the n-th call from now fails so */
	int sync_err;
	void (*in_sync)(struct memio *m);	/* called in each sync */
	u64 used;		/* what ->used() tells */
	int reads, writes, syncs, punches, closed;
};

/* data of room bytes is the caller's. */
void memio_init(struct memio *m, unsigned char *data, u64 size, u64 room);

#endif
