/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is a store quick enough to be used by the vcpu itself? A hand-over to a
 * host thread and back costs tens of microseconds; a vcpu that waits runs no
 * guest. So: inline while the average call takes less than PACE_LIMIT_NS
 * beyond what copying its bytes takes, else by a thread, with a try inline
 * now and then. Races between vcpus only blur the average.
 *
 * On a busy machine any call takes milliseconds at times, since another program
 * had the processor. A single one must not cost the thousand quick ones after
 * it a hand-over each: so it counts as no more than PACE_MOST_NS, and a quick
 * one of those that are tried makes up for more than it would by its share.
 */
#ifndef UBD_HOST_PACE_H
#define UBD_HOST_PACE_H

#include <time.h>

#include <abi/types.h>

#define PACE_LIMIT_NS	50000
#define PACE_MOST_NS	300000
#define PACE_RETRY	32	/* one in so many is tried while slow */

struct pace {
	u32 average;		/* ns, of the last 8 or so */
	u32 skipped;
};

static inline u64 pace_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

static inline bool pace_inline(struct pace *p)
{
	u32 n;

	if (__atomic_load_n(&p->average, __ATOMIC_RELAXED) < PACE_LIMIT_NS)
		return true;
	n = __atomic_add_fetch(&p->skipped, 1, __ATOMIC_RELAXED);
	return n % PACE_RETRY == 0;
}

static inline void pace_learn(struct pace *p, u64 started, u64 bytes)
{
	u64 took = pace_now() - started, copying = bytes / 2;	/* 2 GB/s */
	u32 old = __atomic_load_n(&p->average, __ATOMIC_RELAXED);

	took = took > copying ? took - copying : 0;
	if (took > PACE_MOST_NS)
		took = PACE_MOST_NS;
	if (old >= PACE_LIMIT_NS && took < PACE_LIMIT_NS / 2)
		old = old / 2 + PACE_LIMIT_NS / 4;
	__atomic_store_n(&p->average, (u32)(old - old / 8 + took / 8),
			 __ATOMIC_RELAXED);
}

#endif
