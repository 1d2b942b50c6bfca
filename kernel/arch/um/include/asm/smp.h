/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_SMP_H
#define _ASM_UM_SMP_H

#ifdef CONFIG_SMP
#include <linux/cpumask.h>
#include <abi/vcpu.h>

static __always_inline int um_vcpu_id(void)
{
	int cpu;

	asm volatile("movl %%gs:%c1, %0" : "=r" (cpu) : "i" (VCPU_CPU));
	return cpu;
}
#define raw_smp_processor_id()	um_vcpu_id()

void arch_smp_send_reschedule(int cpu);
void arch_send_call_function_single_ipi(int cpu);
void arch_send_call_function_ipi_mask(const struct cpumask *mask);
void um_handle_ipi(void);
int __cpu_disable(void);
/* Generic code waits for the vcpu to report itself dead. */
static inline void __cpu_die(unsigned int cpu) { }
#endif

#endif
