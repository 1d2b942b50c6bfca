// SPDX-License-Identifier: GPL-2.0
/* KASAN's shadow memory and start: see asm/kasan.h. */
#include <linux/build_bug.h>
#include <linux/init.h>
#include <linux/init_task.h>
#include <linux/kasan.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched/task.h>
#include <asm/sections.h>
#include <abi/host.h>

/* The tree calls no constructors on um: its port's libc has done that. Ours knows
 * only those of the host side. They put the red zones around global objects. */
static void __init call_constructors(void)
{
	ctor_fn_t *fn;

	for (fn = (ctor_fn_t *)__ctors_start; fn < (ctor_fn_t *)__ctors_end; fn++)
		(*fn)();
}

/* memset(); of shadow memory, which reads zero where it is not there, much is given
 * back to the host instead. */
#define MUCH (1UL << 20)

void *um_shadow_set(void *p, int c, size_t n)
{
	unsigned long start = (unsigned long)p, end = start + n;
	unsigned long first = PAGE_ALIGN(start), last = end & PAGE_MASK;

	if (c || n < MUCH || start < KASAN_SHADOW_START || end > KASAN_SHADOW_END)
		return (__memset)(p, c, n);
	(__memset)(p, 0, first - start);
	host_shadow_release(first, last - first);
	(__memset)((void *)last, 0, end - last);
	return p;
}

void __init kasan_init(void)
{
	BUILD_BUG_ON(KASAN_SHADOW_START != UM_SHADOW_START);
	BUILD_BUG_ON(KASAN_SHADOW_END < KASAN_SHADOW_OFFSET +
		     (HOST_TASK_SIZE >> KASAN_SHADOW_SCALE_SHIFT));
	call_constructors();
	init_task.kasan_depth = 0;
	pr_info("kasan: on\n");
}
