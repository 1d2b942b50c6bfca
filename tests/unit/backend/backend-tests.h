/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The back end without a guest kernel: these tests are the kernel. Each runs
 * in a process of its own (check's fork mode), since a back end is started
 * once.
 */
#ifndef BACKEND_TESTS_H
#define BACKEND_TESTS_H

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/backend_priv.h"
#include "abi/host.h"

#define CODE		0x400000ull
#define DATA		0x500000ull
#define STACK_TOP	0x600000ull
#define GPA_CODE	0x1000ull
#define PHYS_BYTES	(64ull << 20)

/* What hosts differ in. Loop tests take these by their number. */
enum mode { PLAIN, NO_SYNC, NO_KILLABLE, NEITHER, OLD_RECV, TURNS, NR_MODES };

/* A space with one thread; its DATA page is of its own. */
struct guest {
	struct host_mm *mm;
	struct host_thread *t;
	struct host_trap trap;
	u64 gpa;			/* of DATA */
	u8 *data;			/* ... in physmem */
};

extern u8 *phys;
extern struct vcpu_area areas[2];

extern const char code_begin[], code_end[], code_calls[], code_known_call[],
	code_known_call_ip[], code_known_int80[], code_known_spin[],
	code_spin[], code_told_spin[], code_store[], code_touch[], code_read[], code_avx_load[],
	code_avx_store[], code_avx_spin[], code_fill[], code_fill_ever[],
	code_call_any[];

static inline u64 code_va(const char *label)
{
	return CODE + (u64)(label - code_begin);
}

/* Starts the back end as the boot vcpu. */
void start(int mode);
/* Makes the calling thread vcpu cpu. */
void be_vcpu(u32 cpu);

/* A new space with CODE and DATA mapped. */
void guest_make(struct guest *g);
/* Another thread in the space of g. */
void guest_join(struct guest *g, const struct guest *first);
void guest_map(struct guest *g);
/* Starts the thread (IN_STUB) at a label, with a stack; waits for its trap. */
void guest_go(struct guest *g, const char *label);
/* The same without waiting: it is RUNNING afterwards. */
void guest_go_on(struct guest *g, u64 ip);
/* Waits until it has come to code_told_spin; DATA was zero. */
void guest_wait_told(struct guest *g);
/* Resumes it; regs of the last trap if IN_STUB. Passes over TRAP_EVENT. */
void guest_run(struct guest *g, u64 ret);
/* Stops a thread that is in a call; in the transport `trap` it already is. */
int guest_stop(struct guest *g, u64 ret);
/* From now on this vcpu has a tick of 2 ms. */
void start_tick(void);
void guest_free(struct guest *g);
/* Its last call, faults, or what is pending aside. */
void expect_call(struct guest *g, u64 nr);
void expect_fault(struct guest *g, u32 signo);
/* Works as a new guest should. */
void expect_well(struct guest *g);
/* It made n calls of code_calls, each once. */
void expect_calls(struct guest *g, u64 first, u64 n);

int count_fds(void);
int count_children(void);
u64 counter(const char *name);

TCase *run_tests(void);
TCase *fpu_tests(void);
TCase *pool_tests(void);
TCase *death_tests(void);
TCase *tamper_tests(void);
TCase *life_tests(void);
TCase *limit_tests(void);
TCase *parallel_tests(void);
TCase *filter_tests(void);
TCase *confine_tests(void);
TCase *birth_tests(void);

#endif
