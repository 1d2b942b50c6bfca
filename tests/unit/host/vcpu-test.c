// SPDX-License-Identifier: GPL-2.0
/* Timer, kicks against the idle window, diversion, faults, second vcpu. */
#define _GNU_SOURCE 1
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "host-tests.h"
#include "kernel/arch/um/host/vcpu_thread.h"

#define MS 1000000ull

/* ---- timer ---- */

START_TEST(timer_once)
{
	u64 start = host_clock_monotonic();

	host_timer_set(start + 20 * MS);
	ck_assert_uint_eq(test_wait_pending(VCPU_PENDING_TIMER), VCPU_PENDING_TIMER);
	ck_assert_uint_ge(host_clock_monotonic(), start + 20 * MS);
	usleep(40000);
	ck_assert_uint_eq(test_area.pending, 0);
}
END_TEST

START_TEST(timer_past_and_again)
{
	host_timer_set(1);
	test_wait_pending(VCPU_PENDING_TIMER);
	host_timer_set(1);		/* the same once more */
	test_wait_pending(VCPU_PENDING_TIMER);
}
END_TEST

START_TEST(timer_disarmed)
{
	host_timer_set(host_clock_monotonic() + 20 * MS);
	host_timer_set(0);
	usleep(40000);
	ck_assert_uint_eq(test_area.pending, 0);
}
END_TEST

START_TEST(timer_moved)
{
	u64 start = host_clock_monotonic();

	host_timer_set(start + 10000 * MS);
	host_timer_set(start + 20 * MS);
	host_timer_set(start + 20 * MS);
	test_wait_pending(VCPU_PENDING_TIMER);
	ck_assert_uint_lt(host_clock_monotonic(), start + 5000 * MS);
}
END_TEST

START_TEST(clocks)
{
	u64 a = host_clock_monotonic(), b = host_clock_monotonic();
	struct timespec ts;

	ck_assert_uint_ge(b, a);
	clock_gettime(CLOCK_REALTIME, &ts);
	ck_assert_uint_le(host_clock_realtime() / (1000 * MS) - ts.tv_sec, 1);
}
END_TEST

TCase *timer_case(void)
{
	TCase *t = tcase_create("timer");

	tcase_add_checked_fixture(t, test_boot_vcpu, NULL);
	tcase_add_test(t, timer_once);
	tcase_add_test(t, timer_past_and_again);
	tcase_add_test(t, timer_disarmed);
	tcase_add_test(t, timer_moved);
	tcase_add_test(t, clocks);
	return t;
}

/* ---- kicks ---- */

#define KICKS 100000

static atomic_uint rounds_seen;

/* The vcpu sleeps, is kicked at a random moment, answers. A wakeup that is
 * lost stops both, and the test times out. */
static void *kicker(void *unused)
{
	u32 i, rnd = 12345;

	for (i = 1; i <= KICKS; i++) {
		volatile u32 spin;

		rnd = rnd * 1103515245 + 12345;
		spin = (rnd >> 16) % 2000;
		while (spin)
			spin--;
		__atomic_fetch_or(&test_area.pending, VCPU_PENDING_IPI, __ATOMIC_SEQ_CST);
		host_vcpu_kick(&test_area);
		while (atomic_load(&rounds_seen) != i)
			sched_yield();
	}
	return unused;
}

START_TEST(no_lost_wakeup)
{
	sigset_t all, old;
	pthread_t thread;
	u32 i;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_create(&thread, NULL, kicker, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	for (i = 1; i <= KICKS; i++) {
		ck_assert_uint_eq(test_wait_pending(VCPU_PENDING_IPI), VCPU_PENDING_IPI);
		atomic_store(&rounds_seen, i);
	}
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(kick_of_self)
{
	host_vcpu_kick(&test_area);
	test_area.pending = VCPU_PENDING_IPI;
	host_vcpu_idle(&test_area);	/* returns at once */
	ck_assert_uint_eq(test_area.pending, VCPU_PENDING_IPI);
}
END_TEST

static struct vcpu_area second = { .cpu = 1 };

static u64 gs_self(void)
{
	u64 v;

	__asm__ volatile("movq %%gs:0, %0" : "=r" (v));
	return v;
}

static u64 seen_self, seen_sp;

static void second_entry(void)
{
	seen_self = gs_self();
	seen_sp = (u64)__builtin_frame_address(0);
	__atomic_fetch_or(&test_area.pending, VCPU_PENDING_IPI, __ATOMIC_SEQ_CST);
	host_vcpu_kick(&test_area);
	for (;;) {
		host_vcpu_idle(&second);
		__atomic_exchange_n(&second.pending, 0, __ATOMIC_SEQ_CST);
		__atomic_fetch_or(&test_area.pending, VCPU_PENDING_IPI, __ATOMIC_SEQ_CST);
		host_vcpu_kick(&test_area);
	}
}

START_TEST(second_vcpu)
{
	char *stack = mmap(NULL, 16384, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	second.self = (u64)&second;
	ck_assert_int_eq(host_vcpu_start(&second, stack + 16384, second_entry), 0);
	test_wait_pending(VCPU_PENDING_IPI);
	ck_assert_uint_eq(seen_self, (u64)&second);
	ck_assert_uint_gt(seen_sp, (u64)stack);
	ck_assert_uint_lt(seen_sp, (u64)stack + 16384);
	ck_assert_uint_eq(gs_self(), (u64)&test_area);
	for (i = 0; i < 1000; i++) {
		__atomic_fetch_or(&second.pending, VCPU_PENDING_IPI, __ATOMIC_SEQ_CST);
		host_vcpu_kick(&second);
		test_wait_pending(VCPU_PENDING_IPI);
	}
}
END_TEST

static const struct {
	int sig;
	u32 bit;
} asked[] = {
	{ SIGTERM, VCPU_PENDING_TERM },
	{ SIGINT, VCPU_PENDING_INT },
	{ SIGHUP, VCPU_PENDING_HUP },
	{ SIGWINCH, VCPU_PENDING_WINCH },
	{ SIGCHLD, VCPU_PENDING_CHILD },
};

START_TEST(user_signal)
{
	kill(getpid(), asked[_i].sig);
	ck_assert_uint_eq(test_wait_pending(asked[_i].bit), asked[_i].bit);
}
END_TEST

TCase *kick_case(void)
{
	TCase *t = tcase_create("kicks");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, test_boot_vcpu, NULL);
	tcase_add_test(t, no_lost_wakeup);
	tcase_add_test(t, kick_of_self);
	tcase_add_test(t, second_vcpu);
	tcase_add_loop_test(t, user_signal, 0, 5);
	return t;
}

/* ---- diversion ---- */

#define FLAGS_TESTED 0xcd5u	/* CF PF AF ZF SF DF OF */

static void fill_before(u64 flags)
{
	u64 *r = (u64 *)&irq_before;
	int i;

	for (i = 0; i < 15; i++)
		r[i] = 0x1111111111111111ull * (i + 1) ^ flags;
	irq_before.flags = flags;
	memset(&irq_found, 0, sizeof(irq_found));
}

static const u64 flag_sets[] = { 0x202, 0xcd7, 0x602, 0xa03, 0x2c6 };

START_TEST(diverted)
{
	fill_before(flag_sets[_i]);
	host_vcpu_text_range((u64)irq_loop_start, (u64)irq_loop_end);
	test_area.irq_on = 1;
	host_timer_set(host_clock_monotonic() + 5 * MS);
	irq_loop();
	ck_assert_uint_eq(test_area.irq_on, 0);
	ck_assert_uint_eq(test_area.pending, VCPU_PENDING_TIMER);
	ck_assert_int_eq(memcmp(&irq_before, &irq_found,
				offsetof(struct irq_frame, ip)), 0);
	ck_assert_uint_eq(irq_found.flags & FLAGS_TESTED,
			  irq_before.flags & FLAGS_TESTED);
	ck_assert_uint_eq(irq_found.sp, irq_before.sp - 8);
	ck_assert_uint_ge(irq_found.ip, (u64)irq_loop_start);
	ck_assert_uint_lt(irq_found.ip, (u64)irq_loop_end);
}
END_TEST

static void *kick_later(void *unused)
{
	usleep(5000);
	test_area.pending = VCPU_PENDING_IPI;
	host_vcpu_kick(&test_area);
	return unused;
}

START_TEST(diverted_by_kick)
{
	pthread_t thread;

	fill_before(0x202);
	host_vcpu_text_range((u64)irq_loop_start, (u64)irq_loop_end);
	test_area.irq_on = 1;
	pthread_create(&thread, NULL, kick_later, NULL);
	irq_loop();
	ck_assert_uint_eq(test_area.pending, VCPU_PENDING_IPI);
	pthread_join(thread, NULL);
}
END_TEST

/* Spins in C until a bit is pending; reports whether it was diverted. */
static bool spin_diverted(u64 start, u64 end, u32 irq_on)
{
	memset(&irq_found, 0, sizeof(irq_found));
	host_vcpu_text_range(start, end);
	test_area.irq_on = irq_on;
	host_timer_set(host_clock_monotonic() + 5 * MS);
	while (!*(volatile u32 *)&test_area.pending)
		;
	return irq_found.ip != 0;
}

START_TEST(not_with_interrupts_off)
{
	ck_assert(!spin_diverted(0, ~0ull, 0));
}
END_TEST

START_TEST(not_elsewhere)
{
	ck_assert(!spin_diverted((u64)irq_loop_start, (u64)irq_loop_end, 1));
	ck_assert_uint_eq(test_area.irq_on, 1);
}
END_TEST

TCase *irq_case(void)
{
	TCase *t = tcase_create("diversion");

	tcase_add_checked_fixture(t, test_boot_vcpu, NULL);
	tcase_add_loop_test(t, diverted, 0, 5);
	tcase_add_test(t, diverted_by_kick);
	tcase_add_test(t, not_with_interrupts_off);
	tcase_add_test(t, not_elsewhere);
	return t;
}

/* ---- faults ---- */

static struct guest_fault last;
extern char fault_insn[], fault_fixed[], ud_insn[];

static int fix(struct guest_fault *f)
{
	last = *f;
	f->ax = 77;
	f->dx = 88;
	f->ip = f->ip == (u64)fault_insn ? (u64)fault_fixed : f->ip + 2;
	return 0;
}

START_TEST(fixed_up)
{
	u64 ax = 1, dx = 2;

	test_on_fault = fix;
	__asm__ volatile(".globl fault_insn, fault_fixed\n"
			 "fault_insn: movq 0x1230, %%rcx\n"
			 "nop\n"
			 "fault_fixed:\n"
			 : "+a" (ax), "+d" (dx) : : "rcx", "memory");
	ck_assert_uint_eq(ax, 77);
	ck_assert_uint_eq(dx, 88);
	ck_assert_uint_eq(last.addr, 0x1230);
	ck_assert_uint_eq(last.signo, SIGSEGV);
	ck_assert_uint_eq(last.trapno, 14);
	ck_assert_uint_eq(last.err, 4);
	ck_assert_uint_eq(last.ax, 1);
}
END_TEST

START_TEST(undefined_instruction)
{
	test_on_fault = fix;
	__asm__ volatile(".globl ud_insn\nud_insn: ud2" : : : "rax", "rdx", "memory");
	ck_assert_uint_eq(last.ip, (u64)ud_insn);
	ck_assert_uint_eq(last.signo, SIGILL);
}
END_TEST

static int depth;

/* The report touches a bad address itself, which is fixed up. */
static int nested(struct guest_fault *f)
{
	if (depth++ == 0) {
		u64 ax = 1;

		__asm__ volatile("movq 0x4560, %%rcx\nnop\nnop\n"
				 : "+a" (ax) : : "rcx", "rdx", "memory");
		ck_assert_uint_eq(ax, 5);
	}
	f->ax = 5;
	f->ip += 8;
	return 0;
}

START_TEST(nests)
{
	u64 ax = 1;

	test_on_fault = nested;
	__asm__ volatile("movq 0x1230, %%rcx\nnop\nnop\n"
			 : "+a" (ax) : : "rcx", "rdx", "memory");
	ck_assert_int_eq(depth, 2);
	ck_assert_uint_eq(ax, 5);
}
END_TEST

/* Each report faults again: ended at some depth. */
static int endless(struct guest_fault *f)
{
	(void)f;
	*(volatile int *)0x1230 = 0;
	return 0;
}

START_TEST(too_deep)
{
	test_on_fault = endless;
	*(volatile int *)0x1230 = 0;
}
END_TEST

START_TEST(not_fixed)
{
	*(volatile int *)0x1230 = 0;
}
END_TEST

TCase *fault_case(void)
{
	TCase *t = tcase_create("faults");

	tcase_add_checked_fixture(t, test_boot_vcpu, NULL);
	tcase_add_test(t, fixed_up);
	tcase_add_test(t, undefined_instruction);
	tcase_add_test(t, nests);
	tcase_add_test_raise_signal(t, too_deep, SIGABRT);
	tcase_add_test_raise_signal(t, not_fixed, SIGABRT);
	return t;
}
