/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What `imgtool run` and the agent in its guest say to each other on the
 * control channel: channel 0, /dev/umchan0 in the guest. Both sides are built
 * from this one header and shipped together, so there is no negotiation; the
 * version only catches a stale build.
 *
 * Every message is a struct agent_header and SIZE bytes behind it. Numbers
 * are in the byte order of x86.
 *
 *	imgtool				agent
 *	START			->			sent before the guest boots
 *				<-	READY		init runs, START was read
 *				<-	STARTED		the command was executed
 *	SIGNAL, WINSIZE, END	->			at any time after START
 *				<-	WARNING, LOST	any number
 *				<-	EXIT or FAILED	the last word
 *	BYE			->			got it, power off
 *
 * When EXIT arrives all output of the command has been written to its
 * channels and they are closed, and with AGENT_RW the file system in the
 * image is clean. End of file on the control channel means the other side is
 * dead: the agent then powers off, imgtool explains.
 *
 * The command's own data is never on this channel. START says for each of
 * descriptors 0, 1 and 2 where it comes from; equal channel numbers for 1 and
 * 2 make them one pipe, so that what is written to both keeps its order.
 */
#ifndef AGENT_PROTO_H
#define AGENT_PROTO_H

#include <assert.h>
#include <stdint.h>

#define AGENT_VERSION 2

/* Longest message in either direction; START holds argv and environment. */
#define AGENT_MESSAGE_MAX (4u << 20)

enum agent_type {
	/* to the guest */
	AGENT_START = 1,   /* struct agent_start and strings */
	AGENT_SIGNAL,	   /* struct agent_number: signal for the command */
	AGENT_WINSIZE,	   /* struct agent_winsize */
	AGENT_END,	   /* nothing: hang up, terminate, then EXIT */
	AGENT_BYE,	   /* nothing */
	/* to the host */
	AGENT_READY = 64,  /* struct agent_number: AGENT_VERSION */
	AGENT_STARTED,	   /* nothing */
	AGENT_WARNING,	   /* two strings: object (may be empty), reason */
	AGENT_LOST,	   /* the same, but output of the command is lost */
	AGENT_EXIT,	   /* struct agent_number: status as waitpid gives it */
	AGENT_FAILED,	   /* struct agent_number: exit status for imgtool;
			    * two strings: object, reason */
};

struct agent_header {
	uint32_t type;
	uint32_t size;
};

struct agent_number {
	uint32_t value;
};

struct agent_winsize {
	uint16_t rows;
	uint16_t columns;
	uint16_t x_pixels;
	uint16_t y_pixels;
};

/* Where a standard descriptor of the command leads. */
#define AGENT_STDIO_NULL 0 /* /dev/null */
#define AGENT_STDIO_TTY	 1 /* a pty; its other end is tty_channel */
#define AGENT_STDIO_CHANNEL(n) (256u + (n)) /* a pipe, pumped to channel n */

/* agent_start.flags */
#define AGENT_RW	1 /* what is written stays: leave it clean */
#define AGENT_TERMIOS	2 /* terminal settings are given */
#define AGENT_SCRIPT	4 /* a script is the command */

#define AGENT_TERMIOS_CC 19 /* what the kernel calls NCCS */

/* The strings behind it, each ended by NUL: root device, user, working
 * directory, host name, name of the script (all may be empty), argc arguments,
 * envc variables; then, without a NUL, the script_size bytes of the script.
 * argc 0 and no script: an interactive shell. */
struct agent_start {
	uint32_t version;
	uint32_t flags;
	uint32_t stdio[3];
	uint32_t tty_channel;
	struct agent_winsize winsize;
	uint32_t termios[4]; /* c_iflag, c_oflag, c_cflag, c_lflag */
	uint8_t termios_cc[20]; /* AGENT_TERMIOS_CC used */
	uint32_t argc;
	uint32_t envc;
	uint32_t script_size;
};

static_assert(sizeof(struct agent_header) == 8, "agent_header");
static_assert(sizeof(struct agent_winsize) == 8, "agent_winsize");
static_assert(sizeof(struct agent_start) == 80, "agent_start");

/* Exit statuses of `imgtool run` that are not the command's. */
enum {
	AGENT_EXIT_TIMEOUT = 124,
	AGENT_EXIT_FAILED = 125,     /* the guest could not do its work */
	AGENT_EXIT_NOT_EXEC = 126,   /* the command cannot be executed */
	AGENT_EXIT_NOT_FOUND = 127,  /* the command does not exist */
};

#endif
