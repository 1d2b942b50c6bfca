// SPDX-License-Identifier: GPL-2.0
/* System call stops: registers, changed numbers and results, info, seccomp. */
#include "ptrace.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <stddef.h>

#define SYSSTOP STOPPED(SIGTRAP | 0x80)

static int three_calls(void *v)
{
	(void)v;
	if (syscall(SYS_getppid, 1, 2, 3, 4, 5, 6) != getppid())
		return 1;
	if (syscall(SYS_getuid) != 4242) /* its result is changed */
		return 2;
	if (syscall(SYS_getgid) != getpid()) /* its number is changed */
		return 3;
	if (syscall(SYS_getpgid, 0) != -1 ||
	    errno != EXDEV) /* skipped, with an error */
		return 4;
	return 0;
}

static void calls(void)
{
	pid_t p = traced(three_calls, NULL,
			 PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	struct user_regs_struct r;
	struct __ptrace_syscall_info i;
	int entries = 0, exits = 0, in = 0, st;
	long nr = -1;

	while ((st = go(PTRACE_SYSCALL, p, 0)) == SYSSTOP) {
		r = get_regs(p);
		long n = ptrace((enum __ptrace_request)PTRACE_GET_SYSCALL_INFO,
				p, sizeof i, &i);

		if (!in) {
			entries++;
			nr = (long)r.orig_rax;
			if ((long)r.rax != -ENOSYS)
				ok(0, "rax at entry is %lld", r.rax);
			if (n > 0 && (i.op != PTRACE_SYSCALL_INFO_ENTRY ||
				      (long)i.entry.nr != nr ||
				      i.arch != AUDIT_ARCH_X86_64 ||
				      i.instruction_pointer != r.rip))
				ok(0,
				   "GET_SYSCALL_INFO at entry: op %d nr %lld",
				   i.op, (long long)i.entry.nr);
		} else {
			exits++;
			if (n > 0 && (i.op != PTRACE_SYSCALL_INFO_EXIT ||
				      i.exit.rval != (long)r.rax))
				ok(0,
				   "GET_SYSCALL_INFO at exit: op %d rval %lld",
				   i.op, (long long)i.exit.rval);
		}
		if (!in && nr == SYS_getppid && r.rdi == 1) {
			ok(r.rsi == 2 && r.rdx == 3 && r.r10 == 4 &&
				   r.r8 == 5 && r.r9 == 6,
			   "six arguments at entry");
			ok(n > 0 && i.entry.args[0] == 1 &&
				   i.entry.args[5] == 6,
			   "six arguments in GET_SYSCALL_INFO");
		}
		if (in && nr == SYS_getuid) {
			r.rax = 4242;
			ptrace(PTRACE_SETREGS, p, 0, &r);
		}
		if (!in && nr == SYS_getgid)
			eq(ptrace(PTRACE_POKEUSER, p,
				  offsetof(struct user, regs.orig_rax),
				  (long)SYS_getpid),
			   0, "POKEUSER orig_rax");
		if (!in && nr == SYS_getpgid)
			ptrace(PTRACE_POKEUSER, p,
			       offsetof(struct user, regs.orig_rax), -1L);
		if (in && nr == SYS_getpgid) {
			eq((long)r.rax, -ENOSYS,
			   "a skipped call: rax stays -ENOSYS");
			r.rax = (unsigned long)-EXDEV;
			ptrace(PTRACE_SETREGS, p, 0, &r);
		}
		in = !in;
	}
	eq(st, 0, "the tracee sees number and results as changed");
	ok(entries >= 7, "%d entries, one more than %d exits", entries, exits);
	eq(entries - exits, 1, "exit_group has no exit stop");
}

static int blocks(void *v)
{
	int *fd = v;
	char c = 0;

	if (read(fd[0], &c, 1) != 1 || c != 'k')
		return 1;
	return read(fd[0], &c, 1) == 1 && c == 'l' ? 0 : 2;
}

/* A signal that is suppressed during a blocking call: it restarts. */
static void restart(void)
{
	int fd[2], st;

	if (pipe(fd) < 0)
		exit(1);
	pid_t p = traced(blocks, fd, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	eq(go(PTRACE_SYSCALL, p, 0), SYSSTOP, "entry of read");
	ptrace(PTRACE_SYSCALL, p, 0, 0);
	msleep(20);
	kill(p, SIGUSR1);
	st = stop_of(p);
	if (st == SYSSTOP) {
		eq((long)get_regs(p).rax, -512, "exit with ERESTARTSYS");
		st = go(PTRACE_SYSCALL, p, 0);
	}
	eq(st, STOPPED(SIGUSR1), "the signal's stop");
	eq(go(PTRACE_SYSCALL, p, 0), SYSSTOP,
	   "suppressed: the call is entered again");
	if (write(fd[1], "kl", 2) != 2)
		exit(1);
	eq((long)get_regs(p).orig_rax, SYS_read, "as read");
	eq(go(PTRACE_SYSCALL, p, 0), SYSSTOP, "and comes to its exit");
	eq((long)get_regs(p).rax, 1, "with its data");
	eq(go(PTRACE_CONT, p, 0), 0, "the tracee is content");
	close(fd[0]);
	close(fd[1]);
}

static int with_filter(void *v)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 77),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {4, f};

	(void)v;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
		return 99;
	if (syscall(SYS_getpriority, 0, 0) != getppid())
		return 1;
	return syscall(SYS_getpriority, 0, 0) == -1 && errno == EXDEV ? 0 : 2;
}

static void seccomp(void)
{
	pid_t p = traced(with_filter, NULL,
			 PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL);
	int st = go(PTRACE_CONT, p, 0);
	unsigned long msg = 0;

	if (st == EXITED(99))
		return skip("PTRACE_O_TRACESECCOMP", "no seccomp filters here");
	eq(st, EVENT(SIGTRAP, PTRACE_EVENT_SECCOMP), "SECCOMP_RET_TRACE stops");
	ptrace(PTRACE_GETEVENTMSG, p, 0, &msg);
	eq((long)msg, 77, "its data");
	struct user_regs_struct r = get_regs(p);
	eq((long)r.orig_rax, SYS_getpriority, "before the call");
	r.orig_rax = SYS_getppid;
	ptrace(PTRACE_SETREGS, p, 0, &r);
	eq(go(PTRACE_CONT, p, 0), EVENT(SIGTRAP, PTRACE_EVENT_SECCOMP),
	   "the second time");
	r = get_regs(p);
	r.orig_rax = (unsigned long)-1;
	r.rax = (unsigned long)-EXDEV;
	ptrace(PTRACE_SETREGS, p, 0, &r);
	eq(go(PTRACE_CONT, p, 0), 0,
	   "number changed, then skipped with an error");
}

static int sysemu_body(void *v)
{
	(void)v;
	return syscall(SYS_getpid) == 1234567 ? 0 : 1;
}

static void sysemu(void)
{
	pid_t p = traced(sysemu_body, NULL,
			 PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	int st = go(31 /* PTRACE_SYSEMU */, p, 0);

	if (st == -1) {
		skip("PTRACE_SYSEMU", "this kernel lacks it");
		kill(p, SIGKILL);
		stop_of(p);
		return;
	}
	eq(st, SYSSTOP, "PTRACE_SYSEMU stops");
	struct user_regs_struct r = get_regs(p);
	r.rax = 1234567;
	ptrace(PTRACE_SETREGS, p, 0, &r);
	eq(go(PTRACE_CONT, p, 0), 0, "its result is the tracer's");
}

static int busy_calls(void *v)
{
	for (int i = 0; i < 300; i++)
		if (syscall(SYS_getppid) != *(pid_t *)v)
			return 1;
	return 0;
}

int main(void)
{
	tap_start(60);
	calls();
	restart();
	seccomp();
	sysemu();
	pid_t me = getpid(),
	      p = traced(busy_calls, &me,
			 PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	int n = 0, st;
	while ((st = go(PTRACE_SYSCALL, p, 0)) == SYSSTOP)
		n++;
	ok(st == 0 && n >= 601, "300 calls make %d stops", n);
	return tap_done();
}
