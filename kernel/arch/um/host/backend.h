/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The back end as the rest of the host side sees it: started once by main(),
 * told of dead children by signals.c, ended by exit.c.
 */
#ifndef UM_HOST_BACKEND_H
#define UM_HOST_BACKEND_H

#include <ucontext.h>

#include "../abi/types.h"

struct backend_options {
	bool no_sync;		/* um_nosync: as on hosts before 6.6 */
	bool no_killable;	/* um_nokillable: as on hosts before 5.19 */
	bool trap;		/* um_trap: as where no listener can be had */
};

/* Makes arena and zygote. On the main thread, before there are others; ends
 * the program with a message when the host refuses something. */
void backend_init(int physmem_fd, u64 physmem_bytes, unsigned int ncpus,
		  const struct backend_options *options);

/* "notify" or "trap", and a word on the options for the boot log. */
const char *backend_name(void);

/* Guest code can have a thread taken for stopped that runs (host_boot_info). */
bool backend_stops_unsure(void);

/* From a SIGCHLD handler: a child died, perhaps a guest process. */
void backend_child_died(void);

/* Stops all guest processes (SIGSTOP) or lets them go on. Async-signal-safe. */
void backend_stop_guests(bool stop);

/* Kills all guest processes and the zygote. Async-signal-safe, any thread. */
void backend_shutdown(void);

/* Moves an interrupted vcpu out of the window (window.h). From handlers. */
void backend_fix_window(ucontext_t *uc);

#endif
