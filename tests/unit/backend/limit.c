// SPDX-License-Identifier: GPL-2.0
/* The host's limits: mappings, descriptors, processes. */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "backend-tests.h"

#define SOME_UID 100000	/* and more: nobody else's processes count */

/* More mappings than allowed: flushed, and it goes on. */
START_TEST(mappings)
{
	struct host_map_op op = {
		HOST_MAP_PHYS, HOST_PROT_READ | HOST_PROT_WRITE, 0, 4096, 0
	};
	int i, flushes = 0;
	struct guest g;
	bool flushed;

	start(_i);
	backend.max_maps = 100;
	guest_make(&g);
	for (i = 0; i < 1000; i++) {
		op.va = 0x10000000 + i * 8192ull;
		op.gpa = (8ull << 20) + i % 1000 * 4096;
		ck_assert_int_eq(host_mm_update(g.mm, &op, 1, &flushed), 0);
		if (!flushed)
			continue;
		flushes++;
		guest_go(&g, code_touch);	/* CODE is gone, too */
		expect_fault(&g, SIGSEGV);
		guest_map(&g);
		ck_assert_int_eq(host_mm_update(g.mm, &op, 1, &flushed), 0);
		g.trap.regs = (struct guest_regs) {
			.ip = code_va(code_touch), .di = op.va,
		};
		guest_run(&g, 0);
		expect_call(&g, SYS_getppid);
		host_thread_stop(g.t, 0, &g.trap);
	}
	ck_assert_int_gt(flushes, 10);
	ck_assert_int_lt(flushes, 100);
}
END_TEST

/* The host's own limit, met without warning. */
START_TEST(mappings_of_the_host)
{
	struct host_map_op ops[HOST_MAP_BATCH];
	int i, j, err, failed = 0;
	struct guest g, other;
	bool flushed;

	start(_i);
	backend.max_maps = ~0u;
	guest_make(&g);
	for (i = 0; i < 700 && !failed; i++) {
		for (j = 0; j < HOST_MAP_BATCH; j++)
			ops[j] = (struct host_map_op) {
				HOST_MAP_PHYS, HOST_PROT_READ,
				0x10000000 + (i * 128ull + j) * 8192, 4096, 0
			};
		err = host_mm_update(g.mm, ops, HOST_MAP_BATCH, &flushed);
		if (!err)
			continue;
		ck_assert_int_eq(err, -ENOMEM);
		failed++;
		ck_assert_int_eq(host_mm_update(g.mm, ops, HOST_MAP_BATCH, &flushed), 0);
	}
	if (!failed)
		return;			/* vm.max_map_count is huge here */
	guest_map(&g);
	expect_well(&g);
	guest_join(&other, &g);
	expect_well(&other);
}
END_TEST

static int make_until_full(struct guest *g, int max)
{
	int n, err;

	for (n = 0; n < max; n++) {
		err = host_mm_create(&g[n].mm);
		if (err) {
			ck_assert_int_eq(err, -EAGAIN);
			return n;
		}
		err = host_thread_create(g[n].mm, &g[n].t);
		if (err) {
			ck_assert_int_eq(err, -EAGAIN);
			host_mm_destroy(g[n].mm);
			return n;
		}
	}
	return n;
}

/* Fill up, free some, and fill up again: as many as before. */
static void fill_twice(void)
{
	struct guest g[64];
	struct host_thread *t;
	unsigned int slots;
	int n, again, i;

	n = make_until_full(g, 64);
	ck_assert_int_gt(n, 1);
	ck_assert_int_lt(n, 64);
	for (i = 0; i < n; i++) {
		host_thread_destroy(g[i].t);
		host_mm_destroy(g[i].mm);
	}
	again = make_until_full(g, 64);
	ck_assert_int_eq(again, n);
	/* what is too little for a space and a thread may do for a thread */
	for (i = 0; i < 4 && !host_thread_create(g[0].mm, &t); i++)
		;
	ck_assert_int_lt(i, 4);
	/* a thread more fails and leaves the space as it was */
	slots = g[0].mm->nr_slots;
	ck_assert_int_eq(host_thread_create(g[0].mm, &t), -EAGAIN);
	ck_assert_int_eq(host_thread_create(g[0].mm, &t), -EAGAIN);
	ck_assert_uint_eq(g[0].mm->nr_slots, slots);
	for (i = 0; i < n; i++) {
		g[i].gpa = (1 << 20) + i * 4096;
		g[i].data = phys + g[i].gpa;
		guest_map(&g[i]);
		expect_well(&g[i]);
	}
	host_thread_destroy(g[1].t);
	host_mm_destroy(g[1].mm);
	/* room for one thread now: the pool gives way */
	ck_assert_int_eq(host_thread_create(g[0].mm, &t), 0);
}

START_TEST(descriptors)
{
	struct rlimit rl;

	start(_i % TURNS);	/* the last mode needs none */
	/* odd and even: a space with its thread takes two */
	rl.rlim_cur = rl.rlim_max = dup(0) + 21 + _i / TURNS;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &rl), 0);
	fill_twice();
}
END_TEST

START_TEST(processes)
{
	struct rlimit rl = { 20, 20 };
	uid_t uid = SOME_UID + getpid();

	/* root is not held to it, and others may have any number already */
	if (getuid() || setgid(uid) || setuid(uid))
		return;
	prctl(PR_SET_DUMPABLE, 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &rl), 0);
	start(_i);
	fill_twice();
}
END_TEST

TCase *limit_tests(void)
{
	TCase *tc = tcase_create("limit");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, mappings, 0, NR_MODES);
	tcase_add_test(tc, mappings_of_the_host);
	tcase_add_loop_test(tc, descriptors, 0, 2 * TURNS);
	tcase_add_loop_test(tc, processes, 0, NR_MODES);
	return tc;
}
