/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SANDBOX_H
#define SANDBOX_H

/* The caller's own calls from here on: a container's. 0, or -1 and errno. */
int sandbox_filter(void);

#endif
