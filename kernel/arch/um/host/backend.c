// SPDX-License-Identifier: GPL-2.0
/* Start and end of the back end. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend_priv.h"
#include "window.h"
#include "../abi/host.h"

struct backend_state backend;

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

/* Tries it in a child, which then has a filter more. */
static bool can_listen(u32 flags)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { .len = 1, .filter = &allow };
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog) < 0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return !status;
}

/* Listeners, unless the host has no room for one more in a chain of filters
 * (EBUSY: a container manager listens) or none at all: then the transport is
 * `trap`. */
static void choose_transport(const struct backend_options *o)
{
	u32 flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;

	if (!o->no_killable && host_at_least(5, 19))
		flags |= WAIT_KILLABLE_RECV;
	backend.turns = o->trap || !can_listen(flags);
	backend.filter_flags = backend.turns ? SECCOMP_FILTER_FLAG_SPEC_ALLOW : flags;
}

static void choose_flags(const struct backend_options *o)
{
	choose_transport(o);
	backend.sync_wake = !backend.turns && !o->no_sync && host_at_least(6, 6);
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

bool backend_stops_unsure(void)
{
	return backend.turns;
}

const char *backend_name(void)
{
	bool killable = backend.filter_flags & WAIT_KILLABLE_RECV;

	if (backend.turns)
		return "trap";
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
