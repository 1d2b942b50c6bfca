/* SPDX-License-Identifier: GPL-2.0 */
/* The wall, upwards: what the host side calls in the guest kernel. */
#ifndef UM_ABI_GUEST_H
#define UM_ABI_GUEST_H

#include "types.h"
#include "host.h"

/* Bytes at UM_SHADOW_START that the guest kernel wants before guest_start():
 * private memory that reads zero and is there only once written to. 0: none. */
extern const u64 guest_shadow_bytes;

/* First call into the guest kernel: on the host's main thread and stack, which
 * the guest leaves for its own. Never returns. */
void guest_start(const struct host_boot_info *info) __attribute__((noreturn));

/*
 * Assembly entry to which a signal handler diverts a vcpu that runs guest
 * kernel code with interrupts on. The handler has set irq_on to 0, pushed the
 * interrupted ip on the interrupted stack (no red zone there) and set ip to
 * this. All other registers and flags are the interrupted ones.
 */
void guest_irq_entry(void);

/* Registers of a host signal frame that the guest kernel may look at and, for
 * ip, ax, dx, change. */
struct guest_fault {
	u64 ip, sp, bp, flags;
	u64 ax, bx, cx, dx, si, di, r8, r9, r10, r11, r12, r13, r14, r15;
	u64 addr;		/* si_addr / cr2 */
	u64 err, trapno;
	u32 signo, code;
};

/*
 * A synchronous host signal (SEGV, BUS, ILL, FPE, TRAP) hit a vcpu outside
 * guest user code. Runs on the alternate stack, must not sleep. Returns 0 when
 * fixed up (the changed registers are written back), else the host side prints
 * one line and aborts; usually it does not return but reports and panics.
 */
int guest_kernel_fault(struct guest_fault *f);

/* Release of the guest kernel (uname -r), and the text of its configuration
 * where it was built with CONFIG_IKCONFIG; both may be used before
 * guest_start(). The host side declares them weak. */
extern const char guest_release_text[];
extern const char guest_config_text[];

#endif
