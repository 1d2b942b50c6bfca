/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A store in memory whose power can be cut: what was synced stays, of what was
 * written since then each sector stays or goes by chance. It also moves fewer
 * bytes than asked for, and fails a chosen call.
 */
#ifndef TESTS_UNIT_STORAGE_CUTIO_H
#define TESTS_UNIT_STORAGE_CUTIO_H

#include "../../../ubd/format/io.h"
#include "../drivers/iotest.h"

struct cutio {
	struct io io;
	unsigned char *now, *safe;
	u64 size;
	u64 from, to;		/* where now and safe may differ */
	bool shorten;
	int fail_in, fail_err;	/* the n-th call from now fails so */
	bool fail_on;		/* and so do all after it */
	int calls, syncs;
};

void cutio_init(struct cutio *c, u64 size);
void cutio_free(struct cutio *c);
/* Power off and on again. */
void cutio_cut(struct cutio *c);
/* All that was written is safe. */
void cutio_settle(struct cutio *c);

#endif
