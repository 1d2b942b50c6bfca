// SPDX-License-Identifier: GPL-2.0
/* The three filters, and somebody else's around them. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "backend-tests.h"

/* ---- the stub's ---- */

/* Each system call instruction of the stub has its rule. */
START_TEST(stub_calls_are_known)
{
	const char *p;
	int n = 0;

	for (p = stub_begin; p + 1 < stub_end; p++)
		if (p[0] == 0x0f && p[1] == 0x05) {
			ck_assert(filter_knows(stub_va(p + 2)));
			n++;
		}
	ck_assert_int_gt(n, 20);
}
END_TEST

static int agent_does(struct guest *g, u32 kind, u64 va, u64 len)
{
	g->mm->batch[0] = (struct agent_op) {
		.kind = kind, .prot = PROT_READ, .va = va, .len = len,
	};
	return agent_run(g->mm, 1);
}

/* A guest kernel gone wild tells the agent to change its own code. */
START_TEST(agent_is_bounded)
{
	static const struct { u64 va, len; } bad[] = {
		{ STUB_CODE, 4096 },
		{ STUB_START - 4096, 8192 },
		{ 0, GUEST_TASK_SIZE + 4096 },
		{ 0, 1ull << 47 },
		{ 4096, -4096ull },
		{ STUB_CTRL, 4096 },
		{ STUB_CODE - (1ull << 32), (1ull << 32) + 4096 },
		{ 1ull << 63, 1ull << 63 },
		{ 0x7fef80000000, 0x80001000 },
		{ -4096ull, 8192 },
	};
	static const u32 kinds[] = {
		AGENT_MAP_PHYS, AGENT_MAP_LAZY, AGENT_UNMAP, AGENT_PROTECT,
	};
	struct guest g;
	unsigned int i, k;

	start(_i);
	guest_make(&g);
	for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
			ck_assert_int_eq(agent_does(&g, kinds[k], bad[i].va, bad[i].len),
					 -ENOSYS);
	ck_assert_int_eq(agent_does(&g, AGENT_MAP_SLOT, DATA, STUB_SLOT_SIZE), -ENOSYS);
	ck_assert_int_eq(agent_does(&g, AGENT_MAP_SLOT, STUB_CTRL, STUB_SLOT_SIZE), -ENOSYS);
	ck_assert_int_eq(agent_does(&g, AGENT_MAP_SLOT, STUB_SLOTS, 2 * STUB_SLOT_SIZE), -ENOSYS);
	ck_assert_int_eq(agent_does(&g, AGENT_MAP_SLOT, STUB_REGION_END - 4096,
				    STUB_SLOT_SIZE), -ENOSYS);
	ck_assert_int_eq(agent_does(&g, 77, 0, 4096), -EINVAL);
	/* right up to the edge is fine */
	ck_assert_int_eq(agent_does(&g, AGENT_MAP_PHYS, STUB_START - 4096, 4096), 0);
	ck_assert_int_eq(agent_does(&g, AGENT_MAP_PHYS, STUB_START - 8192, 8192), 0);
	ck_assert_int_eq(agent_does(&g, AGENT_MAP_LAZY, STUB_START - 8192, 8192), 0);
	ck_assert_int_eq(agent_does(&g, AGENT_PROTECT, STUB_START - 8192, 8192), 0);
	ck_assert_int_eq(agent_does(&g, AGENT_UNMAP, 0x7fef80000000, 0x80000000), 0);
	expect_well(&g);
}
END_TEST

/* ... or gives guest threads a filter that lets everything pass. */
START_TEST(lax_thread_filter)
{
	struct guest g, other;
	u32 notify = stub_va(stub_notify_ip), sigreturn = stub_va(stub_sigreturn_ip);
	struct sock_filter lax[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0,
		  offsetof(struct seccomp_data, instruction_pointer) },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, notify },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 0, sigreturn },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
	};
	static const u64 calls[] = {
		SYS_getpid, SYS_mmap, SYS_openat, SYS_socket, SYS_execve,
	};
	unsigned int i;

	start(_i);
	guest_make(&g);
	memcpy((void *)((char *)g.mm->ctrl + CTRL_FILTER), lax, sizeof(lax));
	g.mm->ctrl->fprog.len = 5;
	guest_join(&other, &g);
	for (i = 0; i < 5; i++) {
		other.trap.regs = (struct guest_regs) {
			.ip = code_va(code_call_any), .sp = STACK_TOP, .ax = calls[i],
		};
		guest_run(&other, 0);
		expect_fault(&other, SIGILL);
		ck_assert_int_eq((s64)other.trap.regs.ax, -ENOSYS);
	}
	expect_well(&g);
}
END_TEST

/* ---- an outer one ---- */

static const u16 container_denies[] = {
	SYS_mount, SYS_umount2, SYS_unshare, SYS_setns, SYS_bpf, SYS_keyctl,
	SYS_add_key, SYS_swapon, SYS_reboot, SYS_syslog, SYS_ptrace, SYS_acct,
	SYS_init_module, SYS_kexec_load, SYS_perf_event_open, SYS_userfaultfd,
	SYS_pidfd_getfd, SYS_io_uring_setup, SYS_quotactl, SYS_open_by_handle_at,
};
#define NR_DENIED (sizeof(container_denies) / sizeof(container_denies[0]))

/* action for each nr that test says; all others allowed */
static void outer_filter(bool (*test)(u32), u32 action)
{
	static struct sock_filter f[2048];
	struct sock_fprog prog = { .filter = f };
	int n = 0;
	u32 nr;

	f[n++] = (struct sock_filter) { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 };
	for (nr = 0; nr < 500; nr++)
		if (test(nr)) {
			f[n++] = (struct sock_filter) {
				BPF_JMP | BPF_JEQ | BPF_K, 0, 1, nr };
			f[n++] = (struct sock_filter) { BPF_RET | BPF_K, 0, 0, action };
		}
	f[n++] = (struct sock_filter) { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	prog.len = n;
	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog), 0);
}

static bool in_container(u32 nr)
{
	unsigned int i;

	for (i = 0; i < NR_DENIED; i++)
		if (container_denies[i] == nr)
			return true;
	return false;
}

static void expect_full(struct guest *g, u16 nr)
{
	*(u64 *)g->data = nr;
	guest_go(g, code_known_call);
	ck_assert_msg(g->trap.kind == TRAP_SYSCALL_FULL, "nr %u: kind %u signal %u",
		      nr, g->trap.kind, g->trap.signo);
	ck_assert_uint_eq(g->trap.nr, nr);
	ck_assert_uint_eq(g->trap.args[0], 0x7777777788888888);
}

static void expect_all_arrive(u32 action)
{
	struct guest g;
	unsigned int i;

	outer_filter(in_container, action);
	start(PLAIN);
	guest_make(&g);
	for (i = 0; i < NR_DENIED; i++)
		expect_full(&g, container_denies[i]);
	*(u64 *)g.data = SYS_read;
	guest_go(&g, code_known_call);
	expect_call(&g, SYS_read);
	guest_run(&g, 0);
	expect_fault(&g, SIGILL);
	expect_well(&g);
}

START_TEST(container)
{
	static const u32 actions[] = {
		SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ERRNO | ENOSYS,
		SECCOMP_RET_TRAP, SECCOMP_RET_TRACE,
	};

	expect_all_arrive(actions[_i]);
}
END_TEST

/* A filter may also kill whoever tries: the probe lives on. (A guest thread
 * that makes such a call dies: KILL outranks everything.) */
START_TEST(killing_container)
{
	struct guest g;

	outer_filter(in_container, SECCOMP_RET_KILL_PROCESS);
	start(PLAIN);
	guest_make(&g);
	*(u64 *)g.data = SYS_read;
	guest_go(&g, code_known_call);
	expect_call(&g, SYS_read);
}
END_TEST

/* So many gaps that the program would not fit: it traps more, and works. */
START_TEST(long_list)
{
	u16 nrs[300];
	struct guest g;
	unsigned int i, n = 0;

	start(_i);
	for (i = 3; i < 460; i += 2)
		nrs[n++] = i;
	filter_set_denied(nrs, n);
	guest_make(&g);
	for (i = 0; i < n; i++)
		/* 335, uretprobe: hosts from 6.14 ask no filter about it */
		if (nrs[i] != 335)
			expect_full(&g, nrs[i]);
	expect_full(&g, SYS_getppid);	/* 110: not listed, but between */
}
END_TEST

/* Calls that the stub itself makes may be denied elsewhere, too. */
START_TEST(own_calls_denied)
{
	static const u16 nrs[] = { SYS_close, SYS_sendmsg, SYS_exit, SYS_rt_sigprocmask };
	struct guest g;
	unsigned int i;

	start(_i);
	filter_set_denied(nrs, 4);
	guest_make(&g);
	for (i = 0; i < 4; i++)
		expect_full(&g, nrs[i]);
}
END_TEST

TCase *filter_tests(void)
{
	TCase *tc = tcase_create("filters");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, stub_calls_are_known);
	tcase_add_loop_test(tc, agent_is_bounded, 0, NR_MODES);
	tcase_add_loop_test(tc, lax_thread_filter, 0, NR_MODES);
	tcase_add_loop_test(tc, container, 0, 4);
	tcase_add_test(tc, killing_container);
	tcase_add_loop_test(tc, long_list, 0, 1);
	tcase_add_loop_test(tc, own_calls_denied, 0, 1);
	return tc;
}
