/* SPDX-License-Identifier: GPL-2.0 */
/* The host threads behind the vcpus. */
#ifndef UM_HOST_VCPU_THREAD_H
#define UM_HOST_VCPU_THREAD_H

#include <stdatomic.h>
#include <time.h>

#include "../abi/types.h"
#include "../abi/vcpu.h"

struct vcpu_host {
	struct vcpu_area *area;	/* NULL: not started */
	atomic_int tid;		/* 0: not started */
	atomic_uint kicked;	/* SIG_KICK sent and not yet handled */
	timer_t timer;
	u64 deadline;		/* what the timer is armed for, 0: not */
	u64 altstack, altstack_end;
	u32 fault_depth;	/* nested synchronous signals */
};

/* The vcpu that the calling host thread is, or NULL. */
extern __thread struct vcpu_host *vcpu_self;

/* ORs bits into a vcpu's pending word and kicks it, unless all of them were
 * there already or it is the caller. No effect on one that has not started. */
void vcpu_post(u32 cpu, u32 bits);
void vcpu_post_all(u32 bits);

/* True if one of the bits is still pending there. */
bool vcpu_has_pending(u32 cpu, u32 bits);

/* SIG_KICK of all vcpus but the caller; they see exit_started() and park. */
void vcpu_park_others(void);

/* True if ip lies in guest kernel text (host_vcpu_text_range). */
bool vcpu_in_text(u64 ip);
/* Sends a signal that came to a helper thread to vcpu 0's; false before that is. */
bool vcpu_pass_on(int sig);

/* True if sp is on the vcpu's alternate stack: inside a handler. */
static inline bool vcpu_on_altstack(const struct vcpu_host *v, u64 sp)
{
	return sp >= v->altstack && sp < v->altstack_end;
}

/* timer.c: makes the calling thread's timer. */
void timer_init(struct vcpu_host *v);
/* timer.c: SIG_TIMER arrived. */
void timer_expired(struct vcpu_host *v);

#endif
