/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_CURRENT_H
#define _ASM_UM_CURRENT_H

#ifndef __ASSEMBLY__
#include <linux/compiler.h>
#include <linux/stringify.h>
#include <abi/vcpu.h>

struct task_struct;

/* One instruction, so right across preemption and migration. */
static __always_inline struct task_struct *get_current(void)
{
	struct task_struct *task;

	asm("movq %%gs:%c1, %0" : "=r" (task) : "i" (VCPU_CURRENT));
	return task;
}

#define current get_current()
#endif

#endif
