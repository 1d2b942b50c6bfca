// SPDX-License-Identifier: GPL-2.0
/* The agent's order of things; see agent.h for what it is. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/agent/agent.h"

/* How long the host may take to answer the last word. */
#define BYE_MS 10000

bool agent_native;

/* Native mode: the descriptors that stand for channels. */
static int native_fds[1 + AGENT_CHANNELS] = { -1, -1, -1, -1 };

/* A pipe or terminal is not ours alone, so it is opened anew. */
static int open_native(unsigned int n, int flags)
{
	int fd = native_fds[n], own = -1;
	struct stat st;
	char path[32];

	if (fd < 0 || fstat(fd, &st)) {
		errno = ENOENT;
		return -1;
	}
	native_fds[n] = -1;
	if (S_ISSOCK(st.st_mode)) {
		fcntl(fd, F_SETFL, O_NONBLOCK);
	} else if (!S_ISREG(st.st_mode)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		own = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (own < 0)
		return fd;
	close(fd);
	return own;
}

int agent_channel(unsigned int n, int flags)
{
	char path[32];

	if (n > AGENT_CHANNELS) {
		errno = EINVAL;
		return -1;
	}
	if (agent_native)
		return open_native(n, flags);
	snprintf(path, sizeof(path), "/dev/umchan%u", n);
	return open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

static bool get_start(struct start *start)
{
	struct agent_header head;
	const void *data;

	if (!ctl_wait(-1, &head, &data))
		return false;
	if (head.type == AGENT_START && ctl_parse_start(data, head.size, start))
		return true;
	ctl_fail(AGENT_EXIT_FAILED, "agent",
		 "does not understand this imgtool; build both again");
	return false;
}

static int prepare(const struct start *start)
{
	if (agent_native)
		return 0;
	if (system_root(start->root_device, true) < 0)
		return -1;
	return system_prepare(start->hostname);
}

/*
 * Run the command; returns whether there is a status to report. After a loss
 * of the host there is nobody to report to, but an image that is written in
 * place still wants its peace.
 */
static bool run(const struct start *start, struct child *child)
{
	if (prepare(start) < 0 || child_start(start, child) < 0)
		return false;
	ctl_send(AGENT_STARTED, NULL, 0);
	return loop_run(child);
}

static void finish(const struct start *start, const struct child *child,
		   bool report)
{
	bool keep = start->head.flags & AGENT_RW;
	struct agent_header head;
	const void *data;

	pump_close_all();
	if (agent_native && child->pid && !child->exited)
		child_signal(child, 9);
	if (agent_native && child->leader)
		kill(child->leader, 9);
	if (keep) {
		system_kill_all(true);
		system_sync_root();
	}
	if (report)
		ctl_send_number(AGENT_EXIT, child->status);
	while (ctl_wait(BYE_MS, &head, &data) && head.type != AGENT_BYE)
		;
}

static void parse_native(int argc, char **argv)
{
	int i;

	agent_native = true;
	for (i = 2; i < argc && i - 2 <= AGENT_CHANNELS; i++)
		native_fds[i - 2] = atoi(argv[i]);
}

int main(int argc, char **argv)
{
	struct start start = { .root_device = "" };
	struct child child = { .master = -1 };
	bool report = false;
	int fd;

	if (argc > 2 && !strcmp(argv[1], "--native"))
		parse_native(argc, argv);
	else if (getpid() != 1)
		return 2;
	else if (system_early() < 0)
		system_power_off();
	loop_block_signals();
	fd = agent_channel(0, O_RDWR);
	if (fd < 0) {
		dprintf(2, "umkit-init: channel 0: %s\n", strerror(errno));
		system_power_off();
	}
	ctl_open(fd);
	if (get_start(&start)) {
		ctl_send_number(AGENT_READY, AGENT_VERSION);
		report = run(&start, &child);
	}
	finish(&start, &child, report);
	system_power_off();
}
