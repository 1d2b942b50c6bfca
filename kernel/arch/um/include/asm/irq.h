/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupt numbers: each host event (abi/host.h) has its own, equal to its
 * id. Timer and inter-processor interrupts are not numbered.
 */
#ifndef _ASM_UM_IRQ_H
#define _ASM_UM_IRQ_H

#define NR_IRQS 1024

#ifndef __ASSEMBLY__
#include <linux/types.h>
#include <linux/irqreturn.h>

/*
 * Watches a host descriptor (-1: raised by host_event_raise()) and calls
 * handler in hard interrupt context on vcpu 0 each time an armed event fires.
 * Events are one-shot: arm again after draining. Returns the event id or
 * -errno; not armed yet.
 */
int um_event_irq(int host_fd, irqreturn_t (*handler)(int, void *),
		 const char *name, void *dev);
void um_event_arm(int id, u32 events);
void um_event_free(int id, void *dev);
#endif

#endif
