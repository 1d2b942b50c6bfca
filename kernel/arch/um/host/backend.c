// SPDX-License-Identifier: GPL-2.0
/* Start and end of the back end, and the counters. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "backend_priv.h"
#include "window.h"
#include "../abi/host.h"

struct backend_state backend;
u64 backend_counters[C_NR];

#define DEFAULT_MAX_MAPS 65530
#define HWCAP2_FSGSBASE 2
#define WAIT_KILLABLE_RECV (1u << 5)	/* include/uapi/linux/seccomp.h, 5.19 */

static u32 read_max_maps(void)
{
	FILE *f = fopen("/proc/sys/vm/max_map_count", "re");
	unsigned int n = 0;

	if (f) {
		if (fscanf(f, "%u", &n) != 1)
			n = 0;
		fclose(f);
	}
	return (n ?: DEFAULT_MAX_MAPS) / 10 * 9;
}

static bool host_at_least(unsigned int major, unsigned int minor)
{
	struct utsname u;
	unsigned int a = 0, b = 0;

	uname(&u);
	sscanf(u.release, "%u.%u", &a, &b);
	return a > major || (a == major && b >= minor);
}

static void choose_flags(const struct backend_options *o)
{
	backend.filter_flags = SECCOMP_FILTER_FLAG_NEW_LISTENER |
			       SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	if (!o->no_killable && host_at_least(5, 19))
		backend.filter_flags |= WAIT_KILLABLE_RECV;
	backend.sync_wake = !o->no_sync && host_at_least(6, 6);
	backend.recv_ends = host_at_least(6, 11);
}

static void must(const char *what, int err)
{
	if (err)
		host_fatal("back end", what, -err);
}

void backend_init(int physmem_fd, u64 physmem_bytes, unsigned int ncpus,
		  const struct backend_options *options)
{
	(void)physmem_bytes;
	backend.physmem_fd = physmem_fd;
	backend.ncpus = ncpus;
	backend.listener_fd = STUB_FD_SOCKETS + ncpus;
	backend.max_maps = read_max_maps();
	backend.pid = getpid();
	backend.fpstate_size = frame_probe_fpstate(&backend.xfeatures);
	choose_flags(options);
	if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE))
		host_fatal("back end", "the host lets no program read the fs base (FSGSBASE): boot it without nofsgsbase", 0);
	must("outer filter", filter_probe_outer());
	must("arena", arena_init());
	must("zygote", zygote_start());
}

const char *backend_name(void)
{
	bool killable = backend.filter_flags & WAIT_KILLABLE_RECV;

	if (!backend.sync_wake)
		return killable ? "notify (no SYNC_WAKE_UP)" :
		       "notify (no SYNC_WAKE_UP, no WAIT_KILLABLE_RECV)";
	return killable ? "notify" : "notify (no WAIT_KILLABLE_RECV)";
}

void backend_child_died(void)
{
	atomic_fetch_add(&backend.child_seq, 1);
}

void backend_stop_guests(bool stop)
{
	space_signal_all(stop ? SIGSTOP : SIGCONT);
}

void backend_shutdown(void)
{
	zygote_kill();
	space_signal_all(SIGKILL);
}

void backend_fix_window(ucontext_t *uc)
{
	u64 ip = uc->uc_mcontext.gregs[REG_RIP];

	if (ip >= (u64)host_window_start && ip < (u64)host_window_end)
		uc->uc_mcontext.gregs[REG_RIP] = (greg_t)host_window_out;
}

int host_counters(struct host_counter *out, int max)
{
	static const char *const names[C_NR] = {
		"syscalls", "syscalls_full", "faults", "kicks", "stops",
		"events", "agent_batches", "maps", "unmaps", "flushes",
		"spaces_new", "spaces_pooled", "threads_new",
		"threads_parked", "deaths",
	};
	int i;

	for (i = 0; i < C_NR && i < max; i++)
		out[i] = (struct host_counter) { names[i], backend_counters[i] };
	return i;
}
