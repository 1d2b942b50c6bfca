// SPDX-License-Identifier: GPL-2.0
/* Guest code that knows the stub. It may harm itself and nobody else. */
#include <sys/syscall.h>

#include "backend-tests.h"

static void expect_others_well(void)
{
	struct guest g;

	guest_make(&g);
	expect_well(&g);
	guest_free(&g);
}

/* Straight to the stub's notification. */
static void say(struct guest *g, u64 signo, u64 uc)
{
	g->trap.regs = (struct guest_regs) {
		.ip = stub_va(stub_notify_ip) - 2, .ax = STUB_NR_NOTIFY,
		.di = signo, .dx = uc, .sp = STACK_TOP,
	};
	if (backend.turns) {
		g->trap.regs.ip = stub_va(stub_turn_handler);
		g->trap.regs.sp = g->t->slot_va + 0x4000;
	}
	guest_run(g, 0);
}

START_TEST(bad_frames)
{
	struct guest g, other;
	unsigned int i;

	start(_i);
	for (i = 0; i < 9; i++) {
		guest_make(&g);
		const u64 at[] = {
			0, DATA, g.t->slot_va, g.t->slot_va + 0x1001,
			g.t->slot_va + STUB_SLOT_SIZE - 16,
			g.t->slot_va + STUB_SLOT_SIZE, g.t->slot_va - 8,
			STUB_CTRL, ~0ull,
		};
		say(&g, SIGSEGV, at[i]);
		ck_assert_int_eq(g.trap.kind, TRAP_TAMPERED);
		/* a sibling does not inherit that thread */
		host_thread_destroy(g.t);
		guest_join(&other, &g);
		expect_well(&other);
		guest_free(&other);
		expect_others_well();
	}
}
END_TEST

START_TEST(bad_signals)
{
	static const u64 signo[] = { 0, 9, 64, ~0ull, SIGSEGV | 1ull << 32 };
	struct guest g;
	unsigned int i;

	start(_i);
	for (i = 0; i < 5; i++) {
		guest_make(&g);
		say(&g, signo[i], g.t->slot_va + 0x2000);
		ck_assert_int_eq(g.trap.kind, i < 4 ? TRAP_TAMPERED : TRAP_FAULT);
		guest_free(&g);
	}
	expect_others_well();
}
END_TEST

/* A made-up event is believed; the thread goes on where it is told to. */
START_TEST(made_up_events)
{
	static const u64 signo[] = { SIGSEGV, SIGSYS, STUB_SIG_KICK, SIGTRAP };
	struct guest g;
	unsigned int i;

	start(_i);
	guest_make(&g);
	for (i = 0; i < 4; i++) {
		say(&g, signo[i], g.t->slot_va + 0x2000 + i * 8);
		ck_assert_int_ne(g.trap.kind, TRAP_DEAD);
		ck_assert_int_ne(g.trap.kind, TRAP_TAMPERED);
		expect_well(&g);
	}
	expect_others_well();
}
END_TEST

/* Over its slot while it is in the stub, and while it runs. */
START_TEST(scribbled_slot)
{
	struct guest g;

	start(_i);
	guest_make(&g);
	g.trap.regs = (struct guest_regs) {
		.ip = code_va(code_fill), .di = g.t->slot_va, .sp = STACK_TOP,
		.cx = STUB_SLOT_SIZE, .ax = 0xff,
	};
	guest_run(&g, 0);
	expect_fault(&g, SIGILL);	/* a frame on top of it all */
	expect_well(&g);
	memset(g.t->slot, 0xff, STUB_SLOT_SIZE);
	g.trap.regs.ip = code_va(code_calls);
	guest_run(&g, 0);		/* goes on, or dies, or says nonsense */
	guest_free(&g);
	expect_others_well();
}
END_TEST

/* A sibling writes without end over the slot of one that takes faults. */
START_TEST(scribbling_sibling)
{
	struct guest g, other;
	u64 fp_va[2] = { 0 };
	int i;

	start(_i);
	guest_make(&g);
	guest_join(&other, &g);
	other.trap.regs = (struct guest_regs) {
		.ip = code_va(code_fill_ever), .sp = STACK_TOP, .ax = 1,
		.di = g.t->slot_va + 0x7000, .cx = 0x1000,
	};
	this_area()->pending = 1;
	host_thread_run(other.t, 0, &other.trap.regs, &other.trap);
	this_area()->pending = 0;
	for (i = 0; i < 200 && g.trap.kind != TRAP_DEAD; i++) {
		host_thread_get_fpstate(g.t, fp_va, sizeof(fp_va));
		host_thread_set_fpstate(g.t, NULL, 0);
		g.trap.regs = (struct guest_regs) { .ip = code_va(code_calls) };
		guest_run(&g, 0);
		if (g.trap.kind != TRAP_DEAD && g.trap.kind != TRAP_TAMPERED)
			host_thread_stop(g.t, 0, &g.trap);
		if (g.trap.kind == TRAP_TAMPERED)
			break;
	}
	host_thread_destroy(other.t);
	guest_free(&g);
	expect_others_well();
}
END_TEST

/* rt_sigreturn at the stub's own instruction, all signals blocked. */
static void block_all(struct guest *g, u64 ip, u64 ax)
{
	/* a ucontext at DATA + 1024: r8.. from 40, sp 160, ip 168, mask 296 */
	u64 *uc = (u64 *)(g->data + 1024);

	memset(uc, 0, 1024);
	uc[0] = g->t->uc_flags;
	uc[40 / 8 + 13] = ax;
	uc[40 / 8 + 15] = STACK_TOP;
	uc[40 / 8 + 16] = ip;
	uc[40 / 8 + 17] = 0x202;
	uc[40 / 8 + 18] = 0x33 | 0x2bull << 48;
	uc[296 / 8] = ~0ull;
	g->trap.regs = (struct guest_regs) {
		.ip = stub_va(stub_sigreturn_ip) - 2, .ax = SYS_rt_sigreturn,
		.sp = DATA + 1024,
	};
}

/* Spins with the kick blocked: found out by the CPU time it burns. */
START_TEST(blocked_spin)
{
	struct guest g;

	start(_i);
	guest_make(&g);
	block_all(&g, code_va(code_told_spin), 0);
	this_area()->pending = 1;
	host_thread_run(g.t, 0, &g.trap.regs, &g.trap);
	this_area()->pending = 0;
	ck_assert_int_eq(g.trap.kind, TRAP_EVENT);
	guest_wait_told(&g);
	ck_assert_int_eq(host_thread_stop(g.t, 0, &g.trap), 0);
	ck_assert_int_eq(g.trap.kind, TRAP_DEAD);
	ck_assert(host_mm_dead(g.mm));
	guest_free(&g);
	expect_others_well();
}
END_TEST

/* Sleeps in the one call that lets it (without listeners), on a word of its
 * own: burns nothing, and is found out by its state. */
START_TEST(blocked_sleep)
{
	volatile u32 *turn;
	struct guest g;

	start(TURNS);
	guest_make(&g);
	block_all(&g, stub_va(stub_turn_say), 0);
	((u64 *)(g.data + 1024))[40 / 8 + 11] = g.t->slot_va + 0x400; /* rbx */
	turn = (u32 *)(g.t->slot + 0x400 + SLOT_TURN);
	*turn = 0;
	this_area()->pending = 1;
	host_thread_run(g.t, 0, &g.trap.regs, &g.trap);
	this_area()->pending = 0;
	ck_assert_int_eq(g.trap.kind, TRAP_EVENT);
	while (!*turn)
		usleep(1000);
	ck_assert_int_eq(host_thread_stop(g.t, 0, &g.trap), 0);
	ck_assert_int_eq(g.trap.kind, TRAP_DEAD);
	guest_free(&g);
	expect_others_well();
}
END_TEST

/* Makes one call after the other instead. */
START_TEST(blocked_calls)
{
	struct guest g;

	start(_i);
	guest_make(&g);
	block_all(&g, code_va(code_calls), 0);
	guest_run(&g, 0);
	if (!backend.turns) {		/* else the host has ended it */
		expect_call(&g, SYS_getppid);
		ck_assert_int_eq(host_thread_stop(g.t, 0, &g.trap), 0);
	}
	ck_assert_int_eq(g.trap.kind, TRAP_DEAD);
	guest_free(&g);
	expect_others_well();
}
END_TEST

/* Faults: then the host itself ends it. */
START_TEST(blocked_fault)
{
	struct guest g;

	start(_i);
	guest_make(&g);
	block_all(&g, 0x1234567000, 0);
	guest_run(&g, 0);
	ck_assert_int_eq(g.trap.kind, TRAP_DEAD);
	guest_free(&g);
	expect_others_well();
}
END_TEST

/* Parked in a call with the kick blocked: the next life does not see it. */
START_TEST(blocked_and_parked)
{
	struct guest g, next;
	struct host_mm *mm;

	start(_i);
	guest_make(&g);
	mm = g.mm;
	block_all(&g, code_va(code_calls), 0);
	guest_run(&g, 0);
	if (backend.turns)
		ck_assert_int_eq(g.trap.kind, TRAP_DEAD);
	else
		expect_call(&g, SYS_getppid);
	memset(g.data, 0, 4096);
	guest_free(&g);
	guest_make(&next);
	ck_assert_ptr_ne(next.mm, mm);
	expect_well(&next);
}
END_TEST

/* Every byte of the stub is a place to jump to. */
START_TEST(jumps)
{
	struct guest g;
	u64 at;
	int i;

	start(_i);
	guest_make(&g);
	for (at = STUB_CODE + _i * 97; at < STUB_CODE + (u64)(stub_end - stub_begin);
	     at += 5) {
		g.trap.regs = (struct guest_regs) {
			.ip = at, .sp = g.t->slot_va + 0x3000, .flags = 0x202,
			.ax = at % 450, .di = DATA, .si = DATA, .bx = 2,
			.r12 = DATA, .r15 = DATA, .dx = DATA, .r14 = 1,
		};
		for (i = 0; i < 3; i++) {
			/* some loop: do not wait for long */
			this_area()->pending = 1;
			host_thread_run(g.t, 0, &g.trap.regs, &g.trap);
			this_area()->pending = 0;
			if (g.trap.kind == TRAP_EVENT)
				host_thread_stop(g.t, 0, &g.trap);
		}
		if (g.trap.kind != TRAP_SYSCALL_FULL && g.trap.kind != TRAP_KICKED) {
			guest_free(&g);
			guest_make(&g);
		}
	}
	expect_well(&g);
}
END_TEST

TCase *tamper_tests(void)
{
	TCase *tc = tcase_create("tamper");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, bad_frames, 0, NR_MODES);
	tcase_add_loop_test(tc, bad_signals, 0, NR_MODES);
	tcase_add_loop_test(tc, made_up_events, 0, NR_MODES);
	tcase_add_loop_test(tc, scribbled_slot, 0, NR_MODES);
	tcase_add_loop_test(tc, scribbling_sibling, 0, NR_MODES);
	tcase_add_loop_test(tc, blocked_spin, 0, NR_MODES);
	tcase_add_test(tc, blocked_sleep);
	tcase_add_loop_test(tc, blocked_calls, 0, NR_MODES);
	tcase_add_loop_test(tc, blocked_fault, 0, NR_MODES);
	tcase_add_loop_test(tc, blocked_and_parked, 0, NR_MODES);
	tcase_add_loop_test(tc, jumps, 0, NR_MODES);
	return tc;
}
