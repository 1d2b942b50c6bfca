/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_PERCPU_H
#define _ASM_UM_PERCPU_H

#ifndef __ASSEMBLY__
#include <linux/compiler.h>
#include <abi/vcpu.h>

#ifdef CONFIG_SMP
static __always_inline unsigned long um_percpu_offset(void)
{
	unsigned long offset;

	asm volatile("movq %%gs:%c1, %0" : "=r" (offset) : "i" (VCPU_PERCPU));
	return offset;
}
#define __my_cpu_offset um_percpu_offset()
#endif

#include <asm-generic/percpu.h>
#endif

#endif
