/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Register file of a guest thread. Same order as the x86-64 ABI's
 * struct user_regs_struct (arch/x86/include/uapi asm/ptrace.h,
 * <sys/user.h>), so that NT_PRSTATUS is a copy.
 */
#ifndef UM_ABI_GUEST_REGS_H
#define UM_ABI_GUEST_REGS_H

#include "types.h"

struct guest_regs {
	u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8;
	u64 ax, cx, dx, si, di;
	u64 orig_ax;
	u64 ip, cs, flags, sp, ss;
	u64 fs_base, gs_base;
	u64 ds, es, fs, gs;
};

static_assert(sizeof(struct guest_regs) == 27 * 8, "user_regs_struct");

#endif
