/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A system call that does not start while something is pending. Between the
 * look at *pending and the call's start there is no gap: a signal handler that
 * finds the vcpu inside the window sends it to the way out.
 */
#ifndef UM_HOST_WINDOW_H
#define UM_HOST_WINDOW_H

#include "../abi/types.h"

/* Makes system call nr unless *pending is non-zero; returns what the kernel
 * returns (-errno), or -EINTR without having made the call. */
long host_window_syscall(long nr, u64 a0, u64 a1, u64 a2, u64 a3,
			 volatile u32 *pending);

extern const char host_window_start[], host_window_end[], host_window_out[];

#endif
