// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of a vcpu: its timer, other vcpus, and host events, each of
 * which has an irq number equal to its id. They come in by one of three ways,
 * all ending in um_take_pending(): a signal handler diverts guest kernel code
 * (guest_irq_entry), interrupts are switched on while something is pending
 * (um_irq_unmasked), or guest user code is interrupted (trap.c).
 */
#include <linux/kernel.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/entry-common.h>
#include <linux/hardirq.h>
#include <linux/kernel_stat.h>
#include <linux/seq_file.h>
#include <linux/reboot.h>
#include <linux/sched/signal.h>
#include <asm/irq_regs.h>
#include <asm/um.h>
#include <abi/host.h>

void __weak um_console_winch(void) { }

static void take_events(void)
{
	u32 ids[32];
	int n, i;

	do {
		n = host_event_take(ids, ARRAY_SIZE(ids));
		for (i = 0; i < n; i++)
			generic_handle_irq(ids[i]);
	} while (n == ARRAY_SIZE(ids));
}

/* The host asks us to end: as ACPI's power button or Ctrl-Alt-Del would. */
static void take_host_signal(u32 pending)
{
	if (pending & VCPU_PENDING_WINCH)
		um_console_winch();
	if (pending & (VCPU_PENDING_TERM | VCPU_PENDING_HUP))
		orderly_poweroff(true);
	else if (pending & VCPU_PENDING_INT)
		ctrl_alt_del();
}

void um_take_pending(struct pt_regs *regs)
{
	struct pt_regs *old_regs = set_irq_regs(regs);
	struct vcpu_area *area = um_this_vcpu();
	u32 pending;

	irq_enter_rcu();
	while ((pending = xchg(&area->pending, 0))) {
		if (pending & VCPU_PENDING_TIMER)
			um_timer_interrupt();
#ifdef CONFIG_SMP
		if (pending & VCPU_PENDING_IPI)
			um_handle_ipi();
#endif
		if (pending & VCPU_PENDING_IO)
			take_events();
		if (pending & ~(VCPU_PENDING_TIMER | VCPU_PENDING_IPI |
				VCPU_PENDING_IO | VCPU_PENDING_CHILD))
			take_host_signal(pending);
	}
	irq_exit_rcu();
	set_irq_regs(old_regs);
}

/* regs: interrupted guest kernel code; interrupts are off, and on at return. */
static void take_in_kernel(struct pt_regs *regs)
{
	struct vcpu_area *area = um_this_vcpu();
	irqentry_state_t state;

	do {
		arch_local_irq_disable();
		state = irqentry_enter(regs);
		um_take_pending(regs);
		irqentry_exit(regs, state);
		asm volatile("movl $1, %%gs:%c0" : : "i" (VCPU_IRQ_ON) : "memory");
		area = um_this_vcpu();	/* irqentry_exit() may have moved us */
	} while (READ_ONCE(area->pending));
}

__visible void um_irq_diverted(struct pt_regs *regs)
{
	regs->flags |= X86_EFLAGS_IF;
	take_in_kernel(regs);
}

/* From arch_local_irq_enable(): something arrived while they were off. */
void um_irq_unmasked(void)
{
	struct pt_regs regs = {
		.ip = _RET_IP_,
		.sp = current_stack_pointer,
		.bp = (unsigned long)__builtin_frame_address(0),
		.cs = UM_KERNEL_CS,
		.flags = X86_EFLAGS_IF,
		.orig_ax = -1,
	};

	arch_local_irq_disable();
	take_in_kernel(&regs);
}
EXPORT_SYMBOL(um_irq_unmasked);

#ifdef CONFIG_IRQ_WORK
void arch_irq_work_raise(void)
{
	struct vcpu_area *area = um_this_vcpu();

	atomic_or(VCPU_PENDING_IPI, (atomic_t *)&area->pending);
	if (!arch_irqs_disabled())
		um_irq_unmasked();
}
#endif

int um_event_irq(int host_fd, irqreturn_t (*handler)(int, void *),
		 const char *name, void *dev)
{
	int id = host_event_add(host_fd);
	int err;

	if (id < 0)
		return id;
	if (id >= NR_IRQS) {
		host_event_remove(id);
		return -ENOSPC;
	}
	err = request_irq(id, handler, 0, name, dev);
	if (err) {
		host_event_remove(id);
		return err;
	}
	return id;
}
EXPORT_SYMBOL_GPL(um_event_irq);

void um_event_arm(int id, u32 events)
{
	host_event_arm(id, events);
}
EXPORT_SYMBOL_GPL(um_event_arm);

/* The id is somebody else's as soon as the host side has it back: his handler
 * would find ours still there. */
void um_event_free(int id, void *dev)
{
	free_irq(id, dev);
	host_event_remove(id);
}
EXPORT_SYMBOL_GPL(um_event_free);

void __init init_IRQ(void)
{
	unsigned int i;

	for (i = 0; i < NR_IRQS; i++) {
		irq_set_chip_and_handler(i, &dummy_irq_chip, handle_simple_irq);
		irq_clear_status_flags(i, IRQ_NOREQUEST | IRQ_NOPROBE);
	}
}
