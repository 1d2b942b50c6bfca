// SPDX-License-Identifier: GPL-2.0
/*
 * The wait for everything at once: the host, children, pumps, deadlines.
 *
 *	RUNNING	 -> the command exits		-> DRAINING
 *	RUNNING	 -> END: hang up and terminate	-> ENDING
 *	ENDING	 -> it exits			-> DRAINING
 *	ENDING	 -> END_MS pass			-> killed, which is an exit
 *	DRAINING -> all output is out		-> done
 *	any	 -> the host is gone		-> done
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "imgtool/agent/agent.h"

/* For output that somebody else holds open after the command's end. */
#define GRACE_MS 250

/* For the command to end by itself after END. */
#define END_MS 2000

static int signals = -1;
static bool draining;
static int64_t kill_at; /* 0: no */

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

void loop_block_signals(void)
{
	sigset_t all;

	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&all);
	sigaddset(&all, SIGCHLD);
	signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void start_drain(void)
{
	draining = true;
	pump_drain(kill_at ? 0 : GRACE_MS);
}

/* Take the status of every child that has ended; orphans are ours too. */
static void reap(struct child *child)
{
	struct signalfd_siginfo info[8];
	int status;
	pid_t pid;

	while (read(signals, info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != child->pid || child->exited)
			continue;
		child->exited = true;
		child->status = status;
		start_drain();
	}
}

static void begin_end(struct child *child)
{
	if (kill_at || child->exited)
		return;
	kill_at = now_ms() + END_MS;
	kill(-child->pid, SIGHUP);
	kill(-child->pid, SIGTERM);
	kill(-child->pid, SIGCONT);
}

static void obey(struct child *child, const struct agent_header *head,
		 const void *data)
{
	struct agent_winsize size;
	struct agent_number number;

	switch (head->type) {
	case AGENT_SIGNAL:
		if (head->size < sizeof(number))
			break;
		memcpy(&number, data, sizeof(number));
		child_signal(child, number.value);
		break;
	case AGENT_WINSIZE:
		if (head->size < sizeof(size))
			break;
		memcpy(&size, data, sizeof(size));
		child_winsize(child, &size);
		break;
	case AGENT_END:
		begin_end(child);
		break;
	}
}

static bool hear_host(struct child *child)
{
	struct agent_header head;
	const void *data;

	if (ctl_fill() < 0)
		return false;
	while (ctl_next(&head, &data))
		obey(child, &head, data);
	return ctl_fd() >= 0;
}

static int time_left(void)
{
	int ms = pump_timeout();
	int64_t left;

	if (!kill_at || draining)
		return ms;
	left = kill_at - now_ms();
	if (left < 0)
		left = 0;
	return ms < 0 || left < ms ? left : ms;
}

static void act_on_time(struct child *child)
{
	pump_expire();
	if (kill_at && !child->exited && now_ms() >= kill_at)
		child_signal(child, SIGKILL);
}

bool loop_run(struct child *child)
{
	struct pollfd fds[2 + PUMP_POLL_MAX];
	int n;

	while (!child->exited || pump_busy()) {
		fds[0] = (struct pollfd){ .fd = ctl_fd(), .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = signals, .events = POLLIN };
		n = pump_poll(fds + 2);
		if (poll(fds, 2 + n, time_left()) < 0)
			continue;
		if (fds[0].revents && !hear_host(child))
			return false;
		pump_run(fds + 2, n);
		if (fds[1].revents)
			reap(child);
		act_on_time(child);
	}
	return true;
}
