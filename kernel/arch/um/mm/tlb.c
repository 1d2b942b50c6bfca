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
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <linux/sched/mm.h>
#include <asm/tlbflush.h>
#include <asm/um.h>
#include "runs.h"

/* A range that was flushed is mapped again as far as the page tables still hold
 * it (fork, mprotect), if it is no longer than this: that takes less than the
 * faults it saves. So many runs for all that are noted. */
#define SYNC_MAX	SZ_1M
#define SYNC_RUNS	24
#define PENDING_OPS	(UM_TLB_PENDING + SYNC_RUNS)

/* The one that grows least by it. */
static unsigned int nearest_pending(const mm_context_t *ctx, unsigned long start,
				    unsigned long end)
{
	unsigned long best = ULONG_MAX, gap;
	unsigned int i, nearest = 0;

	for (i = 0; i < ctx->nr_pending; i++) {
		unsigned long s = ctx->pending[i].start, e = ctx->pending[i].end;

		gap = start > e ? start - e : s > end ? s - end : 0;
		if (gap < best) {
			best = gap;
			nearest = i;
		}
	}
	return best && ctx->nr_pending < UM_TLB_PENDING ? ctx->nr_pending : nearest;
}

static void add_pending(mm_context_t *ctx, unsigned long start, unsigned long end)
{
	unsigned int i;

	start = max(start, ctx->mapped_start);
	end = min(end, ctx->mapped_end);
	if (start >= end)
		return;
	i = nearest_pending(ctx, start, end);
	if (i < ctx->nr_pending) {
		ctx->pending[i].start = min(start, ctx->pending[i].start);
		ctx->pending[i].end = max(end, ctx->pending[i].end);
		return;
	}
	ctx->pending[i].start = start;
	ctx->pending[i].end = end;
	WRITE_ONCE(ctx->nr_pending, i + 1);
}

static struct mm_struct *mm_of(mm_context_t *ctx)
{
	return container_of(ctx, struct mm_struct, context);
}

static void note_mapped(mm_context_t *ctx, const struct host_map_op *op)
{
	if (ctx->mapped_start == ctx->mapped_end) {
		ctx->mapped_start = op->va;
		ctx->mapped_end = op->va + op->len;
	}
	ctx->mapped_start = min(ctx->mapped_start, op->va);
	ctx->mapped_end = max(ctx->mapped_end, op->va + op->len);
}

static bool covers(const struct host_map_op *op, unsigned long start,
		   unsigned long end)
{
	return op->va <= start && end <= op->va + op->len;
}

/* Ops that make the host's mappings of a range what the page tables say: at most
 * one to unmap, and `runs`, as far as that goes. */
static int sync_range(mm_context_t *ctx, unsigned long start, unsigned long end,
		      int runs, struct host_map_op *ops)
{
	unsigned long addr = start;
	int n = 1;

	ops[0] = (struct host_map_op) {
		.kind = HOST_MAP_UNMAP, .va = start, .len = end - start,
	};
	if (start <= ctx->mapped_start && end >= ctx->mapped_end)
		ctx->mapped_start = ctx->mapped_end = 0;
	if (end - start > SYNC_MAX)
		return n;
	while (addr < end && n <= runs) {
		if (!um_runs_next(mm_of(ctx), addr, end, &ops[n], &addr))
			continue;
		note_mapped(ctx, &ops[n]);
		if (covers(&ops[n], start, end)) {
			ops[0] = ops[n];
			return 1;
		}
		n++;
	}
	return n;
}

static bool within(const struct um_range *ranges, int nr, unsigned long start,
		   unsigned long end)
{
	int i;

	for (i = 0; i < nr; i++)
		if (ranges[i].start <= start && end <= ranges[i].end)
			return true;
	return false;
}

/* Turns the notes into ops, PENDING_OPS at most; the caller carries them out, and
 * then maps what there is in `later`. */
static int take_pending(mm_context_t *ctx, const struct um_range *later, int nr,
			struct host_map_op *ops)
{
	int n = 0, budget = SYNC_RUNS, runs, added;
	unsigned int i;

	for (i = 0; i < ctx->nr_pending; i++) {
		unsigned long start = ctx->pending[i].start, end = ctx->pending[i].end;

		runs = within(later, nr, start, end) ? 0 : budget;
		added = sync_range(ctx, start, end, runs, ops + n);
		budget -= added - 1;
		n += added;
	}
	return n;
}

/* A mapping takes the place of what is there: no need to unmap that before. */
static int drop_covered(struct host_map_op *ops, int n,
			const struct host_map_op *runs, int nr)
{
	int i, j, left = 0;

	for (i = 0; i < n; i++) {
		for (j = 0; j < nr; j++)
			if (covers(&runs[j], ops[i].va, ops[i].va + ops[i].len))
				break;
		if (j == nr)
			ops[left++] = ops[i];
	}
	return left;
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
	struct host_map_op ops[PENDING_OPS];
	int n = take_pending(ctx, NULL, 0, ops);

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

void um_tlb_note(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	mm_context_t *ctx = &mm->context;
	unsigned long flags;

	spin_lock_irqsave(&ctx->lock, flags);
	add_pending(ctx, start, end);
	spin_unlock_irqrestore(&ctx->lock, flags);
}

/* fork: what it has made read-only is noted. */
static void flush_noted(struct mm_struct *mm)
{
	mm_context_t *ctx = &mm->context;
	unsigned long flags;

	um_uaccess_wait(mm);
	spin_lock_irqsave(&ctx->lock, flags);
	smp_mb();	/* pairs with um_tlb_enter() */
	if (ctx->nr_pending && atomic_read(&ctx->running))
		flush_pending(ctx);
	spin_unlock_irqrestore(&ctx->lock, flags);
}

void flush_tlb_mm(struct mm_struct *mm)
{
	bool forking = mm->context.forking;

	mm->context.forking = false;
	if (forking)
		flush_noted(mm);
	else
		um_flush_tlb_mm_range(mm, 0, TASK_SIZE);
}

void um_tlb_leave(struct mm_struct *mm)
{
	atomic_dec(&mm->context.running);
}

/* A failure leaves addr unmapped: the program faults again. */
static void map_around(struct mm_struct *mm, unsigned long addr, bool only_new)
{
	struct host_map_op runs[UM_MAX_RUNS], ops[PENDING_OPS + UM_MAX_RUNS];
	mm_context_t *ctx = &mm->context;
	int i, n, nr, err = 0;
	bool flushed = false;

	nr = um_runs_around(mm, addr, only_new, runs);
	n = drop_covered(ops, take_pending(ctx, NULL, 0, ops), runs, nr);
	for (i = 0; i < nr; i++) {
		note_mapped(ctx, &runs[i]);
		ops[n++] = runs[i];
	}
	if (n)
		err = host_mm_update(ctx->hmm, ops, n, &flushed);
	if (err == -ENOMEM && nr)
		host_mm_update(ctx->hmm, runs, nr, &flushed);
	pending_done(ctx);
}

void um_tlb_map(struct mm_struct *mm, unsigned long addr)
{
	unsigned long flags;

	spin_lock_irqsave(&mm->context.lock, flags);
	map_around(mm, addr, true);
	spin_unlock_irqrestore(&mm->context.lock, flags);
}

bool um_tlb_refill(struct mm_struct *mm, unsigned long addr, u32 prot)
{
	unsigned long flags;
	bool allowed;

	spin_lock_irqsave(&mm->context.lock, flags);
	if (um_entry_prot(um_user_pte(mm, addr)) & prot)
		um_touch_around(mm, addr);
	allowed = um_host_prot(um_user_pte(mm, addr)) & prot;
	if (allowed)
		map_around(mm, addr, false);
	spin_unlock_irqrestore(&mm->context.lock, flags);
	return allowed;
}

void um_tlb_map_ranges(struct mm_struct *mm, const struct um_range *ranges, int nr)
{
	struct host_map_op ops[PENDING_OPS + 1];
	mm_context_t *ctx = &mm->context;
	unsigned long addr, flags;
	int i, n;

	spin_lock_irqsave(&ctx->lock, flags);
	n = take_pending(ctx, ranges, nr, ops);
	for (i = 0; i < nr; i++) {
		for (addr = ranges[i].start; addr < ranges[i].end; ) {
			if (!um_runs_next(mm, addr, ranges[i].end, &ops[n], &addr))
				continue;
			note_mapped(ctx, &ops[n++]);
			if (n < ARRAY_SIZE(ops))
				continue;
			update_host(ctx, ops, n);
			n = 0;
		}
	}
	if (n)
		update_host(ctx, ops, n);
	pending_done(ctx);
	spin_unlock_irqrestore(&ctx->lock, flags);
}

/* ---- entry ---- */

/* addr: from a register, anything. ops: what is about to be carried out. */
static bool is_unmapped(const struct host_map_op *ops, int n, bool outside,
			unsigned long addr)
{
	bool gone = outside;
	int i;

	for (i = 0; i < n; i++)
		if (covers(&ops[i], addr, addr + 1))
			gone = ops[i].kind == HOST_MAP_UNMAP;
	return gone && addr < TASK_SIZE;
}

static bool outside(const mm_context_t *ctx, unsigned long addr)
{
	return addr < ctx->mapped_start || addr >= ctx->mapped_end;
}

/* The notes, and what the next instructions want. */
static void update_for_entry(struct mm_struct *mm, const struct pt_regs *regs)
{
	struct host_map_op ops[PENDING_OPS + 2 * UM_MAX_RUNS];
	mm_context_t *ctx = &mm->context;
	bool no_code = outside(ctx, regs->ip), no_stack = outside(ctx, regs->sp);
	int i, first, n;

	first = n = take_pending(ctx, NULL, 0, ops);
	if (is_unmapped(ops, n, no_code, regs->ip))
		n += um_runs_around(mm, regs->ip, false, ops + n);
	if (is_unmapped(ops, n, no_stack, regs->sp))
		n += um_runs_around(mm, regs->sp, false, ops + n);
	for (i = first; i < n; i++)
		note_mapped(ctx, &ops[i]);
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
