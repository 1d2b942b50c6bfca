// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults: of guest user code (reported by its stub) and of the kernel's
 * own accesses to guest user memory, which find an entry missing in the page
 * tables rather than trap. Faults of kernel code on kernel addresses come
 * through guest_kernel_fault().
 */
#include <linux/context_tracking_irq.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/debug.h>
#include <linux/extable.h>
#include <linux/perf_event.h>
#include <linux/uaccess.h>
#include <linux/hugetlb.h>
#include <linux/kdebug.h>
#include <linux/kprobes.h>
#include <asm/um.h>
#include <abi/guest.h>

int show_unhandled_signals = 1;

DEFINE_PER_CPU(u64, um_soft_faults);

/* x86 page-fault error code (Intel SDM vol. 3, "Interrupt 14") */
#define PF_WRITE	BIT(1)
#define PF_INSTR	BIT(4)

static bool access_error(struct vm_area_struct *vma, unsigned long err)
{
	if (err & PF_WRITE)
		return !(vma->vm_flags & VM_WRITE);
	if (err & PF_INSTR)
		return !(vma->vm_flags & VM_EXEC);
	return !vma_is_accessible(vma);
}

/* A signal came while the fault waited. The kernel's own accesses have no
 * regs and are given up for fatal signals only. */
static bool gave_up(vm_fault_t fault, struct pt_regs *regs)
{
	if (regs)
		return fault_signal_pending(fault, regs);
	return (fault & VM_FAULT_RETRY) && fatal_signal_pending(current);
}

/* Returns 0, or the signal with its si_code in *code. */
static int resolve_fault(struct pt_regs *regs, unsigned long addr,
			 unsigned long err, unsigned int flags, int *code)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	vm_fault_t fault;

retry:
	vma = lock_mm_and_find_vma(mm, addr, regs);
	if (!vma) {
		*code = SEGV_MAPERR;
		return SIGSEGV;
	}
	if (access_error(vma, err)) {
		mmap_read_unlock(mm);
		*code = SEGV_ACCERR;
		return SIGSEGV;
	}
	fault = handle_mm_fault(vma, addr, flags, regs);
	if (gave_up(fault, regs))
		return fatal_signal_pending(current) ? SIGKILL : 0;
	if (fault & VM_FAULT_COMPLETED)
		return 0;
	if (fault & VM_FAULT_RETRY) {
		flags |= FAULT_FLAG_TRIED;
		goto retry;
	}
	mmap_read_unlock(mm);
	if (likely(!(fault & VM_FAULT_ERROR)))
		return 0;
	if (fault & VM_FAULT_OOM) {
		pagefault_out_of_memory();
		return fatal_signal_pending(current) ? SIGKILL : 0;
	}
	if (fault & VM_FAULT_HWPOISON_LARGE || fault & VM_FAULT_HWPOISON) {
		*code = BUS_MCEERR_AR;
		return SIGBUS;
	}
	if (fault & VM_FAULT_SIGBUS) {
		*code = BUS_ADRERR;
		return SIGBUS;
	}
	*code = SEGV_MAPERR;
	return SIGSEGV;
}

static u32 wanted_prot(unsigned long err)
{
	return err & PF_WRITE ? HOST_PROT_WRITE :
	       err & PF_INSTR ? HOST_PROT_EXEC : HOST_PROT_READ;
}

void um_user_fault(struct pt_regs *regs, unsigned long addr, unsigned long err)
{
	struct thread_struct *t = &current->thread;
	unsigned int flags = FAULT_FLAG_DEFAULT | FAULT_FLAG_USER;
	int sig, code = SEGV_MAPERR;

	t->cr2 = addr;
	t->error_code = err | BIT(2);
	t->trap_nr = 14;
	if (err & PF_WRITE)
		flags |= FAULT_FLAG_WRITE;
	if (err & PF_INSTR)
		flags |= FAULT_FLAG_INSTRUCTION;
	if (unlikely(addr >= TASK_SIZE)) {
		sig = SIGSEGV;
	} else if (um_tlb_refill(current->mm, addr, wanted_prot(err))) {
		this_cpu_inc(um_soft_faults);
		return;
	} else {
		perf_sw_event(PERF_COUNT_SW_PAGE_FAULTS, 1, regs, addr);
		sig = resolve_fault(regs, addr, err, flags, &code);
	}
	if (likely(!sig)) {
		um_fault_around(current->mm, addr, err & PF_WRITE);
		return;
	}
	if (sig == SIGKILL)
		return;		/* on its way */
	if (show_unhandled_signals && unhandled_signal(current, sig))
		pr_info_ratelimited("%s[%d]: segfault at %lx ip %lx sp %lx error %lx\n",
				    current->comm, task_pid_nr(current), addr,
				    regs->ip, regs->sp, err);
	force_sig_fault(sig, code, (void __user *)addr);
}

int um_fault_in(unsigned long addr, bool write)
{
	unsigned int flags = FAULT_FLAG_DEFAULT | (write ? FAULT_FLAG_WRITE : 0);
	int code;

	if (faulthandler_disabled() || !current->mm)
		return -EFAULT;
	might_fault();
	flags &= ~FAULT_FLAG_INTERRUPTIBLE;
	return resolve_fault(NULL, addr, write ? PF_WRITE : 0, flags, &code) ?
	       -EFAULT : 0;
}

/* ---- kernel faults ---- */

static void to_pt_regs(const struct guest_fault *f, struct pt_regs *regs)
{
	*regs = (struct pt_regs) {
		.ip = f->ip, .sp = f->sp, .bp = f->bp, .flags = f->flags,
		.ax = f->ax, .bx = f->bx, .cx = f->cx, .dx = f->dx,
		.si = f->si, .di = f->di, .r8 = f->r8, .r9 = f->r9,
		.r10 = f->r10, .r11 = f->r11, .r12 = f->r12, .r13 = f->r13,
		.r14 = f->r14, .r15 = f->r15, .cs = UM_KERNEL_CS, .orig_ax = -1,
	};
}

int fixup_exception(struct pt_regs *regs)
{
	const struct exception_table_entry *e = search_exception_tables(regs->ip);

	if (!e)
		return 0;
	regs->ip = e->fixup;
	return 1;
}

int guest_kernel_fault(struct guest_fault *f)
{
	struct pt_regs regs;

	to_pt_regs(f, &regs);
	if (fixup_exception(&regs)) {
		f->ip = regs.ip;
		return 0;
	}
	arch_local_irq_disable();
	lockdep_hardirqs_off(CALLER_ADDR0);
	/* it may be from outside, and meet the idle loop */
	if (!rcu_is_watching())
		ct_irq_enter();
	bust_spinlocks(1);
	console_verbose();
	pr_emerg("um: kernel fault: signal %u code %u address %016llx error %llx trap %llu\n",
		 f->signo, f->code, f->addr, f->err, f->trapno);
	show_regs(&regs);
	panic("kernel fault at %pS", (void *)regs.ip);
}
