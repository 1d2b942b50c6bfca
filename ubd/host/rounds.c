// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest writes without a flush reaches stable storage within about a
 * second, so that a power cut costs no more than that. One thread for all
 * disks sleeps until something is written, waits a second, and flushes what
 * is not clean. An error stays with the image and meets the guest's next
 * flush.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include <host/allow.h>
#include <host/exit.h>

#include "../format/flush.h"
#include "disk.h"

HOST_ALLOW(futex);

#define LAST_ROUND_S	10

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static struct host_ubd *disks;
static bool started, busy, ending;
static atomic_bool dirty;

static bool all_clean(void)
{
	struct host_ubd *d;

	for (d = disks; d; d = d->next)
		if (!d->img->fmt->clean(d->img))
			return false;
	return true;
}

/* What finds no room, on a disk that waits for it, is for the next time. */
static void flush_all(void)
{
	struct host_ubd *d;

	for (d = disks; d; d = d->next)
		if (!d->img->fmt->clean(d->img) &&
		    no_room(d->img->fmt->flush(d->img)) &&
		    atomic_load(&d->wait))
			atomic_store(&dirty, true);
}

static struct timespec in_seconds(int s)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += s;
	return t;
}

static void wait_for_work(void)
{
	struct timespec until;

	while (!atomic_load(&dirty) && !ending)
		pthread_cond_wait(&woken, &lock);
	until = in_seconds(1);
	while (!ending && !pthread_cond_timedwait(&woken, &lock, &until))
		;
}

static void *run(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "um-ubd-round");
	pthread_mutex_lock(&lock);
	for (;;) {
		wait_for_work();
		atomic_store(&dirty, false);
		busy = true;
		pthread_mutex_unlock(&lock);
		flush_all();
		pthread_mutex_lock(&lock);
		busy = false;
		ending = false;
		pthread_cond_broadcast(&ended);
	}
	return NULL;
}

void rounds_wake(void)
{
	if (atomic_load(&dirty))
		return;
	pthread_mutex_lock(&lock);
	atomic_store(&dirty, true);
	pthread_cond_signal(&woken);
	pthread_mutex_unlock(&lock);
}

/* At the end. A vcpu that was stopped for good may hold any lock, so this
 * asks the thread and waits for it with a limit. */
static void last_round(void)
{
	struct timespec until = in_seconds(LAST_ROUND_S);

	if (all_clean() || pthread_mutex_timedlock(&lock, &until))
		return;
	while (busy && !pthread_cond_timedwait(&ended, &lock, &until))
		;
	ending = !busy;
	pthread_cond_broadcast(&woken);
	while (ending && !pthread_cond_timedwait(&ended, &lock, &until))
		;
	pthread_mutex_unlock(&lock);
}

static int start(void)
{
	sigset_t all, old;
	pthread_t thread;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = -pthread_create(&thread, NULL, run, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!err)
		pthread_detach(thread);
	if (!err && host_at_exit(last_round))
		err = -ENOMEM;
	started = !err;
	return err;
}

int rounds_add(struct host_ubd *d)
{
	int err = 0;

	pthread_mutex_lock(&lock);
	if (!started)
		err = start();
	if (!err) {
		d->next = disks;
		disks = d;
	}
	pthread_mutex_unlock(&lock);
	return err;
}

void rounds_remove(struct host_ubd *d)
{
	struct host_ubd **link;

	pthread_mutex_lock(&lock);
	while (busy)
		pthread_cond_wait(&ended, &lock);
	for (link = &disks; *link; link = &(*link)->next)
		if (*link == d) {
			*link = d->next;
			break;
		}
	pthread_mutex_unlock(&lock);
}
