// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel mappings outside the direct map (vmalloc, modules): init_mm's page
 * tables carried over into the kernel process, contiguous runs in one call.
 *
 * What is to be unmapped is the hull of many areas, with others in between that
 * are in use, or are just being made. Whether a page is there is looked up and
 * acted upon under the lock: else a page that came after the look would lose its
 * mapping. Who makes one sets the entry first and then maps, so an entry that is
 * not seen is mapped later than the hull is unmapped.
 *
 * The host has a limit on mappings, and areas that were given back stay mapped
 * until vmalloc thinks of them, which may be late on busy vcpus. So after so many
 * new mappings all that have no entry are dropped.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/spinlock.h>
#include <asm/cacheflush.h>
#include <asm/tlbflush.h>
#include <asm/um.h>
#include <abi/host.h>

#define SWEEP_AFTER	(1 << 14)	/* a quarter of the host's usual limit */

struct run { unsigned long va, gpa, len; u32 prot; };

static DEFINE_SPINLOCK(kmap_lock);
static unsigned int new_runs;

/* next: where to look next; far away if there is no table. */
static pte_t kernel_pte(unsigned long addr, unsigned long *next)
{
	pgd_t *pgd = pgd_offset_k(addr);
	p4d_t *p4d = p4d_offset(pgd, addr);
	pud_t *pud;
	pmd_t *pmd;

	*next = round_down(addr, PGDIR_SIZE) + PGDIR_SIZE;
	if (p4d_none(*p4d))
		return __pte(0);
	pud = pud_offset(p4d, addr);
	*next = round_down(addr, PUD_SIZE) + PUD_SIZE;
	if (pud_none(*pud))
		return __pte(0);
	pmd = pmd_offset(pud, addr);
	*next = round_down(addr, PMD_SIZE) + PMD_SIZE;
	if (pmd_none(*pmd))
		return __pte(0);
	*next = addr + PAGE_SIZE;
	return ptep_get(pte_offset_kernel(pmd, addr));
}

static u32 kernel_prot(pte_t pte)
{
	return HOST_PROT_READ | (pte_write(pte) ? HOST_PROT_WRITE : 0) |
	       (pte_exec(pte) ? HOST_PROT_EXEC : 0);
}

/* The first page from addr on that is there, or is not; end if there is none. */
static unsigned long find_page(unsigned long addr, unsigned long end, bool present)
{
	unsigned long next;

	for (; addr < end; addr = next)
		if (pte_present(kernel_pte(addr, &next)) == present)
			return addr;
	return end;
}

static void unmap_gaps(unsigned long start, unsigned long end)
{
	unsigned long addr, next;

	for (addr = start; addr < end; addr = next) {
		spin_lock(&kmap_lock);
		next = find_page(addr, end, true);
		if (next > addr)
			host_kunmap(addr, next - addr);
		spin_unlock(&kmap_lock);
		next = find_page(next, end, false);
	}
}

static void map_run(const struct run *run)
{
	bool sweep;
	int err;

	if (!run->len)
		return;
	spin_lock(&kmap_lock);
	err = host_kmap(run->va, run->gpa, run->len, run->prot);
	sweep = ++new_runs >= SWEEP_AFTER;
	if (sweep)
		new_runs = 0;
	spin_unlock(&kmap_lock);
	if (err)
		panic("vmalloc: host: cannot map %lu bytes: error %d%s\n", run->len, err,
		      err == -ENOMEM ? "; raise vm.max_map_count" : "");
	if (sweep)
		unmap_gaps(VMALLOC_START, VMALLOC_END);
}

void um_kernel_map_range(unsigned long start, unsigned long end)
{
	struct run run = { 0 };
	unsigned long addr, next;

	for (addr = start & PAGE_MASK; addr < end; addr += PAGE_SIZE) {
		pte_t pte = kernel_pte(addr, &next);
		unsigned long gpa = pte_pfn(pte) << PAGE_SHIFT;

		if (!pte_present(pte)) {
			map_run(&run);
			run.len = 0;
			continue;
		}
		if (run.len && run.gpa + run.len == gpa &&
		    run.prot == kernel_prot(pte)) {
			run.len += PAGE_SIZE;
			continue;
		}
		map_run(&run);
		run = (struct run) { addr, gpa, PAGE_SIZE, kernel_prot(pte) };
	}
	map_run(&run);
}
EXPORT_SYMBOL(um_kernel_map_range);

void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	/* lazy purges pass the hull of many areas: it may span both regions */
	unmap_gaps(max(start, VMALLOC_START), min(end, VMALLOC_END));
	unmap_gaps(max(start, MODULES_VADDR), min(end, MODULES_END));
}

void flush_tlb_all(void)
{
	/* guest mms are flushed by range; kernel mappings by the call above */
}
