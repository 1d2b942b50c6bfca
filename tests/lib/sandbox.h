/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>

/* The caller's own calls from here on: a container's. With listen, mknod(2) is
 * for a listener as a container manager has one; its descriptor stays open over
 * execve(2), and nobody answers. 0, or -1 and errno. */
int sandbox_filter(bool listen);

#endif
