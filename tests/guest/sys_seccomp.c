// SPDX-License-Identifier: GPL-2.0
/* The guest's own seccomp: strict, filters, each action, notification. */
#include "tap.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <ucontext.h>

static int install(int nr, unsigned action, unsigned flags)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = {sizeof f / sizeof *f, f};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p);
}

static int with_errno(void *v)
{
	if (install(SYS_getppid, SECCOMP_RET_ERRNO | 77, 0) < 0)
		return 1;
	if (syscall(SYS_getppid) != -1 || errno != 77)
		return 2;
	if (syscall(SYS_getpid) != getpid())
		return 3;
	pid_t p = fork(); /* inherited */
	if (p == 0)
		_exit(syscall(SYS_getppid) == -1 && errno == 77 ? 0 : 1);
	int st;
	waitpid(p, &st, 0);
	return st ? 4 : 0;
}

static volatile long t_call, t_arch, t_code, t_errno, t_rax, t_rdi, hits;
static void *volatile t_addr;
static volatile unsigned long t_rip;
static void on_sys(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;

	hits++;
	t_call = si->si_syscall;
	t_arch = si->si_arch;
	t_code = si->si_code;
	t_errno = si->si_errno;
	t_addr = si->si_call_addr;
	t_rax = (long)uc->uc_mcontext.gregs[REG_RAX];
	t_rdi = (long)uc->uc_mcontext.gregs[REG_RDI];
	t_rip = (unsigned long)uc->uc_mcontext.gregs[REG_RIP];
	uc->uc_mcontext.gregs[REG_RAX] = 4711;
}

static int with_trap(void *v)
{
	struct sigaction sa = {.sa_flags = SA_SIGINFO};

	sa.sa_sigaction = on_sys;
	sigaction(SIGSYS, &sa, NULL);
	if (install(SYS_getpriority, SECCOMP_RET_TRAP | 55, 0) < 0)
		return 1;
	if (syscall(SYS_getpriority, 123, 0) != 4711)
		return 2;
	if (hits != 1 || t_call != SYS_getpriority ||
	    (unsigned)t_arch != AUDIT_ARCH_X86_64)
		return 3;
	if (t_code != 1 || t_errno != 55) /* SYS_SECCOMP, the filter's data */
		return 4;
	if ((unsigned long)t_addr != t_rip || t_rdi != 123)
		return 5;
	return t_rax == SYS_getpriority ? 0 : 6;
}

static int with_kill(void *v)
{
	if (install(SYS_getppid, SECCOMP_RET_KILL_PROCESS, 0) < 0)
		return 1;
	syscall(SYS_getppid);
	return 2;
}

static void *calls_getppid(void *v)
{
	syscall(SYS_getppid);
	return NULL;
}

static int with_kill_thread(void *v)
{
	pthread_t t;

	if (install(SYS_getppid, SECCOMP_RET_KILL_THREAD, 0) < 0)
		return 1;
	pthread_create(&t, NULL, calls_getppid, NULL);
	pthread_join(t, NULL);
	return 5;
}

static int strict(void *v)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) < 0)
		return 1;
	if (write(-1, "", 0) != -1)
		syscall(SYS_exit, 2);
	syscall(SYS_getpid);
	syscall(SYS_exit, 3);
	return 4;
}

static volatile int go;
static void *other(void *v)
{
	while (!go)
		usleep(1000);
	return (void *)(long)(syscall(SYS_getppid) == -1 && errno == 77);
}

static int tsync(void *v)
{
	pthread_t t;
	void *r;

	pthread_create(&t, NULL, other, NULL);
	if (install(SYS_getppid, SECCOMP_RET_ERRNO | 77,
		    SECCOMP_FILTER_FLAG_TSYNC) < 0)
		return 1;
	go = 1;
	pthread_join(t, &r);
	return r ? 0 : 2;
}

/* A filter on arguments and on the instruction pointer. */
static int on_args(void *v)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x1234, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, instruction_pointer) +
				 4),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0x7fff, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = {sizeof f / sizeof *f, f};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p) < 0)
		return 1;
	if (syscall(SYS_getpriority, 0, 0x1234) != -1 || errno != EXDEV)
		return 2;
	return syscall(SYS_getpriority, 0, 0) > 0 ? 0 : 3;
}

static void *supervised(void *v)
{
	*(volatile int *)v = install(SYS_getpriority, SECCOMP_RET_USER_NOTIF,
				     SECCOMP_FILTER_FLAG_NEW_LISTENER);
	if (*(int *)v < 0)
		return NULL;
	return (void *)syscall(SYS_getpriority, 11, 22);
}

static int notify(void *v)
{
	volatile int fd = 0;
	struct seccomp_notif n = {0};
	struct seccomp_notif_resp r = {0};
	pthread_t t;
	void *res;

	pthread_create(&t, NULL, supervised, (void *)&fd);
	wait_for(&fd, 1, 5000);
	struct pollfd pf = {.fd = fd, .events = POLLIN};
	if (fd <= 0 || poll(&pf, 1, 5000) != 1)
		return 1;
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n) < 0)
		return 2;
	if (n.data.nr != SYS_getpriority || n.data.args[0] != 11 ||
	    n.data.args[1] != 22)
		return 3;
	r.id = n.id;
	r.val = 777;
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r) < 0)
		return 4;
	pthread_join(t, &res);
	return res == (void *)777L ? 0 : 5;
}

int main(void)
{
	tap_start(60);
	if (prctl(PR_GET_SECCOMP) < 0 && errno == EINVAL)
		skip_all("this kernel has no seccomp");
	eq(in_child(with_errno, NULL), 0, "RET_ERRNO, inherited by fork");
	eq(in_child(with_trap, NULL), 0,
	   "RET_TRAP: SIGSYS with number, arch, address, data");
	eq(in_child(with_kill, NULL) & 0x7f, SIGSYS,
	   "RET_KILL_PROCESS: death by SIGSYS");
	eq(in_child(with_kill_thread, NULL), EXITED(5),
	   "RET_KILL_THREAD: only the thread");
	eq(in_child(strict, NULL) & 0x7f, SIGKILL, "strict mode: SIGKILL");
	eq(in_child(tsync, NULL), 0, "TSYNC");
	eq(in_child(on_args, NULL), 0, "filters on arguments and address");
	eq(in_child(notify, NULL), 0, "user notification");
	eq_err(install(SYS_getppid, 0x12340000, 0x8000), EINVAL,
	       "unknown flag: EINVAL");
	return tap_done();
}
