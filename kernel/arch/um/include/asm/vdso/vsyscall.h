/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_VDSO_VSYSCALL_H
#define _ASM_UM_VDSO_VSYSCALL_H

#include <linux/timekeeper_internal.h>
#include <vdso/datapage.h>
#include <asm/vdso.h>

/* In physmem (kernel/vdso.c): guest processes map it. */
extern struct vdso_data *um_vdso_data;

static __always_inline struct vdso_data *__arch_get_k_vdso_data(void)
{
	return um_vdso_data;
}
#define __arch_get_k_vdso_data __arch_get_k_vdso_data

static __always_inline struct vdso_rng_data *__arch_get_k_vdso_rng_data(void)
{
	return (void *)um_vdso_data + VDSO_RNG_OFFSET;
}

#include <asm-generic/vdso/vsyscall.h>

#endif
