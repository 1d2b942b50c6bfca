// SPDX-License-Identifier: GPL-2.0
/*
 * The FPU state in a signal frame: present, marked as extended, its values
 * those of the registers, and what the handler writes there is restored.
 */
#include "vec.h"
#include <ucontext.h>

#ifndef FP_XSTATE_MAGIC1
#define FP_XSTATE_MAGIC1 0x46505853U
#define FP_XSTATE_MAGIC2 0x46505845U
#endif

/* The software bytes at 464 of the fxsave area. */
struct sw {
	uint32_t magic1, extended_size;
	uint64_t xfeatures;
	uint32_t xstate_size, pad[7];
};

static int level;
static unsigned off_ymm, off_k, off_zmmh, off_zmm16;
static struct vec seen, next;
static struct sw sw;
static uint64_t bv;
static uint32_t magic2;
static volatile int aligned, hits, mode;

static unsigned comp_offset(unsigned i)
{
	unsigned a, b, c, d;

	__cpuid_count(0xd, i, a, b, c, d);
	return b;
}

/* Copy between a struct vec and the standard-format area, either way. */
static void move(unsigned char *x, struct vec *v, int out)
{
#define CP(area, mem, n) (out ? memcpy(mem, area, n) : memcpy(area, mem, n))
	for (int i = 0; i < 8; i++)
		CP(x + 32 + 16 * i, v->st[i], 10);
	for (int i = 0; i < 16; i++) {
		CP(x + 160 + 16 * i, v->r[i], 16);
		if (level >= AVX)
			CP(x + off_ymm + 16 * i, v->r[i] + 16, 16);
		if (level >= AVX512) {
			CP(x + off_zmmh + 32 * i, v->r[i] + 32, 32);
			CP(x + off_zmm16 + 64 * i, v->r[16 + i], 64);
		}
	}
	if (level >= AVX512)
		CP(x + off_k, v->k, 64);
	CP(x + 24, &v->mxcsr, 4);
	unsigned short cw = (unsigned short)v->fcw;
	CP(x, &cw, 2);
	if (out)
		v->fcw = cw;
}

static void handler(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;
	unsigned char *x = (unsigned char *)uc->uc_mcontext.fpregs;

	(void)si;
	if (sig == SIGILL)
		uc->uc_mcontext.gregs[REG_RIP] += 2;
	hits++;
	aligned = ((uintptr_t)x & 63) == 0;
	memcpy(&sw, x + 464, sizeof sw);
	if (sw.magic1 == FP_XSTATE_MAGIC1) {
		memcpy(&bv, x + 512, 8);
		memcpy(&magic2, x + sw.xstate_size, 4);
	}
	switch (mode) {
	case 0: /* read, then write other values */
		move(x, &seen, 1);
		move(x, &next, 0);
		bv |= sw.xfeatures & (level == AVX512 ? 0xe7
				      : level == AVX  ? 7
						      : 3);
		memcpy(x + 512, &bv, 8);
		break;
	case 1: /* init state for all but x87 and SSE */
		bv &= 3;
		memcpy(x + 512, &bv, 8);
		break;
	case 2: /* not extended any more: only the first 512 bytes count */
		memset(x + 464, 0, 48);
		break;
	case 3: /* reserved mxcsr bits: a bad frame */
		memset(x + 24, 0xff, 4);
		break;
	case 4: /* features that do not exist */
		bv |= 1UL << 62;
		memcpy(x + 512, &bv, 8);
		break;
	case 5: /* no state at all */
		uc->uc_mcontext.fpregs = NULL;
		break;
	}
}

static void one(int sig)
{
	struct vec in, out;
	struct vec_op op = {.level = level, .in = &in, .out = &out};

	memset(&out, 0, sizeof out);
	if (sig == SIGILL)
		op.trap = 1;
	else
		op.nr = SYS_kill, op.a = getpid(), op.b = sig, op.count = 1;
	mode = 0;
	vec_fill(&in, 30 + (unsigned)sig);
	vec_fill(&next, 90 + (unsigned)sig);
	memset(&seen, 0, sizeof seen);
	vec_run(&op);
	ok(aligned, "fpregs is aligned to 64");
	eq(sw.magic1, FP_XSTATE_MAGIC1, "magic at 464");
	eq(magic2, FP_XSTATE_MAGIC2, "magic behind the state");
	ok(sw.extended_size == sw.xstate_size + 4 && sw.xstate_size >= 576,
	   "sizes: %u in %u", sw.xstate_size, sw.extended_size);
	eq((long)(bv & ~sw.xfeatures), 0, "xstate_bv is part of xfeatures %#lx",
	   (long)sw.xfeatures);
	const char *d = vec_differs(&in, &seen, level);
	if (!ok(!d, "%s: the frame holds the values, signal %d",
		vec_name(level), sig))
		tap_note("differs: %s", d);
	d = vec_differs(&next, &out, level);
	if (!ok(!d, "%s: what the handler writes is restored, signal %d",
		vec_name(level), sig))
		tap_note("differs: %s", d);
}

static void variants(void)
{
	struct vec in, out, want;
	struct vec_op op = {.nr = SYS_kill,
			    .a = getpid(),
			    .b = SIGUSR1,
			    .count = 1,
			    .level = level,
			    .in = &in,
			    .out = &out};
	const char *d;

	for (mode = 1; mode <= 2; mode++) {
		vec_fill(&in, 60);
		want = in;
		for (int i = 0; i < 32; i++)
			memset(want.r[i] + (i < 16 ? 16 : 0), 0,
			       i < 16 ? 48 : 64);
		memset(want.k, 0, sizeof want.k);
		memset(&out, 0, sizeof out);
		vec_run(&op);
		d = vec_differs(&want, &out, level);
		if (!ok(!d, "%s: %s", vec_name(level),
			mode == 1
				? "cleared xstate_bv gives the initial state"
				: "a frame without magic restores x87 and SSE, the rest initial"))
			tap_note("differs: %s", d);
	}
}

static int bad_frame(void *v)
{
	mode = *(int *)v;
	raise(SIGUSR1);
	return mode == 5 ? 0 : 1;
}

static volatile int nest, nest_bad;
static void nested(int sig)
{
	struct vec in, out;
	struct vec_op op = {.nr = SYS_kill,
			    .a = getpid(),
			    .b = sig,
			    .count = 1,
			    .level = level,
			    .in = &in,
			    .out = &out};

	if (++nest > 5)
		return;
	vec_fill(&in, 500 + (unsigned)nest);
	vec_run(&op);
	if (vec_differs(&in, &out, level))
		nest_bad++;
}

int main(void)
{
	struct sigaction sa = {.sa_flags = SA_SIGINFO};
	int top = vec_level();

	tap_start(60);
	off_ymm = comp_offset(2);
	off_k = comp_offset(5);
	off_zmmh = comp_offset(6);
	off_zmm16 = comp_offset(7);
	signal(SIGSEGV, SIG_DFL);
	for (level = SSE; level <= AVX512; level++) {
		if (level > top) {
			skip_hw(vec_name(level), "the CPU lacks it");
			continue;
		}
		sa.sa_sigaction = handler;
		sa.sa_flags = SA_SIGINFO;
		sigaction(SIGUSR1, &sa, NULL);
		sigaction(SIGILL, &sa, NULL);
		one(SIGUSR1);
		one(SIGILL);
		variants();
		sa.sa_handler = nested;
		sa.sa_flags = SA_NODEFER;
		sigaction(SIGUSR2, &sa, NULL);
		nest = nest_bad = 0;
		raise(SIGUSR2);
		ok(nest == 6 && !nest_bad, "%s: five nested handlers",
		   vec_name(level));
	}
	level = top;
	int m = 3;
	eq(in_child(bad_frame, &m) & 0x7f, SIGSEGV,
	   "reserved mxcsr bits in the frame: SIGSEGV");
	m = 5;
	eq(in_child(bad_frame, &m), 0, "no fpregs in the frame: goes on");
	m = 4;
	int st = in_child(bad_frame, &m);
	ok(st == EXITED(1) || (st & 0x7f) == SIGSEGV,
	   "an unknown feature bit: SIGSEGV or ignored");
	return tap_done();
}
