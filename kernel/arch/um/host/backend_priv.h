/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the parts of the back end: arena.c (memory shared with guest
 * processes), zygote.c (where they come from), space.c (one of them), agent.c
 * (its agent), thread.c (guest threads), thread_life.c (their birth, end and
 * reuse), frame.c (their signal frames), notif.c (listeners: the transport
 * `notify`), turn.c (futexes: the transport `trap`), filter.c and
 * filter_stub.c (the seccomp programs), backend.c (start and end).
 *
 * Locks: space->lock (agent, slots, parked threads) before the global ones;
 * all are spin locks that yield, held over host calls of microseconds.
 */
#ifndef UM_HOST_BACKEND_PRIV_H
#define UM_HOST_BACKEND_PRIV_H

#include <linux/seccomp.h>
#include <sched.h>
#include <stdatomic.h>

#include "../abi/host_vcpu.h"
#include "../abi/stub.h"
#include "../abi/vcpu.h"
#include "backend.h"
#include "counters.h"

/* ---- small things ---- */

struct spin { atomic_int held; };

static inline void spin_lock(struct spin *s)
{
	int spins = 0;

	while (atomic_exchange_explicit(&s->held, 1, memory_order_acquire))
		if (++spins % 64 == 0)
			sched_yield();
		else
			__builtin_ia32_pause();
}

static inline void spin_unlock(struct spin *s)
{
	atomic_store_explicit(&s->held, 0, memory_order_release);
}

static inline struct vcpu_area *this_area(void)
{
	struct vcpu_area *area;

	asm volatile("movq %%gs:0, %0" : "=r" (area));
	return area;
}

/* ---- what the probes found, set once ---- */

struct backend_state {
	int physmem_fd, arena_fd;
	unsigned int ncpus;
	int sockets[UM_MAX_VCPUS];	/* our ends, by vcpu */
	s32 listener_fd;		/* number in the children */
	u32 filter_flags;
	bool turns;			/* transport `trap`: no listeners */
	bool sync_wake;
	bool recv_ends;			/* NOTIF_RECV returns when nobody is
					 * left who could notify (host 6.11) */
	u32 max_maps;
	u32 fpstate_size;
	u64 xfeatures;
	int pid;			/* ours */
	atomic_uint child_seq;		/* counts SIGCHLDs */
};
extern struct backend_state backend;

/* ---- the stub's addresses ---- */

extern const char stub_begin[], stub_end[], stub_handler[], stub_restorer[],
	stub_zygote[], stub_start_ip[];
/* after each system call there (stub.S: CALL) */
extern const char stub_notify_ip[], stub_sigreturn_ip[], stub_exit_ip[],
	stub_thread_stack_ip[], stub_thread_seccomp_ip[],
	stub_thread_sendmsg_ip[], stub_thread_close_ip[], stub_close_range_ip[],
	stub_unblock_ip[], stub_report_ip[], stub_die_ip[],
	stub_unmap_low_ip[], stub_unmap_gap_ip[], stub_unmap_slots_ip[],
	stub_unmap_high_ip[], stub_zygote_done_ip[], stub_zygote_wait_ip[],
	stub_zygote_clone_ip[], stub_pdeathsig_ip[], stub_getppid_ip[],
	stub_ctrl_ip[], stub_spawner_wait_ip[], stub_spawner_clone_ip[],
	stub_spawner_write_ip[], stub_agent_seccomp_ip[],
	stub_agent_sendmsg_ip[], stub_agent_close_ip[], stub_agent_idle_ip[],
	stub_agent_phys_ip[], stub_agent_lazy_ip[], stub_agent_unmap_ip[],
	stub_agent_protect_ip[],
	stub_agent_slot_ip[], stub_agent_xcomp_ip[], stub_agent_barrier_ip[],
	stub_turn_handler[], stub_turn_say[],
	stub_turn_wake_ip[], stub_turn_wait_ip[], stub_gettid_ip[],
	stub_tid_write_ip[], stub_batch_error_ip[], stub_batch_done_ip[],
	stub_batch_wake_ip[], stub_batch_wait_ip[];

/* Address of a label of stub.S in guest processes. */
static inline u64 stub_va(const char *label)
{
	return STUB_CODE + (u64)(label - stub_begin);
}

/* ---- arena.c ---- */

/* Makes arena and stub memfd; -errno. */
int arena_init(void);
int arena_stub_fd(void);
/* A zeroed piece of STUB_SLOT_SIZE bytes: offset in the arena, or -ENOMEM. */
s64 arena_alloc(void);
/* Nobody maps it any more. Its memory goes back to the host. */
void arena_free(s64 offset);
void *arena_ptr(s64 offset);

/* ---- filter.c, filter_stub.c ---- */

struct sock_filter;

/* Writes the filters of guest threads and agent into a control page. */
void filter_fill(struct stub_ctrl *ctrl);
/* Finds out which calls an outer filter would not let through; -errno. */
int filter_probe_outer(void);
/* Guest threads trap on these too (ascending or not). */
void filter_set_denied(const u16 *nrs, unsigned int n);
/* The filter of all stub code; returns its length or -E2BIG. */
int filter_build_stub(struct sock_filter *f, unsigned int max);
/* Does it name the call that returns to ip? */
bool filter_knows(u64 ip);

/* ---- notif.c: listeners ---- */

struct seccomp_notif;

/* ioctl SECCOMP_IOCTL_NOTIF_*; 0 or -errno. */
int notif_recv(int fd, struct seccomp_notif *n);
int notif_send(int fd, u64 id, s64 val);
/* A system call without libc, for code that runs in the zygote. */
long raw_call(long nr, long a, long b, long c, long d);
/* Gives up what no guest process needs of the host, for all descendants. */
void confine_self(void);
/* Sets SYNC_WAKE_UP where wanted. */
void notif_setup(int fd);
/* All threads under this listener's filter have ended. */
bool notif_ended(int fd);
/* Receives; -ESRCH if nobody is left to wait for. Interrupted by nothing. */
int notif_wait(int fd, struct seccomp_notif *n);

struct host_mm;
struct host_thread;

/* ---- turn.c: the same without listeners ---- */

/* A thread's first word is yet to come. */
void turn_start(struct host_thread *t);
/* Its next word, in the form of a notification, for ms at most: 0,
 * -ETIMEDOUT, or -EINTR. */
int turn_hear(struct host_thread *t, struct seccomp_notif *n, int ms);
/* The same, until something is pending for this vcpu (-EINTR). */
int turn_hear_or_pending(struct host_thread *t, struct seccomp_notif *n);
void turn_answer(struct host_thread *t, s64 val);
/* The thread has ended. */
bool turn_ended(const struct host_thread *t);
/* It sleeps on the host, and it is not its vcpu's turn: no honest thread. */
bool turn_lost(const struct host_thread *t);
/* Waits for the agent of a new process, then for each batch's end: 0 or
 * -ESRCH. made and err as in struct stub_ctrl. */
int turn_agent_start(struct host_mm *hmm);
int turn_agent_run(struct host_mm *hmm, u32 nops, u32 *made, int *err);

/* ---- zygote.c ---- */

int zygote_start(void);
/* Forks a guest process on hmm's control pages, agent included: its pid or
 * -errno. */
int zygote_fork(struct host_mm *hmm);
/* Has the spawner make a guest thread; 0 or -errno. */
int zygote_thread(struct host_mm *hmm);
/* The listener of what one of these two has made (0 in the transport `trap`,
 * where there is none); -errno (also what a spawner reported, or -ESRCH when
 * the process died). */
int zygote_receive(struct host_mm *hmm);
void zygote_kill(void);

/* ---- space.c ---- */

struct host_mm {
	struct spin lock;
	int pid;
	atomic_bool dead;
	bool tampered;			/* not fit for the pool */
	bool granted;			/* nor is one with a permission (AMX) */
	u64 serial;			/* of this life and no other space's */
	s64 ctrl_offset;
	struct stub_ctrl *ctrl;
	struct agent_op *batch;
	int agent_fd;
	u64 agent_id;			/* its pending notification */
	u32 agent_seq;			/* ... and what number it gave */
	int agent_tid, agent_cpu;
	u32 nr_maps;			/* at most, on the host */
	atomic_uint seen_seq;		/* child_seq at the last look */
	struct host_thread *parked;	/* stopped, for reuse */
	struct host_thread *spare;	/* slots without a thread */
	struct host_thread *all;
	u32 nr_slots, nr_parked;
	struct host_mm *next;		/* pool, zombies */
	u32 id;				/* index in the table of live pids */
};

/* True if the process is gone; cheap unless a SIGCHLD came since. */
bool space_check_dead(struct host_mm *hmm);
/* The same, looking in any case. */
bool space_look_dead(struct host_mm *hmm);
/* Kills the process; back when none of its threads runs any more. */
void space_kill(struct host_mm *hmm);
/* Frees what spaces that died have left. */
void space_reap(void);
/* All of them: a signal; SIGKILL waits for their end (for two seconds). */
void space_signal_all(int sig);
/* A host limit (-errno) was met: gives back what the pool holds and says so
 * once; true if trying again may help. */
bool space_relieve(int err);

/* ---- agent.c ---- */

/* Takes over the agent of a new process; -errno. */
int agent_start(struct host_mm *hmm);
/* Runs n ops that lie in hmm->batch; lock held. 0 or -errno of the failed op. */
int agent_run(struct host_mm *hmm, int n);
/* Unmaps everything; lock held. 0 or -ESRCH. */
int agent_flush(struct host_mm *hmm);
/* Maps a slot, with a flush if that is the host's limit; lock held. */
int agent_map_slot(struct host_mm *hmm, u64 va, s64 offset);

/* ---- thread.c ---- */

enum thread_state { T_RUNNING, T_IN_CALL, T_IN_STUB, T_DEAD };

struct host_thread {
	struct host_mm *hmm;
	enum thread_state state;
	int listener;
	int tid;
	u64 id;				/* of the pending notification */
	struct seccomp_data data;	/* what it said */
	s64 answer;			/* the last one; unsent: a host signal */
	bool unsent;			/* came before it */
	bool kick_posted;		/* sent, its stub event not seen yet */
	bool kick_stale;		/* ... and nobody waits for it */
	bool tampered;			/* its frame made no sense */
	bool gone;			/* DEAD, and its process lives on */
	bool mapped;			/* its slot */
	int cpu;			/* affinity where there is no SYNC */
	u8 *slot;			/* our mapping */
	s64 slot_arena;
	u64 slot_va;
	/* the frame of the last stub event, offsets in the slot */
	u32 uc;				/* ucontext */
	u32 fp;				/* fpstate, 0: none */
	/* of its first, genuine frame */
	u64 uc_flags, xfeatures;
	u32 xsize;			/* XSAVE image without MAGIC2 */
	struct host_thread *next_free, *next;
};

/* What a notification means; sets state and trap. */
void thread_take(struct host_thread *t, const struct seccomp_notif *n,
		 struct host_trap *trap);
/* The next word of a thread that should come to the stub soon; one that burns
 * CPU time instead has its process killed. 0 or -ESRCH. */
int thread_wait_stub(struct host_thread *t, struct seccomp_notif *n);
bool thread_is_stub_event(const struct seccomp_notif *n);
/* Answers the pending notification. */
void thread_answer(struct host_thread *t, s64 val);
void thread_set_dead(struct host_thread *t);
/* The host has no such thread any more. */
bool thread_ended(const struct host_thread *t);

/* ---- thread_life.c ---- */

/* Frees the memory and descriptor of a thread whose process is gone. */
void thread_free(struct host_thread *t);
/* Ends the parked threads of a space; it is tampered if one does not end. */
void thread_end_parked(struct host_mm *hmm);
/* A space from the pool, emptied, is to be used by somebody else: makes its
 * parked threads forget all they had. False: it can't be used. */
bool thread_cleanse_all(struct host_mm *hmm);

/* ---- frame.c ---- */

/* The stub's notification: locates and checks the frame. False: forged. */
bool frame_locate(struct host_thread *t, const struct seccomp_notif *n);
/* The first frame of a thread: what it tells stays true. */
void frame_learn(struct host_thread *t);
void frame_read(const struct host_thread *t, struct guest_regs *regs);
/* Writes everything that sigreturn takes; regs NULL: as they are. */
void frame_write(struct host_thread *t, const struct guest_regs *regs);
/* Wipes what a thread leaves in its slot. */
void frame_wipe(struct host_thread *t);
/* The same, and makes a frame there: zero registers, initial FPU state. */
void frame_blank(struct host_thread *t, u64 ip);
/* Fault details and siginfo of the frame. */
void frame_fault(const struct host_thread *t, struct host_trap *trap);
/* SIGSYS: AUDIT_ARCH_* of the call. */
u32 frame_sigsys_arch(const struct host_thread *t);
u32 frame_probe_fpstate(u64 *xfeatures);

#endif
