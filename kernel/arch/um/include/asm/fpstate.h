/* SPDX-License-Identifier: GPL-2.0 */
/*
 * FPU, AVX and AMX state of a guest thread, as an image in the kernel's
 * memory: the standard XSAVE format with the software bytes of a signal frame
 * (struct _fpx_sw_bytes, uapi asm/sigcontext.h), then FP_XSTATE_MAGIC2. Where
 * the host has no XSAVE, an image is the 512 bytes of FXSAVE alone.
 *
 * The task must be current after um_full_regs(), or stand still in a ptrace
 * stop or core dump.
 */
#ifndef _ASM_UM_FPSTATE_H
#define _ASM_UM_FPSTATE_H

#include <linux/types.h>
#include <asm/sigcontext.h>

struct task_struct;

#define FPSTATE_LEGACY	512u		/* FXSAVE area */
#define FPSTATE_HEADER	512u		/* XSAVE header: its first word is XSTATE_BV */
#define FPSTATE_MIN	(512u + 64u)	/* FXSAVE area and XSAVE header */
#define XFEATURE_FPSSE	3ull

static inline struct _fpx_sw_bytes *fpstate_sw_bytes(void *image)
{
	return &((struct _fpstate_64 *)image)->sw_reserved;
}

static inline bool fpstate_is_legacy(u32 size)
{
	return size <= FPSTATE_LEGACY;
}

/* The task's state, to be kfree'd, and its size; or ERR_PTR(). */
void *fpstate_get(struct task_struct *task, u32 *size);

/*
 * Makes an image the task's state; NULL is the initial state. Only the
 * features in `features` are taken from it, all others are reset. The image
 * (kmalloc'd, size bytes and room for 4 more) gets new software bytes.
 */
int fpstate_set(struct task_struct *task, void *image, u32 size, u64 features);

/* Features the host's kernel and CPU have: XCR0. */
u64 fpstate_features(void);

/* Largest XSAVE image without MAGIC2, or FPSTATE_LEGACY. */
u32 fpstate_max_size(void);

#endif
