/* SPDX-License-Identifier: GPL-2.0 */
/* A piece of memory for vectored I/O; laid out as the host's struct iovec. */
#ifndef UM_ABI_IOV_H
#define UM_ABI_IOV_H

#include "types.h"

struct host_iov {
	void *base;		/* must be mapped in the kernel process */
	u64 len;		/* bytes */
};

static_assert(sizeof(struct host_iov) == 16, "struct iovec");
static_assert(offsetof(struct host_iov, len) == 8, "struct iovec");

#endif
