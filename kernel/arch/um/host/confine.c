// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest process may do on the host if its kernel lets it. Guest code
 * makes no system call by itself; but a guest kernel that has been taken over
 * can answer a notification with SECCOMP_USER_NOTIF_FLAG_CONTINUE, which no
 * filter can tell from another answer, and the host then carries the call out
 * in the guest process. Such a process has no descriptors. So the zygote gives
 * up, for itself and all it forks:
 *
 * - with Landlock (hosts from 5.13): opening, making, removing and executing
 *   any file; ptrace of processes other than guests; from 6.7 TCP, from 6.12
 *   abstract sockets and signals to other processes;
 * - by limits: core dumps, growing files.
 *
 * Left are calls that need neither files nor descriptors, UDP, and what
 * Landlock does not know: file attributes, and on older hosts the above.
 *
 * A host without Landlock is no error. Raw calls only: this runs in the
 * zygote, with the kernel process's memory.
 */
#define _GNU_SOURCE 1
#include <sys/resource.h>
#include <sys/syscall.h>

#include "backend_priv.h"

#define NR_CREATE_RULESET	444
#define NR_RESTRICT_SELF	446
#define ASK_VERSION		1

/* struct landlock_ruleset_attr; each version knows a longer one */
struct ruleset {
	u64 fs, net, scoped;
};

/* All that a version can handle is handled, and no rule allows any of it. */
static long size_of(long version)
{
	return version < 4 ? 8 : version < 6 ? 16 : 24;
}

static u64 files_of(long version)
{
	int bits = version < 2 ? 13 : version < 3 ? 14 : version < 5 ? 15 : 16;

	return (1ull << bits) - 1;
}

static void no_files(void)
{
	long version = raw_call(NR_CREATE_RULESET, 0, 0, ASK_VERSION, 0);
	struct ruleset all = {
		.fs = files_of(version), .net = 3, .scoped = 3,
	};
	long fd;

	if (version < 1)
		return;
	fd = raw_call(NR_CREATE_RULESET, (long)&all, size_of(version), 0, 0);
	if (fd < 0)
		return;
	raw_call(NR_RESTRICT_SELF, fd, 0, 0, 0);
	raw_call(SYS_close, fd, 0, 0, 0);
}

static void limit(long which, u64 value)
{
	const struct rlimit rl = { value, value };

	raw_call(SYS_prlimit64, 0, which, (long)&rl, 0);
}

void confine_self(void)
{
	no_files();
	limit(RLIMIT_CORE, 0);
	/* in the transport `trap` the agent writes into the arena; but there
	 * no notification can be answered */
	if (!backend.turns)
		limit(RLIMIT_FSIZE, 0);
}
