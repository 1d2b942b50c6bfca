// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's process.
 *
 * It leads a session of its own: what is typed at our terminal, and a signal
 * to our process group, must not reach it behind our back. It dies with us
 * (PR_SET_PDEATHSIG), and we do not wait for it before its whole group has
 * been killed: until then its pid, which names the group, cannot be anyone
 * else's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/run/run.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* Keep descriptors that somebody has left open in us from the kernel. */
static void hide_descriptors(void)
{
	int fd, max;

	if (!syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC))
		return;
	max = sysconf(_SC_OPEN_MAX);
	for (fd = 3; fd < max && fd < 65536; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void reset_signals(void)
{
	sigset_t none;
	int i;

	for (i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child(pid_t parent, const int *says, int report, const char *file,
		  char **argv, const int *fds, size_t count)
	__attribute__((noreturn));
static void child(pid_t parent, const int *says, int report, const char *file,
		  char **argv, const int *fds, size_t count)
{
	int null, err;
	size_t i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	setsid();
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null >= 0 && dup2(null, 0) == 0 && dup2(says[0], 1) == 1 &&
	    dup2(says[1], 2) == 2) {
		hide_descriptors();
		for (i = 0; i < count; i++)
			if (fds[i] >= 0)
				fcntl(fds[i], F_SETFD, 0);
		reset_signals();
		execv(file, argv);
	}
	err = errno;
	if (write(report, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

/* Errno of an exec that failed; 0: it went well, and REPORT was closed. */
static int exec_error(int report)
{
	int err = 0;
	ssize_t n;

	do {
		n = read(report, &err, sizeof(err));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(err) ? err : 0;
}

static int start(struct guest *guest, const char *file, char **argv,
		 const int *fds, size_t count, const int *says)
{
	pid_t parent = getpid();
	int report[2], err;

	if (pipe2(report, O_CLOEXEC))
		return msg_errno("pipe", errno, "cannot be made");
	fflush(NULL);
	guest->pid = fork();
	if (guest->pid == 0)
		child(parent, says, report[1], file, argv, fds, count);
	err = guest->pid < 0 ? errno : 0;
	close(report[1]);
	if (!err)
		err = exec_error(report[0]);
	close(report[0]);
	if (!err)
		return 0;
	if (guest->pid > 0)
		waitpid(guest->pid, NULL, 0);
	guest->pid = 0;
	return msg_errno(file, err, "cannot be started");
}

/* A pipe whose read end does not block; ends[] are read and write end. */
static int open_pipe(int *ends)
{
	if (pipe2(ends, O_CLOEXEC)) {
		ends[0] = ends[1] = -1;
		return msg_errno("pipe", errno, "cannot be made");
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return 0;
}

int guest_start(struct guest *guest, const char *file, char **argv,
		const int *fds, size_t count)
{
	int console[2], errors[2], says[2], result;

	memset(guest, 0, sizeof(*guest));
	guest->console = guest->errors = -1;
	if (open_pipe(console) < 0)
		return -1;
	result = open_pipe(errors);
	if (!result) {
		says[0] = console[1];
		says[1] = errors[1];
		result = start(guest, file, argv, fds, count, says);
		close(errors[1]);
		guest->errors = errors[0];
	}
	close(console[1]);
	guest->console = console[0];
	return result;
}

bool guest_check(struct guest *guest)
{
	siginfo_t info;

	if (guest->ended || guest->pid <= 0)
		return guest->ended;
	info.si_pid = 0;
	if (waitid(P_PID, guest->pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
	    !info.si_pid)
		return false;
	guest->ended = true;
	if (info.si_code == CLD_EXITED)
		guest->status = W_EXITCODE(info.si_status, 0);
	else
		guest->status = W_EXITCODE(0, info.si_status);
	return true;
}

void guest_signal(const struct guest *guest, int signo)
{
	if (guest->pid > 0)
		kill(-guest->pid, signo);
}

void guest_reap(struct guest *guest)
{
	if (guest->pid <= 0)
		return;
	guest_signal(guest, SIGKILL);
	kill(guest->pid, SIGKILL);
	while (waitpid(guest->pid, &guest->status, 0) < 0 && errno == EINTR)
		;
	guest->pid = 0;
	guest->ended = true;
}
