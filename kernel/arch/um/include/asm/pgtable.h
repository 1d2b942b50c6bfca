/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page tables in the x86-64 hardware format, four levels. No hardware walks
 * them today: mm/tlb.c turns entries into host mappings, for which an entry
 * counts as readable when it is present and young, and as writable when it is
 * also writable and dirty; so accessed and dirty are kept by faults.
 */
#ifndef _ASM_UM_PGTABLE_H
#define _ASM_UM_PGTABLE_H

#include <linux/bits.h>
#include <asm/page.h>

#define _PAGE_PRESENT	BIT(0)
#define _PAGE_RW	BIT(1)
#define _PAGE_USER	BIT(2)
#define _PAGE_ACCESSED	BIT(5)
#define _PAGE_DIRTY	BIT(6)
#define _PAGE_PSE	BIT(7)		/* huge, in a pmd */
#define _PAGE_PROTNONE	BIT(8)		/* when not present: PROT_NONE */
#define _PAGE_SPECIAL	BIT(9)
#define _PAGE_SWP_EXCLUSIVE BIT(2)	/* in a swap entry */
#define _PAGE_NX	BIT(63)

#define _PAGE_PFN_MASK	GENMASK_ULL(51, 12)
#define _PAGE_TABLE	(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | \
			 _PAGE_ACCESSED | _PAGE_DIRTY)
#define _PAGE_CHG_MASK	(_PAGE_PFN_MASK | _PAGE_ACCESSED | _PAGE_DIRTY | \
			 _PAGE_SPECIAL)

#define PGDIR_SHIFT	39
#define PUD_SHIFT	30
#define PMD_SHIFT	21
#define PGDIR_SIZE	(1UL << PGDIR_SHIFT)
#define PGDIR_MASK	(~(PGDIR_SIZE - 1))
#define PUD_SIZE	(1UL << PUD_SHIFT)
#define PUD_MASK	(~(PUD_SIZE - 1))
#define PMD_SIZE	(1UL << PMD_SHIFT)
#define PMD_MASK	(~(PMD_SIZE - 1))
#define PTRS_PER_PTE	512
#define PTRS_PER_PMD	512
#define PTRS_PER_PUD	512
#define PTRS_PER_PGD	512
#define USER_PTRS_PER_PGD (TASK_SIZE / PGDIR_SIZE + 1)

#include <asm-generic/pgtable-nop4d.h>

#ifndef __ASSEMBLY__
#include <linux/mm_types.h>
#include <asm/processor.h>

#define _PAGE_BASE	(_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED)
#define PAGE_NONE	__pgprot(_PAGE_PROTNONE | _PAGE_ACCESSED)
#define PAGE_SHARED	__pgprot(_PAGE_BASE | _PAGE_RW | _PAGE_NX)
#define PAGE_SHARED_EXEC __pgprot(_PAGE_BASE | _PAGE_RW)
#define PAGE_READONLY	__pgprot(_PAGE_BASE | _PAGE_NX)
#define PAGE_READONLY_EXEC __pgprot(_PAGE_BASE)
#define PAGE_COPY	PAGE_READONLY
#define PAGE_KERNEL	__pgprot(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | \
				 _PAGE_DIRTY | _PAGE_NX)
#define PAGE_KERNEL_RO	__pgprot(_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY | \
				 _PAGE_NX)
#define PAGE_KERNEL_EXEC __pgprot(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | \
				  _PAGE_DIRTY)

extern pgd_t swapper_pg_dir[PTRS_PER_PGD];
extern void *um_zero_page;
#define ZERO_PAGE(vaddr) virt_to_page(um_zero_page)

#define VMALLOC_START	UM_VMALLOC_START
#define VMALLOC_END	UM_VMALLOC_END
#define MODULES_VADDR	UM_MODULES_START
#define MODULES_END	UM_MODULES_END
#define MODULES_LEN	(MODULES_END - MODULES_VADDR)

#define pte_ERROR(e) pr_err("%s:%d: bad pte %016lx\n", __FILE__, __LINE__, pte_val(e))
#define pmd_ERROR(e) pr_err("%s:%d: bad pmd %016lx\n", __FILE__, __LINE__, pmd_val(e))
#define pud_ERROR(e) pr_err("%s:%d: bad pud %016lx\n", __FILE__, __LINE__, pud_val(e))
#define pgd_ERROR(e) pr_err("%s:%d: bad pgd %016lx\n", __FILE__, __LINE__, pgd_val(e))

/* ---- pte ---- */

#define pte_none(x)	(!pte_val(x))

static inline int pte_present(pte_t pte)
{
	return pte_val(pte) & (_PAGE_PRESENT | _PAGE_PROTNONE);
}

#define pte_accessible(mm, pte) (pte_val(pte) & _PAGE_PRESENT)

static inline int pte_read(pte_t pte)	 { return pte_val(pte) & _PAGE_PRESENT; }
static inline int pte_write(pte_t pte)	 { return !!(pte_val(pte) & _PAGE_RW); }
static inline int pte_exec(pte_t pte)	 { return !(pte_val(pte) & _PAGE_NX); }
static inline int pte_dirty(pte_t pte)	 { return !!(pte_val(pte) & _PAGE_DIRTY); }
static inline int pte_young(pte_t pte)	 { return !!(pte_val(pte) & _PAGE_ACCESSED); }
static inline int pte_special(pte_t pte) { return !!(pte_val(pte) & _PAGE_SPECIAL); }

static inline unsigned long pte_pfn(pte_t pte)
{
	return (pte_val(pte) & _PAGE_PFN_MASK) >> PAGE_SHIFT;
}

#define PTE_BIT_FUNC(name, op) \
static inline pte_t pte_##name(pte_t pte) { return __pte(pte_val(pte) op); }
PTE_BIT_FUNC(wrprotect, & ~_PAGE_RW)
PTE_BIT_FUNC(mkwrite_novma, | _PAGE_RW)
PTE_BIT_FUNC(mkclean, & ~_PAGE_DIRTY)
PTE_BIT_FUNC(mkdirty, | _PAGE_DIRTY)
PTE_BIT_FUNC(mkold, & ~_PAGE_ACCESSED)
PTE_BIT_FUNC(mkyoung, | _PAGE_ACCESSED)
PTE_BIT_FUNC(mkspecial, | _PAGE_SPECIAL)

#define PFN_PTE_SHIFT PAGE_SHIFT

static inline pte_t pfn_pte(unsigned long pfn, pgprot_t prot)
{
	return __pte((pfn << PAGE_SHIFT) | pgprot_val(prot));
}

#define pte_page(pte)	pfn_to_page(pte_pfn(pte))
#define mk_pte(page, prot) pfn_pte(page_to_pfn(page), (prot))

static inline pte_t pte_modify(pte_t pte, pgprot_t prot)
{
	return __pte((pte_val(pte) & _PAGE_CHG_MASK) |
		     (pgprot_val(prot) & ~_PAGE_CHG_MASK));
}

static inline int pte_same(pte_t a, pte_t b)
{
	return pte_val(a) == pte_val(b);
}
#define __HAVE_ARCH_PTE_SAME

static inline void set_pte(pte_t *ptep, pte_t pte)
{
	WRITE_ONCE(ptep->pte, pte_val(pte));
}
#define pte_clear(mm, addr, ptep) set_pte(ptep, __pte(0))

static inline pte_t ptep_get_and_clear(struct mm_struct *mm, unsigned long addr,
				       pte_t *ptep)
{
	return __pte(xchg(&ptep->pte, 0));
}
#define __HAVE_ARCH_PTEP_GET_AND_CLEAR

/* Only fork does this, to what its child is to share; its flush_tlb_mm() comes
 * later (mm/tlb.c). */
void um_tlb_note(struct mm_struct *mm, unsigned long start, unsigned long end);

static inline void wrprotect_ptes(struct mm_struct *mm, unsigned long addr,
				  pte_t *ptep, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		clear_bit(1, &ptep[i].pte);	/* _PAGE_RW */
	um_tlb_note(mm, addr, addr + nr * PAGE_SIZE);
}
#define wrprotect_ptes wrprotect_ptes

static inline void ptep_set_wrprotect(struct mm_struct *mm, unsigned long addr,
				      pte_t *ptep)
{
	wrprotect_ptes(mm, addr, ptep, 1);
}
#define __HAVE_ARCH_PTEP_SET_WRPROTECT

static inline int ptep_test_and_clear_young(struct vm_area_struct *vma,
					    unsigned long addr, pte_t *ptep)
{
	return test_and_clear_bit(5, &ptep->pte);	/* _PAGE_ACCESSED */
}
#define __HAVE_ARCH_PTEP_TEST_AND_CLEAR_YOUNG

/* ---- pmd, pud ---- */

#define pmd_none(x)	(!pmd_val(x))
#define pmd_present(x)	(pmd_val(x) & (_PAGE_PRESENT | _PAGE_PROTNONE | _PAGE_PSE))
#define pmd_leaf(x)	(!!(pmd_val(x) & _PAGE_PSE))
#define pmd_bad(x)	((pmd_val(x) & ~_PAGE_PFN_MASK) != _PAGE_TABLE)

static inline void set_pmd(pmd_t *pmdp, pmd_t pmd)
{
	WRITE_ONCE(pmdp->pmd, pmd_val(pmd));
}
#define pmd_clear(pmdp) set_pmd(pmdp, __pmd(0))
#define pmd_pfn(pmd)	((pmd_val(pmd) & _PAGE_PFN_MASK) >> PAGE_SHIFT)
#define pmd_page(pmd)	pfn_to_page(pmd_pfn(pmd))

static inline unsigned long pmd_page_vaddr(pmd_t pmd)
{
	return (unsigned long)__va(pmd_val(pmd) & _PAGE_PFN_MASK);
}
#define pmd_pgtable(pmd) pmd_page(pmd)

/* A huge page's pmd has the bits of a pte, and PSE. One that is being changed
 * (pmd_mkinvalid) has only that: present to the kernel, not to the host. */
static inline pte_t pmd_pte(pmd_t pmd)	 { return __pte(pmd_val(pmd)); }
static inline pmd_t pte_pmd(pte_t pte)	 { return __pmd(pte_val(pte)); }

#define pmd_write(pmd)	pte_write(pmd_pte(pmd))

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
#define pmd_dirty(pmd)	pte_dirty(pmd_pte(pmd))
#define pmd_young(pmd)	pte_young(pmd_pte(pmd))

static inline int pmd_trans_huge(pmd_t pmd)
{
	return pmd_leaf(pmd);
}

#define PMD_BIT_FUNC(name) \
static inline pmd_t pmd_##name(pmd_t pmd) { return pte_pmd(pte_##name(pmd_pte(pmd))); }
PMD_BIT_FUNC(wrprotect)
PMD_BIT_FUNC(mkwrite_novma)
PMD_BIT_FUNC(mkclean)
PMD_BIT_FUNC(mkdirty)
PMD_BIT_FUNC(mkold)
PMD_BIT_FUNC(mkyoung)

static inline pmd_t pmd_mkhuge(pmd_t pmd)
{
	return __pmd(pmd_val(pmd) | _PAGE_PSE);
}

static inline pmd_t pmd_mkinvalid(pmd_t pmd)
{
	return __pmd(pmd_val(pmd) & ~(_PAGE_PRESENT | _PAGE_PROTNONE));
}

#define pfn_pmd(pfn, prot) pmd_mkhuge(pte_pmd(pfn_pte(pfn, prot)))
#define mk_pmd(page, prot) pfn_pmd(page_to_pfn(page), (prot))

static inline pmd_t pmd_modify(pmd_t pmd, pgprot_t prot)
{
	return pmd_mkhuge(pte_pmd(pte_modify(pmd_pte(pmd), prot)));
}

static inline void set_pmd_at(struct mm_struct *mm, unsigned long addr,
			      pmd_t *pmdp, pmd_t pmd)
{
	set_pmd(pmdp, pmd);
}

static inline void pmdp_set_wrprotect(struct mm_struct *mm, unsigned long addr,
				      pmd_t *pmdp)
{
	set_pmd(pmdp, pmd_wrprotect(*pmdp));
	um_tlb_note(mm, addr, addr + PMD_SIZE);
}
#define __HAVE_ARCH_PMDP_SET_WRPROTECT

static inline pmd_t pmdp_establish(struct vm_area_struct *vma, unsigned long addr,
				   pmd_t *pmdp, pmd_t pmd)
{
	return __pmd(xchg(&pmdp->pmd, pmd_val(pmd)));
}
#define pmdp_establish pmdp_establish

#define update_mmu_cache_pmd(vma, addr, pmdp) do { } while (0)
#endif

#define pud_none(x)	(!pud_val(x))
#define pud_present(x)	(pud_val(x) & _PAGE_PRESENT)
#define pud_leaf(x)	(!!(pud_val(x) & _PAGE_PSE))
#define pud_bad(x)	((pud_val(x) & ~_PAGE_PFN_MASK) != _PAGE_TABLE)

static inline void set_pud(pud_t *pudp, pud_t pud)
{
	WRITE_ONCE(pudp->pud, pud_val(pud));
}
#define pud_clear(pudp) set_pud(pudp, __pud(0))
#define pud_pfn(pud)	((pud_val(pud) & _PAGE_PFN_MASK) >> PAGE_SHIFT)
#define pud_page(pud)	pfn_to_page(pud_pfn(pud))

static inline pmd_t *pud_pgtable(pud_t pud)
{
	return (pmd_t *)__va(pud_val(pud) & _PAGE_PFN_MASK);
}

static inline int p4d_none(p4d_t p4d)	 { return !p4d_val(p4d); }
static inline int p4d_present(p4d_t p4d) { return p4d_val(p4d) & _PAGE_PRESENT; }
static inline int p4d_bad(p4d_t p4d)
{
	return (p4d_val(p4d) & ~_PAGE_PFN_MASK) != _PAGE_TABLE;
}
#define p4d_leaf(x)	0

static inline void set_p4d(p4d_t *p4dp, p4d_t p4d)
{
	WRITE_ONCE(p4dp->pgd.pgd, p4d_val(p4d));
}

static inline void p4d_clear(p4d_t *p4dp)
{
	set_p4d(p4dp, (p4d_t) { __pgd(0) });
}

static inline pud_t *p4d_pgtable(p4d_t p4d)
{
	return (pud_t *)__va(p4d_val(p4d) & _PAGE_PFN_MASK);
}
#define p4d_page(p4d)	pfn_to_page((p4d_val(p4d) & _PAGE_PFN_MASK) >> PAGE_SHIFT)

static inline pud_t *pud_offset(p4d_t *p4d, unsigned long address)
{
	return p4d_pgtable(*p4d) + ((address >> PUD_SHIFT) & (PTRS_PER_PUD - 1));
}
#define pud_offset pud_offset

/* ---- swap entries: bits 0 and 8 clear; type in 3..7, offset from 12 ---- */

#define __swp_type(x)		(((x).val >> 3) & 0x1f)
#define __swp_offset(x)		((x).val >> 12)
#define __swp_entry(type, offset) \
	((swp_entry_t) { (((unsigned long)(type) & 0x1f) << 3) | \
			 ((unsigned long)(offset) << 12) })
#define __pte_to_swp_entry(pte)	((swp_entry_t) { pte_val(pte) })
#define __swp_entry_to_pte(x)	__pte((x).val)

static inline int pte_swp_exclusive(pte_t pte)
{
	return !!(pte_val(pte) & _PAGE_SWP_EXCLUSIVE);
}

static inline pte_t pte_swp_mkexclusive(pte_t pte)
{
	return __pte(pte_val(pte) | _PAGE_SWP_EXCLUSIVE);
}

static inline pte_t pte_swp_clear_exclusive(pte_t pte)
{
	return __pte(pte_val(pte) & ~_PAGE_SWP_EXCLUSIVE);
}

/* Entries reach the host on the fault that wants them (mm/fault.c). */
struct vm_fault;
static inline void update_mmu_cache_range(struct vm_fault *vmf,
		struct vm_area_struct *vma, unsigned long address,
		pte_t *ptep, unsigned int nr)
{
}
#define update_mmu_cache(vma, address, ptep) do { } while (0)

/* A fault that finds everything in order: the host mapping was merely not
 * there, and is made on the way back. */
#define flush_tlb_fix_spurious_fault(vma, address, ptep) do { } while (0)

static inline pgprot_t pgprot_nx(pgprot_t prot)
{
	return __pgprot(pgprot_val(prot) | _PAGE_NX);
}
#define pgprot_nx pgprot_nx

#endif

#endif
