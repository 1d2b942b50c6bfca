/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wall of byte channels: what stands behind con0=, ssl0= and chan0=.
 *
 * A channel has up to two ends, one per direction, each with a host
 * descriptor of its own, so that each direction has its own host event. Reads
 * and writes never wait: -EAGAIN says that the caller should arm the event
 * and come back. An end is used by one caller at a time; the two ends of a
 * channel are independent.
 */
#ifndef UM_ABI_HOST_CHAN_H
#define UM_ABI_HOST_CHAN_H

#include "types.h"
#include "iov.h"

struct host_end;

enum host_chan_kind {
	HOST_CHAN_NONE = 0,	/* there is no such line: opening fails */
	HOST_CHAN_NULL,		/* eats output, never has input */
	HOST_CHAN_FD,
	HOST_CHAN_PTS,
	HOST_CHAN_PTY,
	HOST_CHAN_TTY,
};

/* flags for host_chan_open() */
#define HOST_CHAN_LINE	1u	/* for a tty: all kinds may be named */
#define HOST_CHAN_OWN	2u	/* fd:N belongs to this channel alone: shutting
				 * its output closes N itself, too */

struct host_chan {
	struct host_end *in;	/* NULL: no input */
	struct host_end *out;	/* NULL: output goes nowhere */
	u32 kind;		/* enum host_chan_kind */
	u32 is_terminal;	/* the input is a host terminal */
	u32 out_plain;		/* output goes to a pipe or a regular file,
				 * where nobody wants carriage returns */
	char name[64];		/* for the log: "/dev/pts/7" where the host
				 * chose it, else the spec, cut to fit */
	char err[128];		/* on failure: one line, "OBJECT: reason" */
};

/*
 * Opens what spec names: `none`, `null`, `fd:N`, `fd:IN,fd:OUT`, `pts`,
 * `pty`, `pty:DEV`, `tty:DEV`. fd:N gives both directions where N is open for
 * both. 0, or -errno with chan->err filled in. May block while a device is
 * opened, so only for driver start-up.
 */
int host_chan_open(const char *spec, u32 flags, struct host_chan *chan);

/* Gives back both ends (either may be NULL) and their descriptors. */
void host_chan_close(struct host_chan *chan);

/* The descriptor to watch with host_event_add(). */
int host_end_fd(const struct host_end *end);

/*
 * Moves bytes; n at most HOST_END_IOV. Returns their number, 0 at the end of
 * input (read) and never for a write; -EAGAIN: nothing now; -EPIPE: nobody
 * reads any more; -EIO: a terminal that was hung up; -EBUSY (read): a terminal
 * while we are a background job, come back in a while instead of arming the
 * event; or another -errno.
 */
#define HOST_END_IOV	64
s64 host_end_readv(struct host_end *end, const struct host_iov *iov, u32 n);
s64 host_end_writev(struct host_end *end, const struct host_iov *iov, u32 n);

/* Is there something to do at this end (data, room, an error, the end of
 * input)? ms 0: only looks. Else blocks the vcpu for up to ms milliseconds:
 * for panic and power-off only. 1 yes, 0 no, -errno. */
int host_end_ready(struct host_end *end, u32 ms);

/* Tells the peer that no more comes: shutdown() of a socket, close() of
 * anything else. The end stays valid, writes then return -EPIPE. Remove the
 * end's host event first. */
void host_end_shut(struct host_end *end);

#endif
