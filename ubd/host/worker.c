// SPDX-License-Identifier: GPL-2.0
/*
 * The host threads of the block driver: a few for all disks, so that one slow
 * flush does not hold up everything else. They sleep when there is nothing to
 * do, take no signals, and never touch guest state but the pages of the
 * request in hand.
 *
 * A finished request goes onto its disk's `done` list, which the guest takes
 * whole; the event is raised only by the one who finds the list empty.
 */
#define _GNU_SOURCE 1
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include <abi/host.h>
#include <host/allow.h>

#include "disk.h"

HOST_ALLOW(futex);

#define THREADS	4
#define STACK	(128 << 10)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct host_ubd_req *first, **last = &first;
static int threads;

static struct host_ubd_req *next_request(void)
{
	struct host_ubd_req *req;

	pthread_mutex_lock(&lock);
	while (!first)
		pthread_cond_wait(&more, &lock);
	req = first;
	first = req->next;
	if (!first)
		last = &first;
	pthread_mutex_unlock(&lock);
	return req;
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
	req->next = NULL;
	pthread_mutex_lock(&lock);
	*last = req;
	last = &req->next;
	pthread_mutex_unlock(&lock);
	pthread_cond_signal(&more);
}
