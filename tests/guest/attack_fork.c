// SPDX-License-Identifier: GPL-2.0
/*
 * Fork and thread bombs under RLIMIT_NPROC: EAGAIN, and the system lives.
 *   attack_fork            bounded by the limit, as an ordinary user
 *   attack_fork --bomb N   up to N processes without a limit of our own, for a
 *                          host that limits the guest (pids.max): the bomb must
 *                          see EAGAIN, and everything goes on
 */
#include "attack.h"
#include <pthread.h>
#include <sched.h>

enum { LIMIT = 60, USER = 54321 };

static int become(void)
{
	struct rlimit rl = {LIMIT, LIMIT};

	if (getuid() == 0 && (setgid(USER) < 0 || setuid(USER) < 0))
		return -1;
	return setrlimit(RLIMIT_NPROC, &rl);
}

/* Each process forks as long as it can; out[0] counts forks, out[1] EAGAIN. */
static int bomb(void *v)
{
	(void)v;
	if (become() < 0)
		return 1;
	for (int i = 0; i < 60; i++) {
		pid_t p = fork();

		if (p == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			continue; /* the child forks on */
		}
		if (p > 0)
			__atomic_add_fetch(&amap->out[0], 1, __ATOMIC_RELAXED);
		else if (errno == EAGAIN)
			__atomic_add_fetch(&amap->out[1], 1, __ATOMIC_RELAXED);
		else
			__atomic_add_fetch(&amap->out[2], 1, __ATOMIC_RELAXED);
		sched_yield();
	}
	return 0;
}

static void *idle(void *v)
{
	(void)v;
	for (;;)
		pause();
	return NULL;
}

static int thread_bomb(void *v)
{
	pthread_attr_t at;
	pthread_t t;
	int n = 0, r;

	(void)v;
	if (become() < 0)
		return 1;
	pthread_attr_init(&at);
	pthread_attr_setstacksize(&at, 16384);
	while ((r = pthread_create(&t, &at, idle, NULL)) == 0 && n < 1000)
		n++;
	amap->out[3] = n;
	amap->out[4] = r;
	return 0;
}

/* Wait for all of that user's processes to be gone: forks work again. */
static int recovered(void)
{
	for (int i = 0; i < 100; i++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			; /* the bomb's orphans: we are their reaper */
		pid_t p = tap_fork();

		if (p == 0) {
			if (become() < 0)
				_exit(1);
			pid_t q = fork();
			if (q == 0)
				_exit(0);
			_exit(q < 0 || waitpid(q, NULL, 0) != q);
		}
		if (tap_wait(p) == 0)
			return 1;
		msleep(50);
	}
	return 0;
}

/* A chain without a limit: every process stays, up to n. */
static void unlimited(int n)
{
	int up = 0, err = 0, go[2];
	pid_t *pid = calloc((size_t)n, sizeof *pid);

	if (pipe(go) < 0)
		exit(1);
	for (; up < n; up++) {
		pid_t p = tap_fork();

		if (p < 0) {
			err = errno;
			break;
		}
		if (p == 0) {
			char c;

			close(go[1]);
			_exit(read(go[0], &c, 1) != 0);
		}
		pid[up] = p;
	}
	tap_note("%d processes, then %s", up,
		 err ? strerror(err) : "the end of the test");
	ok(err == EAGAIN || (err == 0 && up == n),
	   "a refused fork says EAGAIN");
	close(go[1]);
	int bad = 0;
	for (int i = 0; i < up; i++)
		bad += tap_wait(pid[i]) != 0;
	eq(bad, 0, "all that were made end well");
	close(go[0]);
	free(pid);
	all_well(0, "after the bomb");
}

int main(int argc, char **argv)
{
	attack_start(argc, argv, 120, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (argc > 2 && !strcmp(argv[1], "--bomb")) {
		for (int i = 0; i < 3; i++)
			unlimited(atoi(argv[2]));
		return tap_done();
	}
	for (int i = 0; i < 3; i++) {
		memset((void *)amap->out, 0, sizeof amap->out);
		int st = attack_run(bomb, NULL, 1500);

		tap_note("%ld forks, %ld EAGAIN", amap->out[0], amap->out[1]);
		ok(amap->out[0] > 0, "the bomb forks");
		ok(amap->out[1] > 0, "and is refused by EAGAIN");
		eq(amap->out[2], 0, "and by nothing else");
		all_well(st, "fork bomb");
		ok(recovered(), "afterwards its user forks again");
	}
	int st = attack_run(thread_bomb, NULL, 5000);
	tap_note("%ld threads, then %s", amap->out[3],
		 strerror((int)amap->out[4]));
	ok(amap->out[3] > 0 && amap->out[3] <= LIMIT,
	   "a thread bomb stays below the limit");
	eq(amap->out[4], EAGAIN, "and is refused by EAGAIN");
	all_well(st, "thread bomb");
	ok(recovered(), "afterwards its user forks again");
	unlimited(150);
	return tap_done();
}
