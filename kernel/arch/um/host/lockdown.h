/* SPDX-License-Identifier: GPL-2.0 */
/* The allow-list of system calls (allow.h), as a filter. */
#ifndef UM_HOST_LOCKDOWN_H
#define UM_HOST_LOCKDOWN_H

#include "../abi/types.h"

/* What host_lockdown() is to do: nothing (off), or name denied calls. */
void lockdown_options(bool off, bool trace);

/* host_lockdown() is to allow the calls of hostfs, too (allow.h). */
void lockdown_allow_files(void);

/* The filter is in place. */
bool lockdown_active(void);

/* Builds the filter from rules into prog (room for max instructions). Returns
 * its length, or -E2BIG. For host_lockdown() and its test. */
struct sock_filter;
struct allow_rule;
int lockdown_build(const struct allow_rule *first, const struct allow_rule *end,
		   u32 deny, struct sock_filter *prog, int max);

#endif
