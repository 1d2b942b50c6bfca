/* SPDX-License-Identifier: GPL-2.0 */
/* The guest kernel's own counters (kernel/doc/counters.md), as the programs of
 * the benchmarks read and print them. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdio.h>

#define COUNTERS "/sys/kernel/debug/um/counters"
#define MAX_COUNTERS 64

struct counters {
	int n;
	struct {
		char name[32];
		unsigned long long value;
	} c[MAX_COUNTERS];
};

/* None on the host, and where debugfs is not mounted. */
static inline void read_counters(struct counters *c)
{
	FILE *f = fopen(COUNTERS, "r");

	c->n = 0;
	if (!f)
		return;
	while (c->n < MAX_COUNTERS && fscanf(f, "%31s %llu", c->c[c->n].name,
					     &c->c[c->n].value) == 2)
		c->n++;
	fclose(f);
}

/* By how much number i grew, per operation. */
static inline double counter_growth(const struct counters *from,
				    const struct counters *to, int i, double ops)
{
	return i < from->n ? (double)(to->c[i].value - from->c[i].value) / ops : 0;
}

#endif
