/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_TIMEX_H
#define _ASM_UM_TIMEX_H

#define CLOCK_TICK_RATE 1193182

static inline unsigned long get_cycles(void)
{
	unsigned int lo, hi;

	asm volatile("rdtsc" : "=a" (lo), "=d" (hi));
	return lo | (unsigned long)hi << 32;
}
#define get_cycles get_cycles

#include <asm-generic/timex.h>

#endif
