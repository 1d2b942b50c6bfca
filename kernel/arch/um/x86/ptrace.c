// SPDX-License-Identifier: GPL-2.0
/*
 * ptrace(2) requests that x86-64 has beyond the generic ones. There are no
 * debug registers: they read as zero and take nothing else.
 */
#include <linux/ptrace.h>
#include <linux/regset.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/thread_info.h>
#include <linux/uaccess.h>
#include <asm/um.h>
#include <asm/user.h>
#include "regset.h"

/* ---- single steps ---- */

/* The trap flag is added on the way to guest user code (kernel/trap.c). */
void user_enable_single_step(struct task_struct *child)
{
	child->thread.singlestep = true;
	/* a step over a system call ends right behind it */
	set_task_syscall_work(child, SYSCALL_EXIT_TRAP);
}

void user_disable_single_step(struct task_struct *child)
{
	child->thread.singlestep = false;
	clear_task_syscall_work(child, SYSCALL_EXIT_TRAP);
}

void user_single_step_report(struct pt_regs *regs)
{
	current->thread.trap_nr = 1;	/* #DB */
	current->thread.error_code = 0;
	force_sig_fault(SIGTRAP, TRAP_BRKPT, (void __user *)regs->ip);
}

void ptrace_disable(struct task_struct *child)
{
	user_disable_single_step(child);
}

/* ---- struct user ---- */

#define DEBUGREG_START	offsetof(struct user, u_debugreg)
#define DEBUGREG_END	(DEBUGREG_START + sizeof_field(struct user, u_debugreg))

static bool valid_offset(unsigned long addr)
{
	return !(addr % sizeof(long)) && addr < sizeof(struct user);
}

static int peek_user(struct task_struct *child, unsigned long addr,
		     unsigned long __user *data)
{
	unsigned long value = 0;

	if (!valid_offset(addr))
		return -EIO;
	if (addr < sizeof(struct user_regs_struct))
		value = um_get_reg(child, addr);
	return put_user(value, data);
}

static int poke_user(struct task_struct *child, unsigned long addr,
		     unsigned long value)
{
	if (!valid_offset(addr))
		return -EIO;
	if (addr < sizeof(struct user_regs_struct))
		return um_put_reg(child, addr, value);
	if (addr >= DEBUGREG_START && addr < DEBUGREG_END && !value)
		return 0;
	return -EIO;
}

long arch_ptrace(struct task_struct *child, long request, unsigned long addr,
		 unsigned long data)
{
	const struct user_regset_view *view = task_user_regset_view(child);
	void __user *datap = (void __user *)data;

	switch (request) {
	case PTRACE_PEEKUSR:
		return peek_user(child, addr, datap);
	case PTRACE_POKEUSR:
		return poke_user(child, addr, data);
	case PTRACE_GETREGS:
		return copy_regset_to_user(child, view, 0, 0,
					   sizeof(struct user_regs_struct), datap);
	case PTRACE_SETREGS:
		return copy_regset_from_user(child, view, 0, 0,
					     sizeof(struct user_regs_struct), datap);
	case PTRACE_GETFPREGS:
		return copy_regset_to_user(child, view, 1, 0,
					   sizeof(struct user_i387_struct), datap);
	case PTRACE_SETFPREGS:
		return copy_regset_from_user(child, view, 1, 0,
					     sizeof(struct user_i387_struct), datap);
	case PTRACE_ARCH_PRCTL:
		return um_arch_prctl(child, data, addr);
	default:
		return ptrace_request(child, request, addr, data);
	}
}
