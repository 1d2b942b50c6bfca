// SPDX-License-Identifier: GPL-2.0
/* Several cpus: threads in parallel, affinity, atomics, barriers, ping-pong. */
#include "tap.h"
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>

static long n_cpus;

static void pin(int cpu)
{
	cpu_set_t s;

	CPU_ZERO(&s);
	CPU_SET(cpu, &s);
	sched_setaffinity(0, sizeof s, &s);
}

static void *burn(void *v)
{
	unsigned long x = 1;

	for (long i = 0; i < (long)v; i++)
		__asm__ volatile("imul $7, %0" : "+r"(x));
	return NULL;
}

static double burn_with(int threads, long n)
{
	pthread_t t[8];
	uint64_t a = now_ns(CLOCK_MONOTONIC);

	for (int i = 1; i < threads; i++)
		pthread_create(&t[i], NULL, burn, (void *)n);
	burn((void *)n);
	for (int i = 1; i < threads; i++)
		pthread_join(t[i], NULL);
	return (double)(now_ns(CLOCK_MONOTONIC) - a);
}

/*
 * Two threads answer each other in memory, without any system call. If they
 * run at once, an answer takes a fraction of a microsecond; if they take turns
 * on one cpu, each costs a time slice of 3 ms: 13,000 in the time there is. So a
 * count tells, even on a host that is busy with other things.
 */
static volatile int ask, answer, over;
static void *answers(void *v)
{
	pin(1);
	while (!over)
		answer = ask;
	return NULL;
}

static void at_once(void)
{
	enum { WANT = 20000 };
	uint64_t end = now_ns(CLOCK_MONOTONIC) + 40000000000U;
	pthread_t t;
	int n = 0;

	if (n_cpus < 2) {
		skip("two threads at once", "one cpu");
		return;
	}
	cpu_set_t all;
	sched_getaffinity(0, sizeof all, &all);
	pthread_create(&t, NULL, answers, NULL);
	pin(0);
	while (n < WANT) {
		ask = n + 1;
		for (long i = 0; answer != n + 1; i++)
			if (i % 1000000 == 999999 &&
			    now_ns(CLOCK_MONOTONIC) > end)
				goto late;
		n++;
	}
late:
	over = 1;
	pthread_join(t, NULL);
	sched_setaffinity(0, sizeof all, &all);
	eq(n, WANT, "two threads run at once: answers by memory alone");
}

/* Wall time of two against one: reported; a bound only with SMP_STRICT=1. */
static void parallel(void)
{
	double best = 99, got = 0;

	if (n_cpus < 2)
		return;
	for (int i = 0; i < 8 && best > 1.3; i++) {
		double one = burn_with(1, 20000000), w, r;
		uint64_t c = now_ns(CLOCK_PROCESS_CPUTIME_ID);

		w = burn_with(2, 20000000);
		c = now_ns(CLOCK_PROCESS_CPUTIME_ID) - c;
		r = w / one;
		if (r < best) {
			best = r;
			got = (double)c / w;
		}
	}
	tap_note("two busy threads take %.2f times one; cpu time is %.2f of "
		 "wall time",
		 best, got);
	if (getenv("SMP_STRICT"))
		ok(best <= 1.6, "two busy threads run in parallel: %.2f", best);
}

static void affinity(void)
{
	cpu_set_t all, s;
	unsigned cpu, bad = 0;

	sched_getaffinity(0, sizeof all, &all);
	ok(CPU_COUNT(&all) >= 1 && CPU_COUNT(&all) <= n_cpus,
	   "%d cpus allowed of %ld", CPU_COUNT(&all), n_cpus);
	for (int k = 0; k < 3; k++)
		for (int i = 0; i < CPU_SETSIZE && i < n_cpus; i++) {
			if (!CPU_ISSET(i, &all))
				continue;
			pin(i);
			for (int j = 0; j < 20; j++) {
				if (getcpu(&cpu, NULL) < 0 || (int)cpu != i ||
				    sched_getcpu() != i)
					bad++;
				sched_yield();
			}
			sched_getaffinity(0, sizeof s, &s);
			bad += CPU_COUNT(&s) != 1 || !CPU_ISSET(i, &s);
		}
	eq(bad, 0, "sched_setaffinity moves, getcpu agrees");
	CPU_ZERO(&s);
	eq_err(sched_setaffinity(0, sizeof s, &s), EINVAL,
	       "an empty set: EINVAL");
	sched_setaffinity(0, sizeof all, &all);
}

static long counter, locked;
static pthread_mutex_t mx = PTHREAD_MUTEX_INITIALIZER;
static pthread_spinlock_t sp;

static void *count(void *v)
{
	pin((int)((long)v % n_cpus));
	for (int i = 0; i < 50000; i++) {
		__atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
		if (i % 10 == 0) {
			pthread_mutex_lock(&mx);
			locked++;
			pthread_mutex_unlock(&mx);
		}
		if (i % 1000 == 0) {
			pthread_spin_lock(&sp);
			locked += 0;
			pthread_spin_unlock(&sp);
		}
	}
	return NULL;
}

static void atomics(void)
{
	pthread_t t[8];

	pthread_spin_init(&sp, 0);
	for (long i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, count, (void *)i);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	eq(counter, 400000, "eight threads count together");
	eq(locked, 40000, "and under a mutex");
}

/* Store, membarrier, load against store, compiler barrier, load. */
static volatile int x, y, r1, r2, round_no, done1;
static void *fast_side(void *v)
{
	int last = 0;

	(void)v;
	if (n_cpus > 1)
		pin(1);
	for (;;) {
		int r = __atomic_load_n(&round_no, __ATOMIC_ACQUIRE);

		if (r == last) {
			if (n_cpus < 2)
				sched_yield();
			continue;
		}
		if (r < 0)
			return NULL;
		last = r;
		x = 1;
		__asm__ volatile("" ::: "memory");
		r1 = y;
		__atomic_store_n(&done1, r, __ATOMIC_RELEASE);
	}
}

static void membar(void)
{
	long q = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
	pthread_t t;
	int bad = 0;

	if (q < 0 || !(q & MEMBARRIER_CMD_PRIVATE_EXPEDITED))
		return skip("membarrier", "not offered");
	eq(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0,
		   0),
	   0, "membarrier: register");
	pthread_create(&t, NULL, fast_side, NULL);
	for (int i = 1; i <= 2000; i++) {
		x = y = 0;
		__atomic_store_n(&round_no, i, __ATOMIC_SEQ_CST);
		y = 1;
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
		r2 = x;
		while (__atomic_load_n(&done1, __ATOMIC_ACQUIRE) != i)
			if (n_cpus < 2)
				sched_yield();
		bad += r1 == 0 && r2 == 0;
	}
	__atomic_store_n(&round_no, -1, __ATOMIC_SEQ_CST);
	pthread_join(t, NULL);
	eq(bad, 0, "membarrier orders a store and a load, 2000 rounds");
	eq(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0), 0,
	   "membarrier: global");
}

/* Many context switches: rings of processes over all cpus. */
static void ping_pong(int procs, int rounds)
{
	int fd[9][2], bad = 0;
	pid_t p[8];
	unsigned v = 0;

	for (int i = 0; i <= procs; i++)
		if (pipe(fd[i]) < 0)
			exit(1);
	for (int i = 0; i < procs; i++) {
		p[i] = tap_fork();
		if (p[i] == 0) {
			pin((int)(i % n_cpus));
			while (read(fd[i][0], &v, 4) == 4 && v != ~0U) {
				v++;
				if (write(fd[i + 1][1], &v, 4) != 4)
					_exit(1);
			}
			v = ~0U;
			_exit(write(fd[i + 1][1], &v, 4) != 4);
		}
	}
	for (int i = 0; i < rounds; i++) {
		v = (unsigned)(i * 100);
		if (write(fd[0][1], &v, 4) != 4 ||
		    read(fd[procs][0], &v, 4) != 4)
			bad++;
		bad += v != (unsigned)(i * 100 + procs);
	}
	v = ~0U;
	if (write(fd[0][1], &v, 4) != 4)
		bad++;
	for (int i = 0; i < procs; i++)
		bad += tap_wait(p[i]) != 0;
	eq(bad, 0, "%d rounds through a ring of %d processes", rounds, procs);
	for (int i = 0; i <= procs; i++) {
		close(fd[i][0]);
		close(fd[i][1]);
	}
}

/* A thread moves over the cpus while others fault and signal on it. */
static volatile int quit;
static void *mover(void *v)
{
	unsigned long sum = 0;

	for (int i = 0; !quit; i++) {
		pin((int)(i % n_cpus));
		volatile char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		p[0] = 1;
		p[4096] = 2;
		sum += (unsigned long)p[0] + (unsigned long)p[4096];
		munmap((void *)p, 8192);
		if (sum != 3UL * (unsigned long)(i + 1))
			return "a value was lost";
	}
	(void)v;
	return NULL;
}

static void moves(void)
{
	pthread_t t[4];
	void *r;
	int bad = 0;

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, mover, NULL);
	msleep(300);
	quit = 1;
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &r);
		bad += r != NULL;
	}
	eq(bad, 0, "four threads fault while they move from cpu to cpu");
}

/* A busy process must not keep others from running. */
static void fairness(void)
{
	volatile unsigned long *n = shared_alloc(4096);
	pid_t p[6];
	int starved = 0;

	for (int i = 0; i < 6; i++) {
		p[i] = tap_fork();
		if (p[i] == 0)
			for (;;)
				n[i * 8]++;
	}
	msleep(600);
	for (int i = 0; i < 6; i++) {
		kill(p[i], SIGKILL);
		tap_wait(p[i]);
		starved += n[i * 8] == 0;
	}
	eq(starved, 0, "six busy processes all run within 0.6 s");
	munmap((void *)n, 4096);
}

/* Each cpu does its part, also when the host has fewer. Another program may have
 * kept the host's cpus for a while: then once more. */
static void shares(void)
{
	volatile unsigned long *n = shared_alloc(64 * 64);
	unsigned long least = 0, most = 0;
	pid_t p[64];

	for (int try = 0; try < 5 && (!try || least < most / 4); try++) {
		for (int i = 0; i < n_cpus; i++) {
			n[i * 8] = 0;
			p[i] = tap_fork();
			if (p[i] == 0) {
				pin(i);
				for (;;)
					n[i * 8]++;
			}
		}
		msleep(1500);
		least = ~0UL;
		most = 0;
		for (int i = 0; i < n_cpus; i++) {
			kill(p[i], SIGKILL);
			tap_wait(p[i]);
			least = n[i * 8] < least ? n[i * 8] : least;
			most = n[i * 8] > most ? n[i * 8] : most;
		}
		tap_note("in 1.5 s the cpus count %lu to %lu", least, most);
	}
	ok(least >= most / 4, "each cpu has its share of the host's");
	munmap((void *)n, 64 * 64);
}

/* Two processes that compute start on their parent's cpu, and do not stay there. */
static void processes_part(void)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + 30000000000U;
	volatile int *cpu = shared_alloc(4096);
	pid_t p[2];

	if (n_cpus < 2) {
		skip("processes on two cpus", "one cpu");
		return;
	}
	for (int i = 0; i < 2; i++) {
		p[i] = tap_fork();
		while (!p[i] && now_ns(CLOCK_MONOTONIC) < end + 1000000000)
			cpu[i] = 1 + sched_getcpu();
	}
	while ((!cpu[0] || !cpu[1] || cpu[0] == cpu[1]) &&
	       now_ns(CLOCK_MONOTONIC) < end)
		usleep(1000);
	ok(cpu[0] && cpu[1] && cpu[0] != cpu[1],
	   "processes that compute are on two cpus: %d and %d", cpu[0] - 1, cpu[1] - 1);
	for (int i = 0; i < 2; i++) {
		kill(p[i], SIGKILL);
		tap_wait(p[i]);
	}
}

int main(void)
{
	tap_start(90);
	n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	tap_note("%ld cpus", n_cpus);
	at_once();
	parallel();
	affinity();
	atomics();
	membar();
	ping_pong(1, 2000);
	ping_pong(4, 1000);
	ping_pong(8, 300);
	moves();
	processes_part();
	fairness();
	if (n_cpus > 1 && n_cpus <= 64)
		shares();
	return tap_done();
}
