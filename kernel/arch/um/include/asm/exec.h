/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_EXEC_H
#define _ASM_UM_EXEC_H
#define arch_align_stack arch_align_stack
unsigned long arch_align_stack(unsigned long sp);
#endif
