// SPDX-License-Identifier: GPL-2.0
/*
 * The filter that zygote, spawners, agents and guest threads all have: put on
 * by the zygote before it serves. It names each system call instruction of
 * the stub code with the one call made there and what its arguments must be;
 * above all, the agent cannot map, unmap or protect anything from STUB_START
 * on, so its own code stays what it is, whatever the kernel process says.
 *
 * Everything else gets RET_TRACE: without a tracer the call fails with ENOSYS
 * and is not made. It ranks below USER_NOTIF, so guest threads do not notice;
 * but a guest thread whose own filter lacks, or lets something pass, still
 * cannot make a call. (ERRNO would outrank the notification.)
 *
 * It runs for each call of the guest too: three instructions for guest code.
 */
#define _GNU_SOURCE 1
#include <asm/prctl.h>
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "backend_priv.h"
#include "bpf.h"

#ifndef ARCH_REQ_XCOMP_PERM
#define ARCH_REQ_XCOMP_PERM 0x1023
#endif

#define DENY		SECCOMP_RET_TRACE
#define FIXED		(MAP_SHARED | MAP_FIXED)
#define LIMIT_HIGH	((u32)(STUB_START >> 32))
static_assert((u32)STUB_START == 0, "compared by the upper half");
static_assert(STUB_REGION_END >> 32 == STUB_START >> 32, "one upper half");

/* What the arguments must be. */
enum check {
	ANY,
	ARG0,			/* args[0] == value */
	BELOW,			/* [args[0], args[0]+args[1]) below STUB_START */
	MAP_PHYS,		/* BELOW; flags == value; the descriptor */
	MAP_SLOT,		/* one slot */
	MAP_CTRL,		/* the control pages, read-only */
	SLOT_FUTEX,		/* a word in the slots; args[1] == value */
	ARENA_WRITE,		/* the descriptor; args[2] == value bytes */
};

static const struct {
	const char *ip;
	u16 nr;
	u8 check;
	u32 value;
} rules[] = {			/* those of guest threads first */
	{ stub_notify_ip, STUB_NR_NOTIFY, ANY, 0 },
	{ stub_sigreturn_ip, SYS_rt_sigreturn, ANY, 0 },
	{ stub_turn_wake_ip, SYS_futex, SLOT_FUTEX, FUTEX_WAKE },
	{ stub_turn_wait_ip, SYS_futex, SLOT_FUTEX, FUTEX_WAIT },
	{ stub_agent_idle_ip, STUB_NR_NOTIFY, ANY, 0 },
	{ stub_batch_wait_ip, SYS_futex, ANY, 0 },
	{ stub_batch_wake_ip, SYS_futex, ANY, 0 },
	{ stub_batch_done_ip, SYS_pwrite64, ARENA_WRITE, 4 },
	{ stub_batch_error_ip, SYS_pwrite64, ARENA_WRITE, 1 },
	{ stub_agent_phys_ip, SYS_mmap, MAP_PHYS, FIXED | MAP_POPULATE },
	{ stub_agent_lazy_ip, SYS_mmap, MAP_PHYS, FIXED },
	{ stub_agent_unmap_ip, SYS_munmap, BELOW, 0 },
	{ stub_agent_protect_ip, SYS_mprotect, BELOW, 0 },
	{ stub_agent_slot_ip, SYS_mmap, MAP_SLOT, 0 },
	{ stub_agent_xcomp_ip, SYS_arch_prctl, ARG0, ARCH_REQ_XCOMP_PERM },
	{ stub_agent_barrier_ip, SYS_membarrier, ANY, 0 },
	{ stub_spawner_wait_ip, SYS_futex, ANY, 0 },
	{ stub_spawner_clone_ip, SYS_clone, ARG0, STUB_CLONE_THREAD },
	{ stub_spawner_write_ip, SYS_write, ANY, 0 },
	{ stub_gettid_ip, SYS_gettid, ANY, 0 },
	{ stub_tid_write_ip, SYS_pwrite64, ARENA_WRITE, 1 },
	{ stub_thread_stack_ip, SYS_sigaltstack, ANY, 0 },
	{ stub_thread_seccomp_ip, SYS_seccomp, ARG0, SECCOMP_SET_MODE_FILTER },
	{ stub_thread_sendmsg_ip, SYS_sendmsg, ANY, 0 },
	{ stub_thread_close_ip, SYS_close, ANY, 0 },
	{ stub_close_range_ip, SYS_close_range, ANY, 0 },
	{ stub_unblock_ip, SYS_rt_sigprocmask, ANY, 0 },
	{ stub_exit_ip, SYS_exit, ANY, 0 },
	{ stub_zygote_wait_ip, SYS_futex, ANY, 0 },
	{ stub_zygote_clone_ip, SYS_clone, ARG0, STUB_CLONE_SPACE },
	{ stub_zygote_done_ip, SYS_futex, ANY, 0 },
	{ stub_pdeathsig_ip, SYS_prctl, ARG0, PR_SET_PDEATHSIG },
	{ stub_getppid_ip, SYS_getppid, ANY, 0 },
	{ stub_ctrl_ip, SYS_mmap, MAP_CTRL, 0 },
	{ stub_agent_seccomp_ip, SYS_seccomp, ARG0, SECCOMP_SET_MODE_FILTER },
	{ stub_agent_sendmsg_ip, SYS_sendmsg, ANY, 0 },
	{ stub_agent_close_ip, SYS_close, ANY, 0 },
	{ stub_report_ip, SYS_write, ANY, 0 },
	{ stub_die_ip, SYS_exit_group, ANY, 0 },
	{ stub_unmap_low_ip, SYS_munmap, ANY, 0 },
	{ stub_unmap_gap_ip, SYS_munmap, ANY, 0 },
	{ stub_unmap_slots_ip, SYS_munmap, ANY, 0 },
	{ stub_unmap_high_ip, SYS_munmap, ANY, 0 },
};
#define NR_RULES (sizeof(rules) / sizeof(rules[0]))

/* ---- pieces: each goes on if all is well, else denies ---- */

static void want_low(struct prog *p, int arg, u32 value)
{
	emit_load(p, OFF_ARG(arg));
	emit_jeq(p, value, 1, 0);
	emit_ret(p, DENY);
}

static void want_high(struct prog *p, int arg, u32 value)
{
	emit_load(p, OFF_ARG(arg) + OFF_HIGH);
	emit_jeq(p, value, 1, 0);
	emit_ret(p, DENY);
}

static void want(struct prog *p, int arg, u64 value)
{
	want_low(p, arg, (u32)value);
	want_high(p, arg, value >> 32);
}

/* min <= low half < end */
static void want_between(struct prog *p, int arg, u32 min, u32 end)
{
	emit_load(p, OFF_ARG(arg));
	emit(p, BPF_JMP | BPF_JGE | BPF_K, min, 0, 1);
	emit(p, BPF_JMP | BPF_JGE | BPF_K, end, 0, 1);
	emit_ret(p, DENY);
}

/* args[0] + args[1] <= STUB_START, in halves; M[0]: carry, M[1]: low sum */
static void want_below(struct prog *p)
{
	emit_load(p, OFF_ARG(0));
	emit(p, BPF_MISC | BPF_TAX, 0, 0, 0);
	emit_load(p, OFF_ARG(1));
	emit(p, BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0);
	emit(p, BPF_ST, 1, 0, 0);
	emit(p, BPF_JMP | BPF_JGE | BPF_X, 0, 2, 0);
	emit(p, BPF_LD | BPF_IMM, 1, 0, 0);
	emit(p, BPF_JMP | BPF_JA, 1, 0, 0);
	emit(p, BPF_LD | BPF_IMM, 0, 0, 0);
	emit(p, BPF_ST, 0, 0, 0);
	/* upper halves, neither so large that their sum could wrap */
	emit_load(p, OFF_ARG(0) + OFF_HIGH);
	emit(p, BPF_JMP | BPF_JGT | BPF_K, LIMIT_HIGH, 3, 0);
	emit(p, BPF_MISC | BPF_TAX, 0, 0, 0);
	emit_load(p, OFF_ARG(1) + OFF_HIGH);
	emit(p, BPF_JMP | BPF_JGT | BPF_K, LIMIT_HIGH, 0, 1);
	emit_ret(p, DENY);
	emit(p, BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0);
	emit(p, BPF_LDX | BPF_MEM, 0, 0, 0);
	emit(p, BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0);
	emit(p, BPF_JMP | BPF_JGE | BPF_K, LIMIT_HIGH, 0, 4);
	emit(p, BPF_JMP | BPF_JGT | BPF_K, LIMIT_HIGH, 2, 0);
	emit(p, BPF_LD | BPF_MEM, 1, 0, 0);
	emit_jeq(p, 0, 1, 0);
	emit_ret(p, DENY);
}

static void want_map(struct prog *p, u32 flags, u32 fd)
{
	want(p, 3, flags);
	want_low(p, 4, fd);
}

static void emit_check(struct prog *p, int check, u32 value)
{
	switch (check) {
	case ARG0:
		want_low(p, 0, value);
		break;
	case MAP_PHYS:
		want_map(p, value, STUB_FD_PHYSMEM);
		want_below(p);
		break;
	case BELOW:
		want_below(p);
		break;
	case MAP_SLOT:
		want_map(p, FIXED, STUB_FD_ARENA);
		want(p, 1, STUB_SLOT_SIZE);
		want(p, 2, PROT_READ | PROT_WRITE);
		want_high(p, 0, STUB_SLOTS >> 32);
		want_between(p, 0, (u32)STUB_SLOTS,
			     (u32)STUB_REGION_END - STUB_SLOT_SIZE + 1);
		break;
	case MAP_CTRL:
		want_map(p, FIXED, STUB_FD_ARENA);
		want(p, 0, STUB_CTRL);
		want(p, 1, STUB_CTRL_SIZE);
		want(p, 2, PROT_READ);
		break;
	case SLOT_FUTEX:
		want_low(p, 1, value);
		want_high(p, 0, STUB_SLOTS >> 32);
		break;
	case ARENA_WRITE:
		want_low(p, 0, STUB_FD_ARENA);
		want(p, 2, value);
		break;
	}
}

int filter_build_stub(struct sock_filter *f, unsigned int max)
{
	struct prog p = { f, 0, max };
	unsigned int i, jump;

	emit_load(&p, OFF_IP + OFF_HIGH);
	emit_jeq(&p, STUB_CODE >> 32, 1, 0);
	emit_ret(&p, DENY);
	emit_load(&p, OFF_IP);
	for (i = 0; i < NR_RULES; i++) {
		jump = p.n;
		emit_jeq(&p, (u32)stub_va(rules[i].ip), 0, 0);
		emit_load(&p, OFF_NR);
		emit_jeq(&p, rules[i].nr, 1, 0);
		emit_ret(&p, DENY);
		emit_check(&p, rules[i].check, rules[i].value);
		emit_ret(&p, SECCOMP_RET_ALLOW);
		if (p.n <= max)
			f[jump].jf = p.n - jump - 1;
	}
	emit_ret(&p, DENY);
	return p.n <= max ? (int)p.n : -E2BIG;
}

bool filter_knows(u64 ip)
{
	unsigned int i;

	for (i = 0; i < NR_RULES; i++)
		if (stub_va(rules[i].ip) == ip)
			return true;
	return false;
}
