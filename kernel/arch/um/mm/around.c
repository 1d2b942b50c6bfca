// SPDX-License-Identifier: GPL-2.0
/*
 * A fault of a guest program costs more than the pages around it, so faults come
 * in groups here: with the page that was asked for, its neighbours in the same
 * area are faulted in, and all of it is mapped on the host at once. exec does so
 * for the image of the new program.
 *
 * Nothing is read from disk for that, and nothing waits: of files only what the
 * page cache holds. Memory it costs no more than folios of 64 KiB do, and
 * MADV_NOHUGEPAGE and MADV_RANDOM turn it off as they do those and readahead. A
 * page that another process shares is not copied for its neighbour's sake, nor
 * one of a file, but by exec.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sizes.h>
#include <linux/userfaultfd_k.h>
#include <asm/um.h>

#define READ_AROUND	SZ_256K	/* cached pages of a file */
#define WRITE_AROUND	SZ_64K	/* pages that are copied or cleared */
#define IMAGE_READ	SZ_1M	/* by exec, of an area */
#define STACK_BELOW	SZ_16K	/* by exec, below the stack pointer */

static bool in_cache(struct vm_area_struct *vma, unsigned long addr)
{
	struct folio *folio = filemap_get_folio(vma->vm_file->f_mapping,
						linear_page_index(vma, addr));
	bool uptodate;

	if (IS_ERR(folio))
		return false;
	uptodate = folio_test_uptodate(folio);
	folio_put(folio);
	return uptodate;
}

static bool suits(struct vm_area_struct *vma)
{
	return vma->vm_flags & (VM_READ | VM_EXEC) &&
	       !(vma->vm_flags & (VM_SHARED | VM_SPECIAL | VM_RAND_READ |
				  VM_NOHUGEPAGE)) &&
	       !userfaultfd_armed(vma) &&
	       (vma_is_anonymous(vma) || vma->vm_file);
}

static pte_t pte_of(struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long flags;
	pte_t pte;

	local_irq_save(flags);
	pte = um_user_pte(vma->vm_mm, addr);
	local_irq_restore(flags);
	return pte;
}

static bool fault_in(struct vm_area_struct *vma, unsigned long addr,
		     unsigned int flags)
{
	return !(handle_mm_fault(vma, addr, flags, NULL) & VM_FAULT_ERROR);
}

/* To be written to without a copy of what somebody else has. */
static bool ours_alone(pte_t pte)
{
	const struct page *page = pte_page(pte);

	return !pte_special(pte) && PageAnon(page) &&
	       folio_mapcount(page_folio(page)) == 1;
}

/* A page of a file becomes a private copy, which does not follow what is written
 * to the file any more. mmap(2) leaves open whether it ever does, but programs
 * see it: so only for the data of an image that exec maps. */
static bool fault_in_to_write(struct vm_area_struct *vma, unsigned long addr,
			      bool image)
{
	pte_t pte = pte_of(vma, addr);

	if (pte_none(pte) ? vma->vm_file && !(image && in_cache(vma, addr)) :
	    !pte_present(pte) || pte_write(pte) || !ours_alone(pte))
		return false;
	return fault_in(vma, addr, FAULT_FLAG_WRITE);
}

/* The fault handler brings the cached pages of 64 KiB. */
static bool fault_in_to_read(struct vm_area_struct *vma, unsigned long addr)
{
	return pte_none(pte_of(vma, addr)) && in_cache(vma, addr) &&
	       fault_in(vma, addr, 0);
}

/* Both: [start, end) is within vma. They return what has changed in *from and
 * *to, beside what these hold before. */
static void write_around(struct vm_area_struct *vma, unsigned long start,
			 unsigned long end, bool image,
			 unsigned long *from, unsigned long *to)
{
	unsigned long addr;

	for (addr = start; addr < end; addr += PAGE_SIZE) {
		if (!fault_in_to_write(vma, addr, image))
			continue;
		*from = min(*from, addr);
		*to = max(*to, addr + PAGE_SIZE);
	}
}

static void read_around(struct vm_area_struct *vma, unsigned long start,
			unsigned long end, unsigned long *from, unsigned long *to)
{
	unsigned long addr, next;

	for (addr = start; addr < end; addr = next) {
		next = min(end, round_down(addr, SZ_64K) + SZ_64K);
		if (!fault_in_to_read(vma, addr))
			continue;
		*from = min(*from, addr);
		*to = max(*to, next);
	}
}

/* ---- a fault ---- */

static void around(struct vm_area_struct *vma, unsigned long addr, bool write,
		   unsigned long *from, unsigned long *to)
{
	unsigned long window = write ? WRITE_AROUND : READ_AROUND;
	unsigned long start = max(vma->vm_start, round_down(addr, window));
	unsigned long end = min(vma->vm_end, round_down(addr, window) + window);

	if (write)
		write_around(vma, start, end, false, from, to);
	else if (vma->vm_file)
		read_around(vma, start, end, from, to);
}

void um_fault_around(struct mm_struct *mm, unsigned long addr, bool write)
{
	unsigned long from = addr & PAGE_MASK, to = from + PAGE_SIZE;
	struct vm_area_struct *vma;

	if (!mmap_read_trylock(mm)) {
		um_tlb_map(mm, addr);
		return;
	}
	vma = vma_lookup(mm, addr);
	/* the area may have changed since */
	if (vma && suits(vma) && (!write || vma->vm_flags & VM_WRITE))
		around(vma, addr, write, &from, &to);
	if (to - from > PAGE_SIZE)
		um_tlb_map_range(mm, from, to);
	else
		um_tlb_map(mm, addr);
	mmap_read_unlock(mm);
}

/* ---- exec ---- */

static void map_area(struct vm_area_struct *vma, unsigned long sp)
{
	bool write = vma->vm_flags & VM_WRITE;
	unsigned long start = vma->vm_start, end, from = ULONG_MAX, to = 0;

	if (vma->vm_flags & VM_GROWSDOWN)
		start = max(start, (sp - STACK_BELOW) & PAGE_MASK);
	end = min(vma->vm_end, start + (write ? WRITE_AROUND : IMAGE_READ));
	if (write)
		write_around(vma, start, end, true, &from, &to);
	else if (vma->vm_file)
		read_around(vma, start, end, &from, &to);
	/* some of it may be there already: exec has written to it */
	um_tlb_map_range(vma->vm_mm, start, end);
}

void um_map_image(struct mm_struct *mm, unsigned long sp)
{
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	for_each_vma(vmi, vma)
		if (suits(vma))
			map_area(vma, sp);
	mmap_read_unlock(mm);
}
