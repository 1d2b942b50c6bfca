// SPDX-License-Identifier: GPL-2.0
/* Stack traces along frame pointers: the kernel is built with them. */
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task_stack.h>
#include <linux/stacktrace.h>
#include <linux/kallsyms.h>
#include <asm/um.h>

struct frame { unsigned long bp, ret; };

static bool on_stack(struct task_struct *task, unsigned long bp)
{
	unsigned long low = (unsigned long)task_stack_page(task);

	return bp >= low && bp + sizeof(struct frame) <= low + THREAD_SIZE &&
	       !(bp & 7);
}

static void walk(struct task_struct *task, unsigned long bp,
		 bool (*fn)(void *, unsigned long), void *cookie)
{
	while (on_stack(task, bp)) {
		struct frame *frame = (struct frame *)bp;

		if (!__kernel_text_address(frame->ret) || !fn(cookie, frame->ret))
			return;
		if (frame->bp <= bp)
			return;
		bp = frame->bp;
	}
}

/* bp of a switched-out task: um_switch_to() pushed it below the return. */
static unsigned long task_bp(struct task_struct *task)
{
	unsigned long sp = task->thread.sp;

	return on_stack(task, sp) ? ((unsigned long *)sp)[5] : 0;
}

void arch_stack_walk(stack_trace_consume_fn consume, void *cookie,
		     struct task_struct *task, struct pt_regs *regs)
{
	unsigned long bp;

	if (regs) {
		if (!consume(cookie, regs->ip))
			return;
		bp = regs->bp;
	} else if (!task || task == current) {
		task = current;
		bp = (unsigned long)__builtin_frame_address(0);
	} else {
		bp = task_bp(task);
	}
	walk(task ?: current, bp, consume, cookie);
}

static bool print_one(void *loglvl, unsigned long addr)
{
	printk("%s %pS\n", (const char *)loglvl, (void *)addr);
	return true;
}

void show_stack(struct task_struct *task, unsigned long *sp, const char *loglvl)
{
	unsigned long bp;

	if (!task)
		task = current;
	bp = task == current ? (unsigned long)__builtin_frame_address(0) : task_bp(task);
	printk("%sCall Trace:\n", loglvl);
	walk(task, bp, print_one, (void *)loglvl);
}

void show_regs(struct pt_regs *regs)
{
	show_regs_print_info(KERN_DEFAULT);
	pr_info("ip: %016lx (%pS) sp: %016lx flags: %08lx\n", regs->ip,
		user_mode(regs) ? NULL : (void *)regs->ip, regs->sp, regs->flags);
	pr_info("ax: %016lx bx: %016lx cx: %016lx dx: %016lx\n",
		regs->ax, regs->bx, regs->cx, regs->dx);
	pr_info("si: %016lx di: %016lx bp: %016lx r8: %016lx\n",
		regs->si, regs->di, regs->bp, regs->r8);
	pr_info("r9: %016lx r10: %016lx r11: %016lx r12: %016lx\n",
		regs->r9, regs->r10, regs->r11, regs->r12);
	pr_info("r13: %016lx r14: %016lx r15: %016lx\n",
		regs->r13, regs->r14, regs->r15);
	if (!user_mode(regs)) {
		printk("Call Trace:\n");
		walk(current, regs->bp, print_one, KERN_INFO);
	}
}

struct wchan { unsigned long addr; };

static bool first_outside_sched(void *cookie, unsigned long addr)
{
	struct wchan *w = cookie;

	if (in_sched_functions(addr))
		return true;
	w->addr = addr;
	return false;
}

unsigned long __get_wchan(struct task_struct *p)
{
	struct wchan w = { 0 };

	if (!try_get_task_stack(p))
		return 0;
	walk(p, task_bp(p), first_outside_sched, &w);
	put_task_stack(p);
	return w.addr;
}
