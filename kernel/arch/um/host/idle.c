// SPDX-License-Identifier: GPL-2.0
/*
 * Idle: the vcpu blocks until a signal comes. The check of the pending word
 * and the call are one restartable window (window.h), so a signal between the
 * two is not lost. vcpu 0 listens to descriptors meanwhile (event.c).
 */
#define _GNU_SOURCE 1
#include <sys/syscall.h>

#include "../abi/host.h"
#include "allow.h"
#include "counters.h"
#include "event.h"
#include "place.h"
#include "window.h"

HOST_ALLOW(ppoll);
HOST_ALLOW(restart_syscall);

void host_vcpu_idle(struct vcpu_area *area)
{
	vcpu_idle_begins(area->cpu);
	count(C_IDLES);
	if (area->cpu != 0 || !event_idle(&area->pending))
		while (!__atomic_load_n(&area->pending, __ATOMIC_SEQ_CST))
			host_window_syscall(SYS_ppoll, 0, 0, 0, 0, &area->pending);
	vcpu_idle_ends();
}
