/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_CPUID_H
#define _ASM_UM_CPUID_H

#include <linux/types.h>

enum { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };

static inline void cpuid_raw(u32 leaf, u32 subleaf, u32 *regs)
{
	asm volatile("cpuid" : "=a" (regs[CPUID_EAX]), "=b" (regs[CPUID_EBX]),
		     "=c" (regs[CPUID_ECX]), "=d" (regs[CPUID_EDX])
		     : "a" (leaf), "c" (subleaf));
}

/* leaf: of the basic range or of the extended one (0x80000000...) */
static inline bool cpuid_has(u32 leaf)
{
	u32 regs[4];

	cpuid_raw(leaf & 0x80000000, 0, regs);
	return leaf <= regs[CPUID_EAX];
}

/* Zeros for a leaf that this CPU does not have. */
static inline void cpuid_regs(u32 leaf, u32 subleaf, u32 *regs)
{
	if (cpuid_has(leaf))
		cpuid_raw(leaf, subleaf, regs);
	else
		regs[0] = regs[1] = regs[2] = regs[3] = 0;
}

#endif
