// SPDX-License-Identifier: GPL-2.0
/* Calls, faults, stops: what an honest guest does. */
#include <linux/audit.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "backend-tests.h"

START_TEST(calls)
{
	struct guest g;

	start(_i);
	guest_make(&g);
	guest_go(&g, code_calls);
	expect_calls(&g, 1, 2000);
}
END_TEST

static void expect_known(const struct guest_regs *r, u64 ax)
{
	ck_assert_uint_eq(r->ax, ax);
	ck_assert_uint_eq(r->bx, 0x11);
	ck_assert_uint_eq(r->dx, 0x3333333344444444);
	ck_assert_uint_eq(r->si, 0x5555555566666666);
	ck_assert_uint_eq(r->di, 0x7777777788888888);
	ck_assert_uint_eq(r->bp, 0x1212121213131313);
	ck_assert_uint_eq(r->r8, 0x1414141415151515);
	ck_assert_uint_eq(r->r9, 0x1616161617171717);
	ck_assert_uint_eq(r->r10, 0x1818181819191919);
	ck_assert_uint_eq(r->r12, 0x2222222223232323);
	ck_assert_uint_eq(r->r13, 0x2424242425252525);
	ck_assert_uint_eq(r->r14, 0x2626262627272727);
	ck_assert_uint_eq(r->r15, 0x2828282829292929);
	ck_assert_uint_eq(r->sp, STACK_TOP);
}

/* Sets all registers, and has the guest tell them. */
static void expect_set(struct guest *g)
{
	static const size_t order[16] = {
		offsetof(struct guest_regs, ax), offsetof(struct guest_regs, bx),
		offsetof(struct guest_regs, cx), offsetof(struct guest_regs, dx),
		offsetof(struct guest_regs, si), offsetof(struct guest_regs, di),
		offsetof(struct guest_regs, bp), offsetof(struct guest_regs, sp),
		offsetof(struct guest_regs, r8), offsetof(struct guest_regs, r9),
		offsetof(struct guest_regs, r10), offsetof(struct guest_regs, r11),
		offsetof(struct guest_regs, r12), offsetof(struct guest_regs, r13),
		offsetof(struct guest_regs, r14), offsetof(struct guest_regs, r15),
	};
	struct guest_regs *r = &g->trap.regs;
	const u64 *d = (u64 *)g->data;
	int i;

	for (i = 0; i < 16; i++)
		*(u64 *)((char *)r + order[i]) = 0xabcdef0000000000 + i;
	r->ip = code_va(code_store);
	r->fs_base = 0x123456789000;
	r->gs_base = 0x234567890000;
	guest_run(g, 0);
	expect_call(g, SYS_getppid);
	for (i = 0; i < 16; i++)
		ck_assert_uint_eq(d[i], 0xabcdef0000000000 + i);
	ck_assert_uint_eq(d[16], 0x123456789000);
	ck_assert_uint_eq(d[17], 0x234567890000);
	ck_assert_int_eq(guest_stop(g, 7), 0);
	ck_assert_uint_eq(g->trap.regs.fs_base, 0x123456789000);
	ck_assert_uint_eq(g->trap.regs.gs_base, 0x234567890000);
}

START_TEST(stop_in_call)
{
	struct guest g;
	int i;

	start(_i);
	guest_make(&g);
	for (i = 0; i < 200; i++) {
		*(u64 *)g.data = SYS_read;
		guest_go(&g, code_known_call);
		expect_call(&g, SYS_read);
		ck_assert_uint_eq(g.trap.args[5], 0x1616161617171717);
		ck_assert_uint_eq(g.trap.ip, code_va(code_known_call_ip));
		ck_assert_int_eq(guest_stop(&g, 777), 0);
		ck_assert_int_eq(g.trap.kind, TRAP_SYSCALL_FULL);
		ck_assert_uint_eq(g.trap.regs.ip, code_va(code_known_call_ip));
		ck_assert_uint_eq(g.trap.regs.orig_ax, SYS_read);
		ck_assert_uint_eq(g.trap.args[0], 0x7777777788888888);
		expect_known(&g.trap.regs, 777);
	}
	ck_assert_int_eq(host_thread_stop(g.t, 0, &g.trap), -EALREADY);
	expect_set(&g);
}
END_TEST

START_TEST(stop_running)
{
	struct guest g;
	int i;

	start(_i);
	guest_make(&g);
	for (i = 0; i < 50; i++) {
		guest_go_on(&g, code_va(code_known_spin));
		usleep(i * 20);		/* sometimes before its first step */
		ck_assert_int_eq(host_thread_stop(g.t, 0, &g.trap), 0);
		ck_assert_int_eq(g.trap.kind, TRAP_KICKED);
		if (g.trap.regs.ip == code_va(code_spin))
			expect_known(&g.trap.regs, 0x2a);
	}
	expect_set(&g);
}
END_TEST

/* Stopped while it makes calls: none is lost, none made twice. */
START_TEST(stop_between_calls)
{
	struct guest g;
	u64 last = 0;
	int i;

	start(_i);
	guest_make(&g);
	g.trap.regs.ip = 0;
	guest_go_on(&g, code_va(code_calls));
	for (i = 0; i < 2000; i++) {
		if (i)
			guest_run(&g, 0);
		else
			host_thread_stop(g.t, 0, &g.trap);
		if (g.trap.kind == TRAP_KICKED)
			continue;
		ck_assert_uint_eq(g.trap.nr, SYS_getppid);
		ck_assert_uint_eq(g.trap.args[0], last + 1);
		last++;
		if (i % 3)
			continue;
		if (g.trap.kind == TRAP_SYSCALL)
			host_thread_stop(g.t, 0, &g.trap);
		ck_assert_int_eq(g.trap.kind, TRAP_SYSCALL_FULL);
		ck_assert_uint_eq(g.trap.args[0], last);
		/* let it go, and stop it at once */
		this_area()->pending = 1;
		host_thread_run(g.t, 0, &g.trap.regs, &g.trap);
		this_area()->pending = 0;
		ck_assert_int_eq(g.trap.kind, TRAP_EVENT);
		host_thread_stop(g.t, 0, &g.trap);
		if (g.trap.kind == TRAP_SYSCALL_FULL) {
			last++;
			ck_assert_uint_eq(g.trap.args[0], last);
		} else {
			ck_assert_int_eq(g.trap.kind, TRAP_KICKED);
		}
	}
	ck_assert_uint_gt(last, 1000);
}
END_TEST

START_TEST(fault_resume)
{
	struct host_map_op op = {
		HOST_MAP_PHYS, HOST_PROT_READ | HOST_PROT_WRITE, 0, 4096, 0
	};
	struct guest g;
	bool flushed;
	int i;

	start(_i);
	guest_make(&g);
	for (i = 1; i < 300; i++) {
		op.va = 0x10000000 + i * 8192;
		op.gpa = (8ull << 20) + i * 4096;
		g.trap.regs = (struct guest_regs) {
			.ip = code_va(code_touch), .di = op.va + 8, .sp = STACK_TOP,
		};
		guest_run(&g, 0);
		expect_fault(&g, SIGSEGV);
		ck_assert_uint_eq(g.trap.addr, op.va + 8);
		ck_assert_uint_eq(g.trap.trapno, 14);
		ck_assert_uint_eq(g.trap.err, 6);
		ck_assert_int_eq(host_mm_update(g.mm, &op, 1, &flushed), 0);
		ck_assert(!flushed);
		guest_run(&g, 0);
		expect_call(&g, SYS_getppid);
		ck_assert_uint_eq(phys[op.gpa + 8], 1);
		guest_run(&g, 0);
		expect_fault(&g, SIGILL);
	}
	/* and away again */
	op.kind = HOST_MAP_UNMAP;
	ck_assert_int_eq(host_mm_update(g.mm, &op, 1, &flushed), 0);
	g.trap.regs.ip = code_va(code_read);
	g.trap.regs.di = op.va;
	guest_run(&g, 0);
	expect_fault(&g, SIGSEGV);
	op.va = GUEST_TASK_SIZE - 4096;
	op.len = 8192;
	ck_assert_int_eq(host_mm_update(g.mm, &op, 1, &flushed), -EINVAL);
}
END_TEST

/* Calls that need all registers, at once. */
START_TEST(full_calls)
{
	static const u16 nrs[] = {
		SYS_clone, SYS_execve, SYS_rt_sigreturn, SYS_clone3, 400000 & 0xffff,
	};
	struct guest g;
	unsigned int i;

	start(_i);
	guest_make(&g);
	for (i = 0; i < sizeof(nrs) / sizeof(nrs[0]); i++) {
		*(u64 *)g.data = nrs[i];
		guest_go(&g, code_known_call);
		ck_assert_int_eq(g.trap.kind, TRAP_SYSCALL_FULL);
		ck_assert_uint_eq(g.trap.nr, nrs[i]);
		ck_assert_uint_eq(g.trap.arch, AUDIT_ARCH_X86_64);
		ck_assert_uint_eq(g.trap.ip, code_va(code_known_call_ip));
		ck_assert_uint_eq(g.trap.args[3], 0x1818181819191919);
		expect_known(&g.trap.regs, nrs[i]);
	}
	*(u64 *)g.data = 20;
	guest_go(&g, code_known_int80);
	if (g.trap.kind == TRAP_SYSCALL_FULL)
		ck_assert_uint_eq(g.trap.arch, AUDIT_ARCH_I386);
	else				/* host without 32-bit calls */
		expect_fault(&g, SIGSEGV);
	expect_set(&g);
}
END_TEST

/* SIGSTOP may end a thread's wait, and the agent's: nothing is lost or done
 * twice. */
START_TEST(host_stop)
{
	struct host_map_op op = { HOST_MAP_PHYS, HOST_PROT_READ, 0x10000000, 4096, 0 };
	struct guest g, other;
	bool flushed;
	u64 i;

	start(_i);
	guest_make(&g);
	guest_join(&other, &g);
	guest_go(&g, code_calls);
	for (i = 1; i < 60; i++) {
		expect_call(&g, SYS_getppid);
		ck_assert_uint_eq(g.trap.args[0], i);
		backend_stop_guests(true);
		usleep(i % 4 * 300);
		backend_stop_guests(false);
		if (i % 3 == 0) {
			op.va += 8192;
			ck_assert_int_eq(host_mm_update(g.mm, &op, 1, &flushed), 0);
			other.trap.regs = (struct guest_regs) {
				.ip = code_va(code_read), .di = op.va,
			};
			guest_run(&other, 0);
			expect_call(&other, SYS_getppid);
			guest_stop(&other, 0);
		}
		if (i % 5 == 0)
			ck_assert_int_eq(guest_stop(&g, 0), 0);
		guest_run(&g, 0);
	}
	ck_assert(!host_mm_dead(g.mm));
}
END_TEST

TCase *run_tests(void)
{
	TCase *tc = tcase_create("run");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, calls, 0, NR_MODES);
	tcase_add_loop_test(tc, stop_in_call, 0, NR_MODES);
	tcase_add_loop_test(tc, stop_running, 0, NR_MODES);
	tcase_add_loop_test(tc, stop_between_calls, 0, NR_MODES);
	tcase_add_loop_test(tc, fault_resume, 0, NR_MODES);
	tcase_add_loop_test(tc, full_calls, 0, NR_MODES);
	tcase_add_loop_test(tc, host_stop, 0, NR_MODES);
	return tc;
}
