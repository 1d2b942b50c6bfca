// SPDX-License-Identifier: GPL-2.0
/*
 * What the scheduler is told of vcpus. To wake an idle one is dear: some 30 us until
 * it runs, 10 of them the waker's own, and what the two tasks share is in another
 * cache then. So what is likely to sleep soon is not moved away from.
 */
#include <linux/mmu_context.h>
#include <linux/sched.h>
#include <linux/sched/cputime.h>
#include <linux/sched/topology.h>
#include <asm/um.h>
#include "../../../kernel/sched/sched.h"

/* Tasks may move between all vcpus at the same price. With one domain that says
 * so, a waker takes what it wakes to its own vcpu when it is about to sleep;
 * vcpu_is_preempted() keeps it from looking for a blocked one. */
static int share_cache(void)
{
	return SD_SHARE_LLC;
}

static struct sched_domain_topology_level topology[] = {
	{ cpu_cpu_mask, share_cache, SD_INIT_NAME(PKG) },
	{ NULL, },
};

/*
 * A task that sleeps is not to count as one that runs until its vcpu has nothing
 * better to do (DELAY_DEQUEUE, kernel/sched/features.h): exec would find the vcpu
 * busy, for the parent that waits, and wake another.
 */
static void __init dequeue_at_once(void)
{
#if defined(CONFIG_SCHED_DEBUG) && !defined(CONFIG_JUMP_LABEL)
	sysctl_sched_features &= ~(1U << __SCHED_FEAT_DELAY_DEQUEUE);
#endif
}

void __init um_sched_init(void)
{
	set_sched_topology(topology);
	dequeue_at_once();
}

/*
 * Most that fork wait for the child, and most children exec, where the scheduler
 * chooses anew: so a new process starts on its parent's vcpu. What stays there is
 * balanced at the tick. A new thread is there to run beside its creator, and goes to
 * an idle vcpu, as everywhere: but not if the last one of its process to end has
 * computed for less time than it takes to wake that vcpu and to be waited for there.
 *
 * Each vcpu has domains of its own, and wake_up_new_task() looks for SD_BALANCE_FORK
 * in those of the one that forks.
 */
#define SHORT_NS 100000

void um_place_child(bool thread)
{
	bool spread = thread && !READ_ONCE(current->mm->context.short_threads);
	struct sched_domain *sd;

	guard(rcu)();
	for_each_domain(raw_smp_processor_id(), sd)
		if (spread)
			sd->flags |= SD_BALANCE_FORK;
		else
			sd->flags &= ~SD_BALANCE_FORK;
}

void um_thread_ends(struct mm_struct *mm)
{
	WRITE_ONCE(mm->context.short_threads, task_sched_runtime(current) < SHORT_NS);
}
