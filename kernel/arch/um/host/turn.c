// SPDX-License-Identifier: GPL-2.0
/*
 * The transport `trap`, for hosts where a seccomp listener cannot be had: one
 * exists already (a container manager's), or there are none. All calls of
 * guest code go by RET_TRAP into the stub. The stub and its vcpu take turns by
 * a futex in the thread's slot; the agent and the kernel by two futexes in the
 * space's control pages.
 *
 * The slot is guest memory: a sibling may say in a thread's name what it likes,
 * or let it run although it is stopped. Both are of one guest process, and the
 * kernel trusts neither. But that a thread is really stopped is not known, so
 * before a space has a second life as another guest process's its threads end
 * (thread_life.c). What the agent says is not in guest memory: it writes by a
 * descriptor.
 *
 * A thread always comes with a full frame: the state IN_CALL does not occur.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "allow.h"
#include "backend_priv.h"
#include "window.h"

HOST_ALLOW(futex);
HOST_ALLOW(tgkill);
HOST_ALLOW(openat);
HOST_ALLOW(read);
HOST_ALLOW(close);

#define LOOK_MS		1000
#define NO_BATCH	~0u

static u32 *turn_word(const struct host_thread *t)
{
	return (u32 *)(t->slot + SLOT_TURN);
}

static long futex(u32 *word, int op, u32 val, int ms)
{
	const struct timespec ts = {
		.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l,
	};

	return syscall(SYS_futex, word, op, val, &ts, NULL, 0) ? -errno : 0;
}

static u32 load(const u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* ---- guest threads ---- */

void turn_start(struct host_thread *t)
{
	__atomic_store_n(turn_word(t), 0, __ATOMIC_SEQ_CST);
}

static bool take(struct host_thread *t, struct seccomp_notif *n)
{
	volatile u64 *header = (u64 *)t->slot;

	if (!load(turn_word(t)))
		return false;
	*n = (struct seccomp_notif) {
		.pid = t->tid,
		.data = {
			.nr = STUB_NR_NOTIFY,
			.instruction_pointer = stub_va(stub_notify_ip),
			.args = {
				*(volatile u32 *)(t->slot + SLOT_SIGNAL), 0,
				header[SLOT_UC / 8], header[SLOT_FS_BASE / 8],
				header[SLOT_GS_BASE / 8],
			},
		},
	};
	return true;
}

int turn_hear(struct host_thread *t, struct seccomp_notif *n, int ms)
{
	long err;

	if (take(t, n))
		return 0;
	err = futex(turn_word(t), FUTEX_WAIT, 0, ms);
	return take(t, n) ? 0 : err == -ETIMEDOUT ? -ETIMEDOUT : -EINTR;
}

int turn_hear_or_pending(struct host_thread *t, struct seccomp_notif *n)
{
	u32 *pending = &this_area()->pending;
	long err = 0;

	while (err != -EINTR && !load(pending)) {
		if (take(t, n))
			return 0;
		err = host_window_syscall(SYS_futex, (u64)turn_word(t),
					  FUTEX_WAIT, 0, 0, pending);
	}
	return -EINTR;
}

void turn_answer(struct host_thread *t, s64 val)
{
	*(volatile s64 *)(t->slot + SLOT_ANSWER) = val;
	__atomic_store_n(turn_word(t), 0, __ATOMIC_SEQ_CST);
	futex(turn_word(t), FUTEX_WAKE, 1, 0);
}

bool turn_ended(const struct host_thread *t)
{
	return syscall(SYS_tgkill, t->hmm->pid, t->tid, 0) && errno == ESRCH;
}

/* R, S, D...; 0 where /proc hides it. */
static char thread_state(const struct host_thread *t)
{
	char name[64], buf[128], *end;
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/stat", t->hmm->pid, t->tid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = 0;
	end = strrchr(buf, ')');
	return end && end[1] ? end[2] : 0;
}

bool turn_lost(const struct host_thread *t)
{
	return !load(turn_word(t)) && thread_state(t) == 'S';
}

/* ---- agents ---- */

static int wait_batch(struct host_mm *hmm, u32 number)
{
	struct stub_ctrl *ctrl = hmm->ctrl;
	u32 done;

	while ((done = load(&ctrl->batch_done)) != number) {
		if (futex(&ctrl->batch_done, FUTEX_WAIT, done, LOOK_MS) &&
		    load(&ctrl->batch_done) == done && space_look_dead(hmm))
			return -ESRCH;
	}
	return 0;
}

int turn_agent_start(struct host_mm *hmm)
{
	return wait_batch(hmm, 0);
}

int turn_agent_run(struct host_mm *hmm, u32 nops, u32 *made, int *err)
{
	struct stub_ctrl *ctrl = hmm->ctrl;
	u32 number = ctrl->batch_go + 1;
	int ret;

	if (number == NO_BATCH)
		number++;
	ctrl->batch_ops = nops;
	ctrl->batch_made = ctrl->batch_error = 0;
	__atomic_store_n(&ctrl->batch_go, number, __ATOMIC_SEQ_CST);
	futex(&ctrl->batch_go, FUTEX_WAKE, 1, 0);
	ret = wait_batch(hmm, number);
	*err = -(int)ctrl->batch_error;
	*made = *err ? ctrl->batch_made : nops;
	return ret;
}
