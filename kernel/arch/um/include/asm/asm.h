/* SPDX-License-Identifier: GPL-2.0 */
/* Names that x86's inline assembly takes from its asm/asm.h. */
#ifndef _ASM_UM_ASM_H
#define _ASM_UM_ASM_H

#include <linux/stringify.h>

#define __ASM_SIZE(inst, ...)	__stringify(inst##q)
#define __ASM_SEL(a, b)		__stringify(b)
#define _ASM_PTR		".quad"
#define _ASM_ALIGN		".balign 8"

#ifndef __ASSEMBLY__
/*
 * Conditions as outputs of inline assembly: gcc's flag outputs.
 */
#define CC_SET(c) "\n\t/* output condition code " #c "*/\n"
#define CC_OUT(c) "=@cc" #c

/* A fault at `from` continues at `to` (asm-generic/extable.h: two addresses). */
#define _ASM_EXTABLE(from, to)			\
	" .pushsection \"__ex_table\",\"a\"\n"	\
	" .balign 8\n"				\
	" .quad (" #from ")\n"			\
	" .quad (" #to ")\n"			\
	" .popsection\n"

register unsigned long current_stack_pointer asm("rsp");
#define ASM_CALL_CONSTRAINT "+r" (current_stack_pointer)
#endif

#endif
