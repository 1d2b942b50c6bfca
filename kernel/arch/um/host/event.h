/* SPDX-License-Identifier: GPL-2.0 */
/* Host readiness as guest interrupts: the calls are in abi/host.h. */
#ifndef UM_HOST_EVENT_H
#define UM_HOST_EVENT_H

#include "../abi/types.h"

/* Makes the epoll set and the helper thread. After backend_init(): the zygote
 * is forked while there is one thread only. */
void event_init(void);

/* vcpu 0 is idle: blocks until something is pending, listening to the
 * descriptors itself. False, and nothing done, if none is watched. */
bool event_idle(volatile u32 *pending);

#endif
