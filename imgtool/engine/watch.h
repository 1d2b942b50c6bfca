/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does a guest that owes us an answer still work at it? Nobody can know, but
 * two things are not work: for a minute, all but no processor time while no
 * thread of it waits for that or for a disk (it is stopped, or stuck); and
 * twenty minutes for one answer (it goes round in circles: the largest there
 * are, mounting and the last sync, take less).
 *
 * UMKIT_ENGINE_TIMEOUT=SECONDS is the minute; the other limit is 20 times it.
 */
#ifndef IMGTOOL_ENGINE_WATCH_H
#define IMGTOOL_ENGINE_WATCH_H

#include <stdint.h>
#include <sys/types.h>

struct watch {
	int64_t last;	   /* when we were asked, milliseconds; 0: not yet */
	int64_t waited;	   /* for this answer */
	int64_t worked;	   /* ... when it was last seen at work */
	int64_t processor; /* what it had used at the last look, or -1 */
};

/* Something has come: start from the beginning. */
void watch_reset(struct watch *watch);

/*
 * Nothing has come yet from the guest whose kernel is PID. NULL: wait on, for
 * at most *TIMEOUT milliseconds until the next call; or what is wrong with it.
 */
const char *watch_look(struct watch *watch, pid_t pid, int *timeout);

#endif
