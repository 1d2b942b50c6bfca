// SPDX-License-Identifier: GPL-2.0
/* 20 processes, then 20 threads at once, each with its values in all registers.
 */
#include "vec.h"
#include <pthread.h>
#include <sched.h>

enum { N = 20, ROUNDS = 60 };
static int level;
static volatile int *go;

static __thread volatile int hits;
static void handler(int s)
{
	struct vec junk, out;
	struct vec_op op = {.level = level, .in = &junk, .out = &out};

	(void)s;
	vec_fill(&junk, 12345);
	vec_run(&op);
	hits++;
}

/* 0, or the round in which a value was lost. */
static int work(int id)
{
	struct vec in, out;
	pid_t tid = (pid_t)syscall(SYS_gettid);

	for (int i = 1; i <= ROUNDS; i++) {
		struct timespec t = {0, 100000};
		struct vec_op op = {
			.level = level, .in = &in, .out = &out, .count = 10};

		memset(&out, 0, sizeof out);
		vec_fill(&in, (unsigned)(id * 1000 + i));
		switch (i % 4) {
		case 0:
			op.nr = SYS_sched_yield;
			break;
		case 1:
			op.nr = SYS_nanosleep;
			op.a = (long)&t;
			op.count = 1;
			break;
		case 2:
			op.nr = SYS_tgkill;
			op.a = getpid();
			op.b = tid;
			op.c = SIGUSR1;
			op.count = 2;
			break;
		case 3:
			op.nr = SYS_getppid;
			op.count = 100;
			break;
		}
		vec_run(&op);
		if (vec_differs(&in, &out, level))
			return i;
		/* a while without any system call, for the tick to interrupt */
		if (i % 16 == 0) {
			op.count = 0;
			for (int k = 0; k < 3000; k++) {
				vec_run(&op);
				if (vec_differs(&in, &out, level))
					return 100 + i % 100;
			}
		}
	}
	return 0;
}

static void *thread(void *v)
{
	while (!*go)
		sched_yield();
	return (void *)(long)work((int)(long)v);
}

static void threads(const char *name)
{
	pthread_t t[N];
	int bad = 0;
	void *r;

	*go = 0;
	for (long i = 0; i < N; i++)
		pthread_create(&t[i], NULL, thread, (void *)(i + 50));
	*go = 1;
	for (int i = 0; i < N; i++) {
		pthread_join(t[i], &r);
		if (r) {
			tap_note("thread %d lost its values in round %ld", i,
				 (long)r);
			bad++;
		}
	}
	eq(bad, 0, "%s: 20 threads at once", name);
}

static void processes(const char *name)
{
	pid_t p[N];
	int bad = 0;

	*go = 0;
	for (int i = 0; i < N; i++) {
		p[i] = tap_fork();
		if (p[i] == 0) {
			while (!*go)
				sched_yield();
			_exit(work(i));
		}
	}
	*go = 1;
	for (int i = 0; i < N; i++) {
		int st = tap_wait(p[i]);

		if (st) {
			tap_note("process %d: wait status %#x", i, st);
			bad++;
		}
	}
	eq(bad, 0, "%s: 20 processes at once", name);
}

/* A thread inherits neither more nor less than clone says: the parent's state.
 */
static int fork_in_thread(void *v)
{
	pthread_t t;
	void *r;

	(void)v;
	for (long i = 0; i < 10; i++) {
		pthread_create(&t, NULL, thread, (void *)i);
		pid_t p = tap_fork();
		if (p == 0)
			_exit(work(77));
		pthread_join(t, &r);
		if (tap_wait(p) || r)
			return 1;
	}
	return 0;
}

int main(void)
{
	int top = vec_level();

	tap_start(120);
	go = shared_alloc(4096);
	signal(SIGUSR1, handler);
	for (level = SSE; level <= AVX512; level++) {
		if (level > top) {
			skip_hw(vec_name(level), "the CPU lacks it");
			continue;
		}
		processes(vec_name(level));
		threads(vec_name(level));
	}
	level = top;
	eq(in_child(fork_in_thread, NULL), 0, "forks beside a busy thread");
	return tap_done();
}
