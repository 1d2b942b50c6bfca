/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts of a vcpu are on or off by a word in its area; signal handlers
 * look at it (abi/guest.h). What arrived meanwhile waits in `pending` and is
 * taken as soon as interrupts are on again.
 */
#ifndef _ASM_UM_IRQFLAGS_H
#define _ASM_UM_IRQFLAGS_H

#ifndef __ASSEMBLY__
#include <linux/compiler.h>
#include <abi/vcpu.h>

void um_irq_unmasked(void);

static __always_inline unsigned long arch_local_save_flags(void)
{
	unsigned int on;

	asm volatile("movl %%gs:%c1, %0" : "=r" (on) : "i" (VCPU_IRQ_ON) : "memory");
	return on;
}

static __always_inline void arch_local_irq_disable(void)
{
	asm volatile("movl $0, %%gs:%c0" : : "i" (VCPU_IRQ_ON) : "memory");
}

static __always_inline void arch_local_irq_enable(void)
{
	unsigned int pending;

	asm volatile("movl $1, %%gs:%c1\n\t"
		     "movl %%gs:%c2, %0"
		     : "=r" (pending)
		     : "i" (VCPU_IRQ_ON), "i" (VCPU_PENDING) : "memory");
	if (unlikely(pending))
		um_irq_unmasked();
}

static __always_inline unsigned long arch_local_irq_save(void)
{
	unsigned long flags = arch_local_save_flags();

	arch_local_irq_disable();
	return flags;
}

static __always_inline bool arch_irqs_disabled_flags(unsigned long flags)
{
	return !flags;
}

static __always_inline bool arch_irqs_disabled(void)
{
	return arch_irqs_disabled_flags(arch_local_save_flags());
}

static __always_inline void arch_local_irq_restore(unsigned long flags)
{
	if (!arch_irqs_disabled_flags(flags))
		arch_local_irq_enable();
	else
		arch_local_irq_disable();
}
#endif

#endif
