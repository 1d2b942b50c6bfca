// SPDX-License-Identifier: GPL-2.0
/* Memory barriers that do not go by way of one guest process's agent. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../abi/host_vcpu.h"
#include "allow.h"

HOST_ALLOW_ARG32(membarrier, 0, MEMBARRIER_CMD_QUERY);
HOST_ALLOW_ARG32(membarrier, 0, MEMBARRIER_CMD_GLOBAL);

#define WANTED (MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_PRIVATE_EXPEDITED)

int host_barrier_all(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) ? -errno : 0;
}

bool host_has_barriers(void)
{
	long offered = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	return offered >= 0 && (offered & WANTED) == WANTED;
}
