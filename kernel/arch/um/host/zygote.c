// SPDX-License-Identifier: GPL-2.0
/*
 * The zygote: a small process from which guest processes are forked. It is
 * forked from the kernel's main thread before any other thread exists, sheds
 * everything that the kernel process had (memory, descriptors, rseq, signal
 * handling), puts on the filter of all stub code, and then runs stub code
 * only, on commands in its control page. Its children are made with
 * CLONE_PARENT: they are ours to reap.
 *
 * What a command makes is a listener, which comes through the socket of the
 * vcpu that asked, tagged with the space's serial and the command's number.
 * A process that dies on the way may leave one there; it is found by its tag,
 * and closed. Errors come as one byte; nobody but a live process with a
 * command at hand sends one, and the socket is emptied before each command.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allow.h"
#include "backend_priv.h"
#include "diag.h"

HOST_ALLOW(recvmsg);
HOST_ALLOW(poll);
HOST_ALLOW(close);
HOST_ALLOW(futex);
HOST_ALLOW(wait4);
HOST_ALLOW_ARG32(fcntl, 1, F_DUPFD_CLOEXEC);

#define RECEIVE_MS	10000		/* host frozen, or worse */
#define FILTER_MAX	1024
#define MAX_STRAYS	1000
#define NOT_READY	~0u		/* zctrl->done at first */

static struct spin lock;
static struct stub_ctrl *zctrl;
static s64 zctrl_offset;
static atomic_int zygote_pid;		/* 0: it has died */
static struct sock_filter stub_filter[FILTER_MAX];
static struct sock_fprog stub_fprog = { .filter = stub_filter };

struct kernel_sigaction {
	u64 handler, flags, restorer, mask;
};

/* ---- in the zygote, before it becomes stub code; raw calls only ---- */

static long raw(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret;
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;

	asm volatile("syscall" : "=a" (ret)
		     : "0" (nr), "D" (a), "S" (b), "d" (c), "r" (r10), "r" (r8), "r" (r9)
		     : "rcx", "r11", "memory");
	return ret;
}

long raw_call(long nr, long a, long b, long c, long d)
{
	return raw(nr, a, b, c, d, 0, 0);
}

static void die_at(long step)
{
	raw(SYS_exit_group, step, 0, 0, 0, 0, 0);
}

#define MUST(step, expr) do { if ((expr) < 0) die_at(step); } while (0)

static void shed_libc_state(void *rseq_area)
{
	/* glibc registers rseq at this place; it would be written after each
	 * preemption, to memory that becomes the guest's */
	if (rseq_area)
		raw(SYS_rseq, (long)rseq_area, __rseq_size < 32 ? 32 : __rseq_size,
		    1 /* RSEQ_FLAG_UNREGISTER */, RSEQ_SIG, 0, 0);
	raw(SYS_set_robust_list, 0, 24, 0, 0, 0, 0);
	raw(SYS_set_tid_address, 0, 0, 0, 0, 0, 0);
}

static void set_signals(void)
{
	static const int stub_signals[] = {
		SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, STUB_SIG_KICK
	};
	struct kernel_sigaction sa = { .handler = (u64)SIG_IGN };
	u64 all = ~0ull;
	unsigned int i;
	int sig;

	raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, 8, 0, 0);
	for (sig = 1; sig <= 64; sig++)
		raw(SYS_rt_sigaction, sig, (long)&sa, 0, 8, 0, 0);
	sa.handler = stub_va(backend.turns ? stub_turn_handler : stub_handler);
	sa.restorer = stub_va(stub_restorer);
	sa.flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | 0x04000000;
	sa.mask = ~0ull;
	for (i = 0; i < sizeof(stub_signals) / sizeof(stub_signals[0]); i++)
		MUST(12, raw(SYS_rt_sigaction, stub_signals[i], (long)&sa, 0, 8, 0, 0));
}

/* Descriptors 3, 4, 5...: physmem, arena, sockets; no other. */
static void set_descriptors(const int *socks)
{
	int n = 2 + backend.ncpus, i, high[2 + UM_MAX_VCPUS];

	high[0] = backend.physmem_fd;
	high[1] = backend.arena_fd;
	for (i = 0; i < (int)backend.ncpus; i++)
		high[2 + i] = socks[i];
	for (i = 0; i < n; i++)		/* out of the way first */
		MUST(13, high[i] = raw(SYS_fcntl, high[i], F_DUPFD, 3 + n, 0, 0, 0));
	for (i = 0; i < n; i++)
		MUST(14, raw(SYS_dup2, high[i], STUB_FD_PHYSMEM + i, 0, 0, 0, 0));
	raw(SYS_close, 0, 0, 0, 0, 0, 0);
	raw(SYS_close, 1, 0, 0, 0, 0, 0);
	raw(SYS_close, 2, 0, 0, 0, 0, 0);
	MUST(15, raw(SYS_close_range, 3 + n, ~0u, 0, 0, 0, 0));
	/* numbers 0 to 2 stay taken, so that the next free one is known */
	for (i = 0; i < 3; i++)
		MUST(16, raw(SYS_dup2, STUB_FD_ARENA, i, 0, 0, 0, 0));
}

static void map_stub(void)
{
	MUST(17, raw(SYS_mmap, STUB_CODE, STUB_CODE_SIZE, PROT_READ | PROT_EXEC,
		     MAP_SHARED | MAP_FIXED, arena_stub_fd(), 0));
	MUST(18, raw(SYS_mmap, STUB_CTRL, STUB_CTRL_SIZE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED, backend.arena_fd, zctrl_offset));
}

/* The rest of the memory goes in stub code, since this code is part of it. */
static void __attribute__((noreturn)) enter_stub(void)
{
	asm volatile("jmp *%0" : : "r" (stub_va(stub_zygote)));
	__builtin_unreachable();
}

static void __attribute__((noreturn)) zygote_main(int parent, const int *socks,
						  void *rseq_area)
{
	MUST(10, raw(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0));
	if (raw(SYS_getppid, 0, 0, 0, 0, 0, 0) != parent)
		die_at(11);
	raw(SYS_prctl, PR_SET_NAME, (long)"um-guest", 0, 0, 0, 0);
	raw(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0, 0);
	MUST(19, raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0));
	map_stub();
	set_signals();
	set_descriptors(socks);
	confine_self();
	shed_libc_state(rseq_area);
	MUST(20, raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_SPEC_ALLOW, (long)&stub_fprog, 0, 0, 0));
	enter_stub();
}

/* ---- in the kernel process ---- */

static void fill_turns(struct stub_ctrl *ctrl, u64 self)
{
	ctrl->turns = 1;
	ctrl->self = self;
	ctrl->batch_go = 0;
	ctrl->batch_done = ~0u;		/* until the agent is there */
	/* seccomp(2) returns no descriptor, and none is sent */
	ctrl->listener = 0;
	ctrl->msg.control = ctrl->msg.controllen = 0;
}

static void fill_ctrl(struct stub_ctrl *ctrl, u64 self)
{
	ctrl->filter_flags = backend.filter_flags;
	ctrl->listener = backend.listener_fd;
	ctrl->msg.iov = STUB_CTRL + CTRL_IOV;
	ctrl->msg.iovlen = 1;
	ctrl->msg.control = STUB_CTRL + CTRL_CMSG;
	ctrl->msg.controllen = CMSG_SPACE(sizeof(int));
	ctrl->iov.base = STUB_CTRL + CTRL_TAG;
	ctrl->iov.len = sizeof(ctrl->tag);
	ctrl->cmsg.len = CMSG_LEN(sizeof(int));
	ctrl->cmsg.level = SOL_SOCKET;
	ctrl->cmsg.type = SCM_RIGHTS;
	ctrl->cmsg.fd = backend.listener_fd;
	filter_fill(ctrl);
	if (backend.turns)
		fill_turns(ctrl, self);
}

static long futex(u32 *word, int op, u32 val, const struct timespec *ts)
{
	return syscall(SYS_futex, word, op, val, ts, NULL, 0);
}

static void wake(struct stub_ctrl *ctrl)
{
	__atomic_add_fetch(&ctrl->seq, 1, __ATOMIC_SEQ_CST);
	futex(&ctrl->seq, FUTEX_WAKE, 1, NULL);
}

static void say_died(int status)
{
	struct diag_line l;

	diag_start(&l);
	diag_str(&l, WIFEXITED(status) ? "zygote: ended at step " :
					 "zygote: killed by signal ");
	diag_dec(&l, WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	diag_str(&l, ": no more guest processes can be made");
	diag_end(&l);
}

/* Waits until the zygote has carried out command seq. */
static int wait_done(u32 seq)
{
	const struct timespec ts = { .tv_nsec = 100000000 };
	int status, pid;
	u32 done;

	while ((done = __atomic_load_n(&zctrl->done, __ATOMIC_ACQUIRE)) != seq) {
		pid = zygote_pid;
		if (!pid)
			return -ESRCH;
		if (waitpid(pid, &status, WNOHANG)) {
			zygote_pid = 0;
			say_died(status);
			return -ESRCH;
		}
		futex(&zctrl->done, FUTEX_WAIT, done, &ts);
	}
	return 0;
}

int zygote_start(void)
{
	int theirs[UM_MAX_VCPUS], pair[2], parent = getpid(), ret;
	void *rseq_area = NULL;
	unsigned int i;

	zctrl_offset = arena_alloc();
	if (zctrl_offset < 0)
		return zctrl_offset;
	zctrl = arena_ptr(zctrl_offset);
	for (i = 0; i < backend.ncpus; i++) {
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair))
			return -errno;
		backend.sockets[i] = pair[0];
		theirs[i] = pair[1];
	}
	if (__rseq_size)
		rseq_area = (char *)__builtin_thread_pointer() + __rseq_offset;
	ret = filter_build_stub(stub_filter, FILTER_MAX);
	if (ret < 0)
		return ret;
	stub_fprog.len = ret;
	zctrl->done = NOT_READY;
	zygote_pid = fork();
	if (zygote_pid < 0)
		return -errno;
	if (!zygote_pid)
		zygote_main(parent, theirs, rseq_area);
	for (i = 0; i < backend.ncpus; i++)
		close(theirs[i]);
	return wait_done(0);
}

void zygote_kill(void)
{
	int pid = atomic_exchange(&zygote_pid, 0);

	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

/* ---- messages ---- */

/* A descriptor; -ENOMSG: there is none; -ESTALE: one of somebody else, closed;
 * other -errno: reported. */
static int take_message(int sock, const u64 *want)
{
	union { struct cmsghdr h; char buf[CMSG_SPACE(sizeof(int))]; } control;
	u64 tag[2];
	struct iovec iov = { tag, sizeof(tag) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *h;
	ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	int fd = -EMFILE;		/* no room for the descriptor here */

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? -ENOMSG : -errno;
	if (n != sizeof(tag))
		return *(u8 *)tag && *(u8 *)tag < 133 ? -*(u8 *)tag : -EIO;
	h = CMSG_FIRSTHDR(&msg);
	if (backend.turns)
		fd = 0;
	else if (h && h->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	if (!memcmp(tag, want, sizeof(tag)))
		return fd;
	if (fd >= 0 && !backend.turns)
		close(fd);
	return -ESTALE;
}

int zygote_receive(struct host_mm *hmm)
{
	struct pollfd p = { .fd = backend.sockets[this_area()->cpu], .events = POLLIN };
	int ret, ms;

	for (ms = 0; ms < RECEIVE_MS; ) {
		ret = take_message(p.fd, hmm->ctrl->tag);
		if (ret != -ENOMSG && ret != -ESTALE)
			return ret;
		if (ret == -ESTALE || poll(&p, 1, 100))
			continue;
		ms += 100;
		if (space_look_dead(hmm))
			return -ESRCH;
	}
	space_kill(hmm);
	return -EIO;
}

/* ---- commands ---- */

static bool room_for_descriptor(void)
{
	int fd = fcntl(backend.sockets[this_area()->cpu], F_DUPFD_CLOEXEC, 0);

	return fd >= 0 && !close(fd);
}

/* Makes sure that a descriptor can be received, and from whom. */
static int prepare(struct host_mm *hmm, u32 command, u32 seq)
{
	static const u64 nobody[2];
	unsigned int cpu = this_area()->cpu;
	struct stub_ctrl *ctrl = hmm->ctrl;
	int strays;

	if (!backend.turns && !room_for_descriptor())
		return -errno;
	for (strays = 0; strays < MAX_STRAYS; strays++)
		if (take_message(backend.sockets[cpu], nobody) == -ENOMSG)
			break;
	ctrl->socket = STUB_FD_SOCKETS + cpu;
	ctrl->command = command;
	ctrl->tag[0] = hmm->serial;
	ctrl->tag[1] = seq;
	return 0;
}

int zygote_thread(struct host_mm *hmm)
{
	int ret = prepare(hmm, STUB_CMD_THREAD, hmm->ctrl->seq + 1);

	if (!ret)
		wake(hmm->ctrl);
	return ret;
}

int zygote_fork(struct host_mm *hmm)
{
	int ret = prepare(hmm, STUB_CMD_AGENT, 1);

	if (ret)
		return ret;
	fill_ctrl(hmm->ctrl, hmm->ctrl_offset);
	hmm->ctrl->seq = 1;		/* first command of its spawner */
	spin_lock(&lock);
	zctrl->arena_offset = hmm->ctrl_offset;
	zctrl->parent = backend.pid;
	wake(zctrl);
	ret = wait_done(zctrl->seq);
	if (!ret)
		ret = zctrl->result;
	spin_unlock(&lock);
	return ret;
}
