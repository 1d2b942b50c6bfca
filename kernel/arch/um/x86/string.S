/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memcpy, memmove, memset without SSE: words for short blocks, the string
 * instructions (fast on every CPU the port runs on) for long ones.
 */
#include <linux/export.h>
#include <linux/linkage.h>

/* KASAN has its own, which check first. */
#ifdef CONFIG_KASAN
#define ALIAS SYM_FUNC_ALIAS_WEAK
#else
#define ALIAS SYM_FUNC_ALIAS
#endif

	.text
/* rdi: to, rsi: from, rdx: bytes; returns to */
SYM_FUNC_START(__memcpy)
	movq	%rdi, %rax
	cmpq	$256, %rdx
	jae	.Lcopy_string
.Lcopy_forward:
	movl	%edx, %ecx
	shrl	$3, %ecx
	jz	2f
1:	movq	(%rsi), %r8
	movq	%r8, (%rdi)
	addq	$8, %rsi
	addq	$8, %rdi
	decl	%ecx
	jnz	1b
2:	andl	$7, %edx
	jz	4f
3:	movb	(%rsi), %r8b
	movb	%r8b, (%rdi)
	incq	%rsi
	incq	%rdi
	decl	%edx
	jnz	3b
4:	ret
.Lcopy_string:
	movq	%rdx, %rcx
	rep movsb
	ret
SYM_FUNC_END(__memcpy)
EXPORT_SYMBOL(__memcpy)
ALIAS(memcpy, __memcpy)
EXPORT_SYMBOL(memcpy)

SYM_FUNC_START(__memmove)
	movq	%rdi, %rax
	movq	%rdi, %rcx
	subq	%rsi, %rcx
	cmpq	%rdx, %rcx		/* unsigned: to - from >= bytes */
	jb	1f
	cmpq	$256, %rdx
	jb	.Lcopy_forward
	jmp	.Lcopy_string
1:	leaq	(%rsi,%rdx), %rsi	/* backward */
	leaq	(%rdi,%rdx), %rdi
	movq	%rdx, %rcx
	shrq	$3, %rcx
	jz	3f
2:	subq	$8, %rsi
	subq	$8, %rdi
	movq	(%rsi), %r8
	movq	%r8, (%rdi)
	decq	%rcx
	jnz	2b
3:	andl	$7, %edx
	jz	5f
4:	decq	%rsi
	decq	%rdi
	movb	(%rsi), %r8b
	movb	%r8b, (%rdi)
	decl	%edx
	jnz	4b
5:	ret
SYM_FUNC_END(__memmove)
EXPORT_SYMBOL(__memmove)
ALIAS(memmove, __memmove)
EXPORT_SYMBOL(memmove)

/* rdi: to, sil: byte, rdx: bytes; returns to */
SYM_FUNC_START(__memset)
	movq	%rdi, %r9
	movzbl	%sil, %eax
	cmpq	$256, %rdx
	jae	3f
	movabsq	$0x0101010101010101, %rcx
	imulq	%rcx, %rax
	movl	%edx, %ecx
	shrl	$3, %ecx
	jz	2f
1:	movq	%rax, (%rdi)
	addq	$8, %rdi
	decl	%ecx
	jnz	1b
2:	movl	%edx, %ecx
	andl	$7, %ecx
	rep stosb
	movq	%r9, %rax
	ret
3:	movq	%rdx, %rcx
	rep stosb
	movq	%r9, %rax
	ret
SYM_FUNC_END(__memset)
EXPORT_SYMBOL(__memset)
ALIAS(memset, __memset)
EXPORT_SYMBOL(memset)
	.section .note.GNU-stack,"",@progbits
