/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wall, downwards: what the guest kernel may ask of the host side, apart
 * from running guest user code (host_vcpu.h) and drivers (host_con.h,
 * host_ubd.h...). Calls return 0 or -errno; none sleeps in guest terms; those
 * that may block the vcpu's host thread say so.
 */
#ifndef UM_ABI_HOST_H
#define UM_ABI_HOST_H

#include "types.h"
#include "vcpu.h"
#include "layout.h"

/* ---- start-up ---- */

struct host_boot_info {
	u64 physmem_bytes;	/* mem=, whole pages, mapped at UM_PHYSMEM_START */
	u64 initrd_gpa;		/* initrd=: loaded at the end of physmem */
	u64 initrd_bytes;	/* 0: none */
	u32 ncpus;		/* ncpus=, 1..UM_MAX_VCPUS */
	u32 stub_flags;		/* what the probes found, for the boot log */
	const char *cmdline;	/* the rest of the command line, NUL terminated */
	const char *backend;	/* its name, for display: "notify" or "trap" */
	/* guest code can have a thread taken for stopped that runs */
	bool stops_unsure;
	/* HOST_PROT_* of the host's vsyscall page, which programs have in
	 * common with it; 0: there is none */
	u32 vsyscall_prot;
	const char *host_release; /* uname -r of the host */
};

/* Makes this host thread vcpu `area->cpu`: sets %gs, alternate stack,
 * signals, timer. For the boot vcpu the guest calls it first of all. */
void host_vcpu_init(struct vcpu_area *area);

/* Starts another vcpu: a host thread that does host_vcpu_init(area), switches
 * to stack_top and calls entry, which never returns. */
int host_vcpu_start(struct vcpu_area *area, void *stack_top, void (*entry)(void));

/* A signal that finds guest interrupts on and ip inside one of these ranges
 * diverts the vcpu to guest_irq_entry (see guest.h); elsewhere it only sets
 * bits in vcpu_area.pending. At most two ranges. */
void host_vcpu_text_range(u64 start, u64 end);

/* Makes vcpu look at its pending bits (set before the call). May be called
 * from anywhere. No effect where the vcpu is the caller. */
void host_vcpu_kick(struct vcpu_area *area);

/* Blocks until area->pending is non-zero (at once if it is). Interrupts off. */
void host_vcpu_idle(struct vcpu_area *area);

/* Gives the rest of the time slice to other host threads (spin loops). */
void host_yield(void);

/* ---- time ---- */

u64 host_clock_monotonic(void);		/* ns */
/* The host's own clock source is the TSC, or one made of it; also true where it
 * does not tell. */
bool host_clock_by_tsc(void);
u64 host_clock_realtime(void);		/* ns since 1970 */
/* One-shot timer of the calling vcpu, absolute CLOCK_MONOTONIC ns; a past
 * deadline fires at once; 0 disarms. Sets VCPU_PENDING_TIMER. */
void host_timer_set(u64 deadline);

/* ---- memory ---- */

/* Maps physmem [gpa, gpa+len) at va in the kernel process (vmalloc and module
 * areas; reserved beforehand); prot HOST_PROT_*. -ENOMEM at the host's limit. */
int host_kmap(u64 va, u64 gpa, u64 len, u32 prot);
/* Takes it away again, leaving the range reserved and inaccessible. */
void host_kunmap(u64 va, u64 len);
/* Gives the pages back to the host (punch hole): they read zero afterwards. */
int host_physmem_release(u64 gpa, u64 len);
/* The same for shadow memory (guest_shadow_bytes), whole pages of it. */
void host_shadow_release(u64 start, u64 len);

/* ---- events: readiness of host descriptors becomes guest interrupts ---- */

#define HOST_EVENT_IN	1u
#define HOST_EVENT_OUT	2u

/* Watches fd (not yet armed); fd -1: a software event, raised by
 * host_event_raise(). Returns an id 0..HOST_EVENT_MAX-1 or -errno. Regular
 * files and /dev/null count as always ready. */
#define HOST_EVENT_MAX	1024
int host_event_add(int fd);
/* One-shot: reports id once when any of `events` is ready (errors and hangup
 * count as both), then needs arming again. */
int host_event_arm(int id, u32 events);
void host_event_remove(int id);
/* From any host thread. */
void host_event_raise(int id);
/* Takes up to max reported ids; returns how many. After VCPU_PENDING_IO. */
int host_event_take(u32 *ids, int max);

/* ---- diagnostics and the end ---- */

/* To the host's stderr, whole, unbuffered. */
void host_early_write(const char *s, u64 len);

/* Ends the process: all guest processes die, the terminal is restored, the
 * umid directory goes. status: exit status. Never returns. */
void host_exit(int status) __attribute__((noreturn));
/* Ends the process by raising SIGABRT on itself (kernel crash under a
 * debugger, or core wanted); same clean-up. */
void host_abort(void) __attribute__((noreturn));
/* Re-executes the program with its own command line. Where that is not
 * possible or not wanted (noreboot) it is host_exit(status). Never returns. */
void host_reboot(int status) __attribute__((noreturn));
/* `what: object: reason` on stderr, exit status 1; reason is strerror(err)
 * where err > 0, else text given in `object` stands alone. Never returns. */
void host_fatal(const char *what, const char *object, int err)
	__attribute__((noreturn));

/* Locks down the process (allow-list of system calls on all vcpus). Called
 * once, when the drivers have opened what the command line names. */
int host_lockdown(void);

/* Random bytes from the host. */
int host_random(void *buf, u64 len);

#endif
