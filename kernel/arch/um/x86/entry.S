/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/linkage.h>
#include <asm/asm-offsets.h>

	.text
/*
 * A signal handler diverted guest kernel code to here (abi/guest.h): the
 * interrupted ip is on the stack, everything else is as it was, interrupts
 * are off. Builds pt_regs on this task's stack, and goes back when the
 * interrupts have been handled; irqentry_exit() has turned them on by then.
 */
SYM_CODE_START(guest_irq_entry)
	pushfq
	cld
	subq	$PT_REGS_SIZE, %rsp
	movq	%r15, PT_R15(%rsp)
	movq	%r14, PT_R14(%rsp)
	movq	%r13, PT_R13(%rsp)
	movq	%r12, PT_R12(%rsp)
	movq	%rbp, PT_BP(%rsp)
	movq	%rbx, PT_BX(%rsp)
	movq	%r11, PT_R11(%rsp)
	movq	%r10, PT_R10(%rsp)
	movq	%r9, PT_R9(%rsp)
	movq	%r8, PT_R8(%rsp)
	movq	%rax, PT_AX(%rsp)
	movq	%rcx, PT_CX(%rsp)
	movq	%rdx, PT_DX(%rsp)
	movq	%rsi, PT_SI(%rsp)
	movq	%rdi, PT_DI(%rsp)
	movq	PT_REGS_SIZE(%rsp), %rax	/* flags */
	movq	%rax, PT_FLAGS(%rsp)
	movq	PT_REGS_SIZE+8(%rsp), %rax	/* ip */
	movq	%rax, PT_IP(%rsp)
	leaq	PT_REGS_SIZE+16(%rsp), %rax
	movq	%rax, PT_SP(%rsp)
	movq	$-1, PT_ORIG_AX(%rsp)
	movq	$0x10, PT_CS(%rsp)
	movq	$0, PT_SS(%rsp)

	movq	%rsp, %rdi
	movq	%rsp, %rbx
	andq	$-16, %rsp
	call	um_irq_diverted
	movq	%rbx, %rsp

	movq	PT_R15(%rsp), %r15
	movq	PT_R14(%rsp), %r14
	movq	PT_R13(%rsp), %r13
	movq	PT_R12(%rsp), %r12
	movq	PT_BP(%rsp), %rbp
	movq	PT_BX(%rsp), %rbx
	movq	PT_R11(%rsp), %r11
	movq	PT_R10(%rsp), %r10
	movq	PT_R9(%rsp), %r9
	movq	PT_R8(%rsp), %r8
	movq	PT_AX(%rsp), %rax
	movq	PT_CX(%rsp), %rcx
	movq	PT_DX(%rsp), %rdx
	movq	PT_SI(%rsp), %rsi
	movq	PT_DI(%rsp), %rdi
	addq	$PT_REGS_SIZE, %rsp
	popfq
	ret
SYM_CODE_END(guest_irq_entry)
	.section .note.GNU-stack,"",@progbits
