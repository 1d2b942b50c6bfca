// SPDX-License-Identifier: GPL-2.0
/*
 * The way in and out of guest user code: one loop per task, on its kernel
 * stack. What the host side reports becomes an entry of the generic entry
 * code (kernel/entry/common.c), and its exit work is done before the thread
 * runs again.
 *
 * Two kinds of system call arrive. In a plain one (in_call) only number,
 * arguments and ip are known; its answer is a return value. Whoever needs
 * more - signals, ptrace - calls um_full_regs() first, which brings the host
 * thread into its stub. All other traps come with full registers.
 *
 * TRAP_EVENT means that this vcpu was interrupted while the guest thread runs
 * on beside us. Interrupts are handled then; only if the task has work to do
 * on its way out (reschedule, signal...) is the thread stopped.
 */
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/signal.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/entry-common.h>
#include <linux/uaccess.h>
#include <asm/syscall.h>
#include <asm/unistd.h>
#include <asm/um.h>

#define FORCED_FULL_WORK (SYSCALL_WORK_SYSCALL_TRACE | SYSCALL_WORK_SYSCALL_EMU | \
			  SYSCALL_WORK_SYSCALL_USER_DISPATCH |		\
			  SYSCALL_WORK_SYSCALL_EXIT_TRAP)

static void copy_trap_regs(struct pt_regs *regs, const struct host_trap *trap)
{
	memcpy(regs, &trap->regs, sizeof(*regs));
	regs->cs = UM_USER_CS;
	regs->ss = UM_USER_SS;
	regs->flags |= X86_EFLAGS_IF;
	if (current->thread.singlestep)
		regs->flags &= ~X86_EFLAGS_TF;
}

static void kill_current(const char *why)
{
	pr_warn_ratelimited("%s[%d]: guest thread: %s\n", current->comm,
			    task_pid_nr(current), why);
	force_fatal_sig(SIGKILL);
}

/* ---- guest threads ---- */

/* It exists, lives in current's mm and has the FPU state it is to start with. */
static bool host_thread_ready(const struct thread_struct *t)
{
	return t->ht && t->ht_mm == current->mm && !t->fpstate;
}

/* The thread that runs current's guest user code, in current's mm. */
static struct host_thread *host_thread_of_current(void)
{
	struct thread_struct *t = &current->thread;
	int err;

	if (likely(host_thread_ready(t)))
		return t->ht;

	if (!t->ht || t->ht_mm != current->mm) {
		if (t->ht)
			host_thread_destroy(t->ht);
		t->ht = NULL;
		err = host_thread_create(current->mm->context.hmm, &t->ht);
		if (err)
			return NULL;
		t->ht_mm = current->mm;
		t->in_call = false;
		if (!t->fpstate)
			host_thread_set_fpstate(t->ht, NULL, 0);
	}
	if (t->fpstate) {
		host_thread_set_fpstate(t->ht, t->fpstate, t->fpstate_size);
		kfree(t->fpstate);
		t->fpstate = NULL;
	}
	return t->ht;
}

static bool has_guest_thread(void)
{
	return current->mm && !(current->flags & (PF_KTHREAD | PF_USER_WORKER));
}

bool um_regs_incomplete(void)
{
	const struct thread_struct *t = &current->thread;

	return t->in_call || (has_guest_thread() && !host_thread_ready(t));
}

void um_ptrace_stop(void)
{
	um_full_regs(current_pt_regs());
}

void um_full_regs(struct pt_regs *regs)
{
	struct thread_struct *t = &current->thread;
	unsigned long ax = regs->ax, orig_ax = regs->orig_ax, ip = regs->ip;
	struct host_trap trap;
	unsigned long flags;

	if (!t->in_call) {
		/* a task that has not run yet: its FPU state counts, too */
		if (has_guest_thread())
			host_thread_of_current();
		return;
	}
	local_irq_save(flags);
	host_thread_stop(t->ht, ax, &trap);
	local_irq_restore(flags);
	t->in_call = false;
	if (trap.kind == TRAP_DEAD || trap.kind == TRAP_TAMPERED) {
		kill_current("died or was tampered with");
		return;
	}
	copy_trap_regs(regs, &trap);
	regs->ax = ax;
	regs->orig_ax = orig_ax;
	regs->ip = ip;
}

/* ---- entry ---- */

static void run_guest(struct pt_regs *regs, struct host_trap *trap)
{
	struct thread_struct *t = &current->thread;
	struct mm_struct *mm = current->mm;
	struct host_thread *ht;

	if (t->running) {
		host_thread_run(t->ht, 0, NULL, trap);
	} else {
		/* interrupts are off; to lockdep this is user mode already */
		lockdep_hardirqs_off(CALLER_ADDR0);
		ht = host_thread_of_current();
		lockdep_hardirqs_on_prepare();
		lockdep_hardirqs_on(CALLER_ADDR0);
		if (!ht) {
			trap->kind = TRAP_DEAD;
			return;
		}
		um_tlb_enter(mm, regs);
		if (t->in_call) {
			host_thread_run(ht, regs->ax, NULL, trap);
		} else {
			struct guest_regs out;

			memcpy(&out, regs, sizeof(out));
			if (t->singlestep)
				out.flags |= X86_EFLAGS_TF;
			host_thread_run(ht, 0, &out, trap);
		}
	}
	t->running = trap->kind == TRAP_EVENT;
	if (!t->running)
		um_tlb_leave(mm);
}

/* ---- system calls ---- */

static void do_syscall(struct pt_regs *regs, unsigned long nr)
{
	if (current_thread_info()->syscall_work & FORCED_FULL_WORK || current->ptrace)
		um_full_regs(regs);
	nr = syscall_enter_from_user_mode(regs, nr);
	if (likely(nr < NR_syscalls)) {
		nr = array_index_nospec(nr, NR_syscalls);
		regs->ax = sys_call_table[nr](regs->di, regs->si, regs->dx,
					      regs->r10, regs->r8, regs->r9);
	} else if (nr != -1UL) {
		regs->ax = sys_ni_syscall();
	}
	syscall_exit_to_user_mode(regs);
}

static void syscall_trap(struct pt_regs *regs, const struct host_trap *trap)
{
	unsigned long nr = trap->nr;

	if (trap->kind == TRAP_SYSCALL_FULL) {
		current->thread.in_call = false;
		copy_trap_regs(regs, trap);
	} else {
		current->thread.in_call = true;
		regs->orig_ax = nr;
		regs->di = trap->args[0];
		regs->si = trap->args[1];
		regs->dx = trap->args[2];
		regs->r10 = trap->args[3];
		regs->r8 = trap->args[4];
		regs->r9 = trap->args[5];
		regs->ip = trap->ip;
		regs->cs = UM_USER_CS;
		regs->ss = UM_USER_SS;
		regs->flags |= X86_EFLAGS_IF;
	}
	/* 32-bit and x32 calls do not exist here */
	if (trap->arch != AUDIT_ARCH_X86_64)
		regs->orig_ax = nr = -2UL;
	regs->ax = -ENOSYS;
	do_syscall(regs, nr);
}

/* ---- faults ---- */

static void signal_fault(struct pt_regs *regs, const struct host_trap *trap)
{
	struct thread_struct *t = &current->thread;
	void __user *ip = (void __user *)regs->ip;

	t->trap_nr = trap->trapno;
	t->error_code = trap->err;
	t->cr2 = 0;
	switch (trap->signo) {
	case SIGTRAP:
		if (trap->trapno == 3) {
			force_sig(SIGTRAP);
		} else {
			int code = t->singlestep ? TRAP_TRACE : TRAP_BRKPT;

			if (trap->trapno == 1 && (trap->regs.flags & X86_EFLAGS_TF))
				code = TRAP_TRACE;
			force_sig_fault(SIGTRAP, code, ip);
		}
		break;
	case SIGFPE:
		force_sig_fault(SIGFPE, trap->code, ip);
		break;
	case SIGILL:
		/* ILLOPC: an instruction that wants a permission (AMX) */
		force_sig_fault(SIGILL, trap->code == ILL_ILLOPC ? ILL_ILLOPC :
								   ILL_ILLOPN, ip);
		break;
	case SIGBUS:
		if (trap->code == BUS_ADRALN) {
			force_sig_fault(SIGBUS, BUS_ADRALN, NULL);
			break;
		}
		if (trap->trapno != 14) {
			/* #SS: a stack address that is not canonical */
			force_sig(SIGBUS);
			break;
		}
		pr_err_ratelimited("physmem: host: cannot allocate memory for %s[%d] at %llx; free some or lower mem=\n",
				   current->comm, task_pid_nr(current), trap->addr);
		force_sig_fault(SIGBUS, BUS_ADRERR, (void __user *)trap->addr);
		break;
	default:
		/* #GP and its like: no address */
		force_sig(SIGSEGV);
	}
}

static void fault_trap(struct pt_regs *regs, const struct host_trap *trap)
{
	bool page_fault = trap->trapno == 14 &&
			  (trap->signo == SIGSEGV || trap->signo == SIGBUS);

	current->thread.in_call = false;
	copy_trap_regs(regs, trap);
	regs->orig_ax = -1;
	irqentry_enter_from_user_mode(regs);
	local_irq_enable();
	if (page_fault && trap->signo == SIGSEGV)
		um_user_fault(regs, trap->addr, trap->err);
	else
		signal_fault(regs, trap);
	local_irq_disable();
	irqentry_exit_to_user_mode(regs);
}

/* ---- interrupts and the rest ---- */

static void kicked_trap(struct pt_regs *regs, const struct host_trap *trap)
{
	current->thread.in_call = false;
	copy_trap_regs(regs, trap);
	regs->orig_ax = -1;
	irqentry_enter_from_user_mode(regs);
	irqentry_exit_to_user_mode(regs);
}

static void dead_trap(struct pt_regs *regs, const struct host_trap *trap)
{
	irqentry_enter_from_user_mode(regs);
	local_irq_enable();
	kill_current(trap->kind == TRAP_DEAD ? "its host process died" :
		     "forged a frame");
	local_irq_disable();
	irqentry_exit_to_user_mode(regs);
}

static void handle_trap(struct pt_regs *regs, const struct host_trap *trap)
{
	switch (trap->kind) {
	case TRAP_SYSCALL:
	case TRAP_SYSCALL_FULL:
		syscall_trap(regs, trap);
		break;
	case TRAP_FAULT:
		fault_trap(regs, trap);
		break;
	case TRAP_KICKED:
		kicked_trap(regs, trap);
		break;
	default:
		dead_trap(regs, trap);
	}
}

/* True when the thread had to be stopped: *trap says what it came with. */
static bool event_trap(struct pt_regs *regs, struct host_trap *trap)
{
	struct thread_struct *t = &current->thread;

	regs->cs = UM_USER_CS;
	irqentry_enter_from_user_mode(regs);
	um_take_pending(regs);
	exit_to_user_mode();
	if (!(read_thread_flags() & EXIT_TO_USER_MODE_WORK))
		return false;
	host_thread_stop(t->ht, 0, trap);
	t->running = false;
	um_tlb_leave(current->mm);
	return true;
}

void um_user_loop(void)
{
	struct pt_regs *regs = current_pt_regs();
	struct host_trap trap;

	for (;;) {
		local_irq_disable();
		if (unlikely(READ_ONCE(um_this_vcpu()->pending)) &&
		    !current->thread.running) {
			/* not entered yet, so nothing needs stopping */
			irqentry_enter_from_user_mode(regs);
			um_take_pending(regs);
			irqentry_exit_to_user_mode(regs);
			continue;
		}
		run_guest(regs, &trap);
		if (trap.kind == TRAP_EVENT && !event_trap(regs, &trap))
			continue;
		handle_trap(regs, &trap);
	}
}
