/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KASAN (Documentation/dev-tools/kasan.rst): the host side maps the shadow of the
 * whole address space before any code of the kernel runs, so none is ever added.
 */
#ifndef _ASM_UM_KASAN_H
#define _ASM_UM_KASAN_H

#include <linux/const.h>
#include <abi/layout.h>

#define KASAN_SHADOW_SCALE_SHIFT 3
#define KASAN_SHADOW_OFFSET	_AC(CONFIG_KASAN_SHADOW_OFFSET, UL)
#define KASAN_SHADOW_START	KASAN_SHADOW_OFFSET
#define KASAN_SHADOW_END	(KASAN_SHADOW_START + UM_SHADOW_BYTES)

#ifndef __ASSEMBLY__
#include <linux/types.h>

#ifdef CONFIG_KASAN
void kasan_init(void);

/* mm/kasan/shadow.c clears shadow by __memset(). On um that is also the shadow from the
 * first to the last of all vmalloc areas that go together, up to 64 GiB. (What is in
 * use between them loses its red zones by that: kasan_release_vmalloc().) */
void *um_shadow_set(void *start, int c, size_t n);
#ifndef __SANITIZE_ADDRESS__
#define __memset(s, c, n) um_shadow_set(s, c, n)
#endif
#else
static inline void kasan_init(void) {}
#endif
#endif

#endif
