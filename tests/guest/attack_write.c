// SPDX-License-Identifier: GPL-2.0
/*
 * Overwrite every writable byte of the stub region, again and again, while
 * other threads of the process call the system, fault, and get signals.
 */
#include "attack.h"
#include <pthread.h>
#include <sched.h>

static volatile int stop;
static volatile char *area;

static void *caller(void *v)
{
	(void)v;
	while (!stop) {
		syscall(SYS_getppid);
		syscall(SYS_sched_yield);
	}
	return NULL;
}

static void *faulter(void *v)
{
	(void)v;
	while (!stop) {
		for (int i = 0; i < 64; i++)
			area[(size_t)i * PG] = 1;
		madvise((void *)area, 64 * PG, MADV_DONTNEED);
	}
	return NULL;
}

static void nop(int s)
{
	(void)s;
}

static void *signaller(void *v)
{
	while (!stop) {
		syscall(SYS_tgkill, getpid(), (pid_t)(long)v, SIGUSR1);
		sched_yield();
	}
	return NULL;
}

static void *forker(void *v)
{
	(void)v;
	while (!stop) {
		pid_t p = fork();

		if (p == 0)
			_exit(0);
		if (p > 0)
			waitpid(p, NULL, 0);
	}
	return NULL;
}

static void *spinner(void *v)
{
	(void)v;
	while (!stop)
		;
	return NULL;
}

struct plan {
	const char *name;
	int pattern; /* byte; -1 random; -2 plausible pointers; -3 single bits
		      */
	int helpers; /* bit mask of the threads above */
};

static void smash(int pattern)
{
	for (size_t i = 0; i < MAP_PAGES; i++) {
		volatile unsigned long *p =
			(volatile unsigned long *)(stub + i * PG);

		if (!amap->w[i])
			continue;
		for (size_t k = 0; k < PG / 8; k++) {
			switch (pattern) {
			case -1:
				p[k] = rnd();
				break;
			case -2:
				p[k] = (rnd() & 1 ? STUB_START
						  : (unsigned long)area) +
				       rnd() % (8 * PG);
				break;
			case -3:
				p[k] ^= 1UL << (rnd() & 63);
				break;
			default:
				p[k] = (unsigned long)pattern *
				       0x0101010101010101UL;
			}
		}
	}
}

static int attack(void *v)
{
	void *(*const fn[])(void *) = {caller, faulter, signaller, forker,
				       spinner};
	struct plan *pl = v;
	pthread_t t;

	area = mmap(NULL, 64 * PG, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	signal(SIGUSR1, nop);
	for (int i = 0; i < 5; i++)
		if (pl->helpers >> i & 1)
			pthread_create(&t, NULL, fn[i],
				       (void *)(long)syscall(SYS_gettid));
	/* pages may be writable while a fault would come on others: no handler
	 * here */
	for (int i = 0; i < 300; i++) {
		smash(pl->pattern);
		if (i % 8 == 0)
			syscall(SYS_getpid);
		if (i % 32 == 0)
			area[0] = 2, madvise((void *)area, PG, MADV_DONTNEED);
		if (i % 64 == 0)
			fault_write((void *)8, 1);
	}
	stop = 1;
	return 0;
}

/* One byte at a time, all else left: then a call, a fault, and a signal. */
static int single(void *v)
{
	size_t i = (size_t)v;

	signal(SIGUSR1, nop);
	for (size_t o = 0; o < PG; o += 8) {
		volatile unsigned char *p = stub + i * PG + o + (rnd() & 7);

		*p ^= (unsigned char)(rnd() | 1);
		syscall(SYS_getpid);
		fault_write((void *)8, 1);
		if (o % 256 == 0)
			raise(SIGUSR1);
		amap->progress++;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct plan plans[] = {
		{"zeros", 0, 3},
		{"0xff", 0xff, 3},
		{"random bytes", -1, 3},
		{"pointers", -2, 3},
		{"bits flipped", -3, 3},
		{"zeros, signals", 0, 5},
		{"random bytes, signals and a busy thread", -1, 4 + 16},
		{"pointers, signals, forks", -2, 4 + 8},
		{"random bytes, forks", -1, 1 + 8},
		{"bits flipped, everything", -3, 31},
	};
	int n = 0;

	attack_start(argc, argv, 200, 1);
	attack_probe();
	for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
		all_well(attack_run(attack, &plans[i], 1500), plans[i].name);
	for (size_t i = 0; i < MAP_PAGES && n < 8; i++)
		if (amap->w[i]) {
			char b[64];

			snprintf(b, sizeof b, "page %zu, byte by byte", i);
			all_well(attack_run(single, (void *)i, 3000), b);
			n++;
		}
	return tap_done();
}
