/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_MMU_CONTEXT_H
#define _ASM_UM_MMU_CONTEXT_H

#include <linux/mm_types.h>
#include <linux/sched.h>
#include <asm/um.h>

/* Each mm has a host process; made here so that a guest's fork can fail. */
int init_new_context(struct task_struct *task, struct mm_struct *mm);
#define init_new_context init_new_context
void destroy_context(struct mm_struct *mm);
#define destroy_context destroy_context

/* Guest threads are host threads: there is nothing to switch. */
static inline void switch_mm(struct mm_struct *prev, struct mm_struct *next,
			     struct task_struct *task)
{
	unsigned int cpu = smp_processor_id();

	if (prev == next)
		return;
	cpumask_clear_cpu(cpu, mm_cpumask(prev));
	cpumask_set_cpu(cpu, mm_cpumask(next));
}

#define activate_mm(prev, next) switch_mm(prev, next, current)

/* exit and exec: the task's guest thread goes before its mm may. */
void deactivate_mm(struct task_struct *task, struct mm_struct *mm);
#define deactivate_mm deactivate_mm

/* fork has made the parent's private pages read-only, and is about to flush:
 * its flush_tlb_mm() concerns those only (mm/tlb.c). */
static inline int arch_dup_mmap(struct mm_struct *oldmm, struct mm_struct *mm)
{
	oldmm->context.forking = true;
	um_fork_copied(mm);
	return 0;
}

/* No task uses it any more, though an idle vcpu may hold it for long. */
void arch_exit_mmap(struct mm_struct *mm);

static inline bool arch_vma_access_permitted(struct vm_area_struct *vma,
					     bool write, bool execute, bool foreign)
{
	return true;
}

#include <asm-generic/mmu_context.h>

#endif
