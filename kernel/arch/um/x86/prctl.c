// SPDX-License-Identifier: GPL-2.0
/* arch_prctl(2) and mmap(2): the system calls that are x86-64's own. */
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <asm/fpstate.h>
#include <asm/prctl.h>
#include <asm/um.h>

/* ---- XSTATE features that want a permission: AMX's tile data ---- */

#define XFEATURE_XTILECFG	17
#define XFEATURE_XTILEDATA	18
#define XFEATURES_DYNAMIC	BIT_ULL(XFEATURE_XTILEDATA)

static u64 permitted(const struct mm_struct *mm)
{
	return (fpstate_features() & ~XFEATURES_DYNAMIC) | mm->context.xcomp;
}

/* Also asked for the child's process at fork (kernel/process.c). */
int um_req_xcomp(struct mm_struct *mm, unsigned long feature)
{
	int err;

	if (feature > XFEATURE_XTILEDATA)
		return -EINVAL;
	if (!(fpstate_features() & XFEATURES_DYNAMIC & BIT_ULL(feature)))
		return -EOPNOTSUPP;
	if (permitted(mm) & BIT_ULL(feature))
		return 0;
	err = host_mm_req_xcomp(mm->context.hmm, feature);
	if (!err)
		mm->context.xcomp |= BIT_ULL(feature);
	return err;
}

/* With the permission a signal frame may have its full size. Both ways round
 * no alternate stack is too small for it; siglock orders them. */
bool sigaltstack_size_valid(size_t size)
{
	lockdep_assert_held(&current->sighand->siglock);
	return !(current->mm->context.xcomp & XFEATURES_DYNAMIC) ||
	       size >= um_sigframe_size;
}

static bool altstacks_fit(void)
{
	struct task_struct *t;

	for_each_thread(current, t)
		if (t->sas_ss_size && t->sas_ss_size < um_sigframe_size)
			return false;
	return true;
}

static int request_xcomp(unsigned long feature)
{
	int err = -ENOSPC;

	spin_lock_irq(&current->sighand->siglock);
	if (feature != XFEATURE_XTILEDATA || altstacks_fit())
		err = um_req_xcomp(current->mm, feature);
	spin_unlock_irq(&current->sighand->siglock);
	return err;
}

static long xcomp_prctl(int option, unsigned long arg2)
{
	u64 __user *to = (u64 __user *)arg2;

	switch (option) {
	case ARCH_GET_XCOMP_SUPP:
		return put_user(fpstate_features(), to);
	case ARCH_GET_XCOMP_PERM:
		return put_user(permitted(current->mm), to);
	default:
		return request_xcomp(arg2);
	}
}

/* ---- fs and gs ---- */

static long set_base(unsigned long *base, unsigned long value)
{
	if (value >= TASK_SIZE_MAX)
		return -EPERM;
	*base = value;
	return 0;
}

/* task: current, or stopped and traced by current. */
long um_arch_prctl(struct task_struct *task, int option, unsigned long arg2)
{
	struct pt_regs *regs = task_pt_regs(task);
	unsigned long __user *to = (unsigned long __user *)arg2;

	switch (option) {
	case ARCH_SET_FS:
		return set_base(&regs->fs_base, arg2);
	case ARCH_SET_GS:
		return set_base(&regs->gs_base, arg2);
	case ARCH_GET_FS:
		return put_user(regs->fs_base, to);
	case ARCH_GET_GS:
		return put_user(regs->gs_base, to);
	default:
		return -EINVAL;
	}
}

SYSCALL_DEFINE2(arch_prctl, int, option, unsigned long, arg2)
{
	switch (option) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
	case ARCH_GET_FS:
	case ARCH_GET_GS:
		um_full_regs(current_pt_regs());
		return um_arch_prctl(current, option, arg2);
	case ARCH_GET_CPUID:
		return 1;
	case ARCH_SET_CPUID:
		return -ENODEV;		/* cpuid cannot be made to fault */
	case ARCH_GET_XCOMP_SUPP:
	case ARCH_GET_XCOMP_PERM:
	case ARCH_REQ_XCOMP_PERM:
		return xcomp_prctl(option, arg2);
	default:
		return -EINVAL;
	}
}

/* ---- mmap ---- */

SYSCALL_DEFINE6(mmap, unsigned long, addr, unsigned long, len,
		unsigned long, prot, unsigned long, flags,
		unsigned long, fd, unsigned long, off)
{
	if (offset_in_page(off))
		return -EINVAL;
	return ksys_mmap_pgoff(addr, len, prot, flags, fd, off >> PAGE_SHIFT);
}
