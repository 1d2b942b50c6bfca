// SPDX-License-Identifier: GPL-2.0
/*
 * Events. Whoever listens to the epoll set turns what it hears into reported
 * ids; vcpu 0 is told by its IO bit and takes them. While vcpu 0 is idle it
 * listens itself, in place of sleeping, so that an event wakes one thread.
 * While it is busy, a helper thread listens: not in the set itself, where both
 * would be woken, but in a second one, `gate`, whose only member is the first
 * set and which is shut while vcpu 0 is idle.
 *
 * Each id has one atomic word: a generation, which host_event_remove()
 * advances, and three flags. A report is a compare-and-exchange on that word,
 * so the helper, which may hold an answer of epoll that is older than the
 * present owner of the id, can't report to the wrong one. The bitmap of
 * reported ids only says where to look; a stale bit there does no harm.
 *
 *	USED       in use
 *	ARMED      the owner waits for a report
 *	REPORTED   to be taken
 *
 * Regular files and /dev/null can't be in an epoll set (EPERM): always ready,
 * reported when armed. A descriptor that is in the set already is duplicated.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../abi/host.h"
#include "allow.h"
#include "diag.h"
#include "event.h"
#include "signals.h"
#include "vcpu_thread.h"
#include "window.h"

HOST_ALLOW(epoll_wait);
HOST_ALLOW(epoll_pwait);
HOST_ALLOW(epoll_ctl);
HOST_ALLOW(close);
HOST_ALLOW_ARG32(fcntl, 1, F_DUPFD_CLOEXEC);

#define USED		1u
#define ARMED		2u
#define REPORTED	4u
#define FLAGS		7u
#define GENERATION	8u	/* one step; the rest of the word */

#define WORDS		(HOST_EVENT_MAX / 64)
#define BATCH		32

struct event {
	atomic_uint state;
	int fd;			/* -1: software event, or always ready */
	bool always;
	bool ours;		/* fd is a duplicate made here */
};

static struct event events[HOST_EVENT_MAX];
static _Atomic u64 reported[WORDS];
static int epoll_fd = -1, gate_fd = -1;
static atomic_uint watched;	/* descriptors in the set */

/* ---- reporting ---- */

static void announce(u32 id)
{
	atomic_fetch_or(&reported[id / 64], 1ull << id % 64);
	vcpu_post(0, VCPU_PENDING_IO);
}

/* ARMED becomes REPORTED, if the id is still that generation's. */
static void report(u32 id, u32 generation)
{
	u32 old = atomic_load(&events[id].state);

	do {
		if ((old & ~FLAGS) != generation || !(old & ARMED))
			return;
	} while (!atomic_compare_exchange_weak(&events[id].state, &old,
					       (old & ~ARMED) | REPORTED));
	announce(id);
}

void host_event_raise(int id)
{
	u32 old = atomic_load(&events[id].state);

	do {
		if (!(old & USED) || (old & REPORTED))
			return;
	} while (!atomic_compare_exchange_weak(&events[id].state, &old,
					       old | REPORTED));
	announce(id);
}

static u64 take_word(u32 word, u32 *ids, int *n, int max)
{
	u64 bits = atomic_exchange(&reported[word], 0);

	for (; bits && *n < max; bits &= bits - 1) {
		u32 id = word * 64 + __builtin_ctzll(bits);

		if (atomic_fetch_and(&events[id].state, ~REPORTED) & REPORTED)
			ids[(*n)++] = id;
	}
	return bits;
}

int host_event_take(u32 *ids, int max)
{
	int n = 0;
	u32 w;

	for (w = 0; w < WORDS; w++) {
		u64 rest;

		if (!atomic_load(&reported[w]))
			continue;
		rest = take_word(w, ids, &n, max);
		if (rest) {	/* no room: say so again */
			atomic_fetch_or(&reported[w], rest);
			vcpu_post(0, VCPU_PENDING_IO);
			break;
		}
	}
	return n;
}

/* ---- watching ---- */

static int watch(struct event *e, int op, u32 id, u32 mask)
{
	u64 generation = atomic_load(&e->state) & ~FLAGS;
	struct epoll_event ev = {
		.events = mask | EPOLLONESHOT,
		.data.u64 = generation << 32 | id,
	};

	return epoll_ctl(epoll_fd, op, e->fd, &ev) ? -errno : 0;
}

/* Without events to wait for: a hangup that epoll reports all the same is
 * not ARMED and goes unheard. */
static int watch_first(struct event *e, u32 id)
{
	int ret = watch(e, EPOLL_CTL_ADD, id, 0);

	if (ret == -EEXIST) {
		e->fd = fcntl(e->fd, F_DUPFD_CLOEXEC, 0);
		if (e->fd < 0)
			return -errno;
		e->ours = true;
		ret = watch(e, EPOLL_CTL_ADD, id, 0);
	}
	if (ret == -EPERM) {
		e->always = true;
		return 0;
	}
	if (!ret)
		atomic_fetch_add(&watched, 1);
	return ret;
}

static void release(struct event *e)
{
	if (e->ours)
		close(e->fd);
	e->ours = e->always = false;
	e->fd = -1;
	/* next generation, all flags off */
	atomic_store(&e->state, (atomic_load(&e->state) | FLAGS) + 1);
}

static int claim(void)
{
	u32 id;

	for (id = 0; id < HOST_EVENT_MAX; id++) {
		u32 old = atomic_load(&events[id].state);

		if (!(old & USED) &&
		    atomic_compare_exchange_strong(&events[id].state, &old, old | USED))
			return id;
	}
	return -ENOSPC;
}

int host_event_add(int fd)
{
	int id = claim();
	int ret;

	if (id < 0)
		return id;
	events[id].fd = fd;
	ret = fd < 0 ? 0 : watch_first(&events[id], id);
	if (ret) {
		release(&events[id]);
		return ret;
	}
	return id;
}

int host_event_arm(int id, u32 what)
{
	struct event *e = &events[id];
	u32 state = atomic_fetch_or(&e->state, ARMED);

	if (e->always) {
		report(id, state & ~FLAGS);
		return 0;
	}
	if (e->fd < 0)
		return 0;
	return watch(e, EPOLL_CTL_MOD, id,
		     (what & HOST_EVENT_IN ? EPOLLIN : 0) |
		     (what & HOST_EVENT_OUT ? EPOLLOUT : 0));
}

void host_event_remove(int id)
{
	struct event *e = &events[id];

	if (e->fd >= 0 && !e->always) {
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, e->fd, NULL);
		atomic_fetch_sub(&watched, 1);
	}
	release(e);
}

/* ---- listening ---- */

static void report_all(const struct epoll_event *ev, int n)
{
	int i;

	for (i = 0; i < n; i++)
		report((u32)ev[i].data.u64, ev[i].data.u64 >> 32);
}

static int set_gate(int op, u32 mask)
{
	struct epoll_event ev = { .events = mask };

	return epoll_ctl(gate_fd, op, epoll_fd, &ev);
}

bool event_idle(volatile u32 *pending)
{
	static struct epoll_event ev[BATCH];	/* vcpu 0's */

	if (!atomic_load(&watched))
		return false;
	set_gate(EPOLL_CTL_MOD, 0);
	while (!*pending)
		report_all(ev, host_window_syscall(SYS_epoll_wait, epoll_fd,
						   (u64)ev, BATCH, -1, pending));
	set_gate(EPOLL_CTL_MOD, EPOLLIN);
	return true;
}

static void *helper(void *unused)
{
	struct epoll_event ev[BATCH];

	(void)unused;
	prctl(PR_SET_NAME, "um-events");
	for (;;) {
		epoll_wait(gate_fd, ev, 1, -1);
		report_all(ev, epoll_wait(epoll_fd, ev, BATCH, 0));
	}
	return unused;
}

void event_init(void)
{
	sigset_t old;
	pthread_t thread;
	int ret;

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	gate_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0 || gate_fd < 0)
		host_fatal("events", "epoll_create1", errno);
	if (set_gate(EPOLL_CTL_ADD, EPOLLIN))
		host_fatal("events", "epoll_ctl", errno);
	pthread_sigmask(SIG_BLOCK, NULL, &old);
	signals_block_all();
	ret = pthread_create(&thread, NULL, helper, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		host_fatal("events", "thread", ret);
}
