/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guest threads of these tests run. Position independent; copied to
 * the guest's CODE page. DATA is the page at 0x500000.
 */
#define DATA 0x500000
#define TOLD 4095

	.section .rodata
	.globl code_begin, code_end
code_begin:

/* getppid(n), n = 1, 2, 3... */
	.globl code_calls
code_calls:
	xorl	%edi, %edi
1:	incl	%edi
	movl	$110, %eax
	syscall
	jmp	1b

/* All registers to known values, then a call; nr in rax as given by DATA. */
.macro KNOWN
	movq	$0x11, %rbx
	movq	$0x1111111122222222, %rcx
	movq	$0x3333333344444444, %rdx
	movq	$0x5555555566666666, %rsi
	movq	$0x7777777788888888, %rdi
	movq	$0x1212121213131313, %rbp
	movq	$0x1414141415151515, %r8
	movq	$0x1616161617171717, %r9
	movq	$0x1818181819191919, %r10
	movq	$0x2020202021212121, %r11
	movq	$0x2222222223232323, %r12
	movq	$0x2424242425252525, %r13
	movq	$0x2626262627272727, %r14
	movq	$0x2828282829292929, %r15
.endm

	.globl code_known_call, code_known_call_ip
code_known_call:
	KNOWN
	movq	DATA, %rax
	syscall
code_known_call_ip:
	ud2

	.globl code_known_int80
code_known_int80:
	KNOWN
	movq	DATA, %rax
	int	$0x80
	ud2

	.globl code_known_spin, code_spin, code_told_spin
code_known_spin:
	KNOWN
	movq	$0x2a, %rax
code_spin:
	jmp	code_spin
/* Says at DATA + TOLD that it has come here. */
code_told_spin:
	movb	$1, DATA + TOLD
	jmp	code_spin

/* Stores all registers at DATA: the inverse of KNOWN. */
	.globl code_store
code_store:
	movq	%rax, DATA
	movq	%rbx, DATA + 8
	movq	%rcx, DATA + 16
	movq	%rdx, DATA + 24
	movq	%rsi, DATA + 32
	movq	%rdi, DATA + 40
	movq	%rbp, DATA + 48
	movq	%rsp, DATA + 56
	movq	%r8, DATA + 64
	movq	%r9, DATA + 72
	movq	%r10, DATA + 80
	movq	%r11, DATA + 88
	movq	%r12, DATA + 96
	movq	%r13, DATA + 104
	movq	%r14, DATA + 112
	movq	%r15, DATA + 120
	rdfsbase %rax
	movq	%rax, DATA + 128
	rdgsbase %rax
	movq	%rax, DATA + 136
	movl	$110, %eax
	syscall
	ud2

/* Writes a byte at rdi, then a call. */
	.globl code_touch
code_touch:
	movb	$1, (%rdi)
	movl	$110, %eax
	syscall
	ud2

/* Reads a byte at rdi into ebx, then a call. */
	.globl code_read
code_read:
	movzbl	(%rdi), %ebx
	movl	$110, %eax
	syscall
	ud2

	.globl code_avx_load, code_avx_store, code_avx_spin
code_avx_load:
	vmovups	DATA, %ymm0
	vmovups	DATA + 32, %ymm7
	vmovups	DATA + 64, %ymm15
	movl	$110, %eax
	syscall
	jmp	code_avx_store
code_avx_spin:
	vmovups	DATA, %ymm0
	vmovups	DATA + 32, %ymm7
	vmovups	DATA + 64, %ymm15
	jmp	code_told_spin
code_avx_store:
	vmovups	%ymm0, DATA + 512
	vmovups	%ymm7, DATA + 512 + 32
	vmovups	%ymm15, DATA + 512 + 64
	stmxcsr	DATA + 512 + 96
	movl	$110, %eax
	syscall
	ud2

/* Fills rcx bytes at rdi with al, then traps. */
	.globl code_fill
code_fill:
	rep stosb
	ud2

/* The same, without an end. */
	.globl code_fill_ever
code_fill_ever:
	movq	%rdi, %r8
	movq	%rcx, %r9
1:	movq	%r8, %rdi
	movq	%r9, %rcx
	rep stosb
	incb	%al
	jmp	1b

/* A call as nr rax at the address in rbx with what the registers hold. */
	.globl code_call_any
code_call_any:
	syscall
	ud2
code_end:
	.section .note.GNU-stack,"",@progbits
