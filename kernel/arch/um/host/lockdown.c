// SPDX-License-Identifier: GPL-2.0
/*
 * The lockdown. All declarations (allow.h) become one filter on all threads
 * of the kernel process. It is ordered so that calls with argument rules come
 * first, each with all its rules in one block; all other calls follow. Hosts
 * from 5.11 cache the verdict for calls that are allowed by number alone, so
 * the length of the second part does not matter.
 *
 * A denied call fails with EPERM, or ENOSYS where libc then tries an older
 * call that is allowed. With um_tracelockdown it raises SIGSYS, whose handler
 * names it once and fails it with EPERM.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "../abi/host.h"
#include "allow.h"
#include "diag.h"
#include "lockdown.h"

#define X32_BIT		0x40000000u
#define MAX_PROG	2048

#define MAX_RULES	512

/* The second is missing from programs without hostfs. */
extern const struct allow_rule __start_host_allow[], __stop_host_allow[];
extern const struct allow_rule __start_host_allow_files[] __attribute__((weak));
extern const struct allow_rule __stop_host_allow_files[] __attribute__((weak));

static bool lockdown_off, lockdown_trace, lockdown_on, files_allowed;

void lockdown_options(bool off, bool trace)
{
	lockdown_off = off;
	lockdown_trace = trace;
}

void lockdown_allow_files(void)
{
	files_allowed = true;
}

bool lockdown_active(void)
{
	return lockdown_on;
}

/* ---- the program ---- */

struct builder {
	const struct allow_rule *first, *end;
	struct sock_filter *prog;
	int len, max;
	u32 deny;
};

static void emit(struct builder *b, u16 code, u8 jt, u8 jf, u32 k)
{
	if (b->len < b->max)
		b->prog[b->len] = (struct sock_filter){ code, jt, jf, k };
	b->len++;
}

static void emit_load(struct builder *b, u32 offset)
{
	emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
}

static void emit_ret(struct builder *b, u32 action)
{
	emit(b, BPF_RET | BPF_K, 0, 0, action);
}

static bool has_args(const struct builder *b, u32 nr)
{
	const struct allow_rule *r;
	bool args = false;

	for (r = b->first; r < b->end; r++) {
		if (r->nr != nr)
			continue;
		if (r->arg == ALLOW_ANY)
			return false;
		args = true;
	}
	return args;
}

/* Is r the first rule of its call (of those without arguments)? */
static bool leads(const struct builder *b, const struct allow_rule *r)
{
	const struct allow_rule *p;

	for (p = b->first; p < r; p++)
		if (p->nr == r->nr && (p->arg == ALLOW_ANY || r->arg != ALLOW_ANY))
			return false;
	return true;
}

#define HALF_INSNS 3

/* One half of the comparison: falls through if equal, else jumps over the
 * rest of the rule. */
static void emit_half(struct builder *b, u32 offset, u32 mask, u32 value, u8 rest)
{
	emit_load(b, offset);
	emit(b, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, rest, value & mask);
}

static void emit_rule(struct builder *b, const struct allow_rule *r)
{
	u32 offset = offsetof(struct seccomp_data, args) + 8 * (r->arg & 7);
	u64 value = r->arg & ALLOW_SELF ? (u64)getpid() : r->value;

	emit_half(b, offset + 4, r->mask >> 32, value >> 32, HALF_INSNS + 1);
	emit_half(b, offset, r->mask, value, 1);
	emit_ret(b, SECCOMP_RET_ALLOW);
}

/* All rules of one call with arguments; the number is in the accumulator. */
static void emit_block(struct builder *b, u32 nr)
{
	const struct allow_rule *r;
	int jump;

	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, nr);
	jump = b->len;
	emit(b, BPF_JMP | BPF_JA, 0, 0, 0);
	for (r = b->first; r < b->end; r++)
		if (r->nr == nr)
			emit_rule(b, r);
	emit_ret(b, b->deny);
	if (jump < b->max)
		b->prog[jump].k = b->len - jump - 1;
}

static void emit_number(struct builder *b, u32 nr, u32 action)
{
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, nr);
	emit_ret(b, action);
}

int lockdown_build(const struct allow_rule *first, const struct allow_rule *end,
		   u32 deny, struct sock_filter *prog, int max)
{
	struct builder b = { first, end, prog, 0, max, deny };
	const struct allow_rule *r;

	emit_load(&b, offsetof(struct seccomp_data, arch));
	emit(&b, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AUDIT_ARCH_X86_64);
	emit_ret(&b, SECCOMP_RET_KILL_PROCESS);
	emit_load(&b, offsetof(struct seccomp_data, nr));
	emit(&b, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
	emit_ret(&b, SECCOMP_RET_KILL_PROCESS);
	for (r = first; r < end; r++)
		if (has_args(&b, r->nr) && leads(&b, r))
			emit_block(&b, r->nr);
	for (r = first; r < end; r++)
		if (r->arg == ALLOW_ANY && leads(&b, r))
			emit_number(&b, r->nr, SECCOMP_RET_ALLOW);
	/* its flags are in memory; libc falls back to clone */
	emit_number(&b, __NR_clone3, SECCOMP_RET_ERRNO | ENOSYS);
	emit_ret(&b, deny);
	return b.len > max ? -E2BIG : b.len;
}

/* ---- naming what is denied ---- */

static void on_denied(int sig, siginfo_t *si, void *ctx)
{
	static _Atomic u64 seen[8];
	greg_t *r = ((ucontext_t *)ctx)->uc_mcontext.gregs;
	u32 nr = si->si_syscall;
	struct diag_line l;

	(void)sig;
	r[REG_RAX] = -EPERM;
	if (nr < 512 && atomic_fetch_or(&seen[nr / 64], 1ull << nr % 64) >> nr % 64 & 1)
		return;
	diag_start(&l);
	diag_str(&l, "lockdown: system call ");
	diag_dec(&l, nr);
	diag_str(&l, " with arguments ");
	diag_hex(&l, r[REG_RDI]);
	diag_str(&l, " ");
	diag_hex(&l, r[REG_RSI]);
	diag_str(&l, " ");
	diag_hex(&l, r[REG_RDX]);
	diag_str(&l, ": denied: declare it with HOST_ALLOW");
	diag_end(&l);
}

static void trace_denied(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_denied,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART,
	};

	sigfillset(&sa.sa_mask);
	sigaction(SIGSYS, &sa, NULL);
}

/* ---- the call ---- */

static int add_rules(struct allow_rule *rules, int n,
		     const struct allow_rule *first, const struct allow_rule *end)
{
	for (; first < end && n < MAX_RULES; first++)
		rules[n++] = *first;
	return first < end ? -E2BIG : n;
}

/* All rules that count; how many, or -E2BIG. */
static int collect_rules(struct allow_rule *rules)
{
	int n = add_rules(rules, 0, __start_host_allow, __stop_host_allow);

	if (n < 0 || !files_allowed)
		return n;
	return add_rules(rules, n, __start_host_allow_files,
			 __stop_host_allow_files);
}

static int install(struct sock_filter *insns, int len)
{
	struct sock_fprog prog = { .len = len, .filter = insns };
	long ret;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	ret = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		      SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		      &prog);
	if (ret < 0)
		return -errno;
	return ret ? -EBUSY : 0;	/* a thread's tid: it has its own filter */
}

int host_lockdown(void)
{
	static struct sock_filter insns[MAX_PROG];
	static struct allow_rule rules[MAX_RULES];
	u32 deny = SECCOMP_RET_ERRNO | EPERM;
	int n, len, ret;

	if (lockdown_off)
		return 0;
	if (lockdown_trace) {
		trace_denied();
		deny = SECCOMP_RET_TRAP;
	}
	n = collect_rules(rules);
	len = n < 0 ? n : lockdown_build(rules, rules + n, deny, insns, MAX_PROG);
	ret = len < 0 ? len : install(insns, len);
	if (ret)
		diag_err("lockdown", "seccomp filter", -ret);
	lockdown_on = !ret;
	return ret;
}
