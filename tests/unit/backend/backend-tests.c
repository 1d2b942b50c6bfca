// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE 1
#include <asm/prctl.h>
#include <dirent.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "backend-tests.h"
#include "host/diag.h"

u8 *phys;
struct vcpu_area areas[2];
static atomic_ullong next_gpa = 1 << 20;

/* ---- what the rest of the host side supplies ---- */

void host_fatal(const char *what, const char *object, int err)
{
	diag_say(what, object, err > 0 ? strerror(err) : NULL);
	exit(1);
}

/* As in signals.c: pending for all, the interrupted vcpu leaves its window. */
static void on_child(int sig, siginfo_t *si, void *uc)
{
	unsigned int i;

	(void)sig, (void)si;
	backend_child_died();
	for (i = 0; i < 2; i++)
		__atomic_fetch_or(&areas[i].pending, VCPU_PENDING_CHILD,
				  __ATOMIC_SEQ_CST);
	backend_fix_window(uc);
}

/* ---- start ---- */

void be_vcpu(u32 cpu)
{
	areas[cpu].self = (u64)&areas[cpu];
	areas[cpu].cpu = cpu;
	ck_assert_int_eq(syscall(SYS_arch_prctl, ARCH_SET_GS, &areas[cpu]), 0);
}

void start(int mode)
{
	const struct backend_options o = {
		.no_sync = mode == NO_SYNC || mode == NEITHER,
		.no_killable = mode == NO_KILLABLE || mode == NEITHER,
		.trap = mode == TURNS,
	};
	struct sigaction sa = {
		.sa_sigaction = on_child,
		.sa_flags = SA_SIGINFO | SA_RESTART | SA_NOCLDSTOP,
	};
	int fd = memfd_create("physmem", MFD_CLOEXEC);

	ck_assert_int_eq(ftruncate(fd, PHYS_BYTES), 0);
	phys = mmap(NULL, PHYS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(phys, MAP_FAILED);
	memcpy(phys + GPA_CODE, code_begin, code_end - code_begin);
	be_vcpu(0);
	sigaction(SIGCHLD, &sa, NULL);
	backend_init(fd, PHYS_BYTES, 2, &o);
	if (mode == OLD_RECV)
		backend.recv_ends = false;
}

/* ---- guests ---- */

void guest_map(struct guest *g)
{
	const struct host_map_op ops[] = {
		{ HOST_MAP_PHYS, HOST_PROT_READ | HOST_PROT_EXEC, CODE, 4096, GPA_CODE },
		{ HOST_MAP_PHYS, HOST_PROT_READ | HOST_PROT_WRITE, DATA, 4096, g->gpa },
	};
	bool flushed;

	ck_assert_int_eq(host_mm_update(g->mm, ops, 2, &flushed), 0);
}

void guest_make(struct guest *g)
{
	ck_assert_int_eq(host_mm_create(&g->mm), 0);
	ck_assert_int_eq(host_thread_create(g->mm, &g->t), 0);
	ck_assert_int_eq(host_thread_set_fpstate(g->t, NULL, 0), 0);
	g->gpa = (next_gpa += 4096);
	g->data = phys + g->gpa;
	guest_map(g);
}

void guest_join(struct guest *g, const struct guest *first)
{
	*g = *first;
	ck_assert_int_eq(host_thread_create(g->mm, &g->t), 0);
	ck_assert_int_eq(host_thread_set_fpstate(g->t, NULL, 0), 0);
}

static struct guest_regs fresh_regs(u64 ip)
{
	return (struct guest_regs) { .ip = ip, .sp = STACK_TOP, .flags = 0x202 };
}

void guest_go(struct guest *g, const char *label)
{
	g->trap.regs = fresh_regs(code_va(label));
	guest_run(g, 0);
}

void guest_go_on(struct guest *g, u64 ip)
{
	struct vcpu_area *area = this_area();

	g->trap.regs = fresh_regs(ip);
	area->pending = VCPU_PENDING_TIMER;
	host_thread_run(g->t, 0, &g->trap.regs, &g->trap);
	area->pending = 0;
	ck_assert_int_eq(g->trap.kind, TRAP_EVENT);
}

#define TOLD 4095	/* as in guest-code.S */

void guest_wait_told(struct guest *g)
{
	volatile u8 *told = g->data + TOLD;

	while (!*told)		/* or the test's time is up */
		usleep(1000);
}

void guest_run(struct guest *g, u64 ret)
{
	struct guest_regs regs = g->trap.regs;
	struct vcpu_area *area = this_area();

	for (;;) {
		host_thread_run(g->t, ret, &regs, &g->trap);
		if (g->trap.kind != TRAP_EVENT)
			return;
		__atomic_store_n(&area->pending, 0, __ATOMIC_SEQ_CST);
	}
}

int guest_stop(struct guest *g, u64 ret)
{
	if (!backend.turns || g->trap.kind != TRAP_SYSCALL_FULL)
		return host_thread_stop(g->t, ret, &g->trap);
	ck_assert_int_eq(host_thread_stop(g->t, ret, &g->trap), -EALREADY);
	g->trap.regs.ax = ret;
	return 0;
}

static void on_tick(int sig, siginfo_t *si, void *uc)
{
	(void)sig, (void)si;
	__atomic_fetch_or(&areas[0].pending, VCPU_PENDING_TIMER, __ATOMIC_SEQ_CST);
	backend_fix_window(uc);
}

void start_tick(void)
{
	const struct itimerval every = { { 0, 2000 }, { 0, 2000 } };
	struct sigaction sa = {
		.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART,
	};

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

void guest_free(struct guest *g)
{
	host_thread_destroy(g->t);
	host_mm_destroy(g->mm);
}

/* ---- what is expected ---- */

void expect_call(struct guest *g, u64 nr)
{
	ck_assert_int_eq(g->trap.kind, backend.turns ? TRAP_SYSCALL_FULL : TRAP_SYSCALL);
	ck_assert_uint_eq(g->trap.nr, nr);
}

void expect_fault(struct guest *g, u32 signo)
{
	ck_assert_int_eq(g->trap.kind, TRAP_FAULT);
	ck_assert_uint_eq(g->trap.signo, signo);
}

void expect_calls(struct guest *g, u64 first, u64 n)
{
	u64 i;

	for (i = first; i < first + n; i++) {
		expect_call(g, SYS_getppid);
		ck_assert_uint_eq(g->trap.args[0], i);
		guest_run(g, i);
	}
}

void expect_well(struct guest *g)
{
	u64 *d = (u64 *)g->data;

	g->trap.regs = fresh_regs(code_va(code_store));
	g->trap.regs.bx = 0xb0b0;
	g->trap.regs.r15 = 0x1515;
	guest_run(g, 0);
	expect_call(g, SYS_getppid);
	ck_assert_uint_eq(d[1], 0xb0b0);
	ck_assert_uint_eq(d[7], STACK_TOP);
	ck_assert_uint_eq(d[15], 0x1515);
	guest_run(g, 0);
	expect_fault(g, SIGILL);
}

/* ---- counts ---- */

int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

int count_children(void)
{
	char buf[65536], path[64];
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "r");
	if (!f)
		return -1;		/* host without CONFIG_PROC_CHILDREN */
	while (fscanf(f, "%100s", buf) == 1)
		n++;
	fclose(f);
	return n;
}

u64 counter(const char *name)
{
	struct host_counter c[C_NR];
	int i, n = host_counters(c, C_NR);

	for (i = 0; i < n; i++)
		if (!strcmp(c[i].name, name))
			return c[i].value;
	ck_abort_msg("no counter %s", name);
}

int main(void)
{
	Suite *s = suite_create("backend");
	SRunner *r;
	int failed;

	suite_add_tcase(s, run_tests());
	suite_add_tcase(s, fpu_tests());
	suite_add_tcase(s, pool_tests());
	suite_add_tcase(s, death_tests());
	suite_add_tcase(s, tamper_tests());
	suite_add_tcase(s, life_tests());
	suite_add_tcase(s, limit_tests());
	suite_add_tcase(s, parallel_tests());
	suite_add_tcase(s, filter_tests());
	suite_add_tcase(s, confine_tests());
	suite_add_tcase(s, birth_tests());
	r = srunner_create(s);
	srunner_set_fork_status(r, CK_FORK);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
