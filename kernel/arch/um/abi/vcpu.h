/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a vcpu (a host thread that runs guest-kernel code) keeps at %gs:0.
 * glibc uses %fs on x86-64, so %gs is ours. One cache-line-aligned area per
 * vcpu, owned by the guest kernel, entered in %gs by the host side.
 */
#ifndef UM_ABI_VCPU_H
#define UM_ABI_VCPU_H

#include "types.h"

/* offsets for assembly and inline assembly; asserted below */
#define VCPU_SELF		0
#define VCPU_CURRENT		8
#define VCPU_PERCPU		16
#define VCPU_CPU		24
#define VCPU_IRQ_ON		28
#define VCPU_PENDING		32

/* bits of vcpu_area.pending */
#define VCPU_PENDING_TIMER	1u	/* the vcpu's timer expired */
#define VCPU_PENDING_IPI	2u	/* another vcpu wants attention */
#define VCPU_PENDING_IO		4u	/* host_event_take() has something */
#define VCPU_PENDING_CHILD	8u	/* a guest host-process died: recheck */
#define VCPU_PENDING_TERM	16u	/* SIGTERM (vcpu 0 only) */
#define VCPU_PENDING_INT	32u	/* SIGINT (vcpu 0 only) */
#define VCPU_PENDING_HUP	64u	/* SIGHUP (vcpu 0 only) */
#define VCPU_PENDING_WINCH	128u	/* SIGWINCH (vcpu 0 only) */

#ifndef __ASSEMBLER__
struct vcpu_area {
	u64 self;		/* its own address */
	u64 current_task;	/* guest's task_struct */
	u64 percpu_offset;	/* guest's per-cpu offset */
	u32 cpu;		/* vcpu number */
	u32 irq_on;		/* guest interrupts enabled (0/1); written by
				 * this vcpu and its signal handlers only */
	u32 pending;		/* VCPU_PENDING_*: set by atomic OR from
				 * handlers and other threads, taken by the
				 * guest kernel by atomic exchange with 0 */
	u32 reserved;
	u64 host_private[3];	/* the host side's */
} __attribute__((aligned(64)));

static_assert(offsetof(struct vcpu_area, current_task) == VCPU_CURRENT, "layout");
static_assert(offsetof(struct vcpu_area, percpu_offset) == VCPU_PERCPU, "layout");
static_assert(offsetof(struct vcpu_area, cpu) == VCPU_CPU, "layout");
static_assert(offsetof(struct vcpu_area, irq_on) == VCPU_IRQ_ON, "layout");
static_assert(offsetof(struct vcpu_area, pending) == VCPU_PENDING, "layout");
#endif

#endif
