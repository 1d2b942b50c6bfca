/* SPDX-License-Identifier: GPL-2.0 */
/* Unit tests of the host side: what the suites share. */
#ifndef HOST_TESTS_H
#define HOST_TESTS_H

#include <check.h>

#include "kernel/arch/um/abi/guest.h"
#include "kernel/arch/um/abi/host.h"

/* fake-guest.c: the guest kernel and the back end, as far as needed. */
extern struct vcpu_area test_area;
extern int (*test_on_fault)(struct guest_fault *f);
extern int test_backend_shutdowns;

/* Makes the calling thread vcpu 0, handlers installed. */
void test_boot_vcpu(void);

/* Waits in host_vcpu_idle() until bits are pending, then takes and returns
 * all pending bits. */
u32 test_wait_pending(u32 bits);

/* irq-loop.c: what guest_irq_entry found. Order of struct guest_regs up to
 * di, then ip pushed, flags, sp. */
struct irq_frame {
	u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	u64 ip, flags, sp;
};
extern struct irq_frame irq_before, irq_found;
extern char irq_loop_start[], irq_loop_end[];

/* Loads all registers and flags from irq_before (sp: stored there), spins in
 * the loop until diverted, and returns. */
void irq_loop(void);

TCase *cmdline_case(void);
TCase *probe_case(void);
TCase *event_case(void);
TCase *timer_case(void);
TCase *irq_case(void);
TCase *kick_case(void);
TCase *fault_case(void);
TCase *exit_case(void);
TCase *physmem_case(void);
TCase *lockdown_case(void);

#endif
