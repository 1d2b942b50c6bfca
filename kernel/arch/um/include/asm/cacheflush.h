/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_CACHEFLUSH_H
#define _ASM_UM_CACHEFLUSH_H

/* New kernel mappings (vmalloc, modules) get their host mappings here. */
void um_kernel_map_range(unsigned long start, unsigned long end);
#define flush_cache_vmap(start, end)	um_kernel_map_range(start, end)
#define flush_cache_vmap_early(start, end) um_kernel_map_range(start, end)

#include <asm-generic/cacheflush.h>

#endif
