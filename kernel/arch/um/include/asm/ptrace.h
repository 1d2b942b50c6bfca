/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_PTRACE_H
#define _ASM_UM_PTRACE_H

#include "../../../x86/include/uapi/asm/ptrace.h"
#include <asm/processor-flags.h>

#ifndef __ASSEMBLY__
#include <linux/bug.h>
#include <abi/guest_regs.h>

/* Same order as struct user_regs_struct and struct guest_regs. */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8;
	unsigned long ax, cx, dx, si, di;
	unsigned long orig_ax;
	unsigned long ip, cs, flags, sp, ss;
	unsigned long fs_base, gs_base;
	unsigned long ds, es, fs, gs;
};

static_assert(sizeof(struct pt_regs) == sizeof(struct guest_regs));
static_assert(offsetof(struct pt_regs, gs) == offsetof(struct guest_regs, gs));

#define UM_USER_CS	0x33
#define UM_USER_SS	0x2b
#define UM_KERNEL_CS	0x10

#define user_mode(regs)			(((regs)->cs & 3) == 3)
#define instruction_pointer(regs)	((regs)->ip)
#define user_stack_pointer(regs)	((regs)->sp)
#define kernel_stack_pointer(regs)	((regs)->sp)
#define frame_pointer(regs)		((regs)->bp)
#define profile_pc(regs)		instruction_pointer(regs)
#define current_user_stack_pointer()	(current_pt_regs()->sp)
#define irqs_disabled_flags_regs(regs)	(!((regs)->flags & X86_EFLAGS_IF))
#define regs_irqs_disabled(regs)	(!((regs)->flags & X86_EFLAGS_IF))

static inline void instruction_pointer_set(struct pt_regs *regs, unsigned long ip)
{
	regs->ip = ip;
}

static inline void user_stack_pointer_set(struct pt_regs *regs, unsigned long sp)
{
	regs->sp = sp;
}

static inline unsigned long regs_return_value(struct pt_regs *regs)
{
	return regs->ax;
}

static inline void regs_set_return_value(struct pt_regs *regs, unsigned long rc)
{
	regs->ax = rc;
}

#define arch_has_single_step()	(1)
#define ARCH_HAS_USER_SINGLE_STEP_REPORT
void user_single_step_report(struct pt_regs *regs);

/* A tracer wants every register, so no stop without them (kernel/trap.c). */
bool um_regs_incomplete(void);
void um_ptrace_stop(void);
#define arch_ptrace_stop_needed()	um_regs_incomplete()
#define arch_ptrace_stop()		um_ptrace_stop()

/* What HAVE_REGS_AND_STACK_ACCESS_API promises. */
#define MAX_REG_OFFSET offsetof(struct pt_regs, gs)
int regs_query_register_offset(const char *name);

static inline unsigned long regs_get_register(struct pt_regs *regs,
					      unsigned int offset)
{
	if (unlikely(offset > MAX_REG_OFFSET))
		return 0;
	return *(unsigned long *)((unsigned long)regs + offset);
}

struct task_struct;
long um_arch_prctl(struct task_struct *task, int option, unsigned long arg2);
#endif

#endif
