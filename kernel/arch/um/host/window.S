/* SPDX-License-Identifier: GPL-2.0 */
/* See window.h. rdi: nr, rsi rdx rcx r8: a0-a3, r9: pending. */
	.text
	.globl host_window_syscall, host_window_start, host_window_end
	.globl host_window_out
	.type host_window_syscall, @function
host_window_syscall:
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %r10
host_window_start:
	cmpl	$0, (%r9)
	jne	host_window_out
	syscall
host_window_end:
	ret
host_window_out:
	movq	$-4, %rax		/* -EINTR */
	ret
	.size host_window_syscall, . - host_window_syscall
	.section .note.GNU-stack,"",@progbits
