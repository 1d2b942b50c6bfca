/* SPDX-License-Identifier: GPL-2.0 */
/* Puts a terminal back after the kernel process was killed. */
#ifndef UM_HOST_CON_GUARD_H
#define UM_HOST_CON_GUARD_H

#include <termios.h>

/*
 * Starts a child process that waits for our death and then, if the terminal
 * still has the settings `raw`, gives it `before`. Failure is not reported:
 * what it adds is for SIGKILL only.
 */
void con_guard_start(int fd, const struct termios *before,
		     const struct termios *raw);

/* Ends the guards of this process and waits until they are gone. */
void con_guard_stop(void);

#endif
