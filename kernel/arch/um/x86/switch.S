/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/linkage.h>
#include <asm/asm-offsets.h>
#include <abi/vcpu.h>

	.text
/*
 * struct task_struct *um_switch_to(prev, next): interrupts are off. Guest
 * threads keep their own registers, so only the kernel stack changes.
 */
SYM_FUNC_START(um_switch_to)
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, TASK_SP(%rdi)
	movq	TASK_SP(%rsi), %rsp
	movq	%rsi, %gs:VCPU_CURRENT
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	movq	%rdi, %rax
	ret
SYM_FUNC_END(um_switch_to)

/*
 * Where a new task first comes out of um_switch_to(): rax is the task before
 * it; rbx the function of a kernel thread (or 0), r12 its argument.
 */
SYM_CODE_START(um_ret_from_fork)
	movq	%rax, %rdi
	movq	%rbx, %rsi
	movq	%r12, %rdx
	xorl	%ebp, %ebp
	call	um_first_run
	ud2
SYM_CODE_END(um_ret_from_fork)

/* void um_run_on_stack(void *stack_top, void (*fn)(void)): never returns. */
SYM_CODE_START(um_run_on_stack)
	movq	%rdi, %rsp
	andq	$-16, %rsp
	xorl	%ebp, %ebp
	call	*%rsi
	ud2
SYM_CODE_END(um_run_on_stack)
	.section .note.GNU-stack,"",@progbits
