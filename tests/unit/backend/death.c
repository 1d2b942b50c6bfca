// SPDX-License-Identifier: GPL-2.0
/* Host processes that die, and threads that end themselves: TRAP_DEAD, never
 * a wait without end (the test would time out). */
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "backend-tests.h"

static void kill_it(struct guest *g)
{
	ck_assert_int_eq(kill(g->mm->pid, SIGKILL), 0);
}

static void expect_dead(struct guest *g)
{
	struct host_map_op op = { HOST_MAP_UNMAP, 0, CODE, 4096, 0 };
	struct host_thread *t;
	bool flushed;

	ck_assert_int_eq(g->trap.kind, TRAP_DEAD);
	guest_run(g, 0);
	ck_assert_int_eq(g->trap.kind, TRAP_DEAD);
	ck_assert_int_eq(host_thread_stop(g->t, 0, &g->trap), 0);
	ck_assert_int_eq(g->trap.kind, TRAP_DEAD);
	ck_assert_int_eq(host_mm_update(g->mm, &op, 1, &flushed), -ESRCH);
	ck_assert(host_mm_dead(g->mm));
	ck_assert_int_eq(host_thread_create(g->mm, &t), -ESRCH);
	guest_free(g);
}

static void expect_next(void)
{
	struct guest g;

	guest_make(&g);
	expect_well(&g);
}

START_TEST(running)
{
	struct guest g;

	start(_i);
	guest_make(&g);
	guest_go_on(&g, code_va(code_spin));
	kill_it(&g);
	guest_run(&g, 0);
	expect_dead(&g);
	expect_next();
}
END_TEST

/* Somebody else kills it while we wait. */
START_TEST(while_waiting)
{
	struct guest g;
	int pid;

	start(_i);
	guest_make(&g);
	guest_go_on(&g, code_va(code_spin));
	pid = fork();
	if (!pid) {
		usleep(100000);
		kill(g.mm->pid, SIGKILL);
		_exit(0);
	}
	guest_run(&g, 0);
	expect_dead(&g);
	expect_next();
	waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(stopped)
{
	struct guest g;
	int i;

	start(_i);
	for (i = 0; i < 3; i++) {
		guest_make(&g);
		guest_go(&g, code_calls);
		if (i == 1)
			host_thread_stop(g.t, 0, &g.trap);
		kill_it(&g);
		if (i == 2 && !backend.turns)
			host_thread_stop(g.t, 0, &g.trap);
		else
			guest_run(&g, 0);
		expect_dead(&g);
	}
	expect_next();
}
END_TEST

START_TEST(kicked)
{
	struct guest g;

	start(_i);
	guest_make(&g);
	guest_go_on(&g, code_va(code_spin));
	kill_it(&g);
	ck_assert_int_eq(host_thread_stop(g.t, 0, &g.trap), 0);
	expect_dead(&g);
	expect_next();
}
END_TEST

START_TEST(idle)
{
	struct host_map_op op = { HOST_MAP_UNMAP, 0, CODE, 4096, 0 };
	struct guest g;
	bool flushed;
	int i;

	start(_i);
	for (i = 0; i < 10; i++) {
		guest_make(&g);
		kill_it(&g);
		ck_assert_int_eq(host_mm_update(g.mm, &op, 1, &flushed), -ESRCH);
		guest_run(&g, 0);
		expect_dead(&g);
	}
	expect_next();
}
END_TEST

/* Nobody tells us of the death: SIGCHLD blocked. */
START_TEST(unheard)
{
	struct guest g;
	sigset_t s;

	start(_i);
	sigemptyset(&s);
	sigaddset(&s, SIGCHLD);
	sigprocmask(SIG_BLOCK, &s, NULL);
	guest_make(&g);
	guest_go(&g, code_calls);
	kill_it(&g);
	if (_i == OLD_RECV || _i == TURNS)	/* there the signal is needed */
		sigprocmask(SIG_UNBLOCK, &s, NULL);
	guest_run(&g, 0);
	ck_assert_int_eq(g.trap.kind, TRAP_DEAD);
	guest_free(&g);
	expect_next();
}
END_TEST

/* To the stub's way out, with registers of his choice. */
static void end_itself(struct guest *g)
{
	g->trap.regs = (struct guest_regs) {
		.ip = stub_va(stub_exit_ip) - 2, .ax = SYS_exit,
	};
	guest_run(g, 0);
}

START_TEST(ends_itself)
{
	struct guest g, other;
	int i, fds;

	start(_i);
	guest_make(&g);
	guest_go(&g, code_calls);
	fds = count_fds();
	if (_i == TURNS)		/* seen at the next tick only */
		start_tick();
	for (i = 0; i < 300; i++) {
		guest_join(&other, &g);
		end_itself(&other);
		ck_assert_int_eq(other.trap.kind, TRAP_DEAD);
		host_thread_destroy(other.t);
	}
	ck_assert(!host_mm_dead(g.mm));
	ck_assert_int_eq(count_fds(), fds);
	ck_assert_uint_le(g.mm->nr_slots, 3);
	expect_calls(&g, 1, 10);
	guest_join(&other, &g);
	expect_well(&other);
}
END_TEST

START_TEST(stopped_while_ending)
{
	struct guest g, other;

	start(_i);
	guest_make(&g);
	guest_join(&other, &g);
	guest_go_on(&other, stub_va(stub_exit_ip) - 2);
	host_thread_stop(other.t, 0, &other.trap);
	host_thread_destroy(other.t);
	/* rax was 0: a read() there, or the end */
	expect_well(&g);
	g.trap.regs.ax = SYS_exit;
	guest_go_on(&g, code_va(code_spin));
	host_thread_destroy(g.t);
	host_mm_destroy(g.mm);
	expect_next();
}
END_TEST

START_TEST(zygote_dies)
{
	struct guest g;
	struct host_mm *mm;
	int i;

	start(_i);
	guest_make(&g);
	zygote_kill();
	for (i = 0; i < 5; i++)
		ck_assert_int_eq(host_mm_create(&mm), -EAGAIN);
	expect_well(&g);
	guest_free(&g);
	ck_assert_int_eq(host_mm_create(&mm), 0);	/* from the pool */
}
END_TEST

/* The same, found out by waiting for it. */
START_TEST(zygote_killed)
{
	struct host_mm *mm;
	char path[64];
	int pid = 0, i;
	FILE *f;

	start(_i);
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "r");
	if (!f)
		return;
	ck_assert_int_eq(fscanf(f, "%d", &pid), 1);
	fclose(f);
	kill(pid, SIGKILL);
	for (i = 0; i < 5; i++)
		ck_assert_int_eq(host_mm_create(&mm), -EAGAIN);
	backend_shutdown();
}
END_TEST

START_TEST(shutdown)
{
	struct guest g[5];
	int i;

	start(_i);
	for (i = 0; i < 5; i++) {
		guest_make(&g[i]);
		guest_go_on(&g[i], code_va(code_spin));
	}
	backend_shutdown();
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

TCase *death_tests(void)
{
	TCase *tc = tcase_create("death");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, running, 0, NR_MODES);
	tcase_add_loop_test(tc, while_waiting, 0, NR_MODES);
	tcase_add_loop_test(tc, stopped, 0, NR_MODES);
	tcase_add_loop_test(tc, kicked, 0, NR_MODES);
	tcase_add_loop_test(tc, idle, 0, NR_MODES);
	tcase_add_loop_test(tc, unheard, 0, NR_MODES);
	tcase_add_loop_test(tc, ends_itself, 0, NR_MODES);
	tcase_add_loop_test(tc, stopped_while_ending, 0, NR_MODES);
	tcase_add_loop_test(tc, zygote_dies, 0, 1);
	tcase_add_loop_test(tc, zygote_killed, 0, 1);
	tcase_add_loop_test(tc, shutdown, 0, 1);
	return tc;
}
