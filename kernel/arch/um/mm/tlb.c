// SPDX-License-Identifier: GPL-2.0
/*
 * Guest page tables become host mappings here, and stop being them.
 *
 * context.lock is held from the reading of page-table entries to the end of
 * the host call that maps them; a flush takes it too, after the entries were
 * changed. So no mapping made from an old entry survives a flush.
 *
 * While no thread of the mm executes guest user code (context.running is 0),
 * a flush only notes its range; the next um_tlb_enter() carries it out before
 * any guest instruction. Entering counts itself first and looks at the notes
 * second, a flush does it the other way round: one of the two sees the other.
 * Exit, exec and fork of a single-threaded process so cost no host call. The
 * entry that carries notes out, or is the first in its space, also maps the code
 * and the stack it goes to, if those are not mapped any more.
 *
 * An entry counts as readable when present and young, writable when also
 * writable and dirty: accessed and dirty bits are set by faults.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include <asm/tlbflush.h>
#include <asm/um.h>

/* Pages around a fault that are looked at, and runs mapped, at most. Where the
 * page tables have just changed, only what is likely to be new: a folio, or the
 * file pages that came with the one asked for. */
#define NEIGHBOURHOOD	64
#define FILE_AROUND	16
#define MAX_RUNS	6

static void add_pending(mm_context_t *ctx, unsigned long start, unsigned long end)
{
	unsigned int i;

	start = max(start, ctx->mapped_start);
	end = min(end, ctx->mapped_end);
	if (start >= end)
		return;
	for (i = 0; i < ctx->nr_pending; i++) {
		if (start <= ctx->pending[i].end && end >= ctx->pending[i].start) {
			ctx->pending[i].start = min(start, ctx->pending[i].start);
			ctx->pending[i].end = max(end, ctx->pending[i].end);
			return;
		}
	}
	i = ctx->nr_pending;
	if (i == UM_TLB_PENDING) {
		/* no room: one range for all; never 0 in between */
		for (i = 0; i < UM_TLB_PENDING; i++) {
			start = min(start, ctx->pending[i].start);
			end = max(end, ctx->pending[i].end);
		}
		i = 0;
	}
	ctx->pending[i].start = start;
	ctx->pending[i].end = end;
	WRITE_ONCE(ctx->nr_pending, i + 1);
}

/* Turns the notes into ops; the caller carries them out. */
static int take_pending(mm_context_t *ctx, struct host_map_op *ops)
{
	unsigned int i, n = ctx->nr_pending;

	for (i = 0; i < n; i++) {
		ops[i] = (struct host_map_op) {
			.kind = HOST_MAP_UNMAP,
			.va = ctx->pending[i].start,
			.len = ctx->pending[i].end - ctx->pending[i].start,
		};
		if (ctx->pending[i].start <= ctx->mapped_start &&
		    ctx->pending[i].end >= ctx->mapped_end)
			ctx->mapped_start = ctx->mapped_end = 0;
	}
	return n;
}

/* They have been carried out: only now may um_tlb_enter() pass them by. */
static void pending_done(mm_context_t *ctx)
{
	smp_store_release(&ctx->nr_pending, 0);
}

/* A failure means that the space was emptied, or is dead: all is unmapped. */
static void update_host(mm_context_t *ctx, const struct host_map_op *ops, int n)
{
	bool flushed;

	WARN_ON_ONCE(host_mm_update(ctx->hmm, ops, n, &flushed) == -EINVAL);
}

static void flush_pending(mm_context_t *ctx)
{
	struct host_map_op ops[UM_TLB_PENDING];
	int n = take_pending(ctx, ops);

	if (n)
		update_host(ctx, ops, n);
	pending_done(ctx);
}

void um_flush_tlb_mm_range(struct mm_struct *mm, unsigned long start,
			   unsigned long end)
{
	mm_context_t *ctx = &mm->context;
	unsigned long flags;

	if (!ctx->hmm)
		return;
	um_uaccess_wait(mm);
	spin_lock_irqsave(&ctx->lock, flags);
	add_pending(ctx, start & PAGE_MASK, PAGE_ALIGN(end));
	smp_mb();	/* pairs with um_tlb_enter() */
	if (atomic_read(&ctx->running))
		flush_pending(ctx);
	spin_unlock_irqrestore(&ctx->lock, flags);
}

/*
 * fork: the mmap lock is held for writing since arch_dup_mmap(). Only pages of
 * copy-on-write areas have changed, and only where there are anonymous ones;
 * text and shared memory stay mapped.
 */
static bool fork_changes(const struct vm_area_struct *vma)
{
	return is_cow_mapping(vma->vm_flags) &&
	       (vma->anon_vma || vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP));
}

static void flush_cow_areas(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	VMA_ITERATOR(vmi, mm, 0);

	for_each_vma(vmi, vma)
		if (fork_changes(vma))
			um_flush_tlb_mm_range(mm, vma->vm_start, vma->vm_end);
}

void flush_tlb_mm(struct mm_struct *mm)
{
	bool forking = mm->context.forking;

	mm->context.forking = false;
	if (forking)
		flush_cow_areas(mm);
	else
		um_flush_tlb_mm_range(mm, 0, TASK_SIZE);
}

void um_tlb_leave(struct mm_struct *mm)
{
	atomic_dec(&mm->context.running);
}

/* ---- from page tables to host mappings ---- */

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

/* What an entry allows, young or old. */
static u32 entry_prot(pte_t pte)
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

/* What the host may allow for an entry; 0: not mapped. */
static u32 host_prot(pte_t pte)
{
	return pte_young(pte) ? entry_prot(pte) : 0;
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
	u32 prot = host_prot(pte);

	if (!prot)
		return false;
	for (; first > *low; first--) {
		pte = READ_ONCE(table[first - 1]);
		if (host_prot(pte) != prot || !continues(from, prot, pte, prot))
			break;
		from = pte;
	}
	for (; last + 1 < *high; last++) {
		pte = READ_ONCE(table[last + 1]);
		if (!continues(pte, host_prot(pte), to, prot))
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
	for (i = home_high; i < end && n < MAX_RUNS - 1; ) {
		low = i;
		high = end;
		if (run_around(table, base, i, &low, &high, &ops[n])) {
			n++;
			i = high;
		} else {
			i++;
		}
	}
	for (i = home_low; i > start && n < MAX_RUNS; ) {
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
	u32 prot = host_prot(__pte(pmd_val(pmd)));

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

/* Ops for the entries that map addr and its neighbourhood. */
static int collect(struct mm_struct *mm, unsigned long addr, bool only_new,
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

static void note_mapped(mm_context_t *ctx, const struct host_map_op *ops, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		unsigned long start = ops[i].va, end = ops[i].va + ops[i].len;

		if (ctx->mapped_start == ctx->mapped_end) {
			ctx->mapped_start = start;
			ctx->mapped_end = end;
		}
		ctx->mapped_start = min(ctx->mapped_start, start);
		ctx->mapped_end = max(ctx->mapped_end, end);
	}
}

/* A failure leaves addr unmapped: the program faults again. */
static void map_around(struct mm_struct *mm, unsigned long addr, bool only_new)
{
	struct host_map_op ops[UM_TLB_PENDING + MAX_RUNS];
	mm_context_t *ctx = &mm->context;
	bool flushed = false;
	int unmaps, runs, err = 0;

	unmaps = take_pending(ctx, ops);
	runs = collect(mm, addr, only_new, ops + unmaps);
	note_mapped(ctx, ops + unmaps, runs);
	if (unmaps + runs)
		err = host_mm_update(ctx->hmm, ops, unmaps + runs, &flushed);
	if (err == -ENOMEM)
		host_mm_update(ctx->hmm, ops + unmaps, runs, &flushed);
	pending_done(ctx);
}

void um_tlb_map(struct mm_struct *mm, unsigned long addr)
{
	unsigned long flags;

	spin_lock_irqsave(&mm->context.lock, flags);
	map_around(mm, addr, true);
	spin_unlock_irqrestore(&mm->context.lock, flags);
}

/* The entries about addr are young from now on, as hardware would make the one
 * for addr: fork leaves all of a child's old. Only an entry that nobody has
 * changed meanwhile. */
static void touch_around(struct mm_struct *mm, unsigned long addr)
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

bool um_tlb_refill(struct mm_struct *mm, unsigned long addr, u32 prot)
{
	unsigned long flags;
	bool allowed;

	spin_lock_irqsave(&mm->context.lock, flags);
	if (entry_prot(um_user_pte(mm, addr)) & prot)
		touch_around(mm, addr);
	allowed = host_prot(um_user_pte(mm, addr)) & prot;
	if (allowed)
		map_around(mm, addr, false);
	spin_unlock_irqrestore(&mm->context.lock, flags);
	return allowed;
}

/* The run that starts at addr, or a huge page there; nothing from end on. *next:
 * where to look after it. */
static int collect_next(struct mm_struct *mm, unsigned long addr,
			unsigned long end, struct host_map_op *op,
			unsigned long *next)
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

void um_tlb_map_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct host_map_op ops[UM_TLB_PENDING];
	mm_context_t *ctx = &mm->context;
	unsigned long addr = start, flags;
	int n;

	spin_lock_irqsave(&ctx->lock, flags);
	flush_pending(ctx);
	while (addr < end) {
		for (n = 0; addr < end && n < ARRAY_SIZE(ops); )
			n += collect_next(mm, addr, end, &ops[n], &addr);
		note_mapped(ctx, ops, n);
		if (n)
			update_host(ctx, ops, n);
	}
	spin_unlock_irqrestore(&ctx->lock, flags);
}

/* ---- entry ---- */

/* addr: from a register, anything. */
static bool is_unmapped(const mm_context_t *ctx, unsigned long addr)
{
	unsigned int i;

	if (addr >= TASK_SIZE)
		return false;
	if (ctx->mapped_start == ctx->mapped_end)
		return true;
	for (i = 0; i < ctx->nr_pending; i++)
		if (addr >= ctx->pending[i].start && addr < ctx->pending[i].end)
			return true;
	return false;
}

/* The notes, and what the next instructions want. */
static void update_for_entry(struct mm_struct *mm, const struct pt_regs *regs)
{
	struct host_map_op ops[UM_TLB_PENDING + 2 * MAX_RUNS];
	mm_context_t *ctx = &mm->context;
	bool code, stack;
	int unmaps, n;

	code = is_unmapped(ctx, regs->ip);
	stack = is_unmapped(ctx, regs->sp);
	unmaps = n = take_pending(ctx, ops);
	if (code)
		n += collect(mm, regs->ip, false, ops + n);
	if (stack)
		n += collect(mm, regs->sp, false, ops + n);
	note_mapped(ctx, ops + unmaps, n - unmaps);
	if (n)
		update_host(ctx, ops, n);
	pending_done(ctx);
}

void um_tlb_enter(struct mm_struct *mm, const struct pt_regs *regs)
{
	mm_context_t *ctx = &mm->context;

	atomic_inc(&ctx->running);
	smp_mb__after_atomic();
	if (likely(!smp_load_acquire(&ctx->nr_pending) &&
		   READ_ONCE(ctx->mapped_end)))
		return;
	spin_lock(&ctx->lock);
	update_for_entry(mm, regs);
	spin_unlock(&ctx->lock);
}
