// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel mappings outside the direct map (vmalloc, modules): init_mm's page
 * tables carried over into the kernel process, contiguous runs in one call.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <asm/cacheflush.h>
#include <asm/tlbflush.h>
#include <asm/um.h>
#include <abi/host.h>

struct run { unsigned long va, gpa, len; u32 prot; };

static pte_t kernel_pte(unsigned long addr)
{
	pgd_t *pgd = pgd_offset_k(addr);
	p4d_t *p4d = p4d_offset(pgd, addr);
	pud_t *pud;
	pmd_t *pmd;

	if (p4d_none(*p4d))
		return __pte(0);
	pud = pud_offset(p4d, addr);
	if (pud_none(*pud))
		return __pte(0);
	pmd = pmd_offset(pud, addr);
	if (pmd_none(*pmd))
		return __pte(0);
	return ptep_get(pte_offset_kernel(pmd, addr));
}

static u32 kernel_prot(pte_t pte)
{
	return HOST_PROT_READ | (pte_write(pte) ? HOST_PROT_WRITE : 0) |
	       (pte_exec(pte) ? HOST_PROT_EXEC : 0);
}

static void map_run(const struct run *run)
{
	int err = run->len ? host_kmap(run->va, run->gpa, run->len, run->prot) : 0;

	if (err)
		panic("vmalloc: host: cannot map %lu bytes: error %d\n", run->len, err);
}

void um_kernel_map_range(unsigned long start, unsigned long end)
{
	struct run run = { 0 };
	unsigned long addr;

	for (addr = start & PAGE_MASK; addr < end; addr += PAGE_SIZE) {
		pte_t pte = kernel_pte(addr);
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
	static const struct { unsigned long start, end; } areas[] = {
		{ VMALLOC_START, VMALLOC_END }, { MODULES_VADDR, MODULES_END },
	};
	int i;

	/* lazy purges pass the hull of many areas: it may span both regions */
	for (i = 0; i < ARRAY_SIZE(areas); i++) {
		unsigned long s = max(start, areas[i].start);
		unsigned long e = min(end, areas[i].end);
		unsigned long addr;

		for (addr = s; addr < e; ) {
			unsigned long from = addr;

			/* keep what is mapped in between */
			while (addr < e && !pte_present(kernel_pte(addr)))
				addr += PAGE_SIZE;
			if (addr > from)
				host_kunmap(from, addr - from);
			while (addr < e && pte_present(kernel_pte(addr)))
				addr += PAGE_SIZE;
		}
	}
}

void flush_tlb_all(void)
{
	/* guest mms are flushed by range; kernel mappings by the call above */
}
