/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_PERF_EVENT_H
#define _ASM_UM_PERF_EVENT_H

#define perf_arch_fetch_caller_regs(regs, __ip)				\
do {									\
	(regs)->ip = (__ip);						\
	(regs)->bp = (unsigned long)__builtin_frame_address(0);		\
	(regs)->sp = current_stack_pointer;				\
	(regs)->cs = UM_KERNEL_CS;					\
	(regs)->flags = 0;						\
} while (0)

#endif
