/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ours in the vDSO's data page, under its sequence count: the line by which a
 * reading of the TSC becomes the host's CLOCK_MONOTONIC.
 *
 *	ns = base_ns + ((tsc - base_tsc) * mult >> UM_TSC_SHIFT)
 *
 * kernel/tsc.c draws it, and draws it anew before it can be off. And, set once,
 * whether there is one processor only.
 */
#ifndef _ASM_UM_VDSO_DATA_H
#define _ASM_UM_VDSO_DATA_H

#include <linux/types.h>

#define UM_TSC_SHIFT 32

struct um_tsc_line {
	__u64 base_tsc, base_ns;
	__u64 mult;			/* ns per cycle, 32.32 */
};

static __always_inline __u64 um_tsc_ns(const struct um_tsc_line *line, __u64 tsc)
{
	/* another CPU's TSC may be a little behind: never before the base */
	__u64 delta = tsc > line->base_tsc ? tsc - line->base_tsc : 0;

	return line->base_ns +
	       (__u64)((unsigned __int128)delta * line->mult >> UM_TSC_SHIFT);
}

/* Not before any earlier load. */
static __always_inline __u64 um_rdtsc(void)
{
	__u32 lo, hi;

	asm volatile("lfence; rdtsc" : "=a" (lo), "=d" (hi) : : "memory");
	return (__u64)hi << 32 | lo;
}

struct arch_vdso_data {
	struct um_tsc_line line;
	__u32 one_cpu;
};

#endif
