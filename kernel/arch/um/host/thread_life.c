// SPDX-License-Identifier: GPL-2.0
/*
 * Birth, end and reuse of guest threads. A thread that its task no longer
 * needs is parked, stopped as it is, and used again within its space; beyond
 * a few it ends. A slot whose thread has ended is used again too.
 *
 * Reuse by the same guest process needs no care: siblings can harm each other
 * anyway. Between two lives of a pooled space it does: a parked thread may
 * have come to the stub by a jump, with signals unblocked or a stack of its
 * choice, and the guest may have left anything in its slot. So each makes one
 * round of sealed code: with nothing mapped but the stub, it leaves it by
 * sigreturn to an instruction of the stub that traps, or, if in a call, by the
 * kick. Whatever signal it comes in with, it then is in a handler that the
 * host has started, on its own slot, all signals blocked; its frame is made
 * anew there. One that comes in otherwise costs the space its life. In the
 * transport `trap` only the end of a thread is certain: there they all end.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "allow.h"
#include "backend_priv.h"

HOST_ALLOW(close);
HOST_ALLOW(poll);
HOST_ALLOW(sched_yield);

#define MAX_PARKED	8		/* in a space */
#define END_MS		100

/* ---- slots ---- */

static struct host_thread *new_slot(struct host_mm *hmm)
{
	struct host_thread *t;

	if (hmm->nr_slots == STUB_MAX_SLOTS)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->slot_arena = arena_alloc();
	if (t->slot_arena < 0) {
		free(t);
		return NULL;
	}
	t->hmm = hmm;
	t->listener = -1;
	t->state = T_DEAD;
	t->slot = arena_ptr(t->slot_arena);
	t->slot_va = STUB_SLOTS + (u64)hmm->nr_slots++ * STUB_SLOT_SIZE;
	t->next = hmm->all;
	hmm->all = t;
	return t;
}

/* A thread object with a slot, and no thread. */
static struct host_thread *take_slot(struct host_mm *hmm)
{
	struct host_thread *t = hmm->spare;

	if (!t)
		return new_slot(hmm);
	hmm->spare = t->next_free;
	return t;
}

static void put_slot(struct host_thread *t)
{
	if (t->listener >= 0)
		close(t->listener);
	t->listener = -1;
	t->state = T_DEAD;
	t->next_free = t->hmm->spare;
	t->hmm->spare = t;
}

/* ---- birth ---- */

static int hear_first(struct host_thread *t, int listener, struct seccomp_notif *n)
{
	int ret;

	if (backend.turns) {
		t->tid = t->hmm->ctrl->tid;
		return thread_wait_stub(t, n);
	}
	t->listener = listener;
	notif_setup(listener);
	ret = notif_wait(listener, n);
	t->tid = n->pid;
	return ret;
}

/* Until its first notification; -errno: no thread has been made, or -EIO: one
 * may be there, so its slot is lost. */
static int start_thread(struct host_thread *t)
{
	struct host_mm *hmm = t->hmm;
	struct host_trap trap;
	struct seccomp_notif n;
	int ret;

	turn_start(t);
	hmm->ctrl->stack.sp = t->slot_va + STUB_SLOT_HEADER;
	hmm->ctrl->stack.size = STUB_SLOT_SIZE - STUB_SLOT_HEADER;
	ret = zygote_thread(hmm);
	if (ret)
		return ret;
	ret = zygote_receive(hmm);
	if (ret < 0)
		return ret == -EMFILE ? -EIO : ret;
	ret = hear_first(t, ret, &n);
	if (ret)
		return ret;
	thread_take(t, &n, &trap);
	if (trap.kind != TRAP_FAULT || trap.ip != stub_va(stub_start_ip))
		return -EIO;
	frame_learn(t);
	return 0;
}

static void forget(struct host_thread *t)
{
	t->cpu = -1;
	t->uc = t->fp = 0;
	t->unsent = t->kick_posted = t->kick_stale = false;
	t->tampered = t->gone = false;
}

static struct host_thread *new_thread(struct host_mm *hmm, int *err)
{
	struct host_thread *t = take_slot(hmm);

	*err = -ENOMEM;
	if (!t)
		return NULL;
	forget(t);
	*err = t->mapped ? 0 : agent_map_slot(hmm, t->slot_va, t->slot_arena);
	t->mapped = !*err;
	if (!*err)
		*err = start_thread(t);
	if (!*err) {
		count(C_THREADS);
		return t;
	}
	t->state = T_DEAD;
	if (*err == -EIO)
		hmm->tampered = true;	/* not fit for the pool */
	else
		put_slot(t);
	return NULL;
}

/* ---- end ---- */

/* A kick that was on its way to a thread with signals unblocked makes it ask
 * again. */
static bool end_by_turns(struct host_thread *t)
{
	struct seccomp_notif n;
	int tries;

	thread_answer(t, STUB_EXIT);
	for (tries = 0; !turn_ended(t) && tries < 20 + END_MS; tries++)
		if (tries < 20)
			sched_yield();
		else if (!turn_hear(t, &n, 1))
			thread_answer(t, STUB_EXIT);
	return turn_ended(t);
}

/* Tells a stopped thread to end, and waits for that. */
static bool tell_end(struct host_thread *t)
{
	struct pollfd p = { .fd = t->listener, .events = POLLIN };
	struct seccomp_notif n;
	int tries;

	if (backend.turns)
		return end_by_turns(t);
	/* a pending kick may come first */
	for (tries = 0; tries < 3; tries++) {
		thread_answer(t, STUB_EXIT);
		if (poll(&p, 1, END_MS) <= 0 || !(p.revents & POLLIN))
			break;
		if (notif_recv(t->listener, &n))
			break;
		t->id = n.id;
	}
	return notif_ended(t->listener);
}

/* Ends a stopped thread; lock held. */
static void end_thread(struct host_thread *t)
{
	struct host_trap trap;

	if (t->state == T_IN_CALL)
		host_thread_stop(t, 0, &trap);
	if (t->state != T_DEAD) {
		t->gone = tell_end(t);
		t->state = T_DEAD;
	}
	if (t->gone)
		put_slot(t);
	else
		t->hmm->tampered = true;	/* it stays till the end */
}

static struct host_thread *take_parked(struct host_mm *hmm)
{
	struct host_thread *t;
	struct host_trap trap;

	while ((t = hmm->parked)) {
		hmm->parked = t->next_free;
		hmm->nr_parked--;
		if (t->state == T_IN_CALL)
			host_thread_stop(t, 0, &trap);
		if (t->state == T_IN_STUB && !t->tampered && t->fp) {
			count(C_THREADS_PARKED);
			return t;
		}
		end_thread(t);
	}
	return NULL;
}

void thread_free(struct host_thread *t)
{
	if (t->listener >= 0)
		close(t->listener);
	arena_free(t->slot_arena);
	free(t);
}

/* ---- between two lives of a space ---- */

void thread_end_parked(struct host_mm *hmm)
{
	struct host_thread *t;

	spin_lock(&hmm->lock);
	while ((t = hmm->parked)) {
		hmm->parked = t->next_free;
		hmm->nr_parked--;
		end_thread(t);
	}
	spin_unlock(&hmm->lock);
}

static bool cleanse(struct host_thread *t)
{
	struct host_trap trap;
	struct seccomp_notif n;

	if (t->state == T_IN_CALL) {
		host_thread_stop(t, 0, &trap);
	} else if (t->state == T_IN_STUB) {
		frame_blank(t, stub_va(stub_start_ip));
		thread_answer(t, t->slot_va + t->uc);
		if (thread_wait_stub(t, &n) || !thread_is_stub_event(&n))
			return false;
		thread_take(t, &n, &trap);
	}
	if (t->state != T_IN_STUB || t->tampered || t->kick_posted)
		return false;
	t->kick_stale = false;
	frame_blank(t, 0);
	return true;
}

bool thread_cleanse_all(struct host_mm *hmm)
{
	struct host_thread *t;

	for (t = hmm->parked; t; t = t->next_free)
		if (!cleanse(t))
			return false;
	for (t = hmm->spare; t; t = t->next_free)
		frame_wipe(t);
	return true;
}

/* ---- the contract ---- */

static struct host_thread *get_thread(struct host_mm *hmm, int *err)
{
	struct host_thread *t;

	spin_lock(&hmm->lock);
	t = take_parked(hmm);
	if (!t)
		t = new_thread(hmm, err);
	spin_unlock(&hmm->lock);
	return t;
}

int host_thread_create(struct host_mm *hmm, struct host_thread **out)
{
	struct host_thread *t;
	int err = 0;

	if (space_check_dead(hmm))
		return -ESRCH;
	t = get_thread(hmm, &err);
	if (!t && err != -ESRCH && space_relieve(err))
		t = get_thread(hmm, &err);
	if (!t)
		return err == -ESRCH || err == -ENOMEM ? err : -EAGAIN;
	*out = t;
	return 0;
}

void host_thread_destroy(struct host_thread *t)
{
	struct host_mm *hmm = t->hmm;
	struct host_trap trap;

	if (t->state == T_RUNNING)
		host_thread_stop(t, 0, &trap);
	spin_lock(&hmm->lock);
	if (t->state == T_DEAD || t->tampered || hmm->nr_parked == MAX_PARKED) {
		end_thread(t);
	} else {
		t->next_free = hmm->parked;
		hmm->parked = t;
		hmm->nr_parked++;
	}
	spin_unlock(&hmm->lock);
}
