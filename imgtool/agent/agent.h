/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The agent: init of a guest that `imgtool run` started. It comes in an
 * initrd and runs from there; nothing of it is ever written to the image.
 *
 *	main.c	  order of things
 *	ctl.c	  the control channel
 *	system.c  mounts, host name, network, power off
 *	user.c	  --user, from the image's passwd and group
 *	script.c  --script, as a file of the guest
 *	child.c	  descriptors, terminal, exec of the command
 *	pump.c	  bytes between channels and the command's pipes or terminal
 *	loop.c	  the wait for everything
 *
 * One process, one thread. All its descriptors are close-on-exec and do not
 * block, but for those of the command itself.
 *
 * Native mode (`umkit-init --native CTL CHANNEL1 CHANNEL2...`, numbers of
 * inherited descriptors) is for tests on the host: the same code with no
 * mounts, no power off, and no signal to any process but its own child.
 */
#ifndef AGENT_H
#define AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "imgtool/agent/proto.h"

/* Channels 1..AGENT_CHANNELS carry data. */
#define AGENT_CHANNELS 3

/* START, taken apart. The strings lie in the message's memory. */
struct start {
	struct agent_start head;
	const char *root_device;
	const char *user;
	const char *workdir;
	const char *hostname;
	const char *script_name;
	char **argv; /* ends with NULL; empty: a shell */
	char **env;
	const char *script; /* head.script_size bytes */
};

/* The command. */
struct child {
	pid_t pid;	/* 0: not started */
	pid_t leader;	/* holds the terminal's session; 0: none */
	int master;	/* the pty, or -1 */
	bool exited;
	int status;	/* as waitpid gives it, once exited */
};

/* ---- main.c ---- */

/* Set in native mode. */
extern bool agent_native;

/* Open channel N (0: control) with open(2) flags FLAGS, close-on-exec and
 * non-blocking. Returns a descriptor or -1 with errno. */
int agent_channel(unsigned int n, int flags);

/* ---- ctl.c: blocking to write, buffered to read ---- */

/* Take FD as the control channel. */
void ctl_open(int fd);

/* For poll: its descriptor; -1 once the host is gone. */
int ctl_fd(void);

/* Send a message of SIZE bytes. Does nothing when the host is gone. */
void ctl_send(uint32_t type, const void *data, size_t size);
void ctl_send_number(uint32_t type, uint32_t value);

/* Tell the host of something that went wrong, and go on. */
void ctl_warn(const char *object, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Tell the host that output of the command cannot be delivered. */
void ctl_lost(const char *object, int err);

/* Tell the host that the run has failed; it exits with EXIT_STATUS. */
void ctl_fail(uint32_t exit_status, const char *object, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Read what is there. -1: the host is gone or talks nonsense. */
int ctl_fill(void);

/* Take the next whole message out of the buffer; its data stays valid until
 * the next ctl_fill. False: there is none yet. */
bool ctl_next(struct agent_header *head, const void **data);

/* Wait for the next message, for at most MS milliseconds (-1: for ever).
 * False: none came, or the host is gone. */
bool ctl_wait(int ms, struct agent_header *head, const void **data);

/* Take a START message apart. False: it is malformed. */
bool ctl_parse_start(const void *data, size_t size, struct start *start);

/* ---- system.c: each has told the host before it returns -1 ---- */

/* Mount what init itself needs, before the control channel can be opened.
 * Complains on the console, as there is nobody else yet. */
int system_early(void);

/* Mount the image on DEVICE and make it the root directory. */
int system_root(const char *device, bool writable);

/* /dev, /proc and the rest inside the image, host name, loopback, limits. */
int system_prepare(const char *hostname);

/* End every process but this one: politely and slowly, or at once. */
void system_kill_all(bool gently);

/* Bring the image to rest on disk, if it is mounted. Warns where that fails. */
void system_sync_root(void);

/* Does not return. */
void system_power_off(void) __attribute__((noreturn));

/* ---- user.c ---- */

#define USER_GROUPS_MAX 64

struct user {
	uid_t uid;
	gid_t gid;
	gid_t groups[USER_GROUPS_MAX];
	int group_count;
	char name[64];
	char home[256];
	char shell[256];
};

/* Find SPEC, "NAME|UID[:GROUP|GID]" or "" for root. -1: told the host. */
int user_find(const char *spec, struct user *user);

/* ---- script.c ---- */

/* Write the script where the command can be executed from; its path. NULL:
 * told the host. */
char *script_place(const struct start *start);

/* ---- child.c ---- */

/* Start the command; adds its pumps. -1: told the host why not. */
int child_start(const struct start *start, struct child *child);

/* Give it SIGNO. Interrupt and quit go to its whole process group, as from a
 * keyboard. */
void child_signal(const struct child *child, int signo);

/* The terminal has a new size. */
void child_winsize(const struct child *child, const struct agent_winsize *size);

/* ---- pump.c ---- */

/*
 * Move bytes from IN to OUT until end of file or an error; then close both.
 * The far side learns of either: by end of file, or by a broken pipe. Takes
 * both descriptors. OUTPUT: the name of the output of the command that it
 * carries, for messages; NULL: it carries input.
 */
void pump_add(int in, int out, const char *output, bool tty);

/* Fill in what all pumps wait for; returns how many. */
struct pollfd;
#define PUMP_POLL_MAX 16
int pump_poll(struct pollfd *fds);

/* Act on the result: FDS as filled in, and polled since. */
void pump_run(const struct pollfd *fds, int count);

/* The command has ended: drop its input, and end each output when all that
 * the command can have written has passed, GRACE_MS later at most if somebody
 * else holds it open. */
void pump_drain(int grace_ms);

/* Milliseconds until pump_expire has something to do; -1: never. */
int pump_timeout(void);
void pump_expire(void);

/* Is any output still under way? */
bool pump_busy(void);

/* Close whatever is left. */
void pump_close_all(void);

/* ---- loop.c ---- */

/* Until the command has ended and its output is out, or the host is gone.
 * Returns false in the latter case. */
bool loop_run(struct child *child);

/* Block all signals, and take SIGCHLD by descriptor. Before child_start. */
void loop_block_signals(void);

#endif
