/* SPDX-License-Identifier: GPL-2.0 */
/*
 * killat N COMMAND...: SIGKILL COMMAND as it is about to make its N-th system
 * call of those that change a file or sync it. Exits with 137 then, else as
 * the command does; 77: it can't be done here.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

static int counts(unsigned long long nr)
{
	static const unsigned long long calls[] = {
		__NR_pwrite64, __NR_pwritev, __NR_pwritev2, __NR_fdatasync,
		__NR_fsync, __NR_fallocate, __NR_ftruncate, __NR_utimensat,
		__NR_rename, __NR_renameat, __NR_renameat2, __NR_unlink,
		__NR_unlinkat, __NR_fchmod, __NR_fchown,
	};
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i] == nr)
			return 1;
	return 0;
}

static void die(const char *what)
{
	fprintf(stderr, "killat: %s: %s\n", what, strerror(errno));
	exit(77);
}

/* Stopped at a system call: the one to be killed at? */
static int is_due(pid_t pid, long *left)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		die("PTRACE_GET_SYSCALL_INFO");
	return info.op == PTRACE_SYSCALL_INFO_ENTRY && counts(info.entry.nr) &&
	       !--*left;
}

int main(int argc, char **argv)
{
	long left = argc > 2 ? atol(argv[1]) : 0;
	int status, sig = 0;
	pid_t pid;

	if (left < 1)
		return 99;
	pid = fork();
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0))
			die("PTRACE_TRACEME");
		/* a sanitizer can't look for leaks under ptrace */
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
		raise(SIGSTOP);
		execvp(argv[2], argv + 2);
		die(argv[2]);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
		die("fork");
	ptrace(PTRACE_SETOPTIONS, pid, 0,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (;;) {
		ptrace(PTRACE_SYSCALL, pid, 0, sig);
		if (waitpid(pid, &status, 0) < 0)
			die("waitpid");
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		sig = WSTOPSIG(status);
		if (sig == SIGTRAP)
			sig = 0;	/* exec */
		if (sig != (SIGTRAP | 0x80))
			continue;
		sig = 0;
		if (is_due(pid, &left))
			kill(pid, SIGKILL);
	}
}
