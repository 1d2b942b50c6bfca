/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From page tables to host mappings (runs.c). All of it with interrupts off:
 * tables are freed by RCU, and by IPI. Ops are HOST_MAP_PHYS for
 * host_mm_update(); nothing is allocated.
 */
#ifndef _UM_MM_RUNS_H
#define _UM_MM_RUNS_H

#include <linux/mm.h>
#include <abi/host_vcpu.h>

/* What um_runs_around() returns at most. */
#define UM_MAX_RUNS	6

/* HOST_PROT_*: what an entry allows, young or old. */
u32 um_entry_prot(pte_t pte);
/* What the host may allow for it; 0: not mapped. */
u32 um_host_prot(pte_t pte);

/* The runs about addr, its own first, in the neighbourhood, or in what is likely
 * to be new with it. Returns how many; 0: addr may not be mapped. */
int um_runs_around(struct mm_struct *mm, unsigned long addr, bool only_new,
		   struct host_map_op *ops);

/* The run that starts at addr (with a huge page: all of that), nothing from end
 * on. Returns 1, or 0 if there is none; *next: where to look on. */
int um_runs_next(struct mm_struct *mm, unsigned long addr, unsigned long end,
		 struct host_map_op *op, unsigned long *next);

/* The entries about addr are young from now on, as hardware would make the one
 * for addr: fork leaves all of a child's old. Only entries that nobody has
 * changed meanwhile. */
void um_touch_around(struct mm_struct *mm, unsigned long addr);

#endif
