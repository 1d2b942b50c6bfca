/* SPDX-License-Identifier: GPL-2.0 */
/* Accesses to kernel addresses that may fault: int fn(dst, src, bytes). */
#include <linux/linkage.h>

	.text
.macro PROBE_COPY name
SYM_FUNC_START(\name)
	movq	%rdx, %rcx
	xorl	%eax, %eax
1:	rep movsb
2:	ret
3:	movl	$-14, %eax		/* -EFAULT */
	jmp	2b
	.pushsection __ex_table, "a"
	.balign	8
	.quad	1b
	.quad	3b
	.popsection
SYM_FUNC_END(\name)
.endm

PROBE_COPY um_probe_read
PROBE_COPY um_probe_write
	.section .note.GNU-stack,"",@progbits
