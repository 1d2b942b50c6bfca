// SPDX-License-Identifier: GPL-2.0
/*
 * Guest threads: running, stopping, and what their notifications mean. States
 * and rules are in abi/host_vcpu.h.
 *
 * A posted kick makes an answer unreliable: without WAIT_KILLABLE_RECV the
 * signal may end the wait before the answer (SEND says ENOENT, or even
 * success while the call is restarted). So whenever a kick is out, the
 * thread's next word is the stub's, and ip and rax are ours to set.
 *
 * The host's SIGSTOP (job control) can do the same at any time. Then SEND says
 * ENOENT, and the thread, once continued, makes the same call again: it gets
 * the same answer, and nobody else hears of it.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "allow.h"
#include "backend_priv.h"
#include "place.h"
#include "window.h"

HOST_ALLOW(tgkill);
HOST_ALLOW(poll);
HOST_ALLOW(close);
HOST_ALLOW(openat);
HOST_ALLOW(read);
HOST_ALLOW(clock_gettime);
HOST_ALLOW(clock_getres);

#define STOP_CPU_NS	50000000ll
#define SYSCALL_INSN	2		/* bytes */
#define STRAY_CALLS	2		/* of a thread that ought to come in */
#define LOST_LOOKS	5		/* at one that sleeps elsewhere */

bool thread_is_stub_event(const struct seccomp_notif *n)
{
	return n->data.instruction_pointer == stub_va(stub_notify_ip);
}

bool thread_ended(const struct host_thread *t)
{
	return backend.turns ? turn_ended(t) : notif_ended(t->listener);
}

/* The thread alone may have ended (guest code that jumped to the exit). */
static bool thread_gone(struct host_thread *t)
{
	return space_check_dead(t->hmm) || thread_ended(t);
}

/* Dead means: it does not run any more. */
void thread_set_dead(struct host_thread *t)
{
	t->state = T_DEAD;
	t->gone = thread_ended(t);
	if (!t->gone && !t->hmm->dead)
		space_kill(t->hmm);
}

static void trap_dead(struct host_thread *t, struct host_trap *trap)
{
	thread_set_dead(t);
	trap->kind = TRAP_DEAD;
}

static void set_tampered(struct host_thread *t, struct host_trap *trap)
{
	t->tampered = true;
	t->hmm->tampered = true;
	trap->kind = TRAP_TAMPERED;
}

/* ---- answers ---- */

void thread_answer(struct host_thread *t, s64 val)
{
	if (!backend.sync_wake || t->cpu >= 0 || vcpus_work())
		follow_vcpu(t->tid, &t->cpu);
	t->answer = val;
	t->state = T_RUNNING;
	if (backend.turns)
		turn_answer(t, val);
	else
		t->unsent = notif_send(t->listener, t->id, val) == -ENOENT;
}

/* True if n is the answered call once more, and has been answered again. */
static bool answered_again(struct host_thread *t, const struct seccomp_notif *n)
{
	if (!t->unsent || memcmp(&n->data, &t->data, sizeof(n->data)))
		return false;
	t->unsent = notif_send(t->listener, n->id, t->answer) == -ENOENT;
	return true;
}

static void resume(struct host_thread *t, u64 ret, const struct guest_regs *regs)
{
	if (t->state == T_IN_STUB) {
		frame_write(t, regs);
		ret = t->slot_va + t->uc;
	}
	thread_answer(t, ret);
}

/* ---- what came ---- */

static void take_call(struct host_thread *t, struct host_trap *trap)
{
	const struct seccomp_data *d = &t->data;

	t->state = T_IN_CALL;
	trap->kind = TRAP_SYSCALL;
	trap->nr = (s64)d->nr;
	trap->ip = d->instruction_pointer;
	trap->arch = d->arch;
	memcpy(trap->args, d->args, sizeof(trap->args));
	count(C_SYSCALLS);
}

static void take_trapped_call(struct host_trap *trap)
{
	struct guest_regs *r = &trap->regs;

	trap->kind = TRAP_SYSCALL_FULL;
	trap->nr = (s64)(s32)r->ax;
	r->orig_ax = r->ax;		/* all 64 bits, for tracers */
	trap->args[0] = r->di;
	trap->args[1] = r->si;
	trap->args[2] = r->dx;
	trap->args[3] = r->r10;
	trap->args[4] = r->r8;
	trap->args[5] = r->r9;
	count(C_SYSCALLS_FULL);
}

/* A signal came between a call and its answer: the frame says that the call
 * is to be made again. */
static void finish_unsent(struct host_thread *t, const struct seccomp_data *call,
			  struct guest_regs *r)
{
	if (t->unsent && call->instruction_pointer == r->ip + SYSCALL_INSN &&
	    (u32)call->nr == (u32)r->ax) {
		r->ip += SYSCALL_INSN;
		r->ax = t->answer;
	}
	t->unsent = false;
}

static void take_stub_event(struct host_thread *t,
			    const struct seccomp_data *before,
			    struct host_trap *trap)
{
	const struct seccomp_data *d = &t->data;
	u64 *header = (u64 *)t->slot;

	t->state = T_IN_STUB;
	header[SLOT_FS_BASE / 8] = d->args[3];
	header[SLOT_GS_BASE / 8] = d->args[4];
	frame_read(t, &trap->regs);
	trap->regs.fs_base = d->args[3];
	trap->regs.gs_base = d->args[4];
	finish_unsent(t, before, &trap->regs);
	trap->arch = AUDIT_ARCH_X86_64;
	trap->ip = trap->regs.ip;
	trap->signo = (u32)d->args[0];
	switch (trap->signo) {
	case SIGSYS:
		trap->arch = frame_sigsys_arch(t);
		take_trapped_call(trap);
		break;
	case STUB_SIG_KICK:
		t->kick_posted = false;
		trap->kind = TRAP_KICKED;
		count(C_KICKS);
		break;
	case SIGSEGV: case SIGBUS: case SIGFPE: case SIGILL: case SIGTRAP:
		frame_fault(t, trap);
		trap->kind = TRAP_FAULT;
		count(C_FAULTS);
		break;
	default:
		set_tampered(t, trap);
	}
}

void thread_take(struct host_thread *t, const struct seccomp_notif *n,
		 struct host_trap *trap)
{
	struct seccomp_data before = t->data;

	t->id = n->id;
	t->data = n->data;
	if (!thread_is_stub_event(n)) {
		t->unsent = false;
		take_call(t, trap);
	} else if (frame_locate(t, n)) {
		take_stub_event(t, &before, trap);
	} else {
		t->state = T_IN_STUB;
		set_tampered(t, trap);
	}
}

/* ---- running ---- */

/*
 * The next word, -EINTR: this vcpu has something pending, -ESRCH. A death is
 * not missed: before host 6.11, where RECV does not end by itself, the end of
 * a process makes VCPU_PENDING_CHILD pending on all vcpus, and that of a
 * thread is seen at the next tick.
 */
static long recv_once(struct host_thread *t, struct seccomp_notif *n)
{
	if (backend.turns)
		return turn_hear_or_pending(t, n);
	memset(n, 0, sizeof(*n));
	return host_window_syscall(SYS_ioctl, t->listener,
				   SECCOMP_IOCTL_NOTIF_RECV, (u64)n, 0,
				   &this_area()->pending);
}

static int recv_or_pending(struct host_thread *t, struct seccomp_notif *n)
{
	u32 *pending = &this_area()->pending;
	long err;

	vcpu_part(this_area()->cpu);
	if (!backend.sync_wake)
		vcpu_stay();
	for (;;) {
		err = recv_once(t, n);
		if (!err && !answered_again(t, n))
			return 0;
		if (err && err != -EINTR && err != -ENOENT)
			return -ESRCH;
		if (err && thread_gone(t))
			return -ESRCH;
		if (err && __atomic_load_n(pending, __ATOMIC_SEQ_CST))
			return -EINTR;
	}
}

void host_thread_run(struct host_thread *t, u64 ret,
		     const struct guest_regs *regs, struct host_trap *trap)
{
	struct guest_regs stale;
	struct seccomp_notif n;
	int err;

	if (t->state == T_DEAD) {
		trap->kind = TRAP_DEAD;
		return;
	}
	if (t->state == T_RUNNING)
		leave_vcpu(t->tid, &t->cpu);
	else
		resume(t, ret, regs);
	while (!(err = recv_or_pending(t, &n))) {
		thread_take(t, &n, trap);
		if (trap->kind != TRAP_KICKED || !t->kick_stale)
			return;
		/* the kick of a stop that something else had ended */
		t->kick_stale = false;
		stale = trap->regs;
		resume(t, 0, &stale);
	}
	if (err == -EINTR) {
		trap->kind = TRAP_EVENT;
		count(C_EVENTS);
	} else {
		trap_dead(t, trap);
	}
}

/* ---- stopping ---- */

static u64 process_time(int pid)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts))
		return 0;
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* CPU time of the thread, ns; of its process, divided, where /proc hides it
 * (the other threads count too). */
static u64 cpu_time(struct host_thread *t)
{
	char name[64], buf[64];
	ssize_t n = -1;
	u64 ns;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/schedstat", t->hmm->pid, t->tid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, buf, sizeof(buf) - 1);
		close(fd);
	}
	buf[n > 0 ? n : 0] = 0;
	ns = strtoull(buf, NULL, 10);
	return ns ?: process_time(t->hmm->pid) / 20;
}

static void post_kick(struct host_thread *t)
{
	t->kick_stale = false;		/* now somebody waits for it */
	if (t->kick_posted)
		return;
	syscall(SYS_tgkill, t->hmm->pid, t->tid, STUB_SIG_KICK);
	t->kick_posted = true;
}

static int kill_tampered(struct host_thread *t)
{
	t->hmm->tampered = true;
	space_kill(t->hmm);
	return -ESRCH;
}

/* The next word within ms, or an error: -ESRCH, or one that means nothing. */
static int hear(struct host_thread *t, struct seccomp_notif *n, int ms)
{
	struct pollfd p = { .fd = t->listener, .events = POLLIN };

	if (backend.turns)
		return turn_hear(t, n, ms);
	if (poll(&p, 1, ms) <= 0)
		return -EINTR;
	return p.revents & POLLIN ? notif_recv(t->listener, n) : -ESRCH;
}

int thread_wait_stub(struct host_thread *t, struct seccomp_notif *n)
{
	int ret, lost = 0;
	u64 start = 0, now;

	for (;;) {
		ret = hear(t, n, start ? 20 : 50);
		if (!ret && answered_again(t, n))
			continue;
		if (!ret || ret == -ESRCH)
			return ret;
		if (thread_gone(t))
			return -ESRCH;
		lost = backend.turns && turn_lost(t) ? lost + 1 : 0;
		if (lost == LOST_LOOKS)
			return kill_tampered(t);
		now = cpu_time(t);
		if (!start)
			start = now ?: 1;
		else if ((s64)(now - start) > STOP_CPU_NS)
			return kill_tampered(t);
	}
}

/* The stub's event of a thread that has a kick pending. Plain calls before it
 * say that the thread has blocked the signal. */
static int recv_kicked(struct host_thread *t, s64 ret, struct host_trap *trap)
{
	struct seccomp_notif n;
	int calls;

	for (calls = 0; calls <= STRAY_CALLS; calls++) {
		if (thread_wait_stub(t, &n))
			return -ESRCH;
		if (thread_is_stub_event(&n)) {
			thread_take(t, &n, trap);
			return 0;
		}
		notif_send(t->listener, n.id, ret);
	}
	return kill_tampered(t);
}

/* IN_CALL: answers, and takes the stub's event instead. */
static void convert_call(struct host_thread *t, u64 ret, struct host_trap *trap)
{
	struct seccomp_data call = t->data;

	thread_answer(t, ret);
	t->unsent = false;		/* ip and ax are set below */
	if (recv_kicked(t, ret, trap)) {
		trap_dead(t, trap);
		return;
	}
	if (trap->kind == TRAP_TAMPERED)
		return;
	trap->kind = TRAP_SYSCALL_FULL;
	trap->nr = trap->regs.orig_ax = (s64)call.nr;
	trap->arch = call.arch;
	trap->regs.ax = ret;
	trap->ip = trap->regs.ip = call.instruction_pointer;
	memcpy(trap->args, call.args, sizeof(trap->args));
}

static void stop_running(struct host_thread *t, struct host_trap *trap)
{
	struct seccomp_notif n;

	if (thread_wait_stub(t, &n)) {
		trap_dead(t, trap);
		return;
	}
	thread_take(t, &n, trap);
	if (t->state == T_IN_CALL)
		convert_call(t, -ENOSYS, trap);
}

int host_thread_stop(struct host_thread *t, u64 ret, struct host_trap *trap)
{
	if (t->state == T_IN_STUB)
		return -EALREADY;
	if (t->state == T_DEAD) {
		trap->kind = TRAP_DEAD;
		return 0;
	}
	count(C_STOPS);
	if (t->state == T_IN_CALL)
		follow_vcpu(t->tid, &t->cpu);	/* no wake-up of a signal is synchronous */
	post_kick(t);
	if (t->state == T_IN_CALL)
		convert_call(t, ret, trap);
	else
		stop_running(t, trap);
	t->kick_stale = t->kick_posted;	/* something else came first */
	return 0;
}
