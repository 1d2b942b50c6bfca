// SPDX-License-Identifier: GPL-2.0
/* What the auxiliary vector says of the CPU: the host's, whose it is. */
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/init.h>
#include <asm/cpuid.h>
#include <asm/elf.h>
#include <asm/hwcap2.h>

unsigned long um_elf_hwcap __ro_after_init;	/* cpuid 1, edx */
unsigned long um_elf_hwcap2 __ro_after_init;

#define CPUID_7_EBX_FSGSBASE BIT(0)

static int __init init_hwcaps(void)
{
	u32 regs[4];

	cpuid_regs(1, 0, regs);
	um_elf_hwcap = regs[CPUID_EDX];
	cpuid_regs(7, 0, regs);
	/* hosts from 5.9 let programs use what the CPU has */
	if (regs[CPUID_EBX] & CPUID_7_EBX_FSGSBASE)
		um_elf_hwcap2 |= HWCAP2_FSGSBASE;
	return 0;
}
arch_initcall(init_hwcaps);
