/* SPDX-License-Identifier: GPL-2.0 */
/* A fresh pseudo-terminal on the host for one line of the guest. */
#ifndef UM_HOST_CON_PTS_H
#define UM_HOST_CON_PTS_H

#include <stddef.h>

/* Opens a master (non-blocking) and its slave, raw, and writes the slave's
 * name, cut to size. 0 or -errno. Both are close-on-exec. */
int con_pts_open(int *master, int *slave, char *name, size_t size);

#endif
