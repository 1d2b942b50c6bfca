// SPDX-License-Identifier: GPL-2.0
/*
 * The host's CLOCK_MONOTONIC without asking the host: a line through readings
 * of both clocks, that and the TSC, which guest processes use too (vdso/). It
 * is drawn anew from timer interrupts, soon after the start and then once a
 * second: it starts where the old one has come to and is bent so that it meets
 * the host's clock by the next time. So nobody ever sees time go back, and the
 * host's own corrections (adjtimex) are followed.
 *
 * If the TSC does what it should not (the host was suspended, or moved), the
 * host is asked from then on, with an offset that keeps time going forward.
 */
#include <linux/bits.h>
#include <linux/clocksource.h>
#include <linux/init.h>
#include <linux/math64.h>
#include <linux/printk.h>
#include <linux/seqlock.h>
#include <linux/timekeeping.h>
#include <asm/cpuid.h>
#include <asm/um.h>
#include <abi/host.h>
#include <vdso/datapage.h>
#include <vdso/helpers.h>
#include <vdso/vsyscall.h>
#include <asm/vdso/vsyscall.h>

#define FIRST_INTERVAL	(10 * NSEC_PER_MSEC)
#define LAST_INTERVAL	NSEC_PER_SEC
#define TRIES		5

struct reading {
	u64 tsc, ns;
};

static struct um_tsc_line line;
static seqcount_t line_seq = SEQCNT_ZERO(line_seq);
static bool by_tsc;		/* else: host clock + offset */
static u64 offset;

/* Only um_tsc_tick() uses these, one vcpu at a time. */
static atomic_t drawing = ATOMIC_INIT(0);
static struct reading last;
static u64 first_mult, interval = FIRST_INTERVAL;

u64 notrace um_clock_monotonic(void)
{
	unsigned int seq;
	u64 ns;

	do {
		seq = raw_read_seqcount_begin(&line_seq);
		if (likely(by_tsc))
			ns = um_tsc_ns(&line, um_rdtsc());
		else
			ns = host_clock_monotonic() + offset;
	} while (read_seqcount_retry(&line_seq, seq));
	return ns;
}

/* Both clocks at one moment, as near as can be had. */
static struct reading take_reading(void)
{
	struct reading best = { 0 };
	u64 before, after, ns, least = U64_MAX;
	int i;

	for (i = 0; i < TRIES; i++) {
		before = um_rdtsc();
		ns = host_clock_monotonic();
		after = um_rdtsc();
		if (after - before < least) {
			least = after - before;
			best = (struct reading) { before + least / 2, ns };
		}
	}
	return best;
}

static u64 mult_between(const struct reading *a, const struct reading *b)
{
	return mul_u64_u64_div_u64(b->ns - a->ns, 1ULL << UM_TSC_SHIFT,
				   b->tsc - a->tsc);
}

/* ---- drawing ---- */

/* A reader of the vDSO has the data of one set of clocks only. */
static void tell_vdso(void)
{
	int i;

	for (i = 0; i < CS_BASES; i++)
		um_vdso_data[i].arch_data.line = line;
}

/* From where the old line is now, to meet the host's clock an interval on. */
static struct um_tsc_line next_line(const struct reading *now, u64 mult)
{
	u64 tsc = um_rdtsc();
	const struct um_tsc_line host = { now->tsc, now->ns, mult };
	u64 host_ns = um_tsc_ns(&host, tsc), ns = um_tsc_ns(&line, tsc);
	s64 most = interval / 20, behind = host_ns - ns;

	if (behind > most)		/* a step forward may be */
		return (struct um_tsc_line) { tsc, host_ns, mult };
	behind = max(behind, -most);
	return (struct um_tsc_line) {
		tsc, ns, mult + div64_s64((s64)mult * behind, interval),
	};
}

static void draw(const struct reading *now, u64 mult)
{
	unsigned long flags = vdso_update_begin();

	raw_write_seqcount_begin(&line_seq);
	line = next_line(now, mult);
	tell_vdso();
	raw_write_seqcount_end(&line_seq);
	vdso_update_end(flags);
}

static void give_up(void)
{
	unsigned long flags = vdso_update_begin();
	u64 ns, host_ns;
	int i;

	raw_write_seqcount_begin(&line_seq);
	ns = um_tsc_ns(&line, um_rdtsc());
	host_ns = host_clock_monotonic();
	offset = ns > host_ns ? ns - host_ns : 0;
	by_tsc = false;
	raw_write_seqcount_end(&line_seq);
	um_clocksource_no_vdso();
	for (i = 0; i < CS_BASES; i++)
		um_vdso_data[i].clock_mode = VDSO_CLOCKMODE_NONE;
	vdso_update_end(flags);
	pr_warn("time: the host's TSC is not steady: clock calls will be slower\n");
}

/* Within 1 % of the first. */
static bool plausible(const struct reading *now, u64 *mult)
{
	if (now->tsc <= last.tsc || now->ns <= last.ns)
		return false;
	*mult = mult_between(&last, now);
	return *mult > first_mult - first_mult / 100 &&
	       *mult < first_mult + first_mult / 100;
}

void um_tsc_tick(void)
{
	struct reading now;
	u64 mult;

	/* by the host's clock: ours would stand still after a TSC that went back */
	if (!READ_ONCE(by_tsc) || host_clock_monotonic() - READ_ONCE(last.ns) < interval)
		return;
	if (atomic_xchg_acquire(&drawing, 1))
		return;
	now = take_reading();
	if (!by_tsc || now.ns - last.ns < interval / 2) {
		/* somebody was faster */
	} else if (plausible(&now, &mult)) {
		interval = min(interval * 2, LAST_INTERVAL);
		draw(&now, mult);
		WRITE_ONCE(last.ns, now.ns);
		last.tsc = now.tsc;
	} else {
		give_up();
	}
	atomic_set_release(&drawing, 0);
}

/* ---- start ---- */

#define CPUID_POWER		0x80000007u
#define CPUID_INVARIANT_TSC	BIT(8)	/* edx */
#define SHORTEST		(2 * NSEC_PER_MSEC)

static bool tsc_is_steady(void)
{
	u32 regs[4];

	cpuid_regs(0x80000000u, 0, regs);
	if (regs[CPUID_EAX] < CPUID_POWER)
		return false;
	cpuid_regs(CPUID_POWER, 0, regs);
	return regs[CPUID_EDX] & CPUID_INVARIANT_TSC && host_clock_by_tsc();
}

bool __init um_tsc_start(void)
{
	const struct reading first = take_reading();

	if (!tsc_is_steady())
		return false;
	do {
		last = take_reading();
	} while (last.ns - first.ns < SHORTEST);
	if (last.tsc <= first.tsc)
		return false;
	first_mult = mult_between(&first, &last);
	line = (struct um_tsc_line) { last.tsc, last.ns, first_mult };
	tell_vdso();
	by_tsc = true;
	return true;
}
