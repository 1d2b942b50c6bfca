// SPDX-License-Identifier: GPL-2.0
/*
 * The end: see exit.h. Order: drivers' clean-ups (terminals), the back end
 * (guest processes and zygote, reaped), the umid folder, then _exit(), which
 * takes all threads along.
 *
 * The other vcpus are kicked first and park in the handler, so that they
 * neither report the death of their guest processes nor write to a console
 * that is being restored. Nobody waits for them to arrive.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "../abi/host.h"
#include "allow.h"
#include "backend.h"
#include "diag.h"
#include "exit.h"
#include "lockdown.h"
#include "signals.h"
#include "supervise.h"
#include "vcpu_thread.h"

HOST_ALLOW(exit_group);
HOST_ALLOW(exit);
HOST_ALLOW(gettid);
HOST_ALLOW(getpid);
HOST_ALLOW(pause);

#define MAX_CLEAN_UPS 16

static void (*clean_ups[MAX_CLEAN_UPS])(void);
static atomic_uint nr_clean_ups;

static atomic_int exiting;	/* tid of the thread that cleans up */
static bool reboot_means_exit;
static char *const *reboot_argv;

extern char **environ;

int host_at_exit(void (*fn)(void))
{
	u32 n = atomic_fetch_add(&nr_clean_ups, 1);

	if (n >= MAX_CLEAN_UPS) {
		atomic_fetch_sub(&nr_clean_ups, 1);
		return -ENOSPC;
	}
	clean_ups[n] = fn;
	return 0;
}

bool exit_started(void)
{
	return atomic_load(&exiting) != 0;
}

void exit_park(void)
{
	signals_block_all();
	for (;;)
		pause();
}

void exit_clean_up(void)
{
	int nobody = 0, self = gettid();
	u32 i;

	signals_block_all();
	if (!atomic_compare_exchange_strong(&exiting, &nobody, self)) {
		if (nobody == self)	/* a clean-up failed: no second try */
			_exit(1);
		exit_park();
	}
	vcpu_park_others();
	for (i = atomic_load(&nr_clean_ups); i-- > 0; )
		if (clean_ups[i])
			clean_ups[i]();
	backend_shutdown();
}

void host_exit(int status)
{
	exit_clean_up();
	_exit(status);
}

void host_abort(void)
{
	exit_clean_up();
	signals_raise_default(SIGABRT);
	_exit(128 + SIGABRT);
}

void host_fatal(const char *what, const char *object, int err)
{
	diag_say(what, object, err > 0 ? diag_strerror(err) : NULL);
	host_exit(1);
}

void exit_set_reboot(bool noreboot, char *const argv[])
{
	reboot_means_exit = noreboot;
	reboot_argv = argv;
}

/*
 * With a supervisor, it starts the program again after us: it is not under
 * our filter, which execve() would hand on to the new program and to all its
 * guests. Without one (debugging), execve() here, if not locked down.
 */
void host_reboot(int status)
{
	if (!reboot_means_exit && supervised()) {
		supervise_ask_reboot();
	} else if (!reboot_means_exit) {
		if (lockdown_active()) {
			diag_say("reboot", "no supervisor",
				 "the program ends instead: add um_nolockdown");
			host_exit(status);
		}
		exit_clean_up();
		signals_reset();
		execve("/proc/self/exe", reboot_argv, environ);
		diag_err("reboot", "/proc/self/exe", errno);
		_exit(1);
	}
	host_exit(status);
}
