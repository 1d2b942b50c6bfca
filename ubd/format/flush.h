/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flushes that come together share a round.
 *
 * A flush waits for a round that began after it came, and rounds never
 * overlap: of two syncs at once the host may tell only one that data is lost,
 * and the other's flush would be reported done.
 */
#ifndef UBD_FORMAT_FLUSH_H
#define UBD_FORMAT_FLUSH_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include <abi/types.h>

struct flush {
	pthread_mutex_t lock;	/* of the fields below */
	pthread_cond_t ended;
	u64 begun, done;	/* rounds */
	bool running;
	atomic_int error;	/* the first one; never leaves */
};

static inline bool no_room(int err)
{
	return err == -ENOSPC || err == -EDQUOT;
}

void flush_init(struct flush *f);
void flush_free(struct flush *f);

/*
 * Flushes by a round, somebody else's if it begins from now on. round(arg)
 * gives 0, or -errno, upon which all later flushes fail, or a positive errno:
 * nothing is lost, a later round may do it.
 *
 * 0 or -errno. Want of room is what a caller may wait for, so the later
 * flushes never give that: they give -EIO.
 */
int flush_wait(struct flush *f, int (*round)(void *arg), void *arg);

/* Has one failed for good? */
static inline bool flush_failed(struct flush *f)
{
	return atomic_load(&f->error);
}

#endif
