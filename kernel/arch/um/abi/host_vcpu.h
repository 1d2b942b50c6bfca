/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The back-end contract: how guest user code is run.
 *
 * host_mm      an address space: one host process
 * host_thread  a guest thread: one host thread inside it
 *
 * A host_thread is in one of these states; only the vcpu that runs its task
 * touches it, so the state needs no lock:
 *
 *   IN_STUB   stopped in the stub: all registers readable and writable
 *   IN_CALL   stopped in a system call notification: only number, arguments
 *             and ip are known; host_thread_run() answers it with a return
 *             value; host_thread_stop() turns it into IN_STUB
 *   RUNNING   executes guest user code (host_thread_run() came back with
 *             TRAP_EVENT, or has not come back)
 *   DEAD      its host process is gone
 *
 * Calls return 0 or -errno. "May block" means: may wait for another host
 * thread for long; none may be called with host locks held. All of them may
 * be called with guest interrupts off; none enables them.
 *
 * Everything that a guest thread can write (its stub stack, so the register
 * frame and FPU state) is hostile input here; the guest kernel gets copies.
 */
#ifndef UM_ABI_HOST_VCPU_H
#define UM_ABI_HOST_VCPU_H

#include "types.h"
#include "guest_regs.h"

struct host_mm;
struct host_thread;

/* ---- address spaces ---- */

/*
 * A blank address space (nothing mapped below GUEST_TASK_SIZE), from the pool
 * or forked by the zygote. -EAGAIN: host limit on processes or descriptors
 * (the host side has printed one warning naming it), -ENOMEM.
 */
int host_mm_create(struct host_mm **out);

/*
 * Gives it back: to the pool, or kills its process. All its threads must have
 * been passed to host_thread_destroy() before. Does not wait.
 */
void host_mm_destroy(struct host_mm *hmm);

/*
 * The pool gives its processes back to the host if it was not used since the
 * last call. True: something is left to do, call again some seconds later.
 */
bool host_mm_trim_pool(void);

/* True once its host process has died (by OOM, by a forged frame...). */
bool host_mm_dead(const struct host_mm *hmm);

enum host_map_op_kind {
	HOST_MAP_PHYS = 1,	/* map physmem [gpa, gpa+len) at va with prot */
	HOST_MAP_UNMAP,		/* unmap [va, va+len) */
	HOST_MAP_PROTECT,	/* change protection of what is mapped there */
};

#define HOST_PROT_READ	1u
#define HOST_PROT_WRITE	2u
#define HOST_PROT_EXEC	4u

struct host_map_op {
	u32 kind;		/* enum host_map_op_kind */
	u32 prot;		/* HOST_PROT_* */
	u64 va;			/* page aligned, below GUEST_TASK_SIZE */
	u64 len;		/* bytes, page aligned, > 0 */
	u64 gpa;		/* HOST_MAP_PHYS: offset in physmem */
};

#define HOST_MAP_BATCH 128	/* most ops in one call */

/*
 * Carries out the ops in order through the space's agent; back when done.
 * Safe with interrupts off, serialises callers of one space by itself
 * (spinning). -ESRCH: the process is dead; -ENOMEM: host limit on mappings
 * or memory: everything below GUEST_TASK_SIZE has then been unmapped (a host
 * mapping is a TLB entry: the guest kernel faults it back) and the caller
 * should map what it needs once more. The host side counts mappings and does
 * the same by itself near vm.max_map_count: *flushed is then true and the
 * ops were carried out after the flush.
 */
int host_mm_update(struct host_mm *hmm, const struct host_map_op *ops, int n,
		   bool *flushed);

/* Asks for an XSTATE feature (AMX: 18) for the process: arch_prctl(2)
 * ARCH_REQ_XCOMP_PERM carried out by the agent. */
int host_mm_req_xcomp(struct host_mm *hmm, u64 feature);

/* A memory barrier on every CPU where a thread of the process executes guest
 * user code: membarrier(2) MEMBARRIER_CMD_PRIVATE_EXPEDITED, by the agent. */
int host_mm_barrier(struct host_mm *hmm);

/* The same for all processes: MEMBARRIER_CMD_GLOBAL. May block for tens of
 * milliseconds. */
int host_barrier_all(void);

/* The host has both. */
bool host_has_barriers(void);

/* ---- threads ---- */

/* A thread in state IN_STUB with undefined registers. -EAGAIN, -ENOMEM,
 * -ESRCH as above. */
int host_thread_create(struct host_mm *hmm, struct host_thread **out);

/* Ends it (or parks it for reuse within its space). Any state. */
void host_thread_destroy(struct host_thread *t);

enum host_trap_kind {
	TRAP_SYSCALL = 1,	/* IN_CALL: nr, args, ip valid */
	TRAP_SYSCALL_FULL,	/* IN_STUB: same call, all registers in regs */
	TRAP_FAULT,		/* IN_STUB: signo, code, addr, err, trapno, regs */
	TRAP_KICKED,		/* IN_STUB: came in because of a kick; regs */
	TRAP_EVENT,		/* RUNNING: this vcpu has something pending;
				 * the thread runs on. Call run again. */
	TRAP_DEAD,		/* DEAD */
	TRAP_TAMPERED,		/* IN_STUB, but what it said makes no sense
				 * (forged frame; regs undefined): the task is
				 * to be killed */
};

struct host_trap {
	u32 kind;		/* enum host_trap_kind */
	u32 signo;		/* TRAP_FAULT: host signal number */
	u32 code;		/* si_code of it */
	u32 arch;		/* TRAP_SYSCALL*: AUDIT_ARCH_* of the call */
	u64 nr;			/* TRAP_SYSCALL*: sign-extended number */
	u64 args[6];
	u64 ip;			/* after the syscall instruction */
	u64 addr;		/* TRAP_FAULT: cr2 for page faults (trapno 14),
				 * else si_addr */
	u64 err, trapno;	/* x86 error code and vector */
	struct guest_regs regs;	/* where IN_STUB: a copy, ip/sp/... as guest
				 * user had them; orig_ax = -1 except
				 * TRAP_SYSCALL_FULL (= nr, or all 64 bits
				 * of rax where they are known) */
};

/*
 * Resumes t and waits until it traps or this vcpu has something pending
 * (vcpu_area.pending != 0, checked without a lost-wakeup window).
 *   IN_CALL: `ret` is the system call's return value.
 *   IN_STUB: t goes on with regs (NULL: unchanged); the FPU state is what the
 *            frame holds (see below).
 *   RUNNING: only waits; ret and regs are ignored.
 * Called with guest interrupts off.
 */
void host_thread_run(struct host_thread *t, u64 ret,
		     const struct guest_regs *regs, struct host_trap *trap);

/*
 * Brings t into state IN_STUB (or DEAD) and fills trap:
 *   IN_CALL  -> the call is answered with -ENOSYS for the host's purposes;
 *               trap->regs holds all registers as they are right after the
 *               call instruction, with orig_ax = nr and ax = `ret`.
 *               kind = TRAP_SYSCALL_FULL.
 *   RUNNING  -> kicks it and waits: kind may be TRAP_KICKED, or any other
 *               IN_STUB kind that came first. If a plain system call came
 *               first it is turned into TRAP_SYSCALL_FULL (not yet carried
 *               out: the caller does it).
 *   IN_STUB  -> -EALREADY.
 * A thread that shows the kick blocked or burns 50 ms of CPU without coming
 * has tampered with its mask: its process is killed, kind = TRAP_DEAD.
 */
int host_thread_stop(struct host_thread *t, u64 ret, struct host_trap *trap);

/* FPU/AVX/AMX state, state IN_STUB only: copies min(size, actual) bytes of
 * the XSAVE image in the standard (non-compacted) format with the software
 * bytes of a signal frame (FP_XSTATE_MAGIC1...) out of or into the frame.
 * get returns the actual size, or -EINVAL for a forged one; set takes an
 * image whose size and features the host allows, masks what it would refuse
 * (reserved MXCSR bits among them) and leaves out state that this thread has
 * not begun to use (AMX: not inherited, as by fork(2)), -EINVAL otherwise;
 * buf NULL sets the initial state (exec). */
int host_thread_get_fpstate(struct host_thread *t, void *buf, u32 size);
int host_thread_set_fpstate(struct host_thread *t, const void *buf, u32 size);

/* Largest XSAVE image a frame can hold on this host, bytes. */
u32 host_fpstate_size(void);

/* Counters of one back end, for debugfs and tests: name/value pairs. */
struct host_counter { const char *name; u64 value; };
int host_counters(struct host_counter *out, int max);

#endif
