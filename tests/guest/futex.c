// SPDX-License-Identifier: GPL-2.0
/* futex: wait, wake, requeue, timeouts, bitset, PI, robust lists, sharing. */
#include "tap.h"
#include <linux/futex.h>
#include <pthread.h>

static long fx(int *u, int op, int val, void *t, int *u2, int val3)
{
	return syscall(SYS_futex, u, op, val, t, u2, val3);
}

static void plain(void)
{
	struct timespec t = {0, 20000000};
	int word = 3;

	eq_err(fx(&word, FUTEX_WAIT, 4, NULL, NULL, 0), EAGAIN,
	       "wait on another value: EAGAIN");
	uint64_t a = now_ns(CLOCK_MONOTONIC);
	eq_err(fx(&word, FUTEX_WAIT_PRIVATE, 3, &t, NULL, 0), ETIMEDOUT,
	       "timeout");
	ok(now_ns(CLOCK_MONOTONIC) - a >= 20000000, "not before its time");
	clock_gettime(CLOCK_MONOTONIC, &t);
	eq_err(fx(&word, FUTEX_WAIT_BITSET, 3, &t, NULL, -1), ETIMEDOUT,
	       "absolute, in the past");
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec -= 5;
	eq_err(fx(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 3, &t, NULL,
		  -1),
	       ETIMEDOUT, "absolute, real time");
	eq(fx(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0, "wake of nobody");
	eq_err(fx((int *)((char *)&word + 1), FUTEX_WAIT, 3, NULL, NULL, 0),
	       EINVAL, "unaligned");
	eq_err(fx((int *)8, FUTEX_WAIT, 3, NULL, NULL, 0), EFAULT,
	       "bad address");
	eq_err(fx(&word, 99, 3, NULL, NULL, 0), ENOSYS, "unknown operation");
}

struct waiter {
	int *word, op;
	volatile int woken, up;
	int bits;
};

static void *wait_word(void *v)
{
	struct waiter *w = v;
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += 20;
	__atomic_store_n(&w->up, 1, __ATOMIC_RELEASE);
	while (fx(w->word, FUTEX_WAIT_BITSET | w->op, 0, &end, NULL, w->bits) <
	       0) {
		if (errno == ETIMEDOUT)
			return NULL;
		if (errno == EAGAIN)
			break;
	}
	__atomic_store_n(&w->woken, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void wake_and_requeue(int op)
{
	enum { N = 4 };
	const char *how = op ? "private" : "shared";
	struct waiter w[N];
	pthread_t t[N];
	int a = 0, b = 0, n = 0;

	for (int i = 0; i < N; i++) {
		w[i] = (struct waiter){&a, op, 0, 0, 1 << i};
		pthread_create(&t[i], NULL, wait_word, &w[i]);
		wait_for(&w[i].up, 1, 5000);
	}
	msleep(20);
	/* requeue never wakes with 0, and counts the moved: all are in the
	 * queue then */
	for (int i = 0; i < 500 && n < N; i++, usleep(1000))
		n += (int)fx(&a, FUTEX_REQUEUE | op, 0, (void *)(long)N, &b, 0);
	eq(n, N, "%s: all four requeued", how);
	eq(fx(&a, FUTEX_WAKE | op, N, NULL, NULL, 0), 0,
	   "%s: nobody left on the first", how);
	eq(fx(&b, FUTEX_WAKE_BITSET | op, N, NULL, NULL, 4), 1,
	   "%s: a bitset wakes one", how);
	eq(wait_for(&w[2].woken, 1, 5000), 0, "%s: the right one", how);
	eq(fx(&b, FUTEX_WAKE | op, 1, NULL, NULL, 0), 1, "%s: wake one", how);
	eq_err(fx(&b, FUTEX_CMP_REQUEUE | op, 0, (void *)1L, &a, 9), EAGAIN,
	       "%s: CMP_REQUEUE with another value", how);
	eq(fx(&b, FUTEX_WAKE | op, 99, NULL, NULL, 0), N - 2,
	   "%s: wake the rest", how);
	for (int i = 0; i < N; i++)
		pthread_join(t[i], NULL);
	eq(w[0].woken + w[1].woken + w[2].woken + w[3].woken, N,
	   "%s: all ran on", how);
}

static void across_fork(void)
{
	int *s = shared_alloc(4096), priv = 0;
	pid_t p = tap_fork();

	if (p == 0) {
		for (int i = 0; i < 200; i++) {
			while (__atomic_load_n(&s[0], __ATOMIC_ACQUIRE) == i)
				fx(&s[0], FUTEX_WAIT, i, NULL, NULL, 0);
			__atomic_add_fetch(&s[1], 1, __ATOMIC_RELEASE);
			fx(&s[1], FUTEX_WAKE, 1, NULL, NULL, 0);
		}
		_exit(0);
	}
	for (int i = 0; i < 200; i++) {
		__atomic_add_fetch(&s[0], 1, __ATOMIC_RELEASE);
		fx(&s[0], FUTEX_WAKE, 1, NULL, NULL, 0);
		while (__atomic_load_n(&s[1], __ATOMIC_ACQUIRE) == i)
			fx(&s[1], FUTEX_WAIT, i, NULL, NULL, 0);
	}
	eq(tap_wait(p), 0,
	   "200 rounds between two processes through shared memory");
	p = tap_fork();
	if (p == 0) {
		struct timespec t = {0, 300000000};

		__atomic_store_n(&s[2], 1, __ATOMIC_RELEASE);
		_exit(fx(&priv, FUTEX_WAIT, 0, &t, NULL, 0) < 0 &&
				      errno == ETIMEDOUT
			      ? 0
			      : 1);
	}
	wait_for(&s[2], 1, 5000);
	int n = 0;
	for (int i = 0; i < 50; i++, usleep(1000))
		n += (int)fx(&priv, FUTEX_WAKE, 1, NULL, NULL, 0);
	eq(n, 0, "a wake on private memory doesn't reach the other process");
	eq(tap_wait(p), 0, "which times out");
	munmap(s, 4096);
}

struct pi {
	int lock;
	volatile int owner_up, got, tid;
};

static void *pi_taker(void *v)
{
	struct pi *p = v;

	p->tid = (int)syscall(SYS_gettid);
	__atomic_store_n(&p->owner_up, 1, __ATOMIC_RELEASE);
	if (fx(&p->lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0)
		__atomic_store_n(&p->got, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void pi(void)
{
	struct pi p = {0};
	pthread_t t;

	eq(fx(&p.lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0, "PI: lock");
	eq(p.lock & FUTEX_TID_MASK, syscall(SYS_gettid),
	   "PI: the word holds the owner");
	eq_err(fx(&p.lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EDEADLK,
	       "PI: again: EDEADLK");
	pthread_create(&t, NULL, pi_taker, &p);
	wait_for(&p.owner_up, 1, 5000);
	for (int i = 0;
	     i < 5000 &&
	     !(__atomic_load_n(&p.lock, __ATOMIC_ACQUIRE) & (int)FUTEX_WAITERS);
	     i++)
		usleep(1000);
	ok((p.lock & (int)FUTEX_WAITERS) != 0, "PI: a waiter shows");
	eq(p.got, 0, "PI: and waits");
	eq(fx(&p.lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0,
	   "PI: unlock");
	eq(wait_for(&p.got, 1, 5000), 0, "PI: handed over");
	pthread_join(t, NULL);
	eq(p.lock & FUTEX_TID_MASK, p.tid, "PI: owned by the other thread");
	eq_err(fx(&p.lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EPERM,
	       "PI: not ours: EPERM");
}

static void robust(void)
{
	pthread_mutex_t *m = shared_alloc(4096);
	pthread_mutexattr_t a;
	volatile int *up = (int *)(m + 10);

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(m, &a);
	pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(m + 1, &a);
	for (int i = 0; i < 2; i++) {
		const char *how = i ? "robust PI" : "robust";
		pid_t p = tap_fork();

		if (p == 0) {
			pthread_mutex_lock(m + i);
			*up = 1;
			if (i)
				msleep(20);
			else
				pause();
			_exit(0);
		}
		wait_for(up, 1, 5000);
		*up = 0;
		if (!i)
			kill(p, SIGKILL);
		eq(pthread_mutex_lock(m + i), EOWNERDEAD, "%s: EOWNERDEAD",
		   how);
		eq(pthread_mutex_consistent(m + i), 0, "%s: made consistent",
		   how);
		eq(pthread_mutex_unlock(m + i), 0, "%s: unlock", how);
		eq(pthread_mutex_lock(m + i), 0, "%s: lock again", how);
		pthread_mutex_unlock(m + i);
		tap_wait(p);
	}
	struct robust_list_head *h = NULL;
	size_t n = 0;

	eq(syscall(SYS_get_robust_list, 0, &h, &n), 0, "get_robust_list");
	ok(h != NULL && n == sizeof *h, "shows what libc set");
	eq_err(syscall(SYS_set_robust_list, h, 3), EINVAL,
	       "set_robust_list of a wrong size");
	munmap(m, 4096);
}

struct cv {
	pthread_mutex_t m;
	pthread_cond_t c;
	int turn, n;
};

static void *turns(void *v)
{
	struct cv *c = v;

	pthread_mutex_lock(&c->m);
	for (int i = 0; i < 300; i++) {
		while (c->turn != 1)
			pthread_cond_wait(&c->c, &c->m);
		c->turn = 0;
		c->n++;
		pthread_cond_signal(&c->c);
	}
	pthread_mutex_unlock(&c->m);
	return NULL;
}

static void condvar(void)
{
	struct cv c = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0,
		       0};
	pthread_t t;

	pthread_create(&t, NULL, turns, &c);
	pthread_mutex_lock(&c.m);
	for (int i = 0; i < 300; i++) {
		while (c.turn != 0)
			pthread_cond_wait(&c.c, &c.m);
		c.turn = 1;
		pthread_cond_signal(&c.c);
	}
	pthread_mutex_unlock(&c.m);
	pthread_join(t, NULL);
	eq(c.n, 300, "300 turns by condition variable");
}

int main(void)
{
	tap_start(60);
	plain();
	wake_and_requeue(0);
	wake_and_requeue(FUTEX_PRIVATE_FLAG);
	across_fork();
	pi();
	robust();
	condvar();
	return tap_done();
}
