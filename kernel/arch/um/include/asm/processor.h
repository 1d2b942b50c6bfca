/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_PROCESSOR_H
#define _ASM_UM_PROCESSOR_H

#include <asm/page.h>
#include <abi/layout.h>
#include <asm/processor-flags.h>

#define TASK_SIZE_MAX		GUEST_TASK_SIZE
#define TASK_SIZE		TASK_SIZE_MAX
#define STACK_TOP		(TASK_SIZE - PAGE_SIZE)
#define STACK_TOP_MAX		STACK_TOP
#define TASK_UNMAPPED_BASE	PAGE_ALIGN(TASK_SIZE / 3)

#ifndef __ASSEMBLY__
#include <linux/types.h>

struct task_struct;
struct host_thread;
struct pt_regs;

/*
 * What a task keeps of its guest thread. `in_call`: the thread waits in a
 * system call of which only number, arguments and ip are known; pt_regs holds
 * those, the rest of it is stale until um_full_regs(). `running`: it executes
 * guest user code (between host_thread_run() calls).
 */
struct thread_struct {
	unsigned long sp;		/* kernel stack pointer while switched out */
	struct host_thread *ht;		/* NULL: made at the next entry */
	struct mm_struct *ht_mm;	/* whose space ht lives in */
	void *fpstate;			/* what a child starts with, or NULL */
	u32 fpstate_size;
	bool in_call;
	bool running;
	bool singlestep;
	/* last fault, for signal frames */
	unsigned long cr2, error_code, trap_nr;
};

#define INIT_THREAD { }

static __always_inline void um_pause(void)
{
	asm volatile("pause" ::: "memory");
}

/* A spin may wait for a vcpu whose host thread is not running: yields at
 * times, and looks at interrupts that arrived inside the host call. */
void um_spin_relax(void);
#ifdef UM_VDSO			/* code of guest processes: vdso/ */
#define cpu_relax() um_pause()
#else
#define cpu_relax() um_spin_relax()
#endif

#define vcpu_is_preempted vcpu_is_preempted
bool vcpu_is_preempted(int cpu);

/* The address within a guest user struct of a sleeping task, for wchan. */
unsigned long __get_wchan(struct task_struct *p);

#define task_pt_regs(task) \
	((struct pt_regs *)(task_stack_page(task) + THREAD_SIZE - 8) - 1)
#define KSTK_EIP(task)	(task_pt_regs(task)->ip)
#define KSTK_ESP(task)	(task_pt_regs(task)->sp)

void start_thread(struct pt_regs *regs, unsigned long ip, unsigned long sp);

static inline void prefetch(const void *p)
{
	__builtin_prefetch(p, 0, 3);
}

static inline void prefetchw(const void *p)
{
	__builtin_prefetch(p, 1, 3);
}
#define ARCH_HAS_PREFETCH
#define ARCH_HAS_PREFETCHW
#endif

#endif
