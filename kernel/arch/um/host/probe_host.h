/* SPDX-License-Identifier: GPL-2.0 */
/* Can this host run the program at all? */
#ifndef UM_HOST_PROBE_HOST_H
#define UM_HOST_PROBE_HOST_H

#include "../abi/types.h"

/* Looks for what everything else relies on. Ends the program with one line
 * that says what is missing and what to do. Makes nothing. */
void probe_host(u64 mem);

/* HOST_PROT_* of the page with the calls of old programs, [vsyscall] in
 * /proc/self/maps (proc_pid_maps(5)), which the host's kernel gives every
 * process; 0 where it has none, or /proc does not tell. */
u32 probe_vsyscall(void);

/* `uname -r` of the host. Static. */
const char *probe_host_release(void);

/* Raises the limit on descriptors as far as we may: guests need many. */
void probe_raise_nofile(void);

/* The smallest memory limit of the cgroups we are in, ~0 for none; cgroup_root
 * is /sys/fs/cgroup, self is the text of /proc/self/cgroup. */
u64 probe_cgroup_limit(const char *cgroup_root, const char *self);

#endif
