/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wall of terminal settings, for the lines among the channels
 * (host_chan.h). None of these blocks.
 */
#ifndef UM_ABI_HOST_CON_H
#define UM_ABI_HOST_CON_H

#include "types.h"

struct host_end;

/*
 * Puts the terminal behind an input end into raw mode, until the process
 * ends, stops or is killed; no effect on what is not a terminal, and put off
 * while the process is in the background. 0 or -errno.
 */
int host_con_raw(struct host_end *in);

/* The window's size in characters. -ENOTTY where it has none. */
int host_con_winsize(struct host_end *end, u16 *rows, u16 *cols);

#endif
