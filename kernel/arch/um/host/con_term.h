/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Host terminals that lines of the guest use: raw while the guest runs, as
 * they were at all other times. con_term_restore() and con_term_resume() may
 * be used in signal handlers.
 */
#ifndef UM_HOST_CON_TERM_H
#define UM_HOST_CON_TERM_H

#include "../abi/types.h"

/* Notes a terminal's settings, and starts the guard (con_guard.h) that puts
 * them back if this process is killed. Changes nothing yet. */
void con_term_prepare(int fd);

/* Makes a prepared terminal raw (host_con.h says when). 0 or -errno. */
int con_term_raw(int fd);

/* May we use the terminal: is it nobody's job, or are we the one in front? */
bool con_term_foreground(int fd);

/* Makes a terminal raw that should be and is not yet, since we were in the
 * background then (`fg` without a stop is not told to a process). Cheap. */
void con_term_check(int fd);

/* All terminals as they were: before the process ends or stops (SIGTSTP). */
void con_term_restore(void);

/* Raw again: after SIGCONT. */
void con_term_resume(void);

#endif
