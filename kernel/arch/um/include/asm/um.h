/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the port want of one another. */
#ifndef _ASM_UM_UM_H
#define _ASM_UM_UM_H

#include <linux/sched.h>
#include <asm/ptrace.h>
#include <abi/host_vcpu.h>

/* setup.c */
extern struct vcpu_area um_vcpu[];
extern const struct host_boot_info *um_boot;

static __always_inline struct vcpu_area *um_this_vcpu(void)
{
	struct vcpu_area *area;

	asm volatile("movq %%gs:%c1, %0" : "=r" (area) : "i" (VCPU_SELF));
	return area;
}

/* x86/switch.S */
void um_ret_from_fork(void);
void um_run_on_stack(void *stack_top, void (*fn)(void)) __noreturn;
/* process.c, irq.c: called from assembly */
void um_first_run(struct task_struct *prev, int (*fn)(void *), void *arg);
void um_irq_diverted(struct pt_regs *regs);

/* trap.c: runs the current task's guest thread for ever; returns never. */
void um_user_loop(void) __noreturn;
/* Makes every register of the current task's pt_regs valid and writable. */
void um_full_regs(struct pt_regs *regs);

/* irq.c: takes what is pending; interrupts off; regs: the interrupted ones. */
void um_take_pending(struct pt_regs *regs);
/* The console driver's, if built in: the host's window size changed. */
void um_console_winch(void);

/* mm/fault.c */
void um_user_fault(struct pt_regs *regs, unsigned long addr, unsigned long err);
/* Faults addr in for the kernel's own access to current's memory: 0 or -EFAULT. */
int um_fault_in(unsigned long addr, bool write);

/* mm/uaccess.c: waits for accesses that began with older entries of mm. */
void um_uaccess_wait(struct mm_struct *mm);

/* mm/tlb.c: brackets around the execution of guest user code of mm, which goes
 * on as regs say; of a plain system call sp may be an old one. */
void um_tlb_enter(struct mm_struct *mm, const struct pt_regs *regs);
void um_tlb_leave(struct mm_struct *mm);
/* The entry for addr, in a huge page what its own would be; 0: there is none.
 * Interrupts off: tables are freed by RCU, and by IPI. */
pte_t um_user_pte(struct mm_struct *mm, unsigned long addr);
/* Maps addr on the host after a fault has changed the page tables, and what
 * else is likely to be new. */
void um_tlb_map(struct mm_struct *mm, unsigned long addr);
/* A soft miss: if the page tables allow prot (one HOST_PROT_*) at addr already,
 * maps it and its neighbourhood on the host. False: they do not. */
bool um_tlb_refill(struct mm_struct *mm, unsigned long addr, u32 prot);

/* Maps on the host what the page tables hold in each [start, end), page aligned. */
struct um_range { unsigned long start, end; };
void um_tlb_map_ranges(struct mm_struct *mm, const struct um_range *ranges, int nr);

/* mm/around.c: maps addr on the host after a fault has changed the page tables,
 * with neighbours that it faults in. */
void um_fault_around(struct mm_struct *mm, unsigned long addr, bool write);
/* By exec, with the stack at sp: faults in and maps what comes first. */
void um_map_image(struct mm_struct *mm, unsigned long sp);

/* mm/fork.c, in this order for the mm of a child: before current's areas are
 * copied, after that, when it has a guest thread, and when it first runs. */
void um_fork_begin(struct mm_struct *mm);
void um_fork_copied(struct mm_struct *mm);
void um_fork_files(struct mm_struct *mm);
void um_fork_map(void);
/* Frees what these have left, at any point. */
void um_fork_done(struct mm_struct *mm);

/* kernel/sched.c */
#ifdef CONFIG_SMP
void um_sched_init(void);
/* Current is about to start a thread, or a process. */
void um_place_child(bool thread);
/* Current, a thread of mm, ends. */
void um_thread_ends(struct mm_struct *mm);
#else
static inline void um_place_child(bool thread) { }
static inline void um_thread_ends(struct mm_struct *mm) { }
#endif

/* mm/fault.c: faults that were soft misses. */
DECLARE_PER_CPU(u64, um_soft_faults);

/* kernel/time.c: from the next update on. */
void um_clocksource_no_vdso(void);

/* kernel/vdso.c: before anything keeps time. */
void um_vdso_alloc_data(void);

/* kernel/tsc.c: CLOCK_MONOTONIC of the host by the TSC where it can be told
 * so, else by asking. */
u64 um_clock_monotonic(void);
/* False: the host has to be asked. Before the clock source is registered. */
bool um_tsc_start(void);
/* From a timer interrupt: draws the line anew when it is time to. */
void um_tsc_tick(void);

/* mm/init.c */
void um_setup_memory(void);

/* reboot.c */
void um_reboot_init(void);

/* findings.c: the program's exit status, which says also if a check of the
 * kernel has found something. */
#ifdef CONFIG_UM_FINDINGS
int um_status_with_findings(int status);
#else
static inline int um_status_with_findings(int status)
{
	return status;
}
#endif

/* time.c */
void um_time_start(void);
void um_timer_interrupt(void);
void um_timer_cpu_init(void);

/* x86/prctl.c */
/* Asks for an XSTATE feature for mm's process: 0 or -errno. */
int um_req_xcomp(struct mm_struct *mm, unsigned long feature);

#endif
