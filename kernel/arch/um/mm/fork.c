// SPDX-License-Identifier: GPL-2.0
/*
 * fork(2). A page that parent and child share costs each of them a fault when it
 * writes to it, and the parent its host mapping before that; a fault costs what it
 * takes to copy twenty pages. So what the parent has written to since its last fork
 * is copied for the child at once, as far as FORK_PAGES go: the parent keeps its
 * pages as they are, and the child starts with pages of its own. All the rest is
 * shared as everywhere.
 *
 * The kernel's fork copies at once what is pinned, for DMA say
 * (Documentation/core-api/pin_user_pages.rst): so these pages are, until it has.
 * Not beside other threads: they would go on writing to what has been copied, and
 * be stopped at what is shared, and the child see the second without the first.
 *
 * Of files, fork leaves it to the child's faults to fill its page tables. That is
 * done here, too, where those of the parent are filled, before the child runs.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/um.h>
#include "around.h"
#include "runs.h"

#define FORK_PAGES	128
#define FORK_RANGES	32
#define FOLIO_PAGES	16	/* larger ones are shared: of one, all is copied */
#define LOOK_PAGES	8192	/* page-table entries looked at */
#define RELEARN		16	/* forks */

struct um_fork {
	unsigned int nr_pages, nr_ranges;
	struct page *pages[FORK_PAGES];
	struct um_range ranges[FORK_RANGES];	/* to be mapped for the child */
};

static void note_copied(struct um_fork *f, unsigned long start, unsigned long end)
{
	struct um_range *last = &f->ranges[max(f->nr_ranges, 1u) - 1];

	if (f->nr_ranges && last->end == start)
		last->end = end;
	else if (f->nr_ranges < FORK_RANGES)
		f->ranges[f->nr_ranges++] = (struct um_range) { start, end };
}

/* Written to by its only owner. A guess: nothing holds the page. */
static bool is_hot(struct mm_struct *mm, unsigned long addr)
{
	unsigned long flags;
	bool hot = false;
	pte_t pte;

	local_irq_save(flags);
	pte = um_user_pte(mm, addr);
	if (um_host_prot(pte) & HOST_PROT_WRITE && !pte_special(pte)) {
		const struct page *page = pte_page(pte);

		hot = PageAnon(page) &&
		      folio_nr_pages(page_folio(page)) <= FOLIO_PAGES;
	}
	local_irq_restore(flags);
	return hot;
}

/* False: they are not pinned. */
static bool pin_run(struct um_fork *f, unsigned long start, unsigned long end)
{
	long n = pin_user_pages(start, (end - start) >> PAGE_SHIFT, FOLL_WRITE,
				f->pages + f->nr_pages);

	if (n <= 0)
		return false;
	f->nr_pages += n;
	note_copied(f, start, start + n * PAGE_SIZE);
	return true;
}

/* Pins what is hot in an area, `room` pages at most; false if there is more. */
static bool pin_area(struct um_fork *f, struct vm_area_struct *vma,
		     unsigned int room, unsigned int *looks)
{
	unsigned long addr = vma->vm_start, start;

	while (addr < vma->vm_end && *looks) {
		for (start = addr; addr < vma->vm_end && *looks && room &&
				   is_hot(vma->vm_mm, addr); addr += PAGE_SIZE) {
			--*looks;
			room--;
		}
		if (start < addr && !pin_run(f, start, addr))
			return true;
		if (!room)
			return false;
		addr += PAGE_SIZE;
		if (*looks)
			--*looks;
	}
	return *looks;
}

static bool is_copied(struct vm_area_struct *vma)
{
	return um_suits(vma) && vma->anon_vma && vma->vm_flags & VM_WRITE &&
	       !(vma->vm_flags & (VM_DONTCOPY | VM_WIPEONFORK));
}

/* No area gets more than half of what is left: heaps come before the data of
 * libraries, and stacks last. */
static bool pin_hot(struct um_fork *f, struct mm_struct *mm)
{
	unsigned int looks = LOOK_PAGES;
	struct vm_area_struct *vma;
	VMA_ITERATOR(vmi, mm, 0);
	bool all = true;

	mmap_read_lock(mm);
	for_each_vma(vmi, vma)
		if (is_copied(vma))
			all &= pin_area(f, vma, (FORK_PAGES - f->nr_pages + 1) / 2,
					&looks);
	mmap_read_unlock(mm);
	return all;
}

/* Copies are for speed only. Who else has the mm may be another thread. */
static bool may_copy(const struct mm_struct *mm)
{
	return atomic_read(&mm->mm_users) == 1 &&
	       si_mem_available() >= totalram_pages() / 16;
}

/* Where there is more than FORK_PAGES, some may have been written to long ago:
 * now and then nothing is copied, and what is written to then is known. */
static bool relearns(mm_context_t *ctx)
{
	return ctx->large_forks % RELEARN == RELEARN - 1;
}

void um_fork_begin(struct mm_struct *mm)
{
	mm_context_t *ctx = &current->mm->context;
	struct um_fork *f = kzalloc(sizeof(*f), GFP_KERNEL | __GFP_NOWARN);

	mm->context.fork = f;
	if (!f || !may_copy(current->mm))
		return;
	if (relearns(ctx) || !pin_hot(f, current->mm))
		ctx->large_forks++;
}

void um_fork_copied(struct mm_struct *mm)
{
	struct um_fork *f = mm->context.fork;

	if (!f)
		return;
	unpin_user_pages(f->pages, f->nr_pages);
	f->nr_pages = 0;
}

void um_fork_files(struct mm_struct *mm)
{
	struct um_fork *f = mm->context.fork;

	if (f)
		f->nr_ranges += um_fault_in_like(mm, current->mm,
						 f->ranges + f->nr_ranges,
						 FORK_RANGES - f->nr_ranges);
}

void um_fork_map(void)
{
	struct um_fork *f = current->mm->context.fork;

	if (f)
		um_tlb_map_ranges(current->mm, f->ranges, f->nr_ranges);
	um_fork_done(current->mm);
}

void um_fork_done(struct mm_struct *mm)
{
	um_fork_copied(mm);
	kfree(mm->context.fork);
	mm->context.fork = NULL;
}
