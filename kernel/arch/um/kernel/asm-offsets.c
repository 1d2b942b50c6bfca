// SPDX-License-Identifier: GPL-2.0
/* Offsets for assembly, made into asm-offsets.h by Kbuild. */
#define COMPILE_OFFSETS
#include <linux/kbuild.h>
#include <linux/sched.h>
#include <asm/ptrace.h>

int main(void);
int main(void)
{
	OFFSET(TASK_SP, task_struct, thread.sp);
	DEFINE(PT_REGS_SIZE, sizeof(struct pt_regs));
	OFFSET(PT_R15, pt_regs, r15);
	OFFSET(PT_R14, pt_regs, r14);
	OFFSET(PT_R13, pt_regs, r13);
	OFFSET(PT_R12, pt_regs, r12);
	OFFSET(PT_BP, pt_regs, bp);
	OFFSET(PT_BX, pt_regs, bx);
	OFFSET(PT_R11, pt_regs, r11);
	OFFSET(PT_R10, pt_regs, r10);
	OFFSET(PT_R9, pt_regs, r9);
	OFFSET(PT_R8, pt_regs, r8);
	OFFSET(PT_AX, pt_regs, ax);
	OFFSET(PT_CX, pt_regs, cx);
	OFFSET(PT_DX, pt_regs, dx);
	OFFSET(PT_SI, pt_regs, si);
	OFFSET(PT_DI, pt_regs, di);
	OFFSET(PT_ORIG_AX, pt_regs, orig_ax);
	OFFSET(PT_IP, pt_regs, ip);
	OFFSET(PT_CS, pt_regs, cs);
	OFFSET(PT_FLAGS, pt_regs, flags);
	OFFSET(PT_SP, pt_regs, sp);
	OFFSET(PT_SS, pt_regs, ss);
	return 0;
}
