// SPDX-License-Identifier: GPL-2.0
/* Guest-physical memory: one zone, all of it in the direct map. */
#include <linux/mm.h>
#include <linux/memblock.h>
#include <linux/mmzone.h>
#include <linux/cpuhotplug.h>
#include <linux/init.h>
#include <linux/execmem.h>
#include <linux/swap.h>
#include <linux/sizes.h>
#include <linux/huge_mm.h>
#include <asm/pgalloc.h>
#include <asm/sections.h>
#include <asm/um.h>

unsigned long um_physmem_bytes;
EXPORT_SYMBOL(um_physmem_bytes);

/* Lies in physmem, since the kernel image has no guest-physical address. */
void *um_zero_page;
EXPORT_SYMBOL(um_zero_page);

pgd_t swapper_pg_dir[PTRS_PER_PGD] __page_aligned_bss;

/* A fault costs more here than fifteen more pages do: anonymous memory comes in
 * pieces of 64 KiB, where thp_anon= does not say otherwise. */
static void __init choose_folios(void)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	huge_anon_orders_always |= BIT(ilog2(SZ_64K) - PAGE_SHIFT);
#endif
}

void __init um_setup_memory(void)
{
	unsigned long max_pfns[MAX_NR_ZONES] = { 0 };

	max_pfn = max_low_pfn = um_physmem_bytes >> PAGE_SHIFT;
	min_low_pfn = 0;
	set_max_mapnr(max_pfn);
	memblock_set_current_limit(um_physmem_bytes);
	um_zero_page = memblock_alloc(PAGE_SIZE, PAGE_SIZE);
	if (!um_zero_page)
		panic("mem: no memory for the zero page\n");
	um_vdso_alloc_data();
	high_memory = __va(um_physmem_bytes);
	max_pfns[ZONE_NORMAL] = max_pfn;
	free_area_init(max_pfns);
	choose_folios();
}

void __init mem_init(void)
{
	memblock_free_all();
}

/*
 * Each vcpu's list of free pages gives back what was freed last, first: what a
 * process has freed in ascending order the next one gets in descending order, and
 * each page is a host mapping of its own. The buddy allocator merges what is freed
 * and hands it out in ascending order, so that neighbours in a file or a program
 * are neighbours in memory. It costs a tenth of a microsecond more a page, a host
 * mapping ten times that.
 *
 * High marks of 0 and a batch of 1 are how the page allocator itself switches its
 * lists off. It sets them anew when a vcpu comes or goes.
 */
static int free_pages_to_buddy(unsigned int cpu)
{
	struct per_cpu_pages *pcp;
	struct zone *zone;
	int i;

	for_each_populated_zone(zone) {
		for_each_possible_cpu(i) {
			pcp = per_cpu_ptr(zone->per_cpu_pageset, i);
			WRITE_ONCE(pcp->batch, 1);
			WRITE_ONCE(pcp->high_min, 0);
			WRITE_ONCE(pcp->high_max, 0);
		}
	}
	drain_all_pages(NULL);
	return 0;
}

static int __init init_free_lists(void)
{
	int ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "um/mm:free lists",
				    free_pages_to_buddy, NULL);

	return ret < 0 ? ret : 0;
}
late_initcall_sync(init_free_lists);

/* The init sections are part of the executable, not of physmem. */
void free_initmem(void)
{
}

pgd_t *pgd_alloc(struct mm_struct *mm)
{
	return (pgd_t *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
}

/* mmap(2)'s PROT_* to page protection; write-only and exec-only imply read. */
static const pgprot_t protection_map[16] = {
	[VM_NONE]					= PAGE_NONE,
	[VM_READ]					= PAGE_READONLY,
	[VM_WRITE]					= PAGE_COPY,
	[VM_WRITE | VM_READ]				= PAGE_COPY,
	[VM_EXEC]					= PAGE_READONLY_EXEC,
	[VM_EXEC | VM_READ]				= PAGE_READONLY_EXEC,
	[VM_EXEC | VM_WRITE]				= PAGE_READONLY_EXEC,
	[VM_EXEC | VM_WRITE | VM_READ]			= PAGE_READONLY_EXEC,
	[VM_SHARED]					= PAGE_NONE,
	[VM_SHARED | VM_READ]				= PAGE_READONLY,
	[VM_SHARED | VM_WRITE]				= PAGE_SHARED,
	[VM_SHARED | VM_WRITE | VM_READ]		= PAGE_SHARED,
	[VM_SHARED | VM_EXEC]				= PAGE_READONLY_EXEC,
	[VM_SHARED | VM_EXEC | VM_READ]			= PAGE_READONLY_EXEC,
	[VM_SHARED | VM_EXEC | VM_WRITE]		= PAGE_SHARED_EXEC,
	[VM_SHARED | VM_EXEC | VM_WRITE | VM_READ]	= PAGE_SHARED_EXEC
};
DECLARE_VM_GET_PAGE_PROT

#ifdef CONFIG_EXECMEM
static struct execmem_info execmem_info __ro_after_init;

struct execmem_info __init *execmem_arch_setup(void)
{
	execmem_info = (struct execmem_info) {
		.ranges = {
			[EXECMEM_DEFAULT] = {
				.start		= MODULES_VADDR,
				.end		= MODULES_END,
				.pgprot		= PAGE_KERNEL_EXEC,
				.alignment	= 1,
			},
		},
	};
	return &execmem_info;
}
#endif
