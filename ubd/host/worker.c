// SPDX-License-Identifier: GPL-2.0
/*
 * The host threads of the block driver: a few for all disks, so that one slow
 * flush does not hold up everything else. They sleep when there is nothing to
 * do, take no signals, and never touch guest state but the pages of the
 * request in hand.
 *
 * A request that waits for room lies in a list of its own, all of which is
 * queued again four times a second. While there is one, an idle thread keeps the time.
 *
 * A finished request goes onto its disk's `done` list, which the guest takes
 * whole; the event is raised only by the one who finds the list empty.
 */
#define _GNU_SOURCE 1
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include <abi/host.h>
#include <host/allow.h>

#include "disk.h"

HOST_ALLOW(futex);
HOST_ALLOW(clock_gettime);

#define THREADS	4
#define STACK	(128 << 10)
#define RETRY_NS	250000000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct host_ubd_req *first, **last = &first;
static struct host_ubd_req *waiting, **last_waiting = &waiting;
static struct timespec retry_at;
static int threads;

/* ---- with the lock ---- */

static void queue(struct host_ubd_req *req)
{
	req->next = NULL;
	*last = req;
	last = &req->next;
}

static void queue_waiting(void)
{
	struct host_ubd_req *req = waiting, *next;

	waiting = NULL;
	last_waiting = &waiting;
	for (; req; req = next) {
		next = req->next;
		queue(req);
	}
	pthread_cond_broadcast(&more);
}

static void wait_for_more(void)
{
	if (!waiting)
		pthread_cond_wait(&more, &lock);
	else if (pthread_cond_clockwait(&more, &lock, CLOCK_MONOTONIC,
					&retry_at))
		queue_waiting();
}

/* ---- threads ---- */

static struct host_ubd_req *next_request(void)
{
	struct host_ubd_req *req;

	pthread_mutex_lock(&lock);
	while (!first)
		wait_for_more();
	req = first;
	first = req->next;
	if (!first)
		last = &first;
	if (waiting)
		pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
	return req;
}

static void put_off(struct host_ubd_req *req)
{
	req->waited = 1;
	req->next = NULL;
	pthread_mutex_lock(&lock);
	if (!waiting) {
		clock_gettime(CLOCK_MONOTONIC, &retry_at);
		retry_at.tv_nsec += RETRY_NS;
		if (retry_at.tv_nsec >= 1000000000) {
			retry_at.tv_nsec -= 1000000000;
			retry_at.tv_sec++;
		}
	}
	*last_waiting = req;
	last_waiting = &req->next;
	pthread_mutex_unlock(&lock);
}

static void finish(struct host_ubd_req *req)
{
	struct host_ubd *d = req->disk;
	int event = d->event;
	struct host_ubd_req *old = atomic_load(&d->done);

	do {
		req->next = old;
	} while (!atomic_compare_exchange_weak(&d->done, &old, req));
	if (!old)
		host_event_raise(event);
}

static void *work(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "um-ubd");
	for (;;) {
		struct host_ubd_req *req = next_request();

		disk_perform(req->disk, req);
		if (disk_waits(req->disk, req)) {
			put_off(req);
			continue;
		}
		if (req->waited)
			disk_waited(req->disk, req);
		finish(req);
	}
	return NULL;
}

static int start_one(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread, &attr, work, NULL);
	pthread_attr_destroy(&attr);
	return -err;
}

int worker_start(void)
{
	sigset_t all, old;
	int err = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (threads < THREADS && !err) {
		err = start_one();
		if (!err)
			threads++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return threads ? 0 : err;
}

void worker_queue(struct host_ubd_req *req)
{
	pthread_mutex_lock(&lock);
	queue(req);
	pthread_mutex_unlock(&lock);
	pthread_cond_signal(&more);
}

void worker_kick(void)
{
	pthread_mutex_lock(&lock);
	queue_waiting();
	pthread_mutex_unlock(&lock);
}
