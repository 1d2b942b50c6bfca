/* SPDX-License-Identifier: GPL-2.0 */
/* What the host side counts, each vcpu for itself: doc/counters.md. */
#ifndef UM_HOST_COUNTERS_H
#define UM_HOST_COUNTERS_H

#include "../abi/layout.h"
#include "../abi/vcpu.h"

enum counter {
	C_SYSCALLS, C_SYSCALLS_FULL, C_FAULTS, C_KICKS, C_STOPS, C_EVENTS,
	C_BATCHES, C_MAPS, C_UNMAPS, C_FLUSHES, C_SPACES, C_SPACES_POOLED,
	C_THREADS, C_THREADS_PARKED, C_DEATHS, C_IDLES, C_TIMERS, C_VCPU_KICKS,
	C_NR
};

struct counters {
	u64 n[C_NR];
} __attribute__((aligned(64)));
extern struct counters vcpu_counters[UM_MAX_VCPUS];

/* On a vcpu. */
static inline void count(enum counter c)
{
	u32 cpu;

	asm volatile("movl %%gs:%c1, %0" : "=r" (cpu) : "i" (VCPU_CPU));
	vcpu_counters[cpu].n[c]++;
}

#endif
