// SPDX-License-Identifier: GPL-2.0
/*
 * From page tables to host mappings: contiguous entries of equal protection are a
 * run, one host mmap.
 *
 * An entry counts as readable when present and young, writable when also
 * writable and dirty: accessed and dirty bits are set by faults.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <asm/um.h>
#include "runs.h"

/* Pages around a fault that are looked at. Where the page tables have just
 * changed, only what is likely to be new: a folio, or the file pages that came
 * with the one asked for. */
#define NEIGHBOURHOOD	64
#define FILE_AROUND	16

static pmd_t user_pmd(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	p4d_t *p4d = p4d_offset(pgd, addr);
	pud_t pud;

	if (!p4d_present(READ_ONCE(*p4d)))
		return __pmd(0);
	pud = READ_ONCE(*pud_offset(p4d, addr));
	if (!pud_present(pud))
		return __pmd(0);
	return READ_ONCE(*(pud_pgtable(pud) + pmd_index(addr)));
}

static const pte_t *table_of(pmd_t pmd)
{
	return (const pte_t *)pmd_page_vaddr(pmd);
}

pte_t um_user_pte(struct mm_struct *mm, unsigned long addr)
{
	pmd_t pmd = user_pmd(mm, addr);

	if (!pmd_present(pmd))
		return __pte(0);
	if (pmd_leaf(pmd))
		return __pte(pmd_val(pmd) + (addr & ~PMD_MASK & PAGE_MASK));
	return READ_ONCE(table_of(pmd)[pte_index(addr)]);
}

u32 um_entry_prot(pte_t pte)
{
	u32 prot;

	if (!(pte_val(pte) & _PAGE_PRESENT))
		return 0;
	prot = HOST_PROT_READ;
	if (pte_write(pte) && pte_dirty(pte))
		prot |= HOST_PROT_WRITE;
	if (pte_exec(pte))
		prot |= HOST_PROT_EXEC;
	return prot;
}

u32 um_host_prot(pte_t pte)
{
	return pte_young(pte) ? um_entry_prot(pte) : 0;
}

static bool continues(pte_t next, u32 next_prot, pte_t pte, u32 prot)
{
	return next_prot == prot && pte_pfn(next) == pte_pfn(pte) + 1;
}

/* The longest run that holds entry i, within [low, high): an op, and where it
 * starts and ends. False when the host may not map i. */
static bool run_around(const pte_t *table, unsigned long base, unsigned int i,
		       unsigned int *low, unsigned int *high,
		       struct host_map_op *op)
{
	unsigned int first = i, last = i;
	pte_t pte = READ_ONCE(table[i]), from = pte, to = pte;
	u32 prot = um_host_prot(pte);

	if (!prot)
		return false;
	for (; first > *low; first--) {
		pte = READ_ONCE(table[first - 1]);
		if (um_host_prot(pte) != prot || !continues(from, prot, pte, prot))
			break;
		from = pte;
	}
	for (; last + 1 < *high; last++) {
		pte = READ_ONCE(table[last + 1]);
		if (!continues(pte, um_host_prot(pte), to, prot))
			break;
		to = pte;
	}
	*op = (struct host_map_op) {
		.kind = HOST_MAP_PHYS,
		.prot = prot,
		.va = base + first * PAGE_SIZE,
		.len = (last + 1 - first) * PAGE_SIZE,
		.gpa = (u64)pte_pfn(from) << PAGE_SHIFT,
	};
	*low = first;
	*high = last + 1;
	return true;
}

/* Ops for the entries around index `at` of a table, its own run first, then
 * what follows it, then what precedes it, all in the `reach` pages (a power of
 * two) that it is in. Returns how many. */
static int collect_runs(const pte_t *table, unsigned long base, unsigned int at,
			unsigned int reach, struct host_map_op *ops)
{
	unsigned int start = at & ~(reach - 1);
	unsigned int end = start + reach;
	unsigned int home_low = start, home_high = end, low, high, i;
	int n = 0;

	if (!run_around(table, base, at, &home_low, &home_high, &ops[n++]))
		return 0;
	for (i = home_high; i < end && n < UM_MAX_RUNS - 1; ) {
		low = i;
		high = end;
		if (run_around(table, base, i, &low, &high, &ops[n])) {
			n++;
			i = high;
		} else {
			i++;
		}
	}
	for (i = home_low; i > start && n < UM_MAX_RUNS; ) {
		low = start;
		high = i;
		if (run_around(table, base, i - 1, &low, &high, &ops[n])) {
			n++;
			i = low;
		} else {
			i--;
		}
	}
	return n;
}

static int collect_huge(pmd_t pmd, unsigned long addr, struct host_map_op *op)
{
	u32 prot = um_host_prot(__pte(pmd_val(pmd)));

	if (!prot)
		return 0;
	*op = (struct host_map_op) {
		.kind = HOST_MAP_PHYS,
		.prot = prot,
		.va = addr & PMD_MASK,
		.len = PMD_SIZE,
		.gpa = (u64)pmd_pfn(pmd) << PAGE_SHIFT,
	};
	return 1;
}

/* How far the change of an entry has reached. A guess: nothing holds the page. */
static unsigned int new_pages(pte_t pte)
{
	const struct page *page;

	if (!pte_present(pte) || pte_special(pte))
		return 1;
	page = pte_page(pte);
	if (!PageAnon(page))
		return FILE_AROUND;
	return clamp(folio_nr_pages(page_folio(page)), 1, NEIGHBOURHOOD);
}

int um_runs_around(struct mm_struct *mm, unsigned long addr, bool only_new,
		   struct host_map_op *ops)
{
	unsigned int reach = NEIGHBOURHOOD;
	pmd_t pmd = user_pmd(mm, addr);

	if (!pmd_present(pmd))
		return 0;
	if (pmd_leaf(pmd))
		return collect_huge(pmd, addr, ops);
	if (only_new)
		reach = new_pages(READ_ONCE(table_of(pmd)[pte_index(addr)]));
	return collect_runs(table_of(pmd), addr & PMD_MASK, pte_index(addr),
			    reach, ops);
}

int um_runs_next(struct mm_struct *mm, unsigned long addr, unsigned long end,
		 struct host_map_op *op, unsigned long *next)
{
	unsigned long base = addr & PMD_MASK;
	unsigned int low = pte_index(addr), high = PTRS_PER_PTE;
	pmd_t pmd = user_pmd(mm, addr);
	bool any;

	*next = base + PMD_SIZE;
	if (!pmd_present(pmd))
		return 0;
	if (pmd_leaf(pmd))
		return collect_huge(pmd, addr, op);
	if (end < *next)
		high = pte_index(end);
	any = run_around(table_of(pmd), base, low, &low, &high, op);
	*next = any ? base + high * PAGE_SIZE : addr + PAGE_SIZE;
	return any;
}

void um_touch_around(struct mm_struct *mm, unsigned long addr)
{
	pmd_t pmd = user_pmd(mm, addr);
	unsigned int i, n;
	u64 val;
	pte_t *table;

	if (!pmd_present(pmd) || pmd_leaf(pmd))
		return;
	table = (pte_t *)pmd_page_vaddr(pmd);
	i = pte_index(addr) & ~(FILE_AROUND - 1);
	for (n = 0; n < FILE_AROUND; n++, i++) {
		val = pte_val(READ_ONCE(table[i]));
		if ((val & (_PAGE_PRESENT | _PAGE_ACCESSED)) == _PAGE_PRESENT)
			cmpxchg(&table[i].pte, val, val | _PAGE_ACCESSED);
	}
}
