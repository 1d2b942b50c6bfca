// SPDX-License-Identifier: GPL-2.0
/* A space's second life knows nothing of its first. */
#include <sys/syscall.h>

#include "backend-tests.h"

/* Gives the space of g back and takes it again, as another guest's. */
static void second_life(struct guest *g, struct guest *next)
{
	u64 pooled = counter("spaces_pooled");
	struct host_mm *mm = g->mm;

	guest_free(g);
	ck_assert_int_eq(host_mm_create(&next->mm), 0);
	ck_assert_ptr_eq(next->mm, mm);
	ck_assert_uint_eq(counter("spaces_pooled"), pooled + 1);
	ck_assert_int_eq(host_thread_create(next->mm, &next->t), 0);
	next->gpa = g->gpa;
	next->data = g->data;
}

static void expect_nothing_at(struct guest *g, u64 ip)
{
	g->trap.regs = (struct guest_regs) { .ip = ip, .sp = STACK_TOP };
	guest_run(g, 0);
	expect_fault(g, SIGSEGV);
	ck_assert_uint_eq(g->trap.addr, ip);
	ck_assert_uint_eq(g->trap.regs.ip, ip);
	ck_assert_uint_eq(g->trap.regs.bx, 0);
}

START_TEST(no_memory)
{
	struct guest g, next;
	int state;

	start(_i);
	for (state = 0; state < 2; state++) {
		guest_make(&g);
		guest_go(&g, code_calls);
		if (state)
			host_thread_stop(g.t, 0, &g.trap);
		second_life(&g, &next);
		expect_nothing_at(&next, code_va(code_calls));
		guest_map(&next);
		expect_well(&next);
		guest_free(&next);
	}
}
END_TEST

/* Not even without a word of the guest kernel between the lives. */
START_TEST(no_registers)
{
	struct guest g, next;
	u64 *p, *end;

	start(_i);
	guest_make(&g);
	*(u64 *)g.data = SYS_execve;
	guest_go(&g, code_known_call);
	ck_assert_int_eq(g.trap.kind, TRAP_SYSCALL_FULL);
	second_life(&g, &next);
	p = (u64 *)next.t->slot;
	end = p + STUB_SLOT_SIZE / 8;
	for (; p < end; p++)
		ck_assert_uint_ne(*p, 0x2828282829292929);
	guest_map(&next);
	memset(next.data, 0, 256);
	next.trap.regs = (struct guest_regs) { .ip = code_va(code_store) };
	guest_run(&next, 0);
	expect_call(&next, SYS_getppid);
	for (p = (u64 *)next.data; p < (u64 *)next.data + 16; p++)
		ck_assert_uint_eq(*p, 0);
}
END_TEST

/* To the stub's notification by a jump, signals unblocked, the stack at a
 * frame of his own in guest memory. */
static void trap_door(struct guest *g)
{
	u64 *frame = (u64 *)(g->data + 1024);

	memset(frame, 0x41, 1024);
	g->trap.regs = (struct guest_regs) {
		.ip = stub_va(stub_notify_ip) - 2, .ax = STUB_NR_NOTIFY,
		.di = STUB_SIG_KICK, .sp = DATA + 1024,
		.dx = g->t->slot_va + 0x4000, .r10 = 0x666, .r8 = 0x777,
	};
	if (backend.turns) {		/* behind the stub's look at its stack */
		g->trap.regs.ip = stub_va(stub_turn_say);
		g->trap.regs.bx = g->t->slot_va;
	}
	guest_run(g, 0);
}

START_TEST(trap_doors)
{
	struct guest g, next;
	int i;

	start(_i);
	for (i = 0; i < 20; i++) {
		guest_make(&g);
		trap_door(&g);
		ck_assert_int_eq(g.trap.kind, TRAP_KICKED);
		second_life(&g, &next);
		expect_nothing_at(&next, code_va(code_calls));
		guest_map(&next);
		expect_well(&next);
		guest_free(&next);
	}
}
END_TEST

/* As above, with a real kick on its way that the forged one hides. */
START_TEST(trap_door_and_kick)
{
	struct guest g, next;
	int i;

	start(_i);
	for (i = 0; i < 20; i++) {
		guest_make(&g);
		trap_door(&g);
		syscall(SYS_tgkill, g.mm->pid, g.t->tid, STUB_SIG_KICK);
		second_life(&g, &next);
		expect_nothing_at(&next, code_va(code_calls));
		guest_map(&next);
		expect_well(&next);
		guest_free(&next);
	}
}
END_TEST

/* All threads of the old life are harmless, not only the first one taken. */
START_TEST(many_threads)
{
	struct guest g[4], next[4];
	int i;

	start(_i);
	guest_make(&g[0]);
	for (i = 1; i < 4; i++)
		guest_join(&g[i], &g[0]);
	for (i = 0; i < 4; i++) {
		guest_go(&g[i], code_calls);
		if (i & 1)
			trap_door(&g[i]);
	}
	for (i = 1; i < 4; i++)
		host_thread_destroy(g[i].t);
	second_life(&g[0], &next[0]);
	for (i = 1; i < 4; i++) {
		next[i] = next[0];
		ck_assert_int_eq(host_thread_create(next[0].mm, &next[i].t), 0);
	}
	for (i = 0; i < 4; i++)
		expect_nothing_at(&next[i], code_va(code_calls));
	guest_map(&next[0]);
	for (i = 0; i < 4; i++)
		expect_well(&next[i]);
}
END_TEST

/* What nobody uses goes back to the host; what somebody does stays. */
START_TEST(trimmed)
{
	struct guest g, next;
	int pid, i;

	start(_i);
	guest_make(&g);
	pid = g.mm->pid;
	guest_free(&g);
	ck_assert(host_mm_trim_pool());		/* used just now */
	guest_make(&next);
	ck_assert_int_eq(next.mm->pid, pid);
	guest_free(&next);
	ck_assert(host_mm_trim_pool());
	for (i = 0; i < 5000 && host_mm_trim_pool(); i++)
		usleep(1000);
	ck_assert(!host_mm_trim_pool());
	ck_assert(kill(pid, 0) && errno == ESRCH);
	guest_make(&g);
	ck_assert_int_ne(g.mm->pid, pid);
	expect_well(&g);
}
END_TEST

/* One that died in the pool is not handed out. */
START_TEST(dead_in_pool)
{
	struct guest g, next;
	int pid;

	start(_i);
	guest_make(&g);
	pid = g.mm->pid;
	guest_free(&g);
	kill(pid, SIGKILL);
	guest_make(&next);
	ck_assert_int_ne(next.mm->pid, pid);
	expect_well(&next);
}
END_TEST

TCase *pool_tests(void)
{
	TCase *tc = tcase_create("pool");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, no_memory, 0, NR_MODES);
	tcase_add_loop_test(tc, no_registers, 0, NR_MODES);
	tcase_add_loop_test(tc, trap_doors, 0, NR_MODES);
	tcase_add_loop_test(tc, trap_door_and_kick, 0, NR_MODES);
	tcase_add_loop_test(tc, many_threads, 0, NR_MODES);
	tcase_add_loop_test(tc, trimmed, 0, NR_MODES);
	tcase_add_loop_test(tc, dead_in_pool, 0, NR_MODES);
	return tc;
}
