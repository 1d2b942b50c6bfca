/* SPDX-License-Identifier: GPL-2.0 */
/* What lib/vdso/gettimeofday.c wants: code of guest processes. */
#ifndef _ASM_UM_VDSO_GETTIMEOFDAY_H
#define _ASM_UM_VDSO_GETTIMEOFDAY_H

#include <uapi/linux/time.h>
#include <asm/unistd.h>
#include <asm/vdso/data.h>

#define VDSO_HAS_TIME		1
#define VDSO_HAS_CLOCK_GETRES	1

static __always_inline long vdso_syscall2(long nr, long a, long b)
{
	long ret;

	asm volatile("syscall" : "=a" (ret) : "0" (nr), "D" (a), "S" (b)
		     : "rcx", "r11", "memory");
	return ret;
}

static __always_inline long clock_gettime_fallback(clockid_t clk,
						   struct __kernel_timespec *ts)
{
	return vdso_syscall2(__NR_clock_gettime, clk, (long)ts);
}

static __always_inline long clock_getres_fallback(clockid_t clk,
						  struct __kernel_timespec *ts)
{
	return vdso_syscall2(__NR_clock_getres, clk, (long)ts);
}

static __always_inline long gettimeofday_fallback(struct __kernel_old_timeval *tv,
						  struct timezone *tz)
{
	return vdso_syscall2(__NR_gettimeofday, (long)tv, (long)tz);
}

/* The clock source counts nanoseconds; cycle_last is one of them. */
static __always_inline u64 __arch_get_hw_counter(s32 mode, const struct vdso_data *vd)
{
	u64 ns = um_tsc_ns(&vd->arch_data.line, um_rdtsc());

	return ns > vd->cycle_last ? ns : vd->cycle_last;
}

static __always_inline const struct vdso_data *__arch_get_vdso_data(void)
{
	return _vdso_data;
}

#ifdef CONFIG_TIME_NS
static __always_inline
const struct vdso_data *__arch_get_timens_vdso_data(const struct vdso_data *vd)
{
	return _timens_data;
}
#endif

#endif
