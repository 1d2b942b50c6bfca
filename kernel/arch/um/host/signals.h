/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signals of the kernel process. Numbers are chosen here and nowhere else:
 * ones that gdb passes on silently by default.
 */
#ifndef UM_HOST_SIGNALS_H
#define UM_HOST_SIGNALS_H

#include <signal.h>
#include <ucontext.h>

#include "../abi/types.h"

#define SIG_TIMER	SIGALRM		/* a vcpu's timer, to its thread */
#define SIG_KICK	SIGURG		/* vcpu: look at your pending bits */
#define SIG_ORPHAN	SIGPWR		/* the supervisor died */

/* Start of main(): blocks our signals until a vcpu takes them, remembers the
 * mask the program was started with. */
void signals_early(void);

/* Installs all handlers, process-wide. */
void signals_install(void);

/* For a vcpu's thread, once its area and alternate stack are in place. */
void signals_unblock_vcpu(void);

/* For threads that are no vcpu: everything blocked but synchronous faults. */
void signals_block_all(void);

/* Handlers back to default, mask as at the start, for execve(). */
void signals_reset(void);

/* Kills the process by sig with its default action. Returns if it did not. */
void signals_raise_default(int sig);

/* fault.c: the handler of SEGV, BUS, ILL, FPE and TRAP. */
void fault_handler(int sig, siginfo_t *si, void *ctx);

/* Lets the interrupted code notice pending bits where it can: restarts the
 * window, or diverts to guest_irq_entry. At the end of every handler. */
void signals_deliver(ucontext_t *uc);

/* job.c: SIGTSTP. */
void job_stop(void);

#endif
