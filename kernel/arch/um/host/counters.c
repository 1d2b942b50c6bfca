// SPDX-License-Identifier: GPL-2.0
/* The counters' names and sums. */
#include "../abi/host_vcpu.h"
#include "counters.h"

struct counters vcpu_counters[UM_MAX_VCPUS];

static const char *const names[C_NR] = {
	"syscalls", "syscalls_full", "faults", "kicks", "stops", "events",
	"agent_batches", "maps", "unmaps", "flushes", "spaces_new",
	"spaces_pooled", "threads_new", "threads_parked", "deaths", "idles",
	"timer_sets", "vcpu_kicks",
};

static u64 sum_of(enum counter c)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < UM_MAX_VCPUS; i++)
		sum += vcpu_counters[i].n[c];
	return sum;
}

int host_counters(struct host_counter *out, int max)
{
	int i;

	for (i = 0; i < C_NR && i < max; i++)
		out[i] = (struct host_counter) { names[i], sum_of(i) };
	return i;
}
