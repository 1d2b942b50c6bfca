// SPDX-License-Identifier: GPL-2.0
/*
 * vcpu threads. The first vcpu is the program's main thread; the others are
 * made by host_vcpu_start() and never end. After its start a thread runs on
 * stacks of the guest kernel; its own small stack is left behind.
 *
 * A kick is one SIG_KICK, directed at the thread. Whoever wants attention
 * sets pending bits first and kicks then; the flag `kicked` merges kicks that
 * come before the handler has run. The handler clears it before it looks at
 * the bits, so a kick that is merged away is never lost.
 */
#define _GNU_SOURCE 1
#include <asm/prctl.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../abi/host.h"
#include "allow.h"
#include "counters.h"
#include "diag.h"
#include "signals.h"
#include "vcpu_thread.h"

HOST_ALLOW_ARG32(arch_prctl, 0, ARCH_SET_GS);
HOST_ALLOW(sigaltstack);
HOST_ALLOW_SELF(tgkill, 0);
HOST_ALLOW(sched_yield);
/* pthread_create and malloc */
HOST_ALLOW_MASKED(clone, 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM);
HOST_ALLOW(set_robust_list);
HOST_ALLOW(rseq);
HOST_ALLOW(futex);
HOST_ALLOW(madvise);
HOST_ALLOW(mprotect);
HOST_ALLOW(mremap);
HOST_ALLOW(brk);

#define MAX_RANGES	2
#define GUARD		4096u
#define FAULT_STACK	(64u << 10)
#define START_STACK	(64u << 10)

static struct vcpu_host vcpus[UM_MAX_VCPUS];
static pid_t program;			/* set before any vcpu's tid */
__thread struct vcpu_host *vcpu_self;

static struct {
	u64 start, end;
} ranges[MAX_RANGES];
static u32 nr_ranges;

/* asm: leaves the current stack for `stack` and calls entry */
void vcpu_switch_stack(void *stack, void (*entry)(void))
	__attribute__((noreturn));

/* ---- text ranges ---- */

void host_vcpu_text_range(u64 start, u64 end)
{
	if (nr_ranges == MAX_RANGES)
		host_fatal("host_vcpu_text_range", "more than two ranges", 0);
	ranges[nr_ranges].start = start;
	ranges[nr_ranges].end = end;
	/* a handler of this thread must not see the count first */
	atomic_signal_fence(memory_order_seq_cst);
	nr_ranges++;
}

bool vcpu_in_text(u64 ip)
{
	u32 i;

	for (i = 0; i < nr_ranges; i++)
		if (ip >= ranges[i].start && ip < ranges[i].end)
			return true;
	return false;
}

/* ---- kicks ---- */

static void send_kick(struct vcpu_host *v)
{
	int tid = atomic_load(&v->tid);

	if (!tid || atomic_exchange(&v->kicked, 1))
		return;
	if (vcpu_self)
		count(C_VCPU_KICKS);
	syscall(SYS_tgkill, program, tid, SIG_KICK);
}

void host_vcpu_kick(struct vcpu_area *area)
{
	struct vcpu_host *v = &vcpus[area->cpu];

	if (v != vcpu_self)
		send_kick(v);
}

bool vcpu_pass_on(int sig)
{
	int tid = atomic_load(&vcpus[0].tid);

	return tid && !syscall(SYS_tgkill, program, tid, sig);
}

static void post(struct vcpu_host *v, u32 bits)
{
	u32 old;

	if (!atomic_load(&v->tid))
		return;
	old = __atomic_fetch_or(&v->area->pending, bits, __ATOMIC_SEQ_CST);
	/* who set the bits has kicked, or is about to */
	if ((old & bits) != bits && v != vcpu_self)
		send_kick(v);
}

void vcpu_post(u32 cpu, u32 bits)
{
	post(&vcpus[cpu], bits);
}

void vcpu_post_all(u32 bits)
{
	u32 i;

	for (i = 0; i < UM_MAX_VCPUS; i++)
		post(&vcpus[i], bits);
}

bool vcpu_has_pending(u32 cpu, u32 bits)
{
	struct vcpu_host *v = &vcpus[cpu];

	return atomic_load(&v->tid) &&
	       __atomic_load_n(&v->area->pending, __ATOMIC_SEQ_CST) & bits;
}

void vcpu_park_others(void)
{
	u32 i;

	for (i = 0; i < UM_MAX_VCPUS; i++)
		if (&vcpus[i] != vcpu_self)
			send_kick(&vcpus[i]);
}

/* ---- start ---- */

static u32 frame_size(void)
{
	u64 n = getauxval(AT_MINSIGSTKSZ);

	return n ? (n + 4095) & ~4095ull : 16384;
}

/* Room for the guest kernel's fault report and a few nested frames. */
static void init_altstack(struct vcpu_host *v)
{
	u64 size = FAULT_STACK + 4 * frame_size();
	stack_t ss = { .ss_size = size };
	char *p = mmap(NULL, GUARD + size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED || mprotect(p, GUARD, PROT_NONE))
		host_fatal("vcpu", "signal stack", errno);
	ss.ss_sp = p + GUARD;
	v->altstack = (u64)p + GUARD;
	v->altstack_end = v->altstack + size;
	if (sigaltstack(&ss, NULL))
		host_fatal("vcpu", "sigaltstack", errno);
}

void host_vcpu_init(struct vcpu_area *area)
{
	struct vcpu_host *v = &vcpus[area->cpu];

	if (syscall(SYS_arch_prctl, ARCH_SET_GS, area))
		host_fatal("vcpu", "arch_prctl", errno);
	v->area = area;
	vcpu_self = v;
	init_altstack(v);
	timer_init(v);
	program = getpid();
	atomic_store(&v->tid, gettid());
	signals_unblock_vcpu();
}

struct start {
	struct vcpu_area *area;
	void *stack_top;
	void (*entry)(void);
	atomic_bool taken;
};

static void *thread_main(void *arg)
{
	struct start s = *(struct start *)arg;

	atomic_store(&((struct start *)arg)->taken, true);
	host_vcpu_init(s.area);
	vcpu_switch_stack(s.stack_top, s.entry);
}

int host_vcpu_start(struct vcpu_area *area, void *stack_top, void (*entry)(void))
{
	struct start s = { area, stack_top, entry, false };
	sigset_t all, old;
	pthread_attr_t attr;
	pthread_t thread;
	int ret;

	/* the thread starts with signals blocked, takes them when it is ready */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, START_STACK + 2 * frame_size());
	ret = pthread_create(&thread, &attr, thread_main, &s);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	while (!ret && !atomic_load(&s.taken))
		sched_yield();
	return -ret;
}

void host_yield(void)
{
	sched_yield();
}
