/* SPDX-License-Identifier: GPL-2.0 */
/*
 * void vcpu_switch_stack(void *stack, void (*entry)(void))
 *
 * Leaves the thread's own stack for good. The frame pointer is cleared, so
 * that unwinding ends here.
 */
	.text
	.globl	vcpu_switch_stack
	.type	vcpu_switch_stack, @function
vcpu_switch_stack:
	movq	%rdi, %rsp
	andq	$-16, %rsp
	xorl	%ebp, %ebp
	call	*%rsi
	ud2
	.size	vcpu_switch_stack, . - vcpu_switch_stack
	.section .note.GNU-stack, "", @progbits
