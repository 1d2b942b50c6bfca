// SPDX-License-Identifier: GPL-2.0
/*
 * Signal frames in a thread's slot: where the host kernel put a guest
 * thread's registers when it entered the stub, and from where its sigreturn
 * takes them. Layout: struct rt_sigframe of x86-64 Linux (uapi asm/ucontext.h,
 * asm/sigcontext.h) - return address, ucontext, siginfo; the FPU image above,
 * found by a pointer.
 *
 * All of it is guest-writable, by siblings even while we look: every value is
 * read once and checked, nothing is believed but by its own thread.
 */
#define _GNU_SOURCE 1
#include <cpuid.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "backend_priv.h"

struct frame_regs {		/* struct sigcontext_64 */
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 di, si, bp, bx, dx, ax, cx, sp, ip, flags;
	u16 cs, gs, fs, ss;
	u64 err, trapno, oldmask, cr2, fpstate, reserved[8];
};

struct frame_uc {		/* struct ucontext, then siginfo */
	u64 flags, link;
	struct { u64 sp; s32 flags; u32 pad; u64 size; } stack;
	struct frame_regs regs;
	u64 sigmask;
	struct {
		s32 signo, err, code, pad;
		u64 addr;
		u32 sys_nr, sys_arch;	/* SIGSYS */
		u8 rest[96];
	} info;
};
static_assert(offsetof(struct frame_uc, sigmask) == 296, "ucontext");
static_assert(offsetof(struct frame_uc, info) == 304, "rt_sigframe");

struct sw_bytes {		/* struct _fpx_sw_bytes */
	u32 magic1, extended_size;
	u64 xfeatures;
	u32 xstate_size, padding[7];
};

#define FP_LEGACY	512
#define FP_SW		464
#define FP_HEADER	512	/* xstate_bv, xcomp_bv, reserved */
#define FP_MXCSR	24
#define MAGIC1		0x46505853u
#define MAGIC2		0x46505845u
#define MXCSR_MASK	0xffffu
#define MXCSR_DEFAULT	0x1f80u
#define USER_FLAGS	0x254dd5ull	/* CF PF AF ZF SF TF DF OF RF? AC ID */
#define USER_CS		0x33
#define USER_SS		0x2b

static struct frame_uc *uc_of(const struct host_thread *t)
{
	return (struct frame_uc *)(t->slot + t->uc);
}

/* Offset in the slot of [va, va+len), or 0 if it is not all inside. */
static u32 slot_offset(const struct host_thread *t, u64 va, u64 len)
{
	u64 off = va - t->slot_va;

	if (va < t->slot_va || off < STUB_SLOT_HEADER ||
	    off > STUB_SLOT_SIZE || len > STUB_SLOT_SIZE - off)
		return 0;
	return off;
}

/* Bytes of the XSAVE image without MAGIC2; 512: legacy only; 0: nonsense. */
static u32 xstate_bytes(const u8 *fp, u32 room, u64 *features)
{
	struct sw_bytes sw;

	memcpy(&sw, fp + FP_SW, sizeof(sw));
	if (sw.magic1 != MAGIC1) {
		*features = 3;
		return FP_LEGACY;
	}
	*features = sw.xfeatures;
	if (sw.xstate_size < FP_LEGACY + 64 || sw.xstate_size > room - 4 ||
	    sw.xstate_size + 4 > backend.fpstate_size ||
	    sw.xfeatures & ~backend.xfeatures)
		return 0;
	return sw.xstate_size;
}

bool frame_locate(struct host_thread *t, const struct seccomp_notif *n)
{
	u32 uc = slot_offset(t, n->data.args[2], sizeof(struct frame_uc));
	u64 fp;

	if (!uc || uc & 7)
		return false;
	t->uc = uc;
	fp = *(volatile u64 *)&uc_of(t)->regs.fpstate;
	t->fp = fp ? slot_offset(t, fp, FP_LEGACY) : 0;
	if (fp && (!t->fp || t->fp & 63))
		return false;
	return true;
}

void frame_learn(struct host_thread *t)
{
	t->uc_flags = uc_of(t)->flags;
	t->xsize = FP_LEGACY;
	t->xfeatures = 3;
	if (t->fp)
		t->xsize = xstate_bytes(t->slot + t->fp, STUB_SLOT_SIZE - t->fp,
					&t->xfeatures);
	if (!t->xsize)
		t->xsize = FP_LEGACY;
}

void frame_read(const struct host_thread *t, struct guest_regs *r)
{
	struct frame_regs f = *(volatile struct frame_regs *)&uc_of(t)->regs;
	volatile u64 *header = (u64 *)t->slot;

	*r = (struct guest_regs) {
		.r15 = f.r15, .r14 = f.r14, .r13 = f.r13, .r12 = f.r12,
		.bp = f.bp, .bx = f.bx, .r11 = f.r11, .r10 = f.r10,
		.r9 = f.r9, .r8 = f.r8, .ax = f.ax, .cx = f.cx, .dx = f.dx,
		.si = f.si, .di = f.di, .orig_ax = -1, .ip = f.ip,
		.cs = USER_CS, .flags = f.flags, .sp = f.sp, .ss = USER_SS,
		.fs_base = header[SLOT_FS_BASE / 8],
		.gs_base = header[SLOT_GS_BASE / 8],
	};
}

static bool canonical(u64 addr)
{
	return addr < HOST_TASK_SIZE;
}

void frame_write(struct host_thread *t, const struct guest_regs *r)
{
	struct frame_uc *uc = uc_of(t);
	u64 *header = (u64 *)t->slot;

	if (r) {
		struct frame_regs *f = &uc->regs;

		f->r8 = r->r8; f->r9 = r->r9; f->r10 = r->r10; f->r11 = r->r11;
		f->r12 = r->r12; f->r13 = r->r13; f->r14 = r->r14; f->r15 = r->r15;
		f->di = r->di; f->si = r->si; f->bp = r->bp; f->bx = r->bx;
		f->dx = r->dx; f->ax = r->ax; f->cx = r->cx; f->sp = r->sp;
		f->ip = r->ip;
		f->flags = (r->flags & USER_FLAGS) | 0x202;
		header[SLOT_FS_BASE / 8] = canonical(r->fs_base) ? r->fs_base : 0;
		header[SLOT_GS_BASE / 8] = canonical(r->gs_base) ? r->gs_base : 0;
	}
	uc->flags = t->uc_flags;
	uc->link = 0;
	uc->stack.sp = t->slot_va + STUB_SLOT_HEADER;
	uc->stack.flags = 0;
	uc->stack.size = STUB_SLOT_SIZE - STUB_SLOT_HEADER;
	uc->regs.cs = USER_CS;
	uc->regs.ss = USER_SS;
	uc->regs.gs = uc->regs.fs = 0;
	uc->regs.fpstate = t->fp ? t->slot_va + t->fp : 0;
	uc->sigmask = 0;
}

void frame_fault(const struct host_thread *t, struct host_trap *trap)
{
	volatile struct frame_uc *uc = uc_of(t);

	trap->code = uc->info.code;
	trap->trapno = uc->regs.trapno;
	trap->err = uc->regs.err;
	trap->addr = trap->trapno == 14 ? uc->regs.cr2 : uc->info.addr;
}

u32 frame_sigsys_arch(const struct host_thread *t)
{
	volatile struct frame_uc *uc = uc_of(t);

	return uc->info.sys_arch;
}

/* ---- FPU image ---- */

u32 frame_probe_fpstate(u64 *xfeatures)
{
	u32 a, b, c, d, lo, hi;

	*xfeatures = 3;
	__cpuid(1, a, b, c, d);
	if (!(c & (1u << 27)))		/* OSXSAVE */
		return FP_LEGACY;
	asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	*xfeatures = lo | (u64)hi << 32;
	__cpuid_count(0xd, 0, a, b, c, d);
	return c + 4;			/* all that XCR0 may name, and MAGIC2 */
}

u32 host_fpstate_size(void)
{
	return backend.fpstate_size;
}

int host_thread_get_fpstate(struct host_thread *t, void *buf, u32 size)
{
	u64 features;
	u32 n;

	if (t->state != T_IN_STUB || !t->fp)
		return -EINVAL;
	n = xstate_bytes(t->slot + t->fp, STUB_SLOT_SIZE - t->fp, &features);
	if (!n)
		return -EINVAL;
	if (n > FP_LEGACY)
		n += 4;
	memcpy(buf, t->slot + t->fp, n < size ? n : size);
	return n;
}

/* Sizes come from our own copy of the frame's, not from memory again. */
static void sanitise(u8 *fp, u32 n, u64 features)
{
	struct sw_bytes sw = {
		.magic1 = MAGIC1, .extended_size = n + 4,
		.xfeatures = features, .xstate_size = n,
	};
	u32 mxcsr, magic2 = MAGIC2;
	u64 bv;

	memcpy(&mxcsr, fp + FP_MXCSR, 4);
	mxcsr &= MXCSR_MASK;
	memcpy(fp + FP_MXCSR, &mxcsr, 4);
	if (n == FP_LEGACY)
		return;
	memcpy(&bv, fp + FP_HEADER, 8);
	bv &= features;
	memset(fp + FP_HEADER, 0, 64);
	memcpy(fp + FP_HEADER, &bv, 8);
	memcpy(fp + FP_SW, &sw, sizeof(sw));
	memcpy(fp + n, &magic2, 4);
}

/* The state after power-on, or rather after execve(2). */
static void set_initial(u8 *fp, u32 n, u64 features)
{
	u32 mxcsr = MXCSR_DEFAULT;
	u16 fcw = 0x37f;

	memset(fp, 0, n);
	memcpy(fp, &fcw, 2);
	memcpy(fp + FP_MXCSR, &mxcsr, 4);
	sanitise(fp, n, features);
}

/* What a signal frame may need: the rest of a slot is never used by an honest
 * thread. */
static u32 frame_room(void)
{
	return backend.fpstate_size + sizeof(struct frame_uc) + 512;
}

void frame_wipe(struct host_thread *t)
{
	u32 room = frame_room();

	memset(t->slot, 0, STUB_SLOT_HEADER);
	memset(t->slot + STUB_SLOT_SIZE - room, 0, room);
}

void frame_blank(struct host_thread *t, u64 ip)
{
	const struct guest_regs regs = { .ip = ip, .flags = 0x202 };

	frame_wipe(t);
	t->fp = (STUB_SLOT_SIZE - t->xsize - sizeof(u32)) & ~63u;
	t->uc = (t->fp - sizeof(struct frame_uc)) & ~15u;
	set_initial(t->slot + t->fp, t->xsize, t->xfeatures);
	frame_write(t, &regs);
}

int host_thread_set_fpstate(struct host_thread *t, const void *buf, u32 size)
{
	u64 have_features, want_features;
	u32 have, want;

	if (t->state != T_IN_STUB || !t->fp)
		return -EINVAL;
	have = xstate_bytes(t->slot + t->fp, STUB_SLOT_SIZE - t->fp, &have_features);
	if (!have)
		return -EINVAL;
	if (!buf) {
		set_initial(t->slot + t->fp, have, have_features);
		return 0;
	}
	if (size < FP_LEGACY)
		return -EINVAL;
	want = xstate_bytes(buf, size, &want_features);
	if (!want || want > size)
		return -EINVAL;
	/* state that this thread has not begun to use (AMX) is left out, as
	 * by fork(2): the host would refuse the whole image */
	if (want > have)
		want = have;
	memset(t->slot + t->fp, 0, have);
	memcpy(t->slot + t->fp, buf, want);
	if (want == FP_LEGACY && have > FP_LEGACY)
		t->slot[t->fp + FP_HEADER] = 3;		/* x87 and SSE are there */
	sanitise(t->slot + t->fp, have, have_features);
	return 0;
}
