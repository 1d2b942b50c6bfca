// SPDX-License-Identifier: GPL-2.0
/* FPU state, from guest code and back into it. */
#include <cpuid.h>
#include <sys/syscall.h>

#include "backend-tests.h"

#define MXCSR	24
#define SW	464		/* struct _fpx_sw_bytes */
#define SW_SIZE	(SW + 16)	/* xstate_size */
#define BV	512
#define RESULT	512		/* code_avx_store writes here */

static u8 image[65536] __attribute__((aligned(64)));

static bool have_avx(void)
{
	return __builtin_cpu_supports("avx");
}

/* Three registers' worth. */
static void fill(u8 *p, u8 seed)
{
	int i;

	for (i = 0; i < 96; i++)
		p[i] = seed + i * 7;
}

static void load_regs(struct guest *g, u8 seed)
{
	fill(g->data, seed);
	guest_go(g, code_avx_load);
	expect_call(g, SYS_getppid);
	ck_assert_int_eq(guest_stop(g, 0), 0);
}

static void expect_regs(struct guest *g, u8 seed)
{
	u8 want[96];

	fill(want, seed);
	memset(g->data + RESULT, 0xee, 128);
	guest_go(g, code_avx_store);
	expect_call(g, SYS_getppid);
	ck_assert_mem_eq(g->data + RESULT, want, 96);
	ck_assert_int_eq(guest_stop(g, 0), 0);
}

START_TEST(get_and_set)
{
	struct guest g;
	int n;

	start(_i);
	if (!have_avx())
		return;
	guest_make(&g);
	ck_assert_int_eq(host_thread_set_fpstate(g.t, NULL, 0), 0);
	load_regs(&g, 3);
	n = host_thread_get_fpstate(g.t, image, sizeof(image));
	ck_assert_int_gt(n, 576);
	ck_assert_uint_le((u32)n, host_fpstate_size());
	ck_assert_mem_eq(image + 160, g.data, 16);	/* xmm0 */
	expect_regs(&g, 3);
	load_regs(&g, 90);
	ck_assert_int_eq(host_thread_set_fpstate(g.t, image, n), 0);
	expect_regs(&g, 3);
	/* the size, and no more than the room */
	memset(image, 0x5a, sizeof(image));
	ck_assert_int_eq(host_thread_get_fpstate(g.t, image, 100), n);
	ck_assert_int_eq(image[100], 0x5a);
}
END_TEST

START_TEST(initial)
{
	static const u8 zero[96];
	struct guest g;

	start(_i);
	if (!have_avx())
		return;
	guest_make(&g);
	load_regs(&g, 9);
	ck_assert_int_eq(host_thread_set_fpstate(g.t, NULL, 0), 0);
	guest_go(&g, code_avx_store);
	expect_call(&g, SYS_getppid);
	ck_assert_mem_eq(g.data + RESULT, zero, 96);
	ck_assert_uint_eq(*(u32 *)(g.data + RESULT + 96), 0x1f80);
}
END_TEST

START_TEST(kicked)
{
	struct guest g;
	u8 want[96];

	start(_i);
	if (!have_avx())
		return;
	guest_make(&g);
	fill(g.data, 44);
	fill(want, 44);
	guest_go_on(&g, code_va(code_avx_spin));
	guest_wait_told(&g);
	ck_assert_int_eq(host_thread_stop(g.t, 0, &g.trap), 0);
	ck_assert_int_eq(g.trap.kind, TRAP_KICKED);
	expect_regs(&g, 44);
}
END_TEST

/* A thread in a second space goes on with the first's registers. */
START_TEST(fork_like)
{
	struct guest g, child;
	struct guest_regs regs;
	int n;

	start(_i);
	if (!have_avx())
		return;
	guest_make(&g);
	load_regs(&g, 17);
	regs = g.trap.regs;
	n = host_thread_get_fpstate(g.t, image, sizeof(image));
	guest_make(&child);
	ck_assert_int_eq(host_thread_set_fpstate(child.t, image, n), 0);
	child.trap.regs = regs;			/* goes on to avx_store */
	guest_run(&child, 0);
	expect_call(&child, SYS_getppid);
	ck_assert_mem_eq(child.data + RESULT, g.data, 96);
	expect_regs(&g, 17);
	guest_free(&child);
	guest_free(&g);
}
END_TEST

START_TEST(forged_image)
{
	static const u32 sizes[] = { 0, 1, 511, 513, 575, 65535, 0x7fffffff, ~0u };
	struct guest g;
	unsigned int i;
	int n;

	start(_i);
	if (!have_avx())
		return;
	guest_make(&g);
	load_regs(&g, 60);
	n = host_thread_get_fpstate(g.t, image, sizeof(image));
	ck_assert_int_eq(host_thread_set_fpstate(g.t, image, 100), -EINVAL);
	ck_assert_int_eq(host_thread_set_fpstate(g.t, image, 0), -EINVAL);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		*(u32 *)(image + SW_SIZE) = sizes[i];
		ck_assert_int_eq(host_thread_set_fpstate(g.t, image, n), -EINVAL);
	}
	*(u32 *)(image + SW_SIZE) = n - 4;
	*(u64 *)(image + SW + 8) = 1ull << 60;
	ck_assert_int_eq(host_thread_set_fpstate(g.t, image, n), -EINVAL);
	expect_regs(&g, 60);
	/* what the host would refuse is taken out: the rest holds */
	n = host_thread_get_fpstate(g.t, image, sizeof(image));
	*(u32 *)(image + MXCSR) = ~0u;
	*(u64 *)(image + BV) = ~0ull;
	memset(image + BV + 8, 0xff, 56);
	ck_assert_int_eq(host_thread_set_fpstate(g.t, image, n), 0);
	expect_regs(&g, 60);
}
END_TEST

/* The same lies told by guest code in its own frame. */
START_TEST(forged_frame)
{
	static const u32 sizes[] = { 0, 511, 575, 65535, 0x7fffffff, ~0u };
	struct guest g;
	unsigned int i;
	u8 *fp;

	start(_i);
	guest_make(&g);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		guest_go(&g, code_calls);
		host_thread_stop(g.t, 0, &g.trap);
		fp = g.t->slot + g.t->fp;
		*(u32 *)(fp + SW_SIZE) = sizes[i];
		ck_assert_int_eq(host_thread_get_fpstate(g.t, image, sizeof(image)), -EINVAL);
		ck_assert_int_eq(host_thread_set_fpstate(g.t, NULL, 0), -EINVAL);
		*(u64 *)(fp + SW + 8) = ~0ull;
		ck_assert_int_eq(host_thread_get_fpstate(g.t, image, sizeof(image)), -EINVAL);
		guest_run(&g, 0);	/* its problem, not ours */
	}
}
END_TEST

TCase *fpu_tests(void)
{
	TCase *tc = tcase_create("fpu");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, get_and_set, 0, NR_MODES);
	tcase_add_loop_test(tc, initial, 0, NR_MODES);
	tcase_add_loop_test(tc, kicked, 0, NR_MODES);
	tcase_add_loop_test(tc, fork_like, 0, NR_MODES);
	tcase_add_test(tc, forged_image);
	tcase_add_test(tc, forged_frame);
	return tc;
}
