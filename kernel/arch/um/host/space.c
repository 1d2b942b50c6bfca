// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces: a guest process each. Those given back wait in a pool, all
 * their threads stopped; one that is taken again is emptied, and its threads
 * cleansed, before anybody uses it. A killed process keeps its pieces of the
 * arena until it has been reaped: it might write to them until then.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allow.h"
#include "backend_priv.h"
#include "diag.h"

HOST_ALLOW(kill);
HOST_ALLOW(wait4);
HOST_ALLOW(waitid);
HOST_ALLOW(sched_yield);
HOST_ALLOW(poll);
HOST_ALLOW(close);

#define POOL_MAX	16
#define POOL_SLOTS	8		/* spaces with more are not kept */
#define MAX_SPACES	65536
#define RELIEF_MS	500		/* for killed processes to be gone */
#define END_MS		2000

static struct spin pool_lock, zombie_lock, table_lock;
static struct host_mm *pool, *zombies;
static unsigned int pool_size, pool_uses;
static atomic_int live_pids[MAX_SPACES];	/* for handlers: no locks */
static atomic_uint live_end;			/* none from here on */

static void nap(int ms)
{
	poll(NULL, 0, ms);
}

/* ---- table of live processes ---- */

static int table_add(struct host_mm *hmm)
{
	u32 id;

	spin_lock(&table_lock);
	for (id = 0; id < MAX_SPACES && live_pids[id]; id++)
		;
	if (id < MAX_SPACES) {
		live_pids[id] = hmm->pid;
		hmm->id = id;
		if (live_end <= id)
			live_end = id + 1;
	}
	spin_unlock(&table_lock);
	return id < MAX_SPACES ? 0 : -EAGAIN;
}

static void table_remove(struct host_mm *hmm)
{
	live_pids[hmm->id] = 0;
}

void space_signal_all(int sig)
{
	u32 i, end = live_end;
	int ms, left = 1;

	for (i = 0; i < end; i++)
		if (live_pids[i])
			kill(live_pids[i], sig);
	for (ms = 0; sig == SIGKILL && left && ms < END_MS; ms++) {
		left = 0;
		for (i = 0; i < end; i++)
			if (live_pids[i] && waitpid(live_pids[i], NULL, WNOHANG) == 0)
				left++;
		if (left)
			nap(1);
	}
}

/* ---- death ---- */

static bool ended(int pid)
{
	siginfo_t si;
	int ret;

	si.si_pid = 0;
	ret = waitid(P_PID, pid, &si, WEXITED | WNOHANG | WNOWAIT);
	return ret ? errno == ECHILD : si.si_pid != 0;
}

static void set_dead(struct host_mm *hmm)
{
	if (!atomic_exchange(&hmm->dead, true))
		count(C_DEATHS);
}

bool space_look_dead(struct host_mm *hmm)
{
	u32 seq = atomic_load(&backend.child_seq);

	if (!hmm->dead && ended(hmm->pid))
		set_dead(hmm);
	/* last: another vcpu may be looking at the same time */
	hmm->seen_seq = seq;
	return hmm->dead;
}

bool space_check_dead(struct host_mm *hmm)
{
	if (hmm->dead)
		return true;
	if (hmm->seen_seq == atomic_load(&backend.child_seq))
		return false;
	return space_look_dead(hmm);
}

bool host_mm_dead(const struct host_mm *hmm)
{
	return space_check_dead((struct host_mm *)hmm);
}

/*
 * Whoever is told "dead" may give the guest's pages to others, so this waits
 * until the threads are gone, however long: a host that cannot end a process
 * has stopped everything else, too.
 */
void space_kill(struct host_mm *hmm)
{
	int n;

	kill(hmm->pid, SIGKILL);
	for (n = 0; !ended(hmm->pid); n++) {
		if (n == 2000)
			diag_say("guest process", "is killed but does not end",
				 "waiting for the host");
		if (n < 20)
			sched_yield();
		else
			nap(1);
	}
	set_dead(hmm);
}

static void free_space(struct host_mm *hmm)
{
	struct host_thread *t, *next;

	for (t = hmm->all; t; t = next) {
		next = t->next;
		thread_free(t);
	}
	arena_free(hmm->ctrl_offset);
	free(hmm);
}

void space_reap(void)
{
	struct host_mm **p, *hmm, *done = NULL;

	spin_lock(&zombie_lock);
	for (p = &zombies; (hmm = *p); ) {
		if (!ended(hmm->pid)) {
			p = &hmm->next;
			continue;
		}
		/* before the pid is free for others */
		table_remove(hmm);
		waitpid(hmm->pid, NULL, WNOHANG);
		*p = hmm->next;
		hmm->next = done;
		done = hmm;
	}
	spin_unlock(&zombie_lock);
	while ((hmm = done)) {
		done = hmm->next;
		free_space(hmm);
	}
}

static void bury(struct host_mm *hmm)
{
	kill(hmm->pid, SIGKILL);
	if (hmm->agent_fd >= 0)
		close(hmm->agent_fd);
	spin_lock(&zombie_lock);
	hmm->next = zombies;
	zombies = hmm;
	spin_unlock(&zombie_lock);
	space_reap();
}

/* ---- the pool ---- */

static struct host_mm *take_pooled(void)
{
	struct host_mm *hmm;

	spin_lock(&pool_lock);
	hmm = pool;
	if (hmm) {
		pool = hmm->next;
		pool_size--;
		pool_uses++;
	}
	spin_unlock(&pool_lock);
	return hmm;
}

static bool put_pooled(struct host_mm *hmm)
{
	bool room;

	spin_lock(&pool_lock);
	room = pool_size < POOL_MAX;
	if (room) {
		hmm->next = pool;
		pool = hmm;
		pool_size++;
		pool_uses++;
	}
	spin_unlock(&pool_lock);
	return room;
}

bool host_mm_trim_pool(void)
{
	static atomic_uint seen;
	struct host_mm *hmm;

	if (atomic_exchange(&seen, pool_uses) == pool_uses) {
		while ((hmm = take_pooled()))
			bury(hmm);
		seen = pool_uses;
	}
	space_reap();
	return pool || zombies;
}

/* Kills what the pool holds; true if there was anything. */
static bool empty_pool(void)
{
	struct host_mm *hmm;
	bool any = false;
	int ms;

	while ((hmm = take_pooled())) {
		bury(hmm);
		any = true;
	}
	/* limits count processes until they are reaped */
	for (ms = 0; zombies && ms < RELIEF_MS; ms++) {
		nap(1);
		space_reap();
		any = true;
	}
	return any;
}

static void warn_limit(int err)
{
	static atomic_uint warned;
	u32 bit = 1u << (-err & 31);

	if (atomic_fetch_or(&warned, bit) & bit)
		return;
	diag_say("guest processes", "cannot make another",
		 err == -EAGAIN ? "host limit reached: raise pids.max or ulimit -u" :
		 err == -EMFILE ? "host limit reached: raise ulimit -n" :
		 err == -ENFILE ? "host limit reached: raise fs.file-max" :
		 err == -ENOMEM ? "the host is out of memory" :
		 err == -ESRCH ? "the process that makes them has died" :
		 diag_strerror(-err));
}

bool space_relieve(int err)
{
	bool limit = err == -EAGAIN || err == -EMFILE || err == -ENOMEM;

	if (limit && empty_pool())
		return true;
	warn_limit(err);
	return false;
}

/* Of somebody else until now: unmaps his memory, wipes his registers. */
static bool revive(struct host_mm *hmm)
{
	bool ok;

	if (space_check_dead(hmm))
		return false;
	spin_lock(&hmm->lock);
	ok = !agent_flush(hmm) && thread_cleanse_all(hmm);
	spin_unlock(&hmm->lock);
	return ok;
}

/* ---- birth and end ---- */

static struct host_mm *new_space(int *err)
{
	static atomic_ullong serial;
	struct host_mm *hmm = calloc(1, sizeof(*hmm));
	s64 ctrl;

	*err = -ENOMEM;
	if (!hmm)
		return NULL;
	ctrl = arena_alloc();
	if (ctrl < 0)
		goto out_free;
	hmm->serial = ++serial;
	hmm->ctrl_offset = ctrl;
	hmm->ctrl = arena_ptr(ctrl);
	hmm->batch = (void *)((u8 *)hmm->ctrl + (STUB_BATCH - STUB_CTRL));
	hmm->agent_fd = -1;
	hmm->pid = zygote_fork(hmm);
	if (hmm->pid < 0) {
		*err = hmm->pid;
		goto out_ctrl;
	}
	*err = table_add(hmm);
	if (*err) {
		space_kill(hmm);
		waitpid(hmm->pid, NULL, WNOHANG);
		goto out_ctrl;
	}
	*err = agent_start(hmm);
	if (!*err) {
		count(C_SPACES);
		return hmm;
	}
	bury(hmm);
	return NULL;
out_ctrl:
	arena_free(ctrl);
out_free:
	free(hmm);
	return NULL;
}

int host_mm_create(struct host_mm **out)
{
	struct host_mm *hmm;
	int err;

	space_reap();
	while ((hmm = take_pooled())) {
		if (revive(hmm)) {
			count(C_SPACES_POOLED);
			*out = hmm;
			return 0;
		}
		bury(hmm);
	}
	hmm = new_space(&err);
	if (!hmm && space_relieve(err))
		hmm = new_space(&err);
	if (!hmm) {
		warn_limit(err);
		return err == -ENOMEM ? -ENOMEM : -EAGAIN;
	}
	*out = hmm;
	return 0;
}

void host_mm_destroy(struct host_mm *hmm)
{
	if (backend.turns && !space_check_dead(hmm))
		thread_end_parked(hmm);
	if (space_check_dead(hmm) || hmm->tampered || hmm->granted ||
	    hmm->nr_slots > POOL_SLOTS || !put_pooled(hmm))
		bury(hmm);
}
