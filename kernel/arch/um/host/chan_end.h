/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One direction of a byte channel: a descriptor, and how to use it without
 * ever waiting and without changing what others share with us.
 */
#ifndef UM_HOST_CHAN_END_H
#define UM_HOST_CHAN_END_H

#include "../abi/host_chan.h"

enum end_how {
	END_NONBLOCK,	/* a description of our own with O_NONBLOCK */
	END_SOCKET,	/* MSG_DONTWAIT per call */
	END_POLL,	/* a shared one: RWF_NOWAIT, else ask poll() before */
	END_PLAIN,	/* regular file: never waits for anyone */
};

struct host_end {
	int fd;			/* ours; -1 once shut */
	int spare_fd;		/* keeps a pts slave open, or -1 */
	int owned_fd;		/* inherited, closed when shut, or -1 */
	enum end_how how;
	bool output;		/* which direction it is for */
	bool no_nowait;		/* RWF_NOWAIT was refused */
	bool terminal;
	u32 write_max;		/* END_POLL: most bytes that room for one
				 * surely means, 0: any number */
};

/*
 * Makes an end from a descriptor that we inherited and that stays as it is:
 * access is O_RDONLY or O_WRONLY. 0 or -errno.
 */
int chan_end_inherit(int fd, int access, struct host_end **out);

/* Makes an end from a non-blocking descriptor opened by us; closes it on
 * failure. */
int chan_end_adopt(int fd, int access, struct host_end **out);

/* fd, from which end was made, is for this channel alone: made fit for large
 * transfers, and closed with it by host_end_shut(). */
void chan_end_own(struct host_end *end, int fd);

/* Closes what the end owns (not owned_fd) and frees it. NULL is fine. */
void chan_end_free(struct host_end *end);

#endif
