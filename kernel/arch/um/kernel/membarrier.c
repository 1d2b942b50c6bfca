// SPDX-License-Identifier: GPL-2.0
/*
 * membarrier(2). The generic one interrupts the vcpus; that is no barrier for
 * the guest threads, which run beside them on host threads of their own. So the
 * host's barrier comes first, for those in guest user code; the generic one
 * does the rest: whoever is in the kernel, registrations, errors.
 */
#include <linux/membarrier.h>
#include <linux/sched.h>
#include <linux/syscalls.h>
#include <asm/syscall.h>
#include <asm/um.h>

static int host_barrier(int cmd)
{
	switch (cmd) {
	case MEMBARRIER_CMD_QUERY:
		return host_has_barriers() ? 0 : -ENOSYS;
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		return host_barrier_all();
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ:
		return host_mm_barrier(current->mm->context.hmm);
	default:
		return 0;
	}
}

/* In the table of system calls in place of sys_membarrier(). */
asmlinkage long um_membarrier(unsigned long cmd, unsigned long flags,
			      unsigned long cpu, unsigned long unused3,
			      unsigned long unused4, unsigned long unused5);

asmlinkage long um_membarrier(unsigned long cmd, unsigned long flags,
			      unsigned long cpu, unsigned long unused3,
			      unsigned long unused4, unsigned long unused5)
{
	return host_barrier(cmd) ?: sys_membarrier(cmd, flags, cpu);
}
