// SPDX-License-Identifier: GPL-2.0
/* clone and clone3 by hand, set_tid_address, pthreads in numbers. */
#include "tap.h"
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>

#define THREAD                                                              \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | \
	 CLONE_SYSVSEM)

/* clone3 with fn(arg) on the new stack; its result is the exit status. */
long clone3_run(struct clone_args *a, size_t n, long (*fn)(void *), void *arg);
__asm__(".text\n"
	".type clone3_run,@function\n"
	"clone3_run:\n"
	"	mov %rdx, %r8\n"
	"	mov %rcx, %r9\n"
	"	mov $435, %eax\n"
	"	syscall\n"
	"	test %rax, %rax\n"
	"	jz 1f\n"
	"	ret\n"
	"1:	xor %ebp, %ebp\n"
	"	and $-16, %rsp\n"
	"	mov %r9, %rdi\n"
	"	call *%r8\n"
	"	mov %eax, %edi\n"
	"	mov $60, %eax\n"
	"	syscall\n"
	"	hlt\n");

static long raw(long nr, long a, long b, long c)
{
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return r;
}

struct block {
	void *self;
	long magic, tid, pid, seen_tls, seen_parent_tid;
	int parent_tid, child_tid, gate;
};

/* No libc in here: %fs is ours, or the parent's. */
static long thread_fn(void *v)
{
	struct block *b = v;
	long *tls;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(tls));
	b->seen_tls = tls == (long *)b ? b->magic : -1;
	b->tid = raw(SYS_gettid, 0, 0, 0);
	b->pid = raw(SYS_getpid, 0, 0, 0);
	b->seen_parent_tid = b->parent_tid;
	while (__atomic_load_n(&b->gate, __ATOMIC_ACQUIRE) == 0)
		raw(SYS_sched_yield, 0, 0, 0);
	return 0;
}

/* The kernel clears child_tid and wakes it, when the thread is gone. */
static int join_tid(int *tid)
{
	struct timespec t = {10, 0};
	int v;

	while ((v = __atomic_load_n(tid, __ATOMIC_ACQUIRE)) != 0)
		if (syscall(SYS_futex, tid, FUTEX_WAIT, v, &t) < 0 &&
		    errno == ETIMEDOUT)
			return -1;
	return 0;
}

static void threads(int by_clone3)
{
	const char *how = by_clone3 ? "clone3" : "clone";
	struct block b = {.magic = 0x1234567, .child_tid = -1};
	char *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long fl = THREAD | CLONE_SETTLS | CLONE_PARENT_SETTID |
			   CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
	long t;

	b.self = &b;
	if (by_clone3) {
		struct clone_args a = {.flags = fl,
				       .stack = (uintptr_t)stack,
				       .stack_size = 65536,
				       .tls = (uintptr_t)&b,
				       .parent_tid = (uintptr_t)&b.parent_tid,
				       .child_tid = (uintptr_t)&b.child_tid};
		t = clone3_run(&a, sizeof a, thread_fn, &b);
	} else {
		t = clone((int (*)(void *))(void *)thread_fn, stack + 65536,
			  (int)fl, &b, &b.parent_tid, &b, &b.child_tid);
	}
	if (!ok(t > 0, "%s: thread made: %ld", how, t))
		return;
	eq(b.parent_tid, t, "%s: PARENT_SETTID", how);
	msleep(2);
	__atomic_store_n(&b.gate, 1, __ATOMIC_RELEASE);
	eq(join_tid(&b.child_tid), 0, "%s: CHILD_CLEARTID clears and wakes",
	   how);
	eq(b.tid, t, "%s: gettid in the thread", how);
	eq(b.pid, getpid(), "%s: getpid in the thread", how);
	eq(b.seen_tls, b.magic, "%s: SETTLS", how);
	eq(b.seen_parent_tid, t, "%s: the id was stored before it ran", how);
	eq_err(waitpid((pid_t)t, NULL, __WALL), ECHILD,
	       "%s: a thread is not a child", how);
	munmap(stack, 65536);
}

static int shared_var;
static long set_var(void *v)
{
	shared_var = *(int *)v;
	return 21;
}

static void processes(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int st, val = 77, pidfd = -1;
	struct clone_args a = {.flags = CLONE_VM | CLONE_PIDFD,
			       .exit_signal = SIGCHLD,
			       .stack = (uintptr_t)stack,
			       .stack_size = sizeof stack,
			       .pidfd = (uintptr_t)&pidfd};
	long p = clone3_run(&a, sizeof a, set_var, &val);

	eq(tap_wait((pid_t)p), EXITED(21),
	   "clone3 CLONE_VM without CLONE_THREAD: a process");
	eq(shared_var, 77, "it shares memory");
	ok(pidfd >= 0, "CLONE_PIDFD");
	close(pidfd);

	val = 78;
	p = clone((int (*)(void *))(void *)set_var, stack + sizeof stack,
		  CLONE_VM | CLONE_VFORK | SIGCHLD, &val);
	eq(shared_var, 78, "CLONE_VFORK: parent resumes after the child");
	eq(tap_wait((pid_t)p), EXITED(21), "its status");

	val = 79;
	p = clone((int (*)(void *))(void *)set_var, stack + sizeof stack, 0,
		  &val);
	eq(waitpid((pid_t)p, &st, __WCLONE), p,
	   "no exit signal: seen by __WCLONE");
	eq(shared_var, 78, "and its memory is its own");

	memset(&a, 0, sizeof a);
	a.flags = CLONE_THREAD;
	eq(clone3_run(&a, sizeof a, set_var, &val) < 0, 1,
	   "clone3 CLONE_THREAD alone is refused");
	a.flags = 0;
	a.exit_signal = 200;
	eq(clone3_run(&a, sizeof a, set_var, &val), -EINVAL,
	   "clone3 exit_signal 200: EINVAL");
	eq(clone3_run((void *)8, sizeof a, set_var, &val), -EFAULT,
	   "clone3 bad pointer: EFAULT");
	eq(clone3_run(&a, 8, set_var, &val), -EINVAL,
	   "clone3 short size: EINVAL");
}

static void *tid_clear(void *v)
{
	*(int *)v = (int)syscall(SYS_set_tid_address, v);
	return (void *)(long)(*(int *)v == syscall(SYS_gettid));
}

static int set_tid(void *v)
{
	static int word;
	static char stack[65536] __attribute__((aligned(16)));
	struct timespec t = {10, 0};

	(void)v;
	/* A child that shares memory, asks for its word to be cleared, and
	 * goes. */
	word = -1;
	pid_t p = clone((int (*)(void *))(void *)tid_clear,
			stack + sizeof stack, CLONE_VM | SIGCHLD, &word);
	if (p < 0)
		return 1;
	while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) != 0)
		if (syscall(SYS_futex, &word, FUTEX_WAIT, word, &t) < 0 &&
		    errno == ETIMEDOUT)
			return 2;
	return tap_wait(p) == EXITED(1) ? 0 : 3;
}

static pthread_barrier_t bar;
static __thread long own = 5;
static void *one(void *v)
{
	long n = (long)v;

	own += n;
	pthread_barrier_wait(&bar);
	sched_yield();
	return (void *)(own - 5);
}

static void in_numbers(void)
{
	enum { N = 100 };
	pthread_t t[N];
	pthread_attr_t at;
	long good = 0;
	void *r;

	pthread_attr_init(&at);
	pthread_attr_setstacksize(&at, 65536);
	pthread_barrier_init(&bar, NULL, N);
	for (long i = 0; i < N; i++)
		if (pthread_create(&t[i], &at, one, (void *)i)) {
			ok(0, "pthread_create %ld", i);
			exit(tap_done());
		}
	for (long i = 0; i < N; i++)
		good += pthread_join(t[i], &r) == 0 && (long)r == i;
	eq(good, N, "100 threads alive at a time");
	pthread_barrier_init(&bar, NULL, 1);
	good = 0;
	for (long i = 0; i < 500; i++)
		good += pthread_create(t, &at, one, (void *)i) == 0 &&
			pthread_join(t[0], &r) == 0 && (long)r == i;
	eq(good, 500, "500 threads one after another");
}

static void *leave(void *v)
{
	msleep(20);
	_exit((int)(long)v);
}

static int leader_first(void *v)
{
	pthread_t t;

	pthread_create(&t, NULL, leave, v);
	syscall(SYS_exit, 1);
	return 1;
}

static void *spin(void *v)
{
	for (;;)
		++*(volatile long *)v;
	return NULL;
}

static int group_exit(void *v)
{
	static long n[3];
	pthread_t t;

	for (int i = 0; i < 3; i++)
		pthread_create(&t, NULL, spin, &n[i]);
	msleep(5);
	return (int)(long)v;
}

int main(void)
{
	tap_start(60);
	threads(0);
	threads(1);
	processes();
	eq(in_child(set_tid, NULL), 0, "set_tid_address: cleared at exit");
	in_numbers();
	eq(in_child(leader_first, (void *)17L), EXITED(17),
	   "the leader exits before its thread");
	eq(in_child(group_exit, (void *)18L), EXITED(18),
	   "exit_group ends busy threads");
	return tap_done();
}
