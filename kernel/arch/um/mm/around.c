// SPDX-License-Identifier: GPL-2.0
/*
 * A fault of a guest program costs more than the pages around it, so faults come
 * in groups here: with the page that was asked for, its neighbours in the same
 * area are faulted in, and all of it is mapped on the host at once. exec does so
 * for the image of the new program.
 *
 * Nothing is read from disk for that, and nothing waits: of files only what the
 * page cache holds. Memory it costs no more than folios of 64 KiB do, and
 * MADV_NOHUGEPAGE and MADV_RANDOM turn it off as they do those and readahead, and
 * so does MLOCK_ONFAULT, which locks what is touched and should not lock more. A
 * page that another process shares is copied for its neighbour's sake only within
 * 16 KiB, which bounds what memory that may cost; one of a file only by exec.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sizes.h>
#include <linux/userfaultfd_k.h>
#include <asm/um.h>
#include "around.h"

#define READ_AROUND	SZ_256K	/* cached pages of a file */
#define WRITE_AROUND	SZ_64K	/* pages that are cleared, or ours alone */
#define COPY_AROUND	SZ_16K	/* pages that are copied, after fork */
#define IMAGE_READ	SZ_2M	/* by exec, of an area */
#define STACK_BELOW	SZ_16K	/* by exec, below the stack pointer */
#define IMAGE_AREAS	24	/* by exec: a program's and its interpreter's */

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

bool um_suits(struct vm_area_struct *vma)
{
	return vma->vm_flags & (VM_READ | VM_EXEC) &&
	       !(vma->vm_flags & (VM_SHARED | VM_SPECIAL | VM_RAND_READ |
				  VM_NOHUGEPAGE | VM_LOCKONFAULT)) &&
	       !userfaultfd_armed(vma) &&
	       (vma_is_anonymous(vma) || vma->vm_file);
}

static pte_t pte_of(struct mm_struct *mm, unsigned long addr)
{
	unsigned long flags;
	pte_t pte;

	local_irq_save(flags);
	pte = um_user_pte(mm, addr);
	local_irq_restore(flags);
	return pte;
}

static bool fault_in(struct vm_area_struct *vma, unsigned long addr,
		     unsigned int flags)
{
	if (vma->vm_mm != current->mm)
		flags |= FAULT_FLAG_REMOTE;
	return !(handle_mm_fault(vma, addr, flags, NULL) & VM_FAULT_ERROR);
}

/* To be written to without a copy of what somebody else has; or of a page so near
 * that the copy takes less than the fault it is likely to save. */
static bool may_be_made_ours(pte_t pte, bool near)
{
	const struct page *page = pte_page(pte);

	return !pte_special(pte) && PageAnon(page) && !PageKsm(page) &&
	       (near || folio_mapcount(page_folio(page)) == 1);
}

/* A page of a file becomes a private copy, which does not follow what is written
 * to the file any more. mmap(2) leaves open whether it ever does, but programs
 * see it: so only for the data of an image that exec maps. */
static bool fault_in_to_write(struct vm_area_struct *vma, unsigned long addr,
			      bool image, bool near)
{
	pte_t pte = pte_of(vma->vm_mm, addr);

	if (pte_none(pte) ? vma->vm_file && !(image && in_cache(vma, addr)) :
	    !pte_present(pte) || pte_write(pte) || !may_be_made_ours(pte, near))
		return false;
	return fault_in(vma, addr, FAULT_FLAG_WRITE);
}

/* The fault handler brings cached pages around the one that was asked for. */
static bool fault_in_to_read(struct vm_area_struct *vma, unsigned long addr)
{
	return pte_none(pte_of(vma->vm_mm, addr)) && in_cache(vma, addr) &&
	       fault_in(vma, addr, 0);
}

/* What a fault has changed, to be mapped at once. */
static void widen(struct um_range *r, unsigned long start, unsigned long end)
{
	r->start = min(r->start, start);
	r->end = max(r->end, end);
}

/* Both: [start, end) is within vma. copy: where to copy pages that others have. */
static void write_around(struct vm_area_struct *vma, unsigned long start,
			 unsigned long end, bool image,
			 const struct um_range *copy, struct um_range *changed)
{
	unsigned long addr;

	for (addr = start; addr < end; addr += PAGE_SIZE)
		if (fault_in_to_write(vma, addr, image,
				      addr >= copy->start && addr < copy->end))
			widen(changed, addr, addr + PAGE_SIZE);
}

static void read_around(struct vm_area_struct *vma, unsigned long start,
			unsigned long end, struct um_range *changed)
{
	unsigned long addr;

	for (addr = start; addr < end; addr += PAGE_SIZE)
		if (fault_in_to_read(vma, addr))
			widen(changed, max(start, round_down(addr, SZ_64K)),
			      min(end, round_down(addr, SZ_64K) + SZ_64K));
}

/* ---- a fault ---- */

/* Areas are often small, and next to each other: a program's data and its bss. */
static void around(struct mm_struct *mm, unsigned long addr, bool write,
		   struct um_range *changed)
{
	unsigned long window = write ? WRITE_AROUND : READ_AROUND;
	unsigned long from = round_down(addr, window), to = from + window;
	const struct um_range copy = {
		round_down(addr, COPY_AROUND), round_down(addr, COPY_AROUND) + COPY_AROUND
	};
	struct vm_area_struct *vma;
	VMA_ITERATOR(vmi, mm, from);

	for_each_vma_range(vmi, vma, to) {
		unsigned long start = max(vma->vm_start, from);
		unsigned long end = min(vma->vm_end, to);

		if (!um_suits(vma))
			continue;
		if (!write && vma->vm_file)
			read_around(vma, start, end, changed);
		else if (write && vma->vm_flags & VM_WRITE)
			write_around(vma, start, end, false, &copy, changed);
	}
}

void um_fault_around(struct mm_struct *mm, unsigned long addr, bool write)
{
	struct um_range changed = { addr & PAGE_MASK, (addr & PAGE_MASK) + PAGE_SIZE };
	struct vm_area_struct *vma;

	if (!mmap_read_trylock(mm)) {
		um_tlb_map(mm, addr);
		return;
	}
	vma = vma_lookup(mm, addr);
	/* the area may have changed since */
	if (vma && um_suits(vma)) {
		/* the fault handler has brought these */
		if (!write && vma->vm_file)
			widen(&changed, max(vma->vm_start, round_down(addr, SZ_64K)),
			      min(vma->vm_end, round_down(addr, SZ_64K) + SZ_64K));
		around(mm, addr, write, &changed);
	}
	if (changed.end - changed.start > PAGE_SIZE)
		um_tlb_map_ranges(mm, &changed, 1);
	else
		um_tlb_map(mm, addr);
	mmap_read_unlock(mm);
}

/* ---- fork ---- */

#define FORK_STEP	SZ_64K		/* what one fault brings of a file */
#define FORK_STEPS	48
#define FORK_LOOKS	512		/* of steps, filled or not */

static bool any_present(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	for (; start < end; start += PAGE_SIZE)
		if (pte_present(pte_of(mm, start)))
			return true;
	return false;
}

struct budget { unsigned int steps, looks; };

/* The part of an area that was faulted in. */
static struct um_range area_like(struct vm_area_struct *vma, struct mm_struct *like,
				 struct budget *left)
{
	struct um_range part = { vma->vm_end, vma->vm_start };
	unsigned long addr, next, page;

	for (addr = vma->vm_start; addr < vma->vm_end; addr = next) {
		next = min(round_down(addr, FORK_STEP) + FORK_STEP, vma->vm_end);
		if (!left->steps || !left->looks)
			break;
		left->looks--;
		if (!any_present(like, addr, next))
			continue;
		left->steps--;
		/* what one fault brings begins with the area, and may end here */
		for (page = addr; page < next; page += PAGE_SIZE)
			if (fault_in_to_read(vma, page))
				widen(&part, addr, next);
	}
	return part;
}

unsigned int um_fault_in_like(struct mm_struct *mm, struct mm_struct *like,
			      struct um_range *ranges, unsigned int nr)
{
	struct budget left = { FORK_STEPS, FORK_LOOKS };
	struct vm_area_struct *vma;
	VMA_ITERATOR(vmi, mm, 0);
	unsigned int n = 0;

	mmap_read_lock(mm);
	for_each_vma(vmi, vma) {
		if (n == nr || !um_suits(vma) || !vma->vm_file || vma->anon_vma)
			continue;
		ranges[n] = area_like(vma, like, &left);
		n += ranges[n].start < ranges[n].end;
	}
	mmap_read_unlock(mm);
	return n;
}

/* ---- exec ---- */

/* Faults in what a new program is likely to use of an area: what to map of it. */
static struct um_range image_part(struct vm_area_struct *vma, unsigned long sp)
{
	static const struct um_range nothing;
	bool write = vma->vm_flags & VM_WRITE;
	struct um_range part = { vma->vm_start, vma->vm_end }, changed = part;

	if (vma->vm_flags & VM_GROWSDOWN)
		part.start = max(part.start, (sp - STACK_BELOW) & PAGE_MASK);
	part.end = min(part.end, part.start + (write ? WRITE_AROUND : IMAGE_READ));
	if (write)
		write_around(vma, part.start, part.end, true, &nothing, &changed);
	else if (vma->vm_file)
		read_around(vma, part.start, part.end, &changed);
	return part;
}

/* The C library looks into it first of all. */
static struct um_range vdso_part(struct mm_struct *mm)
{
	struct um_range part = { mm->context.vdso, mm->context.vdso };
	struct vm_area_struct *vma;

	vma = part.start ? vma_lookup(mm, part.start) : NULL;
	if (vma && fault_in(vma, part.start, 0))
		part.end += PAGE_SIZE;
	return part;
}

void um_map_image(struct mm_struct *mm, unsigned long sp)
{
	struct um_range parts[IMAGE_AREAS];
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma;
	int n = 0;

	mmap_read_lock(mm);
	parts[n++] = vdso_part(mm);
	for_each_vma(vmi, vma)
		if (um_suits(vma) && n < IMAGE_AREAS)
			parts[n++] = image_part(vma, sp);
	um_tlb_map_ranges(mm, parts, n);
	mmap_read_unlock(mm);
}
