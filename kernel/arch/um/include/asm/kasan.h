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
#ifdef CONFIG_KASAN
void kasan_init(void);
#else
static inline void kasan_init(void) {}
#endif
#endif

#endif
