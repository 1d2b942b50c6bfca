/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The supervisor: the process that was started stays outside and the kernel
 * runs in a child of it. See the note in supervise.c.
 */
#ifndef UM_HOST_SUPERVISE_H
#define UM_HOST_SUPERVISE_H

#include "../abi/types.h"

struct host_options;

/* Forks. Returns in the kernel process only, signals as they were; the
 * supervisor ends the process by itself. umid_files: NULL-terminated paths to
 * be removed should the kernel process die without doing so; the last one is
 * a folder. Does not fork when there is a tracer or um_nosupervisor is given. */
void supervise_start(const struct host_options *o, char *const argv[],
		     const char *const *umid_files);

/* Kernel process: is there a supervisor? */
bool supervised(void);

/* Kernel process: the umid folder is ours now (or gone again). */
void supervise_umid(bool made);

/* Kernel process, before its exit: start the program afresh after it. */
void supervise_ask_reboot(void);

#endif
