/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_TLB_H
#define _ASM_UM_TLB_H

#include <linux/swap.h>
#include <asm/tlbflush.h>

/* With CONFIG_MMU_GATHER_RCU_TABLE_FREE, tables are freed by RCU, since
 * accesses to guest user memory walk them with interrupts off only. */
static inline void __tlb_remove_table(void *table)
{
	free_page_and_swap_cache(table);
}

#include <asm-generic/tlb.h>

#endif
