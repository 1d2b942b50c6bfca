// SPDX-License-Identifier: GPL-2.0
/*
 * The seccomp programs of guest threads and agents (that of the trusted code
 * as a whole is in filter_stub.c).
 *
 * A guest thread's filter lets nothing through but a few calls at exactly the
 * stub's own instructions (architecture and ip tested): rt_sigreturn, and
 * sendmsg, close, close_range, rt_sigprocmask and exit of the thread's start
 * and end, which are of no use to guest code since it has no descriptors.
 * Calls that need all registers go by RET_TRAP into the stub, and so do calls
 * that an outer filter (a container's) denies: ERRNO outranks a notification,
 * RET_TRAP outranks ERRNO. All others are notified.
 *
 * The agent's filter notifies the one call that means "idle".
 *
 * In the transport `trap` there are no notifications: all calls of guest code
 * trap, the stub tells of them by a futex, and the agent's filter allows all
 * (what it may call is the affair of filter_stub.c).
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/audit.h>
#include <string.h>
#include <sys/syscall.h>

#include "backend_priv.h"
#include "bpf.h"
#include "outer.h"

/* Numbers from here on trap (x32's are among them): profiles deny them. */
#define LAST_KNOWN_NR	OUTER_MAX_NR

#define ROOM ((sizeof(struct stub_ctrl) - CTRL_FILTER) / sizeof(struct sock_filter))
#define AGENT_ROOM 8

#define VSYSCALL_PAGE	0xffffffffff600000ull

static const u16 full_calls[] = {
	SYS_rt_sigreturn, SYS_clone, SYS_fork, SYS_vfork, SYS_execve,
	SYS_sigaltstack, SYS_arch_prctl, SYS_execveat, SYS_clone3,
};

enum transport { EITHER, NOTIFY, TURNS };

static const struct {
	const char *ip;
	u16 nr;
	u8 on;			/* enum transport */
	u32 action;
} own_calls[] = {		/* most frequent first */
	{ stub_notify_ip, STUB_NR_NOTIFY, NOTIFY, SECCOMP_RET_USER_NOTIF },
	{ stub_turn_wait_ip, SYS_futex, TURNS, SECCOMP_RET_ALLOW },
	{ stub_turn_wake_ip, SYS_futex, TURNS, SECCOMP_RET_ALLOW },
	{ stub_sigreturn_ip, SYS_rt_sigreturn, EITHER, SECCOMP_RET_ALLOW },
	{ stub_thread_sendmsg_ip, SYS_sendmsg, EITHER, SECCOMP_RET_ALLOW },
	{ stub_thread_close_ip, SYS_close, EITHER, SECCOMP_RET_ALLOW },
	{ stub_close_range_ip, SYS_close_range, EITHER, SECCOMP_RET_ALLOW },
	{ stub_unblock_ip, SYS_rt_sigprocmask, EITHER, SECCOMP_RET_ALLOW },
	{ stub_exit_ip, SYS_exit, EITHER, SECCOMP_RET_ALLOW },
};
#define NR_OWN (sizeof(own_calls) / sizeof(own_calls[0]))

static bool in_use(unsigned int i)
{
	return own_calls[i].on == EITHER ||
	       (own_calls[i].on == TURNS) == backend.turns;
}

/* Calls that trap: those above, and what the probe found. */
static bool traps[LAST_KNOWN_NR];

/* Trapping where a notification would do is only slower: runs of trapping
 * numbers that are at most gap apart become one, so that the program fits. */
static void emit_traps(struct prog *p, unsigned int gap)
{
	unsigned int i, end, last;

	for (i = 0; i < LAST_KNOWN_NR; i = end) {
		end = i + 1;
		if (!traps[i])
			continue;
		for (last = i; end < LAST_KNOWN_NR && end - last <= gap + 1; end++)
			if (traps[end])
				last = end;
		emit(p, BPF_JMP | BPF_JGE | BPF_K, i, 0, 2);
		emit(p, BPF_JMP | BPF_JGT | BPF_K, last, 1, 0);
		emit_ret(p, SECCOMP_RET_TRAP);
		end = last + 1;
	}
}

/*
 * The stub's own calls; all other ips and numbers fall through. But the host does
 * not make a call of the vsyscall page again after a signal: the program would get
 * its -ERESTARTSYS for an answer. So those trap, where nothing is waited for.
 */
static void emit_own_calls(struct prog *p)
{
	unsigned int i, n = 0;

	for (i = 0; i < NR_OWN; i++)
		n += in_use(i);
	emit_load(p, OFF_IP + OFF_HIGH);
	emit_jeq(p, VSYSCALL_PAGE >> 32, 0, 1);
	emit_ret(p, SECCOMP_RET_TRAP);
	emit_jeq(p, STUB_CODE >> 32, 0, 1 + 4 * n);
	emit_load(p, OFF_IP);
	for (i = 0; i < NR_OWN; i++) {
		if (!in_use(i))
			continue;
		/* after a wrong number A holds that number, no ip: harmless */
		emit_jeq(p, (u32)stub_va(own_calls[i].ip), 0, 3);
		emit_load(p, OFF_NR);
		emit_jeq(p, own_calls[i].nr, 0, 1);
		emit_ret(p, own_calls[i].action);
	}
}

static unsigned int thread_filter(struct sock_filter *f, unsigned int max,
				  unsigned int gap)
{
	struct prog p = { f, 0, max };

	emit_load(&p, OFF_ARCH);
	emit_jeq(&p, AUDIT_ARCH_X86_64, 1, 0);
	emit_ret(&p, SECCOMP_RET_TRAP);
	emit_own_calls(&p);
	if (backend.turns) {
		emit_ret(&p, SECCOMP_RET_TRAP);
		return p.n;
	}
	emit_load(&p, OFF_NR);
	emit(&p, BPF_JMP | BPF_JGE | BPF_K, LAST_KNOWN_NR, 0, 1);
	emit_ret(&p, SECCOMP_RET_TRAP);	/* x32 numbers among them */
	emit_traps(&p, gap);
	emit_ret(&p, SECCOMP_RET_USER_NOTIF);
	return p.n;
}

static unsigned int agent_filter(struct sock_filter *f)
{
	struct prog p = { f, 0, AGENT_ROOM };

	if (!backend.turns) {
		emit_load(&p, OFF_IP);
		emit_jeq(&p, (u32)stub_va(stub_agent_idle_ip), 0, 1);
		emit_ret(&p, SECCOMP_RET_USER_NOTIF);
	}
	emit_ret(&p, SECCOMP_RET_ALLOW);
	return p.n;
}

void filter_fill(struct stub_ctrl *ctrl)
{
	struct sock_filter *f = (struct sock_filter *)ctrl->filter;
	unsigned int n, gap = 0;

	while ((n = thread_filter(f, ROOM - AGENT_ROOM, gap)) > ROOM - AGENT_ROOM)
		gap++;
	ctrl->fprog.len = n;
	ctrl->fprog.filter = STUB_CTRL + CTRL_FILTER;
	ctrl->agent_fprog.len = agent_filter(f + n);
	ctrl->agent_fprog.filter = STUB_CTRL + CTRL_FILTER + n * sizeof(*f);
}

void filter_set_denied(const u16 *nrs, unsigned int n)
{
	unsigned int i;

	memset(traps, 0, sizeof(traps));
	for (i = 0; i < sizeof(full_calls) / sizeof(full_calls[0]); i++)
		traps[full_calls[i]] = true;
	for (i = 0; i < n; i++)
		traps[nrs[i]] = true;
}

int filter_probe_outer(void)
{
	static u16 denied[OUTER_MAX_NR];
	bool ask = !backend.turns && outer_filter_present();
	int n = ask ? outer_filter_probe(denied) : 0;

	if (n < 0)
		return n;
	filter_set_denied(denied, n);
	return 0;
}
