/* SPDX-License-Identifier: GPL-2.0 */
/* What lib/vdso/getrandom.c wants: code of guest processes. */
#ifndef _ASM_UM_VDSO_GETRANDOM_H
#define _ASM_UM_VDSO_GETRANDOM_H

#include <asm/unistd.h>
#include <asm/vdso.h>

static __always_inline ssize_t getrandom_syscall(void *buffer, size_t len,
						 unsigned int flags)
{
	ssize_t ret;

	asm volatile("syscall" : "=a" (ret)
		     : "0" (__NR_getrandom), "D" (buffer), "S" (len), "d" (flags)
		     : "rcx", "r11", "memory");
	return ret;
}

/* In a time namespace the page of the clock data is the second one. */
static __always_inline const struct vdso_rng_data *__arch_get_vdso_rng_data(void)
{
	const struct vdso_data *clocks = _vdso_data;

	if (IS_ENABLED(CONFIG_TIME_NS) &&
	    clocks->clock_mode == VDSO_CLOCKMODE_TIMENS)
		clocks = _timens_data;
	return (const void *)clocks + VDSO_RNG_OFFSET;
}

#endif
