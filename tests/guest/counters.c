// SPDX-License-Identifier: GPL-2.0
/*
 * The port's counters (kernel/doc/counters.md): none is lost when several cpus
 * count; and what memory costs, in counts that do not depend on the machine:
 * faults, host mappings and round trips to the agent, with the default settings.
 */
#include "tap.h"
#include <sched.h>

#define PG  4096UL
#define KIB 1024UL
#define MIB (1024 * KIB)

enum { FAULTS, SOFT, MAPS, UNMAPS, BATCHES, CALLS, FULL, N };
static const char *const name[N] = {"faults", "faults_soft", "maps", "unmaps",
				    "agent_batches", "syscalls",
				    "syscalls_full"};
static const char *const file = "/sys/kernel/debug/um/counters";
static long start[N], cost[N];

static void look(long *v)
{
	char b[4096], *p;
	int fd = open(file, O_RDONLY);
	ssize_t n = read(fd, b + 1, sizeof b - 2);

	close(fd);
	b[0] = '\n';
	b[n > 0 ? n + 1 : 1] = 0;
	for (int i = 0; i < N; i++) {
		char key[32];

		snprintf(key, sizeof key, "\n%s ", name[i]);
		p = strstr(b, key);
		v[i] = p ? atol(p + strlen(key)) : -1;
	}
}

static void begin(void)
{
	look(start);
	look(start);
}

static void end(const char *what)
{
	look(cost);
	for (int i = 0; i < N; i++)
		cost[i] -= start[i];
	tap_note("%s: %ld faults, %ld of them soft; %ld maps, %ld unmaps, %ld batches",
		 what, cost[FAULTS], cost[SOFT], cost[MAPS], cost[UNMAPS],
		 cost[BATCHES]);
}

static void most(int what, long limit, const char *text)
{
	ok(cost[what] <= limit, "%s: %ld %s, at most %ld", text, cost[what],
	   name[what], limit);
}

static char *anon(size_t n)
{
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	return p;
}

static void touch(volatile char *p, size_t n, size_t step)
{
	for (size_t i = 0; i < n; i += step)
		p[i] = 1;
}

static long read_all(volatile char *p, size_t n, size_t step)
{
	long sum = 0;

	for (size_t i = 0; i < n; i += step)
		sum += p[i];
	return sum;
}

static void anonymous(void)
{
	size_t n = 64 * MIB;
	char *p = anon(n);

	begin();
	touch(p, n, PG);
	end("64 MiB touched");
	most(FAULTS, (long)(n / (64 * KIB)) + 64, "64 KiB or more for a fault");
	most(MAPS, 3 * (long)(n / (64 * KIB)), "and few mappings for each");
	begin();
	munmap(p, n);
	end("and unmapped");
	most(BATCHES, 8, "munmap of 64 MiB");
	most(UNMAPS, 8, "munmap of 64 MiB");
}

static void file_pages(void)
{
	size_t n = 4 * MIB;
	int fd = tmp_file(n);
	char *p = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);

	begin();
	read_all(p, n, PG);
	end("4 MiB of a file read");
	most(FAULTS, 128, "fault-around");
	munmap(p, n);
	close(fd);
}

/* A copy is one fault, not a second one for the mapping. */
static void copies(void)
{
	enum { PAGES = 64, STEP = 256 };
	size_t n = PAGES * STEP * KIB;
	char *p = anon(n);
	int st, *shared = shared_alloc(PG);

	touch(p, n, STEP * KIB);
	pid_t c = tap_fork();
	if (!c) {
		begin();
		touch(p, n, STEP * KIB);
		look(cost);
		*shared = (int)(cost[FAULTS] - start[FAULTS]);
		_exit(0);
	}
	st = tap_wait(c);
	tap_note("the child writes to %d pages: %d faults", PAGES, *shared);
	ok(!st && *shared <= PAGES + 16, "one fault for each copy");
	munmap(p, n);
}

static void after_fork(void)
{
	size_t n = 2 * MIB;
	char *p = anon(n);
	pid_t c;

	touch(p, n, PG);
	c = tap_fork();
	if (!c)
		_exit(0);
	tap_wait(c);
	begin();
	read_all(p, n, PG);
	end("2 MiB read by the parent after fork");
	most(FAULTS, 32, "the parent keeps its pages");
	munmap(p, n);
}

static void image(void)
{
	enum { TIMES = 20 };
	char *argv[] = {"counters", "--nothing", NULL};

	for (int i = 0; i <= TIMES; i++) {
		if (i == 1)
			begin();
		pid_t c = tap_fork();

		if (!c) {
			execv("/proc/self/exe", argv);
			_exit(1);
		}
		if (tap_wait(c))
			ok(0, "exec");
	}
	end("20 times fork, exec, exit");
	most(FAULTS, 25 * TIMES, "exec");
	most(BATCHES, 50 * TIMES, "exec");
}

static void none_lost(void)
{
	enum { TIMES = 100000 };
	long n = sysconf(_SC_NPROCESSORS_ONLN), bad = 0;
	volatile int *go = shared_alloc(PG);
	pid_t p[64];

	n = n > 64 ? 64 : n;
	for (long i = 0; i < n; i++) {
		p[i] = tap_fork();
		if (p[i])
			continue;
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(i, &set);
		sched_setaffinity(0, sizeof set, &set);
		while (!*go)
			;
		for (int k = 0; k < TIMES; k++)
			syscall(SYS_getppid);
		_exit(0);
	}
	begin();
	*go = 1;
	for (long i = 0; i < n; i++)
		bad += tap_wait(p[i]) != 0;
	end("system calls");
	cost[CALLS] += cost[FULL];
	ok(!bad && cost[CALLS] >= n * TIMES, "%ld system calls, %ld counted",
	   n * TIMES, cost[CALLS]);
}

int main(int argc, char **argv)
{
	char b[256];
	int fd;

	if (argc > 1 && !strcmp(argv[1], "--nothing"))
		_exit(0);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (access(file, R_OK))
		skip_all("no counters: not this kernel, or not root");
	tap_start(60);
	need_proc();
	fd = open("/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled",
		  O_RDONLY);
	memset(b, 0, sizeof b);
	ok(read(fd, b, sizeof b - 1) > 0 && strstr(b, "[always]"),
	   "folios of 64 KiB without being asked for");
	close(fd);
	anonymous();
	file_pages();
	copies();
	after_fork();
	image();
	none_lost();
	return tap_done();
}
