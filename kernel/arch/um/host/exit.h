/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of the process, whichever thread or signal handler asks for it.
 *
 * Clean-ups run once, on the thread that asks first; other vcpus are parked
 * in a signal handler meanwhile, wherever they are, so a clean-up may take no
 * lock, allocate nothing and use async-signal-safe calls only.
 */
#ifndef UM_HOST_EXIT_H
#define UM_HOST_EXIT_H

#include "../abi/types.h"

/* Registers a clean-up; the last one registered runs first. 0 or -ENOSPC. */
int host_at_exit(void (*fn)(void));

/* True from the first call of host_exit(), host_abort()... on. */
bool exit_started(void);

/* Stops the calling thread for good; the process is about to end. */
void exit_park(void) __attribute__((noreturn));

/* Runs the clean-ups, or parks the caller if another thread does. */
void exit_clean_up(void);

/* What host_reboot() is to do, told by main() once. */
void exit_set_reboot(bool noreboot, char *const argv[]);

#endif
