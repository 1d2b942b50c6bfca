// SPDX-License-Identifier: GPL-2.0
/* Two vcpus, and signals at any moment. */
#define _GNU_SOURCE 1
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>

#include "backend-tests.h"

#define ROUNDS 1500

struct vcpu_job {
	pthread_t thread;
	u32 cpu;
	struct guest *g;		/* shared, or NULL: its own */
};

/* Calls, faults, new threads and spaces, all mixed. */
static void mix(struct guest *g, u32 cpu, bool own)
{
	u64 va = 0x10000000 + cpu * 0x10000000ull;
	struct host_map_op op = {
		HOST_MAP_PHYS, HOST_PROT_READ | HOST_PROT_WRITE, va, 4096,
		(16ull + cpu) << 20
	};
	struct guest other;
	bool flushed;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		g->trap.regs = (struct guest_regs) {
			.ip = code_va(code_touch), .di = va, .sp = STACK_TOP,
		};
		guest_run(g, 0);
		expect_fault(g, SIGSEGV);
		op.kind = HOST_MAP_PHYS;
		ck_assert_int_eq(host_mm_update(g->mm, &op, 1, &flushed), 0);
		guest_run(g, 0);
		expect_call(g, SYS_getppid);
		guest_stop(g, i);
		ck_assert_int_eq(g->trap.kind, TRAP_SYSCALL_FULL);
		ck_assert_uint_eq(g->trap.regs.ax, i);
		op.kind = HOST_MAP_UNMAP;
		ck_assert_int_eq(host_mm_update(g->mm, &op, 1, &flushed), 0);
		if (i % 16 == 0) {
			guest_join(&other, g);
			guest_go(&other, code_calls);
			expect_calls(&other, 1, 2);
			host_thread_destroy(other.t);
		}
		if (own && i % 64 == 0) {
			guest_free(g);
			guest_make(g);
		}
	}
}

static void *vcpu_main(void *arg)
{
	struct vcpu_job *j = arg;
	struct guest g;

	be_vcpu(j->cpu);
	if (j->g)
		guest_join(&g, j->g);
	else
		guest_make(&g);
	mix(&g, j->cpu, !j->g);
	host_thread_destroy(g.t);
	if (!j->g)
		host_mm_destroy(g.mm);
	return NULL;
}

static void two_vcpus(struct guest *shared)
{
	struct vcpu_job j[2] = { { .cpu = 0, .g = shared }, { .cpu = 1, .g = shared } };

	ck_assert_int_eq(pthread_create(&j[1].thread, NULL, vcpu_main, &j[1]), 0);
	vcpu_main(&j[0]);
	pthread_join(j[1].thread, NULL);
}

START_TEST(two_spaces)
{
	start(_i);
	two_vcpus(NULL);
}
END_TEST

START_TEST(one_space)
{
	struct guest g;

	start(_i);
	guest_make(&g);
	two_vcpus(&g);
	expect_well(&g);
}
END_TEST

/* One vcpu runs it, the other finds it dead. */
static void *runner(void *arg)
{
	struct guest *g = arg;

	be_vcpu(1);
	guest_run(g, 0);
	return NULL;
}

START_TEST(death_under_two)
{
	struct guest g, other;
	pthread_t p;
	int i;

	start(_i);
	if (_i == TURNS)	/* SIGCHLD may come to the other thread */
		start_tick();
	for (i = 0; i < 20; i++) {
		guest_make(&g);
		guest_join(&other, &g);
		g.trap.regs = (struct guest_regs) { .ip = code_va(code_spin) };
		ck_assert_int_eq(pthread_create(&p, NULL, runner, &g), 0);
		guest_go(&other, code_calls);
		usleep(i * 50);
		kill(g.mm->pid, SIGKILL);
		guest_run(&other, 0);
		while ((_i == OLD_RECV || _i == TURNS) && pthread_tryjoin_np(p, NULL)) {
			/* before host 6.11, and without listeners, its
			 * tick would do this */
			pthread_kill(p, SIGCHLD);
			usleep(1000);
		}
		if (_i != OLD_RECV && _i != TURNS)
			pthread_join(p, NULL);
		ck_assert_int_eq(g.trap.kind, TRAP_DEAD);
		ck_assert_int_eq(other.trap.kind, TRAP_DEAD);
		host_thread_destroy(other.t);
		guest_free(&g);
	}
}
END_TEST

/* ---- the window ---- */

static atomic_bool done;
static atomic_uint asked;

static void on_kick(int sig, siginfo_t *si, void *uc)
{
	(void)sig, (void)si;
	if (this_area()->pending)
		backend_fix_window(uc);
}

/* Sets pending, then kicks, at any moment; waits until it was noticed. */
static void *kicker(void *arg)
{
	pthread_t vcpu = *(pthread_t *)arg;
	unsigned int seed = 1, spins;

	while (!done) {
		for (spins = rand_r(&seed) % 3000; spins; spins--)
			__builtin_ia32_pause();
		asked++;
		__atomic_store_n(&areas[0].pending, 2, __ATOMIC_SEQ_CST);
		pthread_kill(vcpu, SIGUSR2);
		while (!done && __atomic_load_n(&areas[0].pending, __ATOMIC_SEQ_CST))
			sched_yield();
	}
	return NULL;
}

START_TEST(no_lost_wakeup)
{
	struct sigaction sa = {
		.sa_sigaction = on_kick, .sa_flags = SA_SIGINFO | SA_RESTART,
	};
	pthread_t self = pthread_self(), p;
	struct guest g;
	int i;

	start(_i);
	sigaction(SIGUSR2, &sa, NULL);
	guest_make(&g);
	guest_go_on(&g, code_va(code_spin));
	ck_assert_int_eq(pthread_create(&p, NULL, kicker, &self), 0);
	for (i = 0; i < 3000; i++) {
		/* only the kicker ends this wait: a lost kick hangs */
		host_thread_run(g.t, 0, NULL, &g.trap);
		ck_assert_int_eq(g.trap.kind, TRAP_EVENT);
		__atomic_store_n(&areas[0].pending, 0, __ATOMIC_SEQ_CST);
	}
	done = true;
	pthread_join(p, NULL);
	host_thread_stop(g.t, 0, &g.trap);
	expect_well(&g);
}
END_TEST

/* The same storm over calls, faults and batches: nothing goes wrong. */
START_TEST(storm)
{
	struct sigaction sa = {
		.sa_sigaction = on_kick, .sa_flags = SA_SIGINFO | SA_RESTART,
	};
	pthread_t self = pthread_self(), p;
	struct guest g;

	start(_i);
	sigaction(SIGUSR2, &sa, NULL);
	guest_make(&g);
	ck_assert_int_eq(pthread_create(&p, NULL, kicker, &self), 0);
	mix(&g, 0, true);
	done = true;
	pthread_join(p, NULL);
}
END_TEST

TCase *parallel_tests(void)
{
	TCase *tc = tcase_create("parallel");

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, two_spaces, 0, NR_MODES);
	tcase_add_loop_test(tc, one_space, 0, NR_MODES);
	tcase_add_loop_test(tc, death_under_two, 0, NR_MODES);
	tcase_add_loop_test(tc, no_lost_wakeup, 0, NR_MODES);
	tcase_add_loop_test(tc, storm, 0, NR_MODES);
	return tc;
}
