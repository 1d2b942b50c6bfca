// SPDX-License-Identifier: GPL-2.0
/*
 * On which CPU of the host things run. A guest thread and its vcpu take turns, so
 * they belong on one; the host, which does not know, wakes either on an idle CPU,
 * which takes several times as long as the trap itself. SYNC_WAKE_UP tells it, but
 * not where a signal does the waking: a thread that is stopped in a call is bound to
 * its vcpu's CPU before, until it computes for longer. Nor are those taken along whom
 * one wakes that wakes many: so guest threads are bound where more than one vcpu
 * works, and agents always.
 *
 * Without SYNC_WAKE_UP every guest thread is bound like that, and the vcpu too: but
 * not while it is idle, and for one tick of its timer in 16 not either, so that the
 * host can move both to where there is room.
 *
 * Two vcpus that work may so be on one CPU: the host wakes a vcpu where it was last,
 * and who sleeps and wakes all the time is not moved by its balancing. So they part
 * by themselves, if one finds itself with another and a CPU that none is on.
 */
#define _GNU_SOURCE 1
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "../abi/host.h"
#include "allow.h"
#include "place.h"

HOST_ALLOW(sched_setaffinity);
HOST_ALLOW(sched_getaffinity);
HOST_ALLOW(clock_gettime);

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

/* ---- vcpus apart ---- */

#define LOOK_NS	500000ull
#define REST_NS	10000000ull		/* after a move */

static atomic_int working;		/* vcpus that are not idle */
static atomic_int places[UM_MAX_VCPUS];	/* 1 + the CPU of each of them, 0: idle */
static __thread u64 next_look;
static __thread bool is_working;

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void vcpu_idle_begins(u32 id)
{
	vcpu_roam();
	if (is_working)
		atomic_fetch_sub(&working, 1);
	is_working = false;
	atomic_store_explicit(&places[id], 0, memory_order_relaxed);
}

void vcpu_idle_ends(void)
{
	is_working = true;
	/* who is about to sleep again would part for nothing */
	if (atomic_fetch_add(&working, 1))
		next_look = now_ns() + LOOK_NS;
}

/* Takes the CPUs of the others out of *set; true if one of them is `cpu`. */
static bool without_others(u32 id, int cpu, cpu_set_t *set)
{
	bool shared = false;
	u32 i;

	for (i = 0; i < UM_MAX_VCPUS; i++) {
		int other = atomic_load_explicit(&places[i], memory_order_relaxed) - 1;

		if (i == id || other < 0)
			continue;
		shared |= other == cpu;
		CPU_CLR(other, set);
	}
	return shared;
}

/* True: the vcpu has moved. One at a time, or two that are together would both go. */
static bool part(u32 id, int cpu)
{
	static atomic_flag parting = ATOMIC_FLAG_INIT;
	cpu_set_t may, free;
	bool moved = false;

	CPU_ZERO(&free);
	if (!without_others(id, cpu, &free) || atomic_flag_test_and_set(&parting))
		return false;
	vcpu_roam();
	if (!sched_getaffinity(0, sizeof(may), &may)) {
		free = may;
		moved = without_others(id, cpu, &free) && CPU_COUNT(&free) &&
			!sched_setaffinity(0, sizeof(free), &free);
	}
	if (moved) {		/* where the host chose */
		atomic_store(&places[id], sched_getcpu() + 1);
		sched_setaffinity(0, sizeof(may), &may);
	}
	atomic_flag_clear(&parting);
	return moved;
}

bool vcpus_work(void)
{
	return atomic_load_explicit(&working, memory_order_relaxed) > 1;
}

void vcpu_part(u32 id)
{
	int cpu;
	u64 now;

	if (!vcpus_work())
		return;
	cpu = sched_getcpu();
	atomic_store_explicit(&places[id], cpu + 1, memory_order_relaxed);
	now = now_ns();
	if (now < next_look)
		return;
	next_look = now + (part(id, cpu) ? REST_NS : LOOK_NS);
}

void vcpu_ticks(void)
{
	ticks++;
}
