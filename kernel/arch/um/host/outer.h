/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UM_HOST_OUTER_H
#define UM_HOST_OUTER_H

#include "../abi/types.h"

#define OUTER_MAX_NR 463	/* one past the last number tried */

/* Is this process under a seccomp filter? */
bool outer_filter_present(void);

/* Fills nrs (room for OUTER_MAX_NR) with the calls that guest threads must not
 * leave to a notification; their count or -errno. Before other threads exist. */
int outer_filter_probe(u16 *nrs);

#endif
