// SPDX-License-Identifier: GPL-2.0
/* prctl, limits, namespaces as root, uname, io_uring, keys, robustness. */
#include "tap.h"
#include <linux/io_uring.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

static void prctls(void)
{
	char n[17] = "";

	eq(prctl(PR_SET_NAME, "a-name-of-15-chr"), 0, "PR_SET_NAME");
	prctl(PR_GET_NAME, n);
	ok(!strcmp(n, "a-name-of-15-ch"), "cut to 15: %s", n);
	eq(prctl(PR_GET_DUMPABLE), 1, "PR_GET_DUMPABLE");
	prctl(PR_SET_DUMPABLE, 0);
	eq(prctl(PR_GET_DUMPABLE), 0, "PR_SET_DUMPABLE");
	prctl(PR_SET_DUMPABLE, 1);
	int sig = -1;
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	prctl(PR_GET_PDEATHSIG, &sig);
	eq(sig, SIGUSR1, "PR_SET_PDEATHSIG");
	prctl(PR_SET_PDEATHSIG, 0);
	eq_err(prctl(12345), EINVAL, "unknown: EINVAL");
	volatile int *p = shared_alloc(4096);
	pid_t c = tap_fork();
	if (c == 0) {
		pid_t g = fork();
		if (g == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			*p = getpid();
			for (;;)
				pause();
		}
		wait_for(p, 1, 5000);
		_exit(0);
	}
	tap_wait(c);
	int gone = 0;
	for (int i = 0; i < 2000 && !gone; i++) {
		char b[64] = "", name[32];
		snprintf(name, sizeof name, "/proc/%d/stat", *p);
		int fd = open(name, O_RDONLY);
		ssize_t r = fd < 0 ? 0 : read(fd, b, sizeof b - 1);
		char *q = r > 0 ? strrchr(b, ')') : NULL;
		gone = fd < 0 || r <= 0 || (q && q[2] == 'Z');
		if (fd >= 0)
			close(fd);
		usleep(1000);
	}
	ok(gone, "PDEATHSIG kills when the parent goes");
	munmap((void *)p, 4096);
}

static int nofile(void *v)
{
	struct rlimit rl = {20, 20};
	int fd = 0, n = 0;

	setrlimit(RLIMIT_NOFILE, &rl);
	while ((fd = dup(1)) >= 0)
		n++;
	return errno == EMFILE && n <= 20 ? 0 : 1;
}

static int fsize(void *v)
{
	struct rlimit rl = {8192, 8192};
	char b[16384] = {0};
	int fd = tmp_file(0);

	setrlimit(RLIMIT_FSIZE, &rl);
	signal(SIGXFSZ, SIG_IGN);
	if (write(fd, b, sizeof b) != 8192)
		return 1;
	return write(fd, b, 1) == -1 && errno == EFBIG ? 0 : 2;
}

static int cpu(void *v)
{
	struct rlimit rl = {1, 3};

	setrlimit(RLIMIT_CPU, &rl);
	while (!v)
		;
	return 0;
}

static int stack_limit(void *v)
{
	struct rlimit rl;

	getrlimit(RLIMIT_STACK, &rl);
	rl.rlim_cur = 1 << 20;
	return setrlimit(RLIMIT_STACK, &rl) || getrlimit(RLIMIT_STACK, &rl) ||
	       rl.rlim_cur != 1 << 20;
}

static void limits(void)
{
	eq(in_child(nofile, NULL), 0, "RLIMIT_NOFILE: EMFILE");
	eq(in_child(fsize, NULL), 0, "RLIMIT_FSIZE: EFBIG");
	eq(in_child(cpu, NULL) & 0x7f, SIGXCPU,
	   "RLIMIT_CPU: SIGXCPU in a busy loop");
	eq(in_child(stack_limit, NULL), 0, "setrlimit and getrlimit");
}

static int in_ns(void *v)
{
	char h[65];
	pid_t p;
	int st;

	if (unshare(CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC) <
	    0)
		return errno == EPERM || errno == EINVAL || errno == ENOSYS ? 99
									    : 1;
	if (sethostname("inside", 6) < 0 || gethostname(h, sizeof h) < 0 ||
	    strcmp(h, "inside"))
		return 2;
	p = fork();
	if (p == 0) {
		if (getpid() != 1)
			_exit(1);
		if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(2);
		if (mount("tmpfs", "/tmp", "tmpfs", 0, "size=1m") < 0)
			_exit(3);
		int fd = open("/tmp/x", O_CREAT | O_RDWR, 0600);
		if (fd < 0 || write(fd, "1", 1) != 1)
			_exit(4);
		if (mount("proc", "/proc", "proc", 0, NULL) < 0)
			_exit(5);
		char b[32] = "";
		if (readlink("/proc/self", b, sizeof b) < 0 || strcmp(b, "1"))
			_exit(6);
		_exit(0);
	}
	return waitpid(p, &st, 0) == p && st == 0 ? 0 : 10 + WEXITSTATUS(st);
}

static int user_ns(void *v)
{
	if (getuid() == 0 && setuid(65534) < 0)
		return 1;
	prctl(PR_SET_DUMPABLE, 1); /* or /proc/self is root's, after setuid */
	if (unshare(CLONE_NEWUSER) < 0)
		return 99;
	int fd = open("/proc/self/uid_map", O_WRONLY);
	return fd >= 0 && write(fd, "0 65534 1", 9) == 9 && getuid() == 0 ? 0
									  : 2;
}

static void namespaces(void)
{
	char before[65], after[65];

	gethostname(before, sizeof before);
	if (getuid()) {
		skip("namespaces", "not root");
	} else {
		int st = in_child(in_ns, NULL);

		if (st == EXITED(99))
			skip("namespaces", "unshare refused");
		else
			eq(st, 0,
			   "uts, mount, pid, ipc namespaces; mount of tmpfs and proc");
		gethostname(after, sizeof after);
		ok(!strcmp(before, after),
		   "the host name outside is unchanged");
	}
	int st = in_child(user_ns, NULL);
	if (st == EXITED(99))
		skip("user namespace", "unshare refused");
	else
		eq(st, 0, "user namespace as an ordinary user");
}

static void uring(void)
{
	struct io_uring_params p = {0};
	int fd = (int)syscall(SYS_io_uring_setup, 8, &p);
	char b[16] = "";

	if (fd < 0)
		return skip("io_uring", strerror(errno));
	size_t n = p.sq_off.array + p.sq_entries * 4,
	       c = p.cq_off.cqes + p.cq_entries * 16;
	unsigned char *r =
		mmap(NULL, n > c ? n : c, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
	struct io_uring_sqe *sqe =
		mmap(NULL, p.sq_entries * sizeof *sqe, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
	int f = tmp_file(8192);
	if (!ok(r != MAP_FAILED && sqe != MAP_FAILED &&
			(p.features & IORING_FEAT_SINGLE_MMAP),
		"io_uring: rings mapped"))
		return;
	sqe->opcode = IORING_OP_READ;
	sqe->fd = f;
	sqe->addr = (uintptr_t)b;
	sqe->len = 8;
	sqe->off = 4096;
	sqe->user_data = 77;
	((unsigned *)(r + p.sq_off.array))[0] = 0;
	__atomic_store_n((unsigned *)(r + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	eq(syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL,
		   0),
	   1, "io_uring_enter");
	struct io_uring_cqe *q = (void *)(r + p.cq_off.cqes);
	ok(q->user_data == 77 && q->res == 8 && b[0] == 2,
	   "a read through the rings: %d", q->res);
	close(f);
	close(fd);
}

/* Bad pointers in every argument of many calls: an error, never a death. */
static int junk(void *v)
{
	static const int safe[] = {SYS_read,	      SYS_write,
				   SYS_stat,	      SYS_poll,
				   SYS_mmap,	      SYS_rt_sigprocmask,
				   SYS_ioctl,	      SYS_pread64,
				   SYS_readv,	      SYS_select,
				   SYS_mincore,	      SYS_shmat,
				   SYS_nanosleep,     SYS_getitimer,
				   SYS_sendto,	      SYS_recvmsg,
				   SYS_uname,	      SYS_getcwd,
				   SYS_getdents64,    SYS_statfs,
				   SYS_futex,	      SYS_epoll_ctl,
				   SYS_openat,	      SYS_readlinkat,
				   SYS_getcpu,	      SYS_process_vm_readv,
				   SYS_sched_getattr, SYS_getrandom,
				   SYS_statx,	      SYS_rseq,
				   SYS_clone3,	      SYS_rt_sigaction};
	static const long bad[] = {0,
				   1,
				   -1,
				   4096,
				   0x7fffffff,
				   0x7ff000000000,
				   0x7ffffffff000,
				   (long)0x8000000000000000,
				   (long)0xffff888000000000};
	unsigned s = 1;

	alarm(0);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	for (int i = 0; i < 6000; i++) {
		long a[6];

		for (int k = 0; k < 6; k++) {
			s = s * 1664525 + 1013904223;
			a[k] = bad[(s >> 16) % (sizeof bad / sizeof *bad)];
		}
		int nr = safe[(unsigned)i % (sizeof safe / sizeof *safe)];
		if (nr == SYS_futex) /* no wait */
			a[1] = 1;
		if (nr == SYS_poll || nr == SYS_select)
			a[1] = a[0] = 0,
			a[2] = a[4] = nr == SYS_select ? 4096 : 0;
		if (nr == SYS_rt_sigaction)
			a[0] = SIGUSR1;
		if (nr == SYS_mmap)
			a[3] |= MAP_PRIVATE, a[3] &= ~(long)MAP_FIXED &
						     ~(long)MAP_POPULATE &
						     ~(long)MAP_LOCKED;
		syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
	return 0;
}

int main(void)
{
	struct utsname u;
	struct sysinfo si;

	tap_start(60);
	need_proc();
	prctls();
	limits();
	namespaces();
	uring();
	eq(in_child(junk, NULL), 0, "6000 calls with bad pointers");
	uname(&u);
	ok(!strcmp(u.sysname, "Linux") && !strcmp(u.machine, "x86_64"),
	   "uname: %s %s %s", u.sysname, u.release, u.machine);
	eq(sysinfo(&si), 0, "sysinfo");
	ok(si.totalram * si.mem_unit > 32 << 20 && si.procs > 0,
	   "%lu MiB of memory, %d processes", si.totalram * si.mem_unit >> 20,
	   si.procs);
	eq(getauxval(AT_PAGESZ), 4096, "page size");
	if (!getauxval(AT_SYSINFO_EHDR))
		skip("vDSO", "not offered: times are read by system calls");
	return tap_done();
}
