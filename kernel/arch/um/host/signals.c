// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous signals. All handlers run on the vcpu's alternate stack with
 * all asynchronous signals blocked, set pending bits, and end with
 * signals_deliver(); none ever switches context, so an alternate stack is
 * never in use by two tasks.
 *
 *   SIG_TIMER           TIMER bit of the vcpu
 *   SIG_KICK            nothing: somebody else has set the bits
 *   TERM INT HUP WINCH  bit of vcpu 0, whichever vcpu took the signal
 *   CHLD                backend_child_died(), CHILD bit of all vcpus
 *   SIG_ORPHAN          the supervisor was killed: end at once
 *   TSTP                job.c
 *   PIPE TTIN TTOU XFSZ ignored: the call that met it returns an error
 *   QUIT and others     default action; the supervisor cleans up
 *
 * A second TERM, or an INT while the last one has not been looked at, ends
 * the process at once, but only a second after the first: timeout(1) and
 * supervisors send the same signal to the process and to its group. A TERM
 * that nobody has looked at for five seconds ends it, too: a timer sends the
 * signal again.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "../abi/guest.h"
#include "../abi/host.h"
#include "allow.h"
#include "backend.h"
#include "exit.h"
#include "signals.h"
#include "vcpu_thread.h"

HOST_ALLOW(rt_sigaction);
HOST_ALLOW(rt_sigprocmask);
HOST_ALLOW(rt_sigreturn);

#define SECOND 1000000000ull
#define TERM_PATIENCE 5		/* seconds */

static const int async_signals[] = {
	SIG_TIMER, SIG_KICK, SIG_ORPHAN, SIGTERM, SIGINT, SIGHUP, SIGWINCH,
	SIGCHLD, SIGTSTP,
};
static const int sync_signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
static const int ignored_signals[] = { SIGPIPE, SIGTTIN, SIGTTOU, SIGXFSZ };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static sigset_t start_mask;
static timer_t term_timer;

/* ---- masks ---- */

static void async_set(sigset_t *s)
{
	size_t i;

	sigemptyset(s);
	for (i = 0; i < COUNT(async_signals); i++)
		sigaddset(s, async_signals[i]);
}

void signals_early(void)
{
	sigset_t s;

	async_set(&s);
	sigprocmask(SIG_BLOCK, &s, &start_mask);
}

void signals_unblock_vcpu(void)
{
	sigset_t s;

	async_set(&s);
	pthread_sigmask(SIG_UNBLOCK, &s, NULL);
}

void signals_block_all(void)
{
	sigset_t s;
	size_t i;

	sigfillset(&s);
	for (i = 0; i < COUNT(sync_signals); i++)
		sigdelset(&s, sync_signals[i]);
	sigdelset(&s, SIGSYS);
	pthread_sigmask(SIG_SETMASK, &s, NULL);
}

void signals_reset(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	size_t i;

	for (i = 0; i < COUNT(async_signals); i++)
		sigaction(async_signals[i], &dfl, NULL);
	for (i = 0; i < COUNT(sync_signals); i++)
		sigaction(sync_signals[i], &dfl, NULL);
	for (i = 0; i < COUNT(ignored_signals); i++)
		sigaction(ignored_signals[i], &dfl, NULL);
	pthread_sigmask(SIG_SETMASK, &start_mask, NULL);
}

void signals_raise_default(int sig)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t s;

	sigaction(sig, &dfl, NULL);
	sigemptyset(&s);
	sigaddset(&s, sig);
	pthread_sigmask(SIG_UNBLOCK, &s, NULL);
	raise(sig);
}

/* ---- what the user asks for ---- */

/* Bit of vcpu 0; ends the process when asked again and nothing happens. */
static void ask_guest(u32 bit, int sig)
{
	static u64 first[2];
	u64 *t = &first[bit == VCPU_PENDING_INT];
	u64 now = host_clock_monotonic();

	/* an INT that was looked at is no first one any more */
	if (bit == VCPU_PENDING_INT && !vcpu_has_pending(0, bit))
		*t = 0;
	if (*t && now - *t > SECOND)
		host_exit(128 + sig);
	if (!*t)
		*t = now;
	vcpu_post(0, bit);
}

/* A guest kernel that has not seen its bit for so long is dead. */
static void arm_term_timer(void)
{
	struct itimerspec its = { .it_value.tv_sec = TERM_PATIENCE };

	timer_settime(term_timer, 0, &its, NULL);
}

static void on_term(const siginfo_t *si)
{
	if (si->si_code != SI_TIMER) {
		arm_term_timer();
		ask_guest(VCPU_PENDING_TERM, SIGTERM);
	} else if (vcpu_has_pending(0, VCPU_PENDING_TERM)) {
		host_exit(128 + SIGTERM);
	}
}

static void child_died(void)
{
	backend_child_died();
	vcpu_post_all(VCPU_PENDING_CHILD);
}

static void on_async(int sig, siginfo_t *si, void *ctx)
{
	int saved = errno;

	if (exit_started())
		exit_park();
	switch (sig) {
	case SIG_TIMER:
		timer_expired(vcpu_self);
		break;
	case SIG_KICK:
		atomic_store(&vcpu_self->kicked, 0);
		break;
	case SIGTERM:
		on_term(si);
		break;
	case SIGINT:
		ask_guest(VCPU_PENDING_INT, sig);
		break;
	case SIGHUP:
		vcpu_post(0, VCPU_PENDING_HUP);
		break;
	case SIGWINCH:
		vcpu_post(0, VCPU_PENDING_WINCH);
		break;
	case SIGCHLD:
		child_died();
		break;
	case SIGTSTP:
		job_stop();
		break;
	case SIG_ORPHAN:
		host_exit(128 + SIGKILL);
	}
	signals_deliver(ctx);
	errno = saved;
}

/* ---- into the interrupted code ---- */

/* Contract: guest_irq_entry in abi/guest.h. */
static void divert(struct vcpu_area *a, greg_t *r)
{
	a->irq_on = 0;
	r[REG_RSP] -= 8;
	*(u64 *)r[REG_RSP] = r[REG_RIP];
	r[REG_RIP] = (greg_t)guest_irq_entry;
}

void signals_deliver(ucontext_t *uc)
{
	struct vcpu_host *v = vcpu_self;
	greg_t *r = uc->uc_mcontext.gregs;

	if (!__atomic_load_n(&v->area->pending, __ATOMIC_SEQ_CST))
		return;
	backend_fix_window(uc);
	/* not inside a handler that this one interrupted */
	if (v->area->irq_on && vcpu_in_text(r[REG_RIP]) &&
	    !vcpu_on_altstack(v, r[REG_RSP]))
		divert(v->area, r);
}

/* ---- installation ---- */

/* A fault handler must not be lost to TERM and its like: a guest kernel that
 * loops in its report could not be ended. So only those that a handler
 * could pile up by themselves are blocked there. */
static void install_sync(void)
{
	struct sigaction sa = {
		.sa_sigaction = fault_handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER,
	};
	size_t i;

	sigaddset(&sa.sa_mask, SIG_TIMER);
	sigaddset(&sa.sa_mask, SIG_KICK);
	sigaddset(&sa.sa_mask, SIGCHLD);
	for (i = 0; i < COUNT(sync_signals); i++)
		sigaction(sync_signals[i], &sa, NULL);
}

static void make_term_timer(void)
{
	struct sigevent ev = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGTERM,
	};

	if (timer_create(CLOCK_MONOTONIC, &ev, &term_timer))
		host_fatal("signals", "timer_create (see ulimit -i)", errno);
}

void signals_install(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_async,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NOCLDSTOP,
	};
	struct sigaction ign = { .sa_handler = SIG_IGN };
	size_t i;

	async_set(&sa.sa_mask);
	for (i = 0; i < COUNT(async_signals); i++)
		sigaction(async_signals[i], &sa, NULL);
	for (i = 0; i < COUNT(ignored_signals); i++)
		sigaction(ignored_signals[i], &ign, NULL);
	install_sync();
	make_term_timer();
}
