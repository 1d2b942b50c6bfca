// SPDX-License-Identifier: GPL-2.0
#include "flush.h"

void flush_init(struct flush *f)
{
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->ended, NULL);
}

void flush_free(struct flush *f)
{
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->ended);
}

/* Called with the lock, which is given up meanwhile. */
static int run_round(struct flush *f, int (*round)(void *arg), void *arg)
{
	int err;

	f->running = true;
	f->begun++;
	pthread_mutex_unlock(&f->lock);
	err = round(arg);
	pthread_mutex_lock(&f->lock);
	f->running = false;
	if (!err)
		f->done = f->begun;
	if (err < 0)
		atomic_store(&f->error, no_room(err) ? -EIO : err);
	pthread_cond_broadcast(&f->ended);
	return err;
}

int flush_wait(struct flush *f, int (*round)(void *arg), void *arg)
{
	int err = 0;
	u64 want;

	pthread_mutex_lock(&f->lock);
	want = f->begun + 1;
	while (f->done < want && err <= 0 && !flush_failed(f)) {
		if (f->running)
			pthread_cond_wait(&f->ended, &f->lock);
		else
			err = run_round(f, round, arg);
	}
	pthread_mutex_unlock(&f->lock);
	if (err)
		return err < 0 ? err : -err;
	return atomic_load(&f->error);
}
