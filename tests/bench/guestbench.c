// SPDX-License-Identifier: GPL-2.0
/*
 * What a trap, a fault, a process, a switch cost: the same static program on
 * the host and in the guest. Prints JSON: per measure the median and minimum
 * of its repetitions in microseconds, and how many operations each covers.
 *
 *   guestbench [--quick] [NAME...]
 *   guestbench --now	prints the time of day in nanoseconds
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "counters.h"

#define PG	 4096UL
#define AREA	 (64UL << 20)
#define MAX_REPS 31

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void die(const char *what)
{
	fprintf(stderr, "guestbench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static char *map(size_t n)
{
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

/* Each measure: n operations; the time of them all, in microseconds. */

static double getppid_(long n)
{
	double t = now_us();

	for (long i = 0; i < n; i++)
		syscall(SYS_getppid);
	return now_us() - t;
}

static double clock_(long n)
{
	struct timespec ts;
	double t = now_us();

	for (long i = 0; i < n; i++)
		clock_gettime(CLOCK_MONOTONIC, &ts);
	return now_us() - t;
}

static double touch(char *p, size_t n)
{
	double t = now_us();

	for (size_t i = 0; i < n; i += PG)
		*(volatile char *)(p + i) = 1;
	return now_us() - t;
}

/* 64 MiB touched the first time, per page: the kernel may take several at once. In
 * a guest that has just started the host has nothing behind them yet; in the
 * second repetition it has. */
static double fault(long n)
{
	char *p = map((size_t)n * PG);
	double t = touch(p, (size_t)n * PG);

	munmap(p, (size_t)n * PG);
	return t;
}

/*
 * Single pages: no huge pages, and every second page has another protection,
 * so that neighbours are not one mapping.
 */
static double fault_single(long n)
{
	size_t len = (size_t)n * 2 * PG;
	char *p = map(len);
	double t;

	madvise(p, len, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < len; i += 2 * PG)
		mprotect(p + i, PG, PROT_NONE);
	t = now_us();
	for (size_t i = PG; i < len; i += 2 * PG)
		*(volatile char *)(p + i) = 1;
	t = now_us() - t;
	munmap(p, len);
	return t;
}

static double map_touch_unmap(long n)
{
	double t = now_us();

	for (long i = 0; i < n; i++) {
		char *p = map(PG);

		*(volatile char *)p = 1;
		munmap(p, PG);
	}
	return now_us() - t;
}

static double unmap_big(long n)
{
	double sum = 0;

	for (long i = 0; i < n; i++) {
		char *p = map(AREA);

		touch(p, AREA);
		double t = now_us();
		munmap(p, AREA);
		sum += now_us() - t;
	}
	return sum;
}

static double fork_(long n)
{
	double t = now_us();

	for (long i = 0; i < n; i++) {
		pid_t p = fork();

		if (p == 0)
			_exit(0);
		if (p < 0 || waitpid(p, NULL, 0) != p)
			die("fork");
	}
	return now_us() - t;
}

/* A child that lives until all have closed the pipe's write end. */
static pid_t fork_waiting(const int pipe[2])
{
	pid_t p = fork();
	char c;

	if (p < 0)
		die("fork");
	if (p > 0)
		return p;
	close(pipe[1]);
	_exit(read(pipe[0], &c, 1) != 0);
}

/* The same with a process of the host for each: the guest kernel keeps used ones,
 * and HELD children take those before. All are alive until the last is there. */
static double fork_miss(long n)
{
	enum { HELD = 32 };
	int gate[2], held[2], status;
	double t;

	if (pipe(held))
		die("pipe");
	for (int i = 0; i < HELD; i++)
		fork_waiting(held);
	if (pipe(gate))		/* of which they know nothing */
		die("pipe");
	t = now_us();
	for (long i = 0; i < n; i++)
		fork_waiting(gate);
	close(gate[1]);
	for (long i = 0; i < n; i++)
		if (waitpid(-1, &status, 0) < 0 || status)
			die("fork_miss");
	t = now_us() - t;
	close(held[1]);
	while (wait(&status) > 0)
		;
	close(gate[0]);
	close(held[0]);
	return t;
}

static __attribute__((noinline)) pid_t vfork_self(void)
{
	static char *argv[] = {"guestbench", "--exit", NULL};
	pid_t p = vfork();

	if (p == 0) {
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	return p;
}

static double vfork_exec(long n)
{
	double t = now_us();
	int st;

	for (long i = 0; i < n; i++) {
		pid_t p = vfork_self();

		if (p < 0 || waitpid(p, &st, 0) != p || st)
			die("vfork and exec of /proc/self/exe");
	}
	return now_us() - t;
}

static double pipe_(long n)
{
	int a[2], b[2];
	char c = 0;

	if (pipe(a) < 0 || pipe(b) < 0)
		die("pipe");
	pid_t p = fork();
	if (p == 0) {
		close(a[1]);
		while (read(a[0], &c, 1) == 1)
			if (write(b[1], &c, 1) != 1)
				break;
		_exit(0);
	}
	double t = now_us();
	for (long i = 0; i < n; i++)
		if (write(a[1], &c, 1) != 1 || read(b[0], &c, 1) != 1)
			die("pipe");
	t = now_us() - t;
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
	waitpid(p, NULL, 0);
	return t;
}

static volatile sig_atomic_t handled;
static void handler(int s)
{
	(void)s;
	handled++;
}

static double signal_(long n)
{
	pid_t pid = getpid(), tid = (pid_t)syscall(SYS_gettid);

	signal(SIGUSR1, handler);
	double t = now_us();
	for (long i = 0; i < n; i++)
		syscall(SYS_tgkill, pid, tid, SIGUSR1);
	return now_us() - t;
}

static int turn, other_n;
static void futex_wait(int v)
{
	while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == v)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, v, NULL, NULL, 0);
}

static void futex_pass(int v)
{
	__atomic_store_n(&turn, v, __ATOMIC_RELEASE);
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *other(void *v)
{
	(void)v;
	for (int i = 0; i < other_n; i++) {
		futex_wait(0);
		futex_pass(0);
	}
	return NULL;
}

/* There and back; two switches. */
static double futex_(long n)
{
	pthread_t t;

	turn = 0;
	other_n = (int)n;
	pthread_create(&t, NULL, other, NULL);
	double a = now_us();
	for (long i = 0; i < n; i++) {
		futex_pass(1);
		futex_wait(1);
	}
	a = now_us() - a;
	pthread_join(t, NULL);
	return a;
}

static void *nothing(void *v)
{
	return v;
}

static double thread_(long n)
{
	pthread_t th;
	double t = now_us();

	for (long i = 0; i < n; i++) {
		if (pthread_create(&th, NULL, nothing, NULL))
			die("pthread_create");
		pthread_join(th, NULL);
	}
	return now_us() - t;
}

static void *burn(void *v)
{
	unsigned long x = 1;

	for (long i = 0; i < (long)v; i++)
		__asm__ volatile("imul $7, %0" : "+r"(x));
	return NULL;
}

static void *touch_area(void *v)
{
	fault((long)v);
	return NULL;
}

static double in_one(void *(*work)(void *), long n)
{
	double t = now_us();

	work((void *)n);
	return now_us() - t;
}

/* Two threads, each with the work of one: the time of one, if they run at once.
 */
static double in_two(void *(*work)(void *), long n)
{
	pthread_t th;
	double t = now_us();

	if (pthread_create(&th, NULL, work, (void *)n))
		die("pthread_create");
	work((void *)n);
	pthread_join(th, NULL);
	return now_us() - t;
}

static double burn_one(long n) { return in_one(burn, n); }
static double burn_two(long n) { return in_two(burn, n); }
static double touch_one(long n) { return in_one(touch_area, n); }
static double touch_two(long n) { return in_two(touch_area, n); }

static char *guard;
static void on_segv(int s)
{
	(void)s;
	mprotect(guard, PG, PROT_READ | PROT_WRITE);
}

/* Write to a read-only page, handled by mprotect; and read-only again. */
static double segv_(long n)
{
	guard = map(PG);
	guard[0] = 1;
	signal(SIGSEGV, on_segv);
	double t = now_us();
	for (long i = 0; i < n; i++) {
		mprotect(guard, PG, PROT_READ);
		*(volatile char *)guard = 2;
	}
	t = now_us() - t;
	signal(SIGSEGV, SIG_DFL);
	munmap(guard, PG);
	return t;
}

static const struct bench {
	const char *name;
	double (*fn)(long n);
	long n; /* operations in a repetition */
	int reps;
	long per; /* the result is divided by this, 0: by n */
} benches[] = {
	{"getppid", getppid_, 20000, 15, 0},
	{"clock_gettime", clock_, 50000, 15, 0},
	/* before anything else has used the guest's memory */
	{"page_fault_64M_first", fault, (long)(AREA / PG), 1, 0},
	{"page_fault_64M", fault, (long)(AREA / PG), 7, 0},
	{"page_fault_single", fault_single, 1000, 9, 0},
	{"mmap_touch_munmap", map_touch_unmap, 1000, 9, 0},
	{"munmap_64M", unmap_big, 1, 7, 0},
	{"fork_exit_wait", fork_, 100, 9, 0},
	{"fork_exit_wait_miss", fork_miss, 100, 5, 0},
	{"vfork_exec_wait", vfork_exec, 50, 9, 0},
	{"pipe_round_trip", pipe_, 2000, 9, 0},
	{"signal", signal_, 5000, 9, 0},
	{"segv_mprotect", segv_, 1000, 9, 0},
	{"thread_switch_pair", futex_, 2000, 9, 0},
	{"thread_create_join", thread_, 200, 9, 0},
	{"busy_one_thread", burn_one, 30000000, 5, 1},
	{"busy_two_threads", burn_two, 30000000, 5, 1},
	{"touch_one_thread", touch_one, (long)(AREA / PG), 7, 1},
	{"touch_two_threads", touch_two, (long)(AREA / PG), 7, 1},
};

/* The guest kernel's counters that grew, per operation. */
static void print_counters(const struct counters *from,
			   const struct counters *to, double ops)
{
	const char *comma = "";

	if (!to->n)
		return;
	printf(", \"counters\": {");
	for (int i = 0; i < to->n; i++) {
		double growth = counter_growth(from, to, i, ops);

		if (growth <= 0)
			continue;
		printf("%s\"%s\": %.4f", comma, to->c[i].name, growth);
		comma = ", ";
	}
	printf("}");
}

static int cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int wanted(const char *name, int argc, char **argv)
{
	int any = 0;

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-')
			continue;
		any = 1;
		if (!strcmp(argv[i], name))
			return 1;
	}
	return !any;
}

int main(int argc, char **argv)
{
	int quick = 0, first = 1;
	struct utsname u;

	if (argc > 1 && !strcmp(argv[1], "--exit"))
		return 0;
	if (argc > 1 && !strcmp(argv[1], "--now")) {
		struct timespec t;

		clock_gettime(CLOCK_REALTIME, &t);
		printf("%lld%09ld\n", (long long)t.tv_sec, t.tv_nsec);
		return 0;
	}
	for (int i = 1; i < argc; i++)
		quick |= !strcmp(argv[i], "--quick");
	uname(&u);
	printf("{\n \"release\": \"%s\",\n \"cpus\": %ld,\n \"unit\": \"us\",\n \"results\": [",
	       u.release, sysconf(_SC_NPROCESSORS_ONLN));
	for (size_t i = 0; i < sizeof benches / sizeof *benches; i++) {
		const struct bench *b = &benches[i];
		int reps = quick && b->reps > 3 ? 3 : b->reps;
		struct counters before, after;
		double v[MAX_REPS];

		if (!wanted(b->name, argc, argv))
			continue;
		read_counters(&before);
		for (int r = 0; r < reps; r++)
			v[r] = b->fn(b->n) / (double)(b->per ? b->per : b->n);
		read_counters(&after);
		qsort(v, (size_t)reps, sizeof *v, cmp);
		printf("%s\n  {\"name\": \"%s\", \"unit\": \"us\", \"median\": %.3f, \"min\": %.3f, "
		       "\"n\": %ld, \"reps\": %d",
		       first ? "" : ",", b->name, v[reps / 2], v[0], b->n,
		       reps);
		print_counters(&before, &after, (double)b->n * reps);
		printf("}");
		first = 0;
		fflush(stdout); /* before the next fork */
	}
	printf("\n ]\n}\n");
	return 0;
}
