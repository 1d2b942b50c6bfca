// SPDX-License-Identifier: GPL-2.0
/*
 * Job control. Guest processes are in our process group with the job's
 * signals blocked, so a SIGTSTP of the terminal reaches only us:
 *
 *   1. the terminal gets its settings back;
 *   2. the back end stops the guest processes (SIGSTOP can't be blocked);
 *   3. we stop by the default action of SIGTSTP, which knows about orphaned
 *      process groups; the supervisor sees that and stops too.
 *
 * The shell continues the whole group, or the supervisor continues us; then
 * the same in reverse. All vcpus stop with the process, so whichever of them
 * takes the signal does it for all.
 */
#define _GNU_SOURCE 1
#include <signal.h>

#include "../abi/host.h"
#include "backend.h"
#include "con_term.h"
#include "signals.h"

void job_stop(void)
{
	struct sigaction old;
	sigset_t s;

	con_term_restore();
	backend_stop_guests(true);
	sigaction(SIGTSTP, NULL, &old);
	signals_raise_default(SIGTSTP);		/* stops here */
	sigemptyset(&s);
	sigaddset(&s, SIGTSTP);
	sigprocmask(SIG_BLOCK, &s, NULL);
	sigaction(SIGTSTP, &old, NULL);
	backend_stop_guests(false);
	con_term_resume();
}
