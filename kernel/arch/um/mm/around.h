/* SPDX-License-Identifier: GPL-2.0 */
/* What fork takes of the faulting in of neighbours (around.c). */
#ifndef _UM_MM_AROUND_H
#define _UM_MM_AROUND_H

#include <linux/mm.h>
#include <asm/um.h>

/* Pages of this area may be faulted in without having been asked for. */
bool um_suits(struct vm_area_struct *vma);

/* Faults in of the files that mm maps what `like` has in its page tables, as far
 * as it is cached. What there is to map then goes to ranges, nr at most; returns
 * how many. */
unsigned int um_fault_in_like(struct mm_struct *mm, struct mm_struct *like,
			      struct um_range *ranges, unsigned int nr);

#endif
