// SPDX-License-Identifier: GPL-2.0
/*
 * Which system calls does a filter that was there before us (a container's)
 * not let through? Those it answers with ERRNO would never be notified to us,
 * so guest threads trap on them instead (filter.c).
 *
 * Tried in a child, since a filter may also kill: each number once, with
 * arguments that no call accepts. A call that fails with EPERM or ENOSYS for
 * reasons of its own counts as denied too, which only makes it slower.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "outer.h"

struct outcome {
	volatile u32 next;		/* the number being tried */
	volatile u8 denied[OUTER_MAX_NR];
};

/* No arguments make these harmless; they stand as denied. */
static const u16 untried[] = {
	SYS_exit, SYS_exit_group, SYS_pause, SYS_sync, SYS_vhangup,
	SYS_rt_sigreturn, SYS_fork, SYS_vfork, SYS_clone, 435 /* clone3 */,
};

/* Container filters look at the arguments of these. */
static const u16 judged_by_arguments[] = { SYS_personality, SYS_socket };

static bool listed(const u16 *list, unsigned int n, u32 nr)
{
	while (n--)
		if (list[n] == nr)
			return true;
	return false;
}

#define LISTED(list, nr) listed(list, sizeof(list) / sizeof((list)[0]), nr)

bool outer_filter_present(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	int mode = 0;

	if (!f)
		return true;		/* who knows: then look */
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Seccomp: %d", &mode) == 1)
			break;
	fclose(f);
	return mode != 0;
}

/* futex is asked for often, and says ENOSYS itself to an unknown operation. */
static long second_argument(u32 nr)
{
	return nr == SYS_futex ? FUTEX_WAKE : -1L;
}

static void try_calls(struct outcome *o)
{
	u32 nr;

	for (nr = o->next; nr < OUTER_MAX_NR; nr++) {
		long ret;

		o->next = nr;
		if (LISTED(untried, nr))
			continue;
		errno = 0;
		ret = syscall(nr, -1L, second_argument(nr), -1L, -1L, -1L, -1L);
		o->denied[nr] = ret == -1 && (errno == EPERM || errno == ENOSYS);
	}
	o->next = nr;
	syscall(SYS_exit_group, 0);
}

/* A filter may kill, and calls of the trampolines of uprobes raise SIGILL;
 * our handlers have nothing to say to that. */
static void die_quietly(void)
{
	int sig;

	prctl(PR_SET_DUMPABLE, 0);
	for (sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
}

static int run_child(struct outcome *o)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		die_quietly();
		try_calls(o);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return 0;
}

int outer_filter_probe(u16 *nrs)
{
	struct outcome *o = mmap(NULL, sizeof(*o), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int n = 0, err = 0;
	u32 nr;

	if (o == MAP_FAILED)
		return -errno;
	while (!err && o->next < OUTER_MAX_NR) {
		u32 before = o->next;

		err = run_child(o);
		if (!err && o->next < OUTER_MAX_NR) {
			o->denied[o->next] = 1;	/* it was killed there */
			o->next++;
		}
		if (!err && o->next == before)
			err = -EIO;
	}
	for (nr = 0; !err && nr < OUTER_MAX_NR; nr++)
		if (o->denied[nr] || LISTED(untried, nr) ||
		    LISTED(judged_by_arguments, nr))
			nrs[n++] = nr;
	munmap(o, sizeof(*o));
	return err ? err : n;
}
