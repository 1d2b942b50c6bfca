/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_MMU_H
#define _ASM_UM_MMU_H

#include <linux/spinlock_types.h>
#include <linux/atomic.h>

struct host_mm;
struct um_fork;

/* Ranges whose host mappings are to go before the next entry to guest user. */
#define UM_TLB_PENDING 24

typedef struct {
	struct host_mm *hmm;
	unsigned long vdso;		/* where it is, or 0 */
	u64 xcomp;			/* XSTATE features asked for */
	spinlock_t lock;		/* serialises updates of the host space */
	atomic_t running;		/* vcpus on which it executes guest user code */
	bool forking;			/* see arch_dup_mmap() */
	struct um_fork *fork;		/* mm/fork.c; of a child, until it runs */
	unsigned int large_forks;	/* how many found more to copy than they may */
	bool short_threads;		/* the last that ended was, see kernel/sched.c */
	unsigned int nr_pending;
	struct { unsigned long start, end; } pending[UM_TLB_PENDING];
	/* Everything that may be mapped on the host lies within. */
	unsigned long mapped_start, mapped_end;
} mm_context_t;

#define INIT_MM_CONTEXT(mm) \
	.context = { .lock = __SPIN_LOCK_UNLOCKED(mm.context.lock) },

#endif
