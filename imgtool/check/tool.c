/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "imgtool/check/tool.h"
#include "imgtool/msg.h"

#define WORDS_MOST 16
#define NOT_THERE  127

static _Noreturn void run(const char *program, const char *const *args, int fd,
			  uint64_t offset, const char *last, int out)
{
	const char *path = getenv("PATH") ?: "/usr/bin:/bin";
	const char *argv[WORDS_MOST];
	int n = 0, file = fcntl(fd, F_DUPFD, 3);

	/* these are in the paths of root only */
	setenv("PATH", mem_printf("%s:/usr/sbin:/sbin", path), 1);
	argv[n++] = program;
	while (*args && n < WORDS_MOST - 3)
		argv[n++] = *args++;
	argv[n++] = offset ?
		mem_printf("/proc/self/fd/%d?offset=%" PRIu64, file, offset) :
		mem_printf("/proc/self/fd/%d", file);
	argv[n++] = last;
	argv[n] = NULL;
	if (file < 0 || (out >= 0 && (dup2(out, 1) < 0 || dup2(out, 2) < 0)))
		_exit(NOT_THERE - 1);
	execvp(program, (char **)argv);
	_exit(errno == ENOENT ? NOT_THERE : NOT_THERE - 1);
}

int tool_run(const char *program, const char *const *args, int fd,
	     uint64_t offset, const char *last, int out)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (!pid)
		run(program, args, fd, offset, last, out);
	if (pid < 0)
		return msg_errno(program, errno, "cannot be started");
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return msg_errno(program, errno, "is lost");
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_THERE)
		return msg_error(program, "is not installed; it is a part of "
				 "e2fsprogs");
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_THERE - 1)
		return msg_error(program, "cannot be started");
	if (!WIFEXITED(status))
		return msg_error(program, "ended by signal %d",
				 WTERMSIG(status));
	return WEXITSTATUS(status);
}
