// SPDX-License-Identifier: GPL-2.0
/*
 * ubd_killat FILE DATA_AT EVENT N COMMAND...: SIGKILL a process of COMMAND as
 * it is about to change FILE for the N-th time in the way of EVENT:
 *
 *	data		write at or behind byte DATA_AT
 *	map		write before it
 *	sync-data	sync after which the data is safe
 *	sync-map	sync after a write of the map
 *	any		any of these
 *
 * A file changes by these calls only, so to be killed just before each of them
 * is to be killed in all states it has. Only they stop for us: a seccomp filter
 * picks them, and lets the rest run as it does without. Ends when all processes
 * of COMMAND have; its status is COMMAND's, 128 + the signal for one that was
 * killed. A line on standard error tells the event. 77: no ptrace here.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>	/* behind the one of sys/ */

static struct stat file;
static unsigned long long data_at;
static const char *wanted;
static long left;
static bool map_written;

static void die(const char *what)
{
	fprintf(stderr, "ubd_killat: %s: %s\n", what, strerror(errno));
	exit(77);
}

/* ---- what stops ---- */

#define CALL_STOPS(nr)                                    \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE)

static void filter_calls(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		CALL_STOPS(__NR_pwrite64),
		CALL_STOPS(__NR_pwritev),
		CALL_STOPS(__NR_pwritev2),
		CALL_STOPS(__NR_fdatasync),
		CALL_STOPS(__NR_fsync),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		die("seccomp");
}

static pid_t start(char **argv)
{
	int go[2];
	char byte;
	pid_t pid;

	if (pipe(go))
		die("pipe");
	pid = fork();
	if (!pid) {
		close(go[1]);
		if (read(go[0], &byte, 1) != 1)
			_exit(77);
		close(go[0]);
		filter_calls();
		execvp(argv[0], argv);
		die(argv[0]);
	}
	if (pid < 0 ||
	    ptrace(PTRACE_SEIZE, pid, 0,
		   PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE |
			   PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			   PTRACE_O_EXITKILL))
		die("ptrace");
	close(go[0]);
	if (write(go[1], "", 1) != 1)
		die("pipe");
	close(go[1]);
	return pid;
}

/* ---- events ---- */

static bool on_file(pid_t pid, unsigned long long fd)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, (int)fd);
	return !stat(path, &st) && st.st_dev == file.st_dev &&
	       st.st_ino == file.st_ino;
}

/* The event that a stopped call is; NULL: none. */
static const char *event_of(pid_t pid)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0) {
		if (errno == ESRCH)
			return NULL;	/* killed meanwhile */
		die("PTRACE_GET_SYSCALL_INFO");
	}
	if (info.op != PTRACE_SYSCALL_INFO_SECCOMP ||
	    !on_file(pid, info.seccomp.args[0]))
		return NULL;
	if (info.seccomp.nr == __NR_fdatasync || info.seccomp.nr == __NR_fsync) {
		bool map = map_written;

		map_written = false;
		return map ? "sync-map" : "sync-data";
	}
	if (info.seccomp.args[3] >= data_at)
		return "data";
	map_written = true;
	return "map";
}

static void seccomp_stop(pid_t pid)
{
	const char *event = event_of(pid);

	if (!event || (strcmp(wanted, "any") && strcmp(wanted, event)) ||
	    left < 1 || --left)
		return;
	fprintf(stderr, "ubd_killat: before: %s\n", event);
	kill(pid, SIGKILL);
}

static void stopped(pid_t pid, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status);

	if (event == PTRACE_EVENT_SECCOMP)
		seccomp_stop(pid);
	if (event == PTRACE_EVENT_STOP && sig != SIGTRAP)
		ptrace(PTRACE_LISTEN, pid, 0, 0);
	else
		ptrace(PTRACE_CONT, pid, 0, event ? 0 : sig);
}

int main(int argc, char **argv)
{
	int status, end = 99;
	pid_t first, pid;

	if (argc < 6 || stat(argv[1], &file))
		return 99;
	data_at = strtoull(argv[2], NULL, 10);
	wanted = argv[3];
	left = atol(argv[4]);
	first = start(argv + 5);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status))
			stopped(pid, status);
		else if (pid == first)
			end = WIFEXITED(status) ? WEXITSTATUS(status) :
						  128 + WTERMSIG(status);
	}
	return end;
}
