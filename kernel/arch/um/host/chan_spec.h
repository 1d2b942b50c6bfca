/* SPDX-License-Identifier: GPL-2.0 */
/* The text that names a channel, taken apart. Opens nothing. */
#ifndef UM_HOST_CHAN_SPEC_H
#define UM_HOST_CHAN_SPEC_H

#include "../abi/host_chan.h"

struct chan_spec {
	u32 kind;		/* enum host_chan_kind */
	int in_fd, out_fd;	/* HOST_CHAN_FD: -1 where not named */
	const char *dev;	/* PTY, TTY: inside the text, "" if none */
};

/* 0, or -EINVAL with a reason (without the text itself) in *why. */
int chan_spec_parse(const char *text, struct chan_spec *spec,
		    const char **why);

#endif
