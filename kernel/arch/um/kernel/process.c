// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks. Each user task has a guest thread: a host thread in the host process
 * of its mm (abi/host_vcpu.h). That thread keeps the registers, so a switch
 * between tasks switches kernel stacks and no more.
 *
 * A guest thread is made when the task is (so that fork and clone can fail),
 * and again by the first entry after exec, in the new mm's process.
 */
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/cpu.h>
#include <linux/random.h>
#include <linux/tick.h>
#include <linux/workqueue.h>
#include <linux/entry-common.h>
#include <asm/exec.h>
#include <asm/um.h>
#include <asm/mmu_context.h>
#include <asm/tlbflush.h>
#include <abi/host.h>

/* The pages a program goes on with: a fault here is far less than one of its
 * own. That they can't be had is for the program to find out. */
static void fault_in_program(const struct pt_regs *regs)
{
	um_fault_in(regs->ip, false);
	um_fault_in(regs->sp, true);
}

/* First code of a new task on its own stack; see um_ret_from_fork. */
__visible void um_first_run(struct task_struct *prev, int (*fn)(void *), void *arg)
{
	struct pt_regs *regs = current_pt_regs();

	schedule_tail(prev);
	if (fn)
		fn(arg);	/* returns after kernel_execve() only */
	else if (!READ_ONCE(current->mm->context.mapped_end)) {
		fault_in_program(regs);		/* by fork */
		um_fork_map();
	}
	syscall_exit_to_user_mode(regs);
	um_user_loop();
}

struct fork_frame {
	unsigned long r15, r14, r13, r12, bx, bp;
	unsigned long ret;
};

static void init_fork_frame(struct task_struct *p, void *fn, void *arg)
{
	struct fork_frame *frame = (void *)task_pt_regs(p) - sizeof(*frame);

	/* um_ret_from_fork calls on with an aligned stack */
	frame = (void *)(((unsigned long)frame & ~15UL) - 8);
	memset(frame, 0, sizeof(*frame));
	frame->bx = (unsigned long)fn;
	frame->r12 = (unsigned long)arg;
	frame->ret = (unsigned long)um_ret_from_fork;
	p->thread.sp = (unsigned long)frame;
}

/* The child starts with the parent's FPU state: clone is a full trap. */
static int copy_fpstate(struct task_struct *p)
{
	u32 size = host_fpstate_size();
	int n;

	if (!current->thread.ht || current->thread.in_call)
		return 0;
	p->thread.fpstate = kmalloc(size, GFP_KERNEL);
	if (!p->thread.fpstate)
		return -ENOMEM;
	n = host_thread_get_fpstate(current->thread.ht, p->thread.fpstate, size);
	if (n <= 0) {
		kfree(p->thread.fpstate);
		p->thread.fpstate = NULL;
		return 0;
	}
	p->thread.fpstate_size = n;
	return 0;
}

int copy_thread(struct task_struct *p, const struct kernel_clone_args *args)
{
	struct pt_regs *childregs = task_pt_regs(p);
	int err;

	memset(&p->thread, 0, sizeof(p->thread));
	if (args->fn) {
		memset(childregs, 0, sizeof(*childregs));
		if (args->user_worker)	/* io_uring and vhost workers */
			*childregs = *current_pt_regs();
		init_fork_frame(p, args->fn, args->fn_arg);
		return 0;
	}
	*childregs = *current_pt_regs();
	childregs->ax = 0;
	if (args->stack)
		childregs->sp = args->stack;
	if (args->flags & CLONE_SETTLS)
		childregs->fs_base = args->tls;
	init_fork_frame(p, NULL, NULL);

	if (!p->mm->context.hmm)
		return -EAGAIN;
	err = copy_fpstate(p);
	if (err)
		return err;
	err = host_thread_create(p->mm->context.hmm, &p->thread.ht);
	if (err) {
		kfree(p->thread.fpstate);
		p->thread.fpstate = NULL;
		return err == -ESRCH ? -EAGAIN : err;
	}
	p->thread.ht_mm = p->mm;
	/* fork: the parent's stack will be written to at once */
	if (p->mm != current->mm) {
		um_fault_in(current_pt_regs()->sp, true);
		um_fork_files(p->mm);
	}
	um_place_child(args->flags & CLONE_THREAD);
	return 0;
}

static void drop_host_thread(struct thread_struct *t)
{
	if (t->ht)
		host_thread_destroy(t->ht);
	t->ht = NULL;
	t->ht_mm = NULL;
	t->in_call = false;
}

void exit_thread(struct task_struct *tsk)
{
	drop_host_thread(&tsk->thread);
	kfree(tsk->thread.fpstate);
	tsk->thread.fpstate = NULL;
}

void flush_thread(void)
{
	kfree(current->thread.fpstate);
	current->thread.fpstate = NULL;
	current->thread.singlestep = false;
}

int arch_dup_task_struct(struct task_struct *dst, struct task_struct *src)
{
	memcpy(dst, src, arch_task_struct_size);
	dst->thread.ht = NULL;
	dst->thread.fpstate = NULL;
	return 0;
}

void start_thread(struct pt_regs *regs, unsigned long ip, unsigned long sp)
{
	memset(regs, 0, sizeof(*regs));
	regs->ip = ip;
	regs->sp = sp;
	regs->cs = UM_USER_CS;
	regs->ss = UM_USER_SS;
	regs->flags = X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	regs->orig_ax = -1;
	um_map_image(current->mm, sp);
}
EXPORT_SYMBOL_GPL(start_thread);

/* fork: what the parent's process may use, the child's may, too. */
static int inherit_xcomp(struct mm_struct *mm, u64 features)
{
	int err = 0;

	while (features && !err) {
		err = um_req_xcomp(mm, __ffs(features));
		features &= features - 1;
	}
	return err;
}

int init_new_context(struct task_struct *task, struct mm_struct *mm)
{
	bool fork = task != current && current->mm;
	int err;

	memset(&mm->context, 0, sizeof(mm->context));
	spin_lock_init(&mm->context.lock);
	/* where a stop is not sure (doc/traps.md: transport `trap`) no flush may be
	 * put off: the process counts as running, for good */
	atomic_set(&mm->context.running, um_boot->stops_unsure);
	err = host_mm_create(&mm->context.hmm);
	/* fork makes ENOMEM of any error here, so copy_thread() refuses it */
	if (err == -EAGAIN && fork)
		return 0;
	if (!err && fork)
		err = inherit_xcomp(mm, current->mm->context.xcomp);
	if (err)
		destroy_context(mm);
	else if (fork)
		um_fork_begin(mm);
	return err;
}

/* Processes that the host side keeps for reuse go when nobody forks. */
static void trim_pool(struct work_struct *work);
static DECLARE_DELAYED_WORK(trim_work, trim_pool);
#define TRIM_DELAY (5 * HZ)

static void trim_pool(struct work_struct *work)
{
	if (host_mm_trim_pool())
		schedule_delayed_work(&trim_work, TRIM_DELAY);
}

void destroy_context(struct mm_struct *mm)
{
	um_fork_done(mm);
	if (!mm->context.hmm)
		return;
	host_mm_destroy(mm->context.hmm);
	mm->context.hmm = NULL;
	if (!delayed_work_pending(&trim_work))
		schedule_delayed_work(&trim_work, TRIM_DELAY);
}

/* The host process does not wait until an idle vcpu lets go of the mm. Its threads
 * are stopped, so nothing sees the pages that go next; where that is not sure, they
 * are unmapped before. */
void arch_exit_mmap(struct mm_struct *mm)
{
	if (um_boot->stops_unsure)
		um_flush_tlb_mm_range(mm, 0, TASK_SIZE);
	destroy_context(mm);
}

/* exit_thread() would be too late: a scheduled-out task that has no mm any
 * more does not keep it alive. */
void deactivate_mm(struct task_struct *task, struct mm_struct *mm)
{
	drop_host_thread(&task->thread);
	if (task->flags & PF_EXITING && !thread_group_leader(task))
		um_thread_ends(mm);
}

static DEFINE_PER_CPU(bool, blocked);

void arch_cpu_idle(void)
{
	this_cpu_write(blocked, true);
	host_vcpu_idle(um_this_vcpu());
	this_cpu_write(blocked, false);
}

/* To the scheduler a vcpu that is blocked is no idle one to put a task on: to
 * wake it takes far longer than a switch on a vcpu that is awake. */
bool vcpu_is_preempted(int cpu)
{
	return READ_ONCE(per_cpu(blocked, cpu));
}

unsigned long arch_align_stack(unsigned long sp)
{
	if (!(current->personality & ADDR_NO_RANDOMIZE) && randomize_va_space)
		sp -= get_random_u32_below(8192);
	return sp & ~0xf;
}

#define SPINS_BEFORE_YIELD 256

void um_spin_relax(void)
{
	static DEFINE_PER_CPU(unsigned int, spins);
	struct vcpu_area *area = um_this_vcpu();

	um_pause();
	if (raw_cpu_inc_return(spins) % SPINS_BEFORE_YIELD)
		return;
	host_yield();
	/* a signal that came inside the host call only left a note */
	if (READ_ONCE(area->pending) && !arch_irqs_disabled())
		um_irq_unmasked();
}
EXPORT_SYMBOL(um_spin_relax);
