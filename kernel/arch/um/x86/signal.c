// SPDX-License-Identifier: GPL-2.0
/*
 * Signals to guest programs: the frame of x86-64 Linux on the guest stack.
 * From high to low addresses:
 *
 *	what the program used, and its red zone
 *	FPU image, aligned to 64 (asm/fpstate.h)
 *	struct rt_sigframe; its address is 8 below a multiple of 16, as after
 *	a call instruction
 *
 * All of this wants every register: see um_full_regs().
 */
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/signal.h>
#include <linux/slab.h>
#include <linux/syscalls.h>
#include <linux/rseq.h>
#include <linux/entry-common.h>
#include <linux/uaccess.h>
#include <asm/fpstate.h>
#include <asm/syscall.h>
#include <asm/ucontext.h>
#include <asm/unistd.h>
#include <asm/um.h>

struct rt_sigframe {
	u64 pretcode;			/* return address: sa_restorer */
	struct ucontext uc;
	struct siginfo info;
};

static_assert(offsetof(struct rt_sigframe, uc.uc_sigmask) == 8 + 296);
static_assert(offsetof(struct rt_sigframe, info) == 8 + 304);

#define RED_ZONE	128
#define FP_ALIGN	64
#define FRAME_ALIGN	16
#define SYSCALL_LEN	2		/* bytes of the syscall instruction */

/* Flags that a program may choose for itself. */
#define FLAGS_FROM_USER	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
			 X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_TF | \
			 X86_EFLAGS_DF | X86_EFLAGS_OF | X86_EFLAGS_RF | \
			 X86_EFLAGS_AC)

/* AT_MINSIGSTKSZ: the largest frame, alignment included. */
unsigned long um_sigframe_size __ro_after_init;

static int __init init_sigframe_size(void)
{
	um_sigframe_size = round_up(host_fpstate_size() + FP_ALIGN - 1 +
				    sizeof(struct rt_sigframe) + FRAME_ALIGN,
				    FRAME_ALIGN);
	return 0;
}
arch_initcall(init_sigframe_size);

/* ---- delivery ---- */

struct frame_place {
	struct rt_sigframe __user *frame;
	void __user *fp;
};

/* False: the alternate stack is too small for it. */
static bool place_frame(struct ksignal *ksig, struct pt_regs *regs, u32 fpsize,
			struct frame_place *at)
{
	unsigned long sp = sigsp(regs->sp - RED_ZONE, ksig);
	bool alt = sp != regs->sp - RED_ZONE || on_sig_stack(regs->sp);

	sp = round_down(sp - fpsize, FP_ALIGN);
	at->fp = (void __user *)sp;
	sp = round_down(sp - sizeof(struct rt_sigframe), FRAME_ALIGN) - 8;
	at->frame = (struct rt_sigframe __user *)sp;
	return !alt || __on_sig_stack(sp);
}

static void fill_sigcontext(struct sigcontext *sc, const struct pt_regs *regs,
			    const struct frame_place *at, unsigned long mask)
{
	const struct thread_struct *t = &current->thread;

	*sc = (struct sigcontext) {
		.r8 = regs->r8, .r9 = regs->r9, .r10 = regs->r10, .r11 = regs->r11,
		.r12 = regs->r12, .r13 = regs->r13, .r14 = regs->r14, .r15 = regs->r15,
		.di = regs->di, .si = regs->si, .bp = regs->bp, .bx = regs->bx,
		.dx = regs->dx, .ax = regs->ax, .cx = regs->cx, .sp = regs->sp,
		.ip = regs->ip, .flags = regs->flags,
		.cs = UM_USER_CS, .ss = UM_USER_SS,
		.err = t->error_code, .trapno = t->trap_nr, .cr2 = t->cr2,
		.oldmask = mask, .fpstate = (unsigned long)at->fp,
	};
}

static void fill_ucontext(struct ucontext *uc, const struct pt_regs *regs,
			  const struct frame_place *at, bool xstate)
{
	const sigset_t *set = sigmask_to_save();

	memset(uc, 0, sizeof(*uc));
	uc->uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS |
		       (xstate ? UC_FP_XSTATE : 0);
	uc->uc_stack.ss_sp = (void __user *)current->sas_ss_sp;
	uc->uc_stack.ss_flags = current->sas_ss_flags;
	uc->uc_stack.ss_size = current->sas_ss_size;
	uc->uc_sigmask = *set;
	fill_sigcontext(&uc->uc_mcontext, regs, at, set->sig[0]);
}

static int write_frame(struct ksignal *ksig, const struct pt_regs *regs,
		       const struct frame_place *at, bool xstate)
{
	struct {
		u64 pretcode;
		struct ucontext uc;
	} head;

	static_assert(sizeof(head) == offsetof(struct rt_sigframe, info));
	head.pretcode = (unsigned long)ksig->ka.sa.sa_restorer;
	fill_ucontext(&head.uc, regs, at, xstate);
	if (copy_to_user(at->frame, &head, sizeof(head)))
		return -EFAULT;
	if (ksig->ka.sa.sa_flags & SA_SIGINFO)
		return copy_siginfo_to_user(&at->frame->info, &ksig->info);
	return 0;
}

/* A handler starts with defined flags and a fresh FPU. */
static void enter_handler(struct ksignal *ksig, struct pt_regs *regs,
			  const struct frame_place *at)
{
	regs->di = ksig->sig;
	regs->si = (unsigned long)&at->frame->info;
	regs->dx = (unsigned long)&at->frame->uc;
	regs->ax = 0;
	regs->ip = (unsigned long)ksig->ka.sa.sa_handler;
	regs->sp = (unsigned long)at->frame;
	regs->flags &= ~(X86_EFLAGS_DF | X86_EFLAGS_RF | X86_EFLAGS_TF);
}

static int setup_frame(struct ksignal *ksig, struct pt_regs *regs)
{
	struct frame_place at;
	void *image;
	u32 size;
	int err;

	if (!(ksig->ka.sa.sa_flags & SA_RESTORER))
		return -EFAULT;		/* nowhere to return to */
	image = fpstate_get(current, &size);
	if (IS_ERR(image))
		return PTR_ERR(image);
	if (!fpstate_is_legacy(size))
		size += FP_XSTATE_MAGIC2_SIZE;
	err = -EFAULT;
	if (place_frame(ksig, regs, size, &at) && !copy_to_user(at.fp, image, size))
		err = write_frame(ksig, regs, &at, !fpstate_is_legacy(size));
	kfree(image);
	if (!err)
		err = fpstate_set(current, NULL, 0, 0);
	if (!err)
		enter_handler(ksig, regs, &at);
	return err;
}

/* ---- restart of interrupted system calls ---- */

static void repeat_syscall(struct pt_regs *regs, unsigned long nr)
{
	regs->ax = nr;
	regs->ip -= SYSCALL_LEN;
}

static void restart_with_handler(struct ksignal *ksig, struct pt_regs *regs)
{
	if (syscall_get_nr(current, regs) == -1)
		return;
	switch (syscall_get_error(current, regs)) {
	case -ERESTART_RESTARTBLOCK:
	case -ERESTARTNOHAND:
		regs->ax = -EINTR;
		break;
	case -ERESTARTSYS:
		if (ksig->ka.sa.sa_flags & SA_RESTART)
			repeat_syscall(regs, regs->orig_ax);
		else
			regs->ax = -EINTR;
		break;
	case -ERESTARTNOINTR:
		repeat_syscall(regs, regs->orig_ax);
		break;
	}
}

static void restart_without_handler(struct pt_regs *regs)
{
	if (syscall_get_nr(current, regs) == -1)
		return;
	switch (syscall_get_error(current, regs)) {
	case -ERESTARTNOHAND:
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
		repeat_syscall(regs, regs->orig_ax);
		break;
	case -ERESTART_RESTARTBLOCK:
		repeat_syscall(regs, __NR_restart_syscall);
		break;
	}
}

static void handle_signal(struct ksignal *ksig, struct pt_regs *regs)
{
	bool stepping = current->thread.singlestep;
	int err;

	restart_with_handler(ksig, regs);
	rseq_signal_deliver(ksig, regs);
	err = setup_frame(ksig, regs);
	if (!err && stepping)
		user_disable_single_step(current);
	signal_setup_done(err, ksig, stepping);
}

void arch_do_signal_or_restart(struct pt_regs *regs)
{
	struct ksignal ksig;

	um_full_regs(regs);
	if (get_signal(&ksig)) {
		handle_signal(&ksig, regs);
		return;
	}
	restart_without_handler(regs);
	restore_saved_sigmask();
}

/* ---- return ---- */

static void restore_regs(struct pt_regs *regs, const struct sigcontext *sc)
{
	regs->r8 = sc->r8;
	regs->r9 = sc->r9;
	regs->r10 = sc->r10;
	regs->r11 = sc->r11;
	regs->r12 = sc->r12;
	regs->r13 = sc->r13;
	regs->r14 = sc->r14;
	regs->r15 = sc->r15;
	regs->di = sc->di;
	regs->si = sc->si;
	regs->bp = sc->bp;
	regs->bx = sc->bx;
	regs->dx = sc->dx;
	regs->ax = sc->ax;
	regs->cx = sc->cx;
	regs->sp = sc->sp;
	regs->ip = sc->ip;
	regs->flags = (regs->flags & ~FLAGS_FROM_USER) | (sc->flags & FLAGS_FROM_USER);
	regs->orig_ax = -1;		/* no system call to restart */
}

/* Size of the XSAVE image at fp, or FPSTATE_LEGACY if only that part counts. */
static u32 user_image_size(const void __user *fp, const struct _fpx_sw_bytes *sw)
{
	u32 magic2;

	if (sw->magic1 != FP_XSTATE_MAGIC1 || sw->xstate_size < FPSTATE_MIN ||
	    sw->xstate_size > fpstate_max_size() ||
	    sw->xstate_size > sw->extended_size)
		return FPSTATE_LEGACY;
	if (copy_from_user(&magic2, fp + sw->xstate_size, sizeof(magic2)) ||
	    magic2 != FP_XSTATE_MAGIC2)
		return FPSTATE_LEGACY;
	return sw->xstate_size;
}

static int load_image(const void __user *fp, void *image, u32 size, u64 features)
{
	u64 *xstate_bv = image + FPSTATE_HEADER;

	if (copy_from_user(image, fp, size))
		return -EFAULT;
	if (fpstate_is_legacy(size) && !fpstate_is_legacy(host_fpstate_size())) {
		*xstate_bv = XFEATURE_FPSSE;
		features = XFEATURE_FPSSE;
		size = FPSTATE_MIN;
	}
	return fpstate_set(current, image, size, features);
}

static int restore_fpstate(const void __user *fp)
{
	struct _fpx_sw_bytes sw;
	void *image;
	u32 size;
	int err;

	if (!fp)
		return fpstate_set(current, NULL, 0, 0);
	if (copy_from_user(&sw, fp + offsetof(struct _fpstate_64, sw_reserved),
			   sizeof(sw)))
		return -EFAULT;
	size = user_image_size(fp, &sw);
	image = kzalloc(max(size, FPSTATE_MIN) + FP_XSTATE_MAGIC2_SIZE, GFP_KERNEL);
	if (!image)
		return -ENOMEM;
	err = load_image(fp, image, size, sw.xfeatures & fpstate_features());
	kfree(image);
	return err;
}

static int restore_frame(struct pt_regs *regs, struct rt_sigframe __user *frame)
{
	struct ucontext uc;

	if (copy_from_user(&uc, &frame->uc, sizeof(uc)))
		return -EFAULT;
	set_current_blocked(&uc.uc_sigmask);
	restore_regs(regs, &uc.uc_mcontext);
	if (restore_fpstate((void __user *)uc.uc_mcontext.fpstate))
		return -EFAULT;
	return restore_altstack(&frame->uc.uc_stack);
}

SYSCALL_DEFINE0(rt_sigreturn)
{
	struct pt_regs *regs = current_pt_regs();
	struct rt_sigframe __user *frame;

	current->restart_block.fn = do_no_restart_syscall;
	um_full_regs(regs);
	/* the handler's return instruction took pretcode off the stack */
	frame = (struct rt_sigframe __user *)(regs->sp - sizeof(frame->pretcode));
	if (restore_frame(regs, frame)) {
		if (show_unhandled_signals)
			pr_info_ratelimited("%s[%d]: rt_sigreturn: bad frame at sp %lx, ip %lx\n",
					    current->comm, task_pid_nr(current),
					    regs->sp, regs->ip);
		force_sig(SIGSEGV);
		return 0;
	}
	return regs->ax;
}
