/* SPDX-License-Identifier: GPL-2.0 */
/* On which CPU of the host things run; for where SYNC_WAKE_UP does not tell it. */
#ifndef UM_HOST_PLACE_H
#define UM_HOST_PLACE_H

#include "../abi/types.h"

/* Brings tid to the CPU we are on; *cpu is where it was brought before, -1 at
 * first. */
void follow_vcpu(int tid, int *cpu);
/* It computes for longer: anywhere again where the vcpu may be. */
void leave_vcpu(int tid, int *cpu);

/* The calling vcpu waits for a guest thread where it is now, most of the time. */
void vcpu_stay(void);
/* It may wait anywhere. */
void vcpu_roam(void);
/* The calling vcpu, id, is about to wait for a guest thread: now and then it sees to
 * it that it is not on one CPU with another that works, while another CPU is free. */
void vcpu_part(u32 id);
/* More than one is not idle. */
bool vcpus_work(void);
/* It is idle from now on, and is not any more. */
void vcpu_idle_begins(u32 id);
void vcpu_idle_ends(void);
/* From its timer's signal handler. */
void vcpu_ticks(void);

#endif
