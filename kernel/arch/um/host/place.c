// SPDX-License-Identifier: GPL-2.0
/*
 * On which CPU of the host things run. A guest thread and its vcpu take turns, so
 * they belong on one; the host, which does not know, wakes either on an idle CPU,
 * which takes several times as long as the trap itself. SYNC_WAKE_UP tells it, but
 * not where a signal does the waking: a thread that is stopped in a call is bound to
 * its vcpu's CPU before, until it computes for longer.
 *
 * Without SYNC_WAKE_UP every guest thread is bound like that, and the vcpu too: but
 * not while it is idle, and for one tick of its timer in 16 not either, so that the
 * host can move both to where there is room.
 */
#define _GNU_SOURCE 1
#include <sched.h>

#include "allow.h"
#include "place.h"

HOST_ALLOW(sched_setaffinity);
HOST_ALLOW(sched_getaffinity);

#define ROAM_TICKS	16

static __thread bool bound;
static __thread unsigned int ticks;
static __thread cpu_set_t allowed;	/* before it was bound */

static bool bind_to(int tid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(tid, sizeof(set), &set);
}

void follow_vcpu(int tid, int *cpu)
{
	int now = sched_getcpu();

	if (now >= 0 && now != *cpu && bind_to(tid, now))
		*cpu = now;
}

void leave_vcpu(int tid, int *cpu)
{
	cpu_set_t set = allowed;

	if (*cpu < 0)
		return;
	if (bound || !sched_getaffinity(0, sizeof(set), &set))
		sched_setaffinity(tid, sizeof(set), &set);
	*cpu = -1;
}

void vcpu_stay(void)
{
	int cpu;

	if (ticks % ROAM_TICKS == 0) {
		vcpu_roam();
		return;
	}
	if (bound)
		return;
	cpu = sched_getcpu();
	if (cpu >= 0 && !sched_getaffinity(0, sizeof(allowed), &allowed))
		bound = bind_to(0, cpu);
}

void vcpu_roam(void)
{
	if (bound)
		bound = sched_setaffinity(0, sizeof(allowed), &allowed) != 0;
}

void vcpu_ticks(void)
{
	ticks++;
}
