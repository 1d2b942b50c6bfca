// SPDX-License-Identifier: GPL-2.0
/* Threads and spaces come and go. */
#include <dirent.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "backend-tests.h"

/* Destroyed in each state, and made again in the same space. */
START_TEST(thread_states)
{
	struct guest g, other;
	int i, state;

	start(_i);
	guest_make(&g);
	for (i = 0; i < 30; i++) {
		for (state = 0; state < 5; state++) {
			guest_join(&other, &g);
			if (state == 1)
				guest_go(&other, code_calls);
			if (state == 2)
				guest_go_on(&other, code_va(code_spin));
			if (state == 3)
				guest_go_on(&other, code_va(code_calls));
			if (state == 4)
				expect_well(&other);
			host_thread_destroy(other.t);
		}
		guest_join(&other, &g);
		expect_well(&other);
		host_thread_destroy(other.t);
	}
	expect_well(&g);
	ck_assert_uint_le(g.mm->nr_slots, 3);
}
END_TEST

static int count_threads(struct host_mm *mm)
{
	char path[64];
	int n = -2;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", mm->pid);
	d = opendir(path);
	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* A space that had many threads does not keep them. */
START_TEST(many_threads)
{
	struct guest g, others[40];
	int i, round;

	start(_i);
	guest_make(&g);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 40; i++) {
			guest_join(&others[i], &g);
			guest_go(&others[i], code_calls);
		}
		for (i = 0; i < 40; i++)
			expect_calls(&others[i], 1, 3);
		for (i = 0; i < 40; i++)
			host_thread_destroy(others[i].t);
		ck_assert_int_le(count_threads(g.mm), 2 + 1 + 8);
	}
	ck_assert_uint_eq(g.mm->nr_slots, 41);
	expect_well(&g);
}
END_TEST

/* Until no more children than these are left, or for 10 s. */
static void wait_for_the_dead(int children)
{
	int i;

	for (i = 0; i < 1000; i++) {
		usleep(10000);
		space_reap();
		if (i >= 20 && count_children() <= children)
			break;
	}
}

/* What stays is bounded by the pool: the zygote and 16 processes. */
START_TEST(many_spaces)
{
	struct guest *g = calloc(200, sizeof(*g));
	int i, fds, children;

	start(_i);
	for (i = 0; i < 20; i++)
		guest_make(&g[i]);
	for (i = 0; i < 20; i++)
		guest_free(&g[i]);
	wait_for_the_dead(1 + 16);
	fds = count_fds();
	children = count_children();
	for (i = 0; i < 200; i++) {
		guest_make(&g[i]);
		if (i % 3)
			guest_go(&g[i], code_calls);
	}
	for (i = 0; i < 200; i++)
		guest_free(&g[i]);
	wait_for_the_dead(1 + 16);
	ck_assert_int_eq(count_fds(), fds);
	ck_assert_int_eq(count_children(), children);
	if (children >= 0)
		ck_assert_int_eq(children, 1 + 16);
	backend_shutdown();
	if (children >= 0)
		ck_assert_int_eq(count_children(), 0);
}
END_TEST

/* fork, exit, fork, exit: processes and threads are used again; without
 * listeners processes only. */
START_TEST(used_again)
{
	u64 made, threads;
	struct guest g;
	int i;

	start(_i);
	guest_make(&g);
	guest_free(&g);
	made = counter("spaces_new");
	threads = counter("threads_new");
	for (i = 0; i < 300; i++) {
		guest_make(&g);
		guest_go(&g, code_calls);
		expect_calls(&g, 1, 3);
		guest_free(&g);
	}
	ck_assert_uint_eq(counter("spaces_new"), made);
	ck_assert_uint_eq(counter("threads_new"), threads + (_i == TURNS ? 300 : 0));
}
END_TEST

/* Without listeners nobody knows that a thread is really stopped: none lives
 * on, and a space with one that only looks stopped is not used again. */
START_TEST(ends_before_second_life)
{
	struct guest g, next;
	int pid;

	start(TURNS);
	guest_make(&g);
	guest_go(&g, code_calls);
	pid = g.mm->pid;
	guest_free(&g);
	ck_assert_int_eq(count_threads(g.mm), 2);
	guest_make(&next);
	ck_assert_int_eq(next.mm->pid, pid);
	expect_well(&next);
	/* runs, but seems to be stopped in the stub: a sibling said so */
	memset(next.data, 0, 4096);
	guest_go_on(&next, code_va(code_told_spin));
	guest_wait_told(&next);
	*(u64 *)(next.t->slot + SLOT_UC) = next.t->slot_va + 0x2000;
	*(u32 *)(next.t->slot + SLOT_SIGNAL) = SIGSEGV;
	*(u32 *)(next.t->slot + SLOT_TURN) = 1;
	guest_run(&next, 0);
	ck_assert_int_eq(next.trap.kind, TRAP_FAULT);
	guest_free(&next);
	guest_make(&next);
	ck_assert_int_ne(next.mm->pid, pid);
	expect_well(&next);
}
END_TEST

/* A message that nobody waits for is not taken for the next one. */
START_TEST(stray_messages)
{
	struct guest g;
	int i, fds;

	start(_i);
	guest_make(&g);
	fds = count_fds();
	for (i = 0; i < 5; i++) {
		spin_lock(&g.mm->lock);
		g.mm->ctrl->stack.sp = g.t->slot_va + STUB_SLOT_HEADER;
		g.mm->ctrl->stack.size = STUB_SLOT_SIZE - STUB_SLOT_HEADER;
		ck_assert_int_eq(zygote_thread(g.mm), 0);
		if (i & 1)
			usleep(20000);
		/* ... and now somebody else's is asked for */
		spin_unlock(&g.mm->lock);
		struct guest next;

		guest_make(&next);
		expect_well(&next);
		host_thread_destroy(next.t);
		next.mm->tampered = true;
		host_mm_destroy(next.mm);
	}
	wait_for_the_dead(2);
	guest_make(&g);
	expect_well(&g);
	ck_assert_int_le(count_fds(), fds + 3);
}
END_TEST

TCase *life_tests(void)
{
	TCase *tc = tcase_create("life");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, thread_states, 0, NR_MODES);
	tcase_add_loop_test(tc, many_threads, 0, NR_MODES);
	tcase_add_loop_test(tc, many_spaces, 0, NR_MODES);
	tcase_add_loop_test(tc, used_again, 0, NR_MODES);
	tcase_add_test(tc, ends_before_second_life);
	tcase_add_test(tc, stray_messages);
	return tc;
}
