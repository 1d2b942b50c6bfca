/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The TLB of a guest mm is its host process's address space. A flush takes
 * host mappings away; where no thread of the mm executes guest user code at
 * the moment it is only noted and done with the next entry (mm/tlb.c).
 */
#ifndef _ASM_UM_TLBFLUSH_H
#define _ASM_UM_TLBFLUSH_H

#include <linux/mm.h>

void um_flush_tlb_mm_range(struct mm_struct *mm, unsigned long start,
			   unsigned long end);
void flush_tlb_kernel_range(unsigned long start, unsigned long end);
void flush_tlb_all(void);

void flush_tlb_mm(struct mm_struct *mm);

static inline void flush_tlb_range(struct vm_area_struct *vma,
				   unsigned long start, unsigned long end)
{
	um_flush_tlb_mm_range(vma->vm_mm, start, end);
}

static inline void flush_tlb_page(struct vm_area_struct *vma, unsigned long addr)
{
	addr &= PAGE_MASK;
	um_flush_tlb_mm_range(vma->vm_mm, addr, addr + PAGE_SIZE);
}

#endif
