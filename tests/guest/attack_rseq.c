// SPDX-License-Identifier: GPL-2.0
/*
 * What a kernel writes or reads in user memory behind its owner's back: rseq
 * areas, robust lists, clear_child_tid, alternate stacks, at odd addresses:
 * where the host's own registrations would be, in the stub region, nowhere.
 * Then fork, exec, threads, signals. Runs on any kernel.
 */
#include "attack.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>

struct rs {
	uint32_t cpu_id_start, cpu_id;
	uint64_t cs;
	uint32_t flags, node, mm_cid, pad;
} __attribute__((aligned(32)));

struct rs_cs {
	uint32_t version, flags;
	uint64_t start, len, abort;
} __attribute__((aligned(32)));

static volatile int aborted;
static void landing(void)
{
	aborted = 1;
	_exit(66);
}

/* Everything that makes a kernel look at such areas. */
static int exercise(void)
{
	char *argv[] = {"attack", "--alive", NULL};
	volatile int good = 0;

	for (int i = 0; i < 8; i++) {
		pid_t p = fork();

		if (p == 0) {
			if (i & 1)
				execv("/proc/self/exe", argv);
			raise(SIGUSR1);
			fault_read((void *)8);
			_exit(17);
		}
		int st;
		waitpid(p, &st, 0);
		good += st == EXITED(17);
		sched_yield();
		raise(SIGUSR1);
		fault_read((void *)8);
		usleep(100);
	}
	uint64_t end = now_ns(CLOCK_MONOTONIC) + 10000000;
	while (now_ns(CLOCK_MONOTONIC) < end)
		;
	return good == 8 ? 0 : 1;
}

static void nop(int s)
{
	(void)s;
}

/* Pages full of look-alike registrations, at the places a loader would use. */
static int plant(void *v)
{
	static const unsigned long at[] = {0x10000000,	   0x555555554000,
					   0x7f0000000000, 0x7feff0000000,
					   0x7fefffe00000, 0x600000000000,
					   0x20000000000};
	unsigned long n = 1 << 18;
	struct rs_cs *cs = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)v;
	signal(SIGUSR1, nop);
	cs->start = STUB_START;
	cs->len = 0x200000;
	cs->abort = (uintptr_t)landing;
	for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
		char *p =
			mmap((void *)at[i], n, PROT_READ | PROT_WRITE,
			     MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);

		if (p == MAP_FAILED)
			continue;
		for (size_t o = 0; o < n; o += sizeof(struct rs)) {
			struct rs *r = (struct rs *)(p + o);

			r->cs = (uintptr_t)cs;
			r->cpu_id = r->cpu_id_start = (uint32_t)(o & 1);
		}
	}
	return exercise();
}

/* glibc has the thread's registration: take it away, then register our own. */
static int own_rseq(void *v)
{
	static struct rs area[4];
	static struct rs_cs cs;
	long where = (long)v;
	unsigned long a =
		where == 0 ? (uintptr_t)&area[1] : (unsigned long)where;
	extern const ptrdiff_t __rseq_offset;
	char *tp = __builtin_thread_pointer();

	signal(SIGUSR1, nop);
	syscall(SYS_rseq, tp + __rseq_offset, 32, 1, 0x53053053);
	cs.start = STUB_START;
	cs.len = 0x200000;
	cs.abort = (uintptr_t)landing;
	area[1].cs = (uintptr_t)&cs;
	if (syscall(SYS_rseq, a, 32, 0, 0x53053053) < 0 && where == 0)
		return errno == ENOSYS ? 0 : 3;
	/* again and again, since the kernel clears it */
	for (int i = 0; i < 100; i++) {
		area[1].cs = (uintptr_t)&cs;
		sched_yield();
		syscall(SYS_getppid);
	}
	/* the area goes while it is registered */
	if (where == 1)
		munmap((void *)((uintptr_t)area & ~4095UL), 4096);
	return exercise();
}

static long robust_thread(void *v)
{
	syscall(SYS_set_robust_list, v, 24);
	syscall(SYS_set_tid_address, v);
	return 0;
}

/* Threads and processes that end with a bad list and a bad word. */
static int robust(void *v)
{
	static char stack[65536] __attribute__((aligned(16)));
	static long cyclic[8];

	signal(SIGUSR1, nop);
	cyclic[0] = (long)&cyclic[0] + 8; /* a list that isn't this head's */
	cyclic[1] = (long)&cyclic[1];
	cyclic[2] = (long)v;
	void *head = (long)v == 3 ? (void *)cyclic : v;
	for (int i = 0; i < 20; i++) {
		int st;
		pid_t p = clone((int (*)(void *))(void *)robust_thread,
				stack + sizeof stack,
				i & 1 ? SIGCHLD : SIGCHLD | CLONE_VM, head);

		if (p > 0)
			waitpid(p, &st, 0);
	}
	syscall(SYS_set_robust_list, head, 24);
	syscall(SYS_set_tid_address, head);
	return exercise();
}

/* clone's own words: CHILD_SETTID and CLEARTID at odd places. */
static int tid_words(void *v)
{
	long r = 0;

	signal(SIGUSR1, nop);
	for (int i = 0; i < 10; i++) {
		r = syscall(SYS_clone,
			    CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID |
				    CLONE_PARENT_SETTID | SIGCHLD,
			    0, v, v, 0);
		if (r == 0)
			syscall(SYS_exit, 0);
		if (r > 0)
			waitpid((pid_t)r, NULL, 0);
	}
	return exercise();
}

static int altstack(void *v)
{
	stack_t st = {.ss_sp = v, .ss_size = 65536};
	struct sigaction sa = {.sa_handler = nop, .sa_flags = SA_ONSTACK};

	sigaction(SIGUSR1, &sa, NULL);
	sigaltstack(&st, NULL);
	raise(SIGUSR1);
	return 0;
}

static int handler_at(void *v)
{
	struct sigaction sa = {.sa_flags = SA_NODEFER};

	sa.sa_handler = (void (*)(int))(uintptr_t)v;
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	raise(SIGUSR1);
	return 0;
}

static void may_die(int (*fn)(void *), unsigned long a, const char *what)
{
	char b[96];
	int st = attack_run(fn, (void *)a, 5000);

	snprintf(b, sizeof b, "%s at %#lx", what, a);
	ok(st != EXITED(66), "%s: no jump to the abort address", b);
	if (st == EXITED(1))
		ok(0, "%s: children failed", b);
	all_well(st, b);
}

int main(int argc, char **argv)
{
	static const unsigned long at[] = {8,
					   0x1001,
					   STUB_START,
					   STUB_START + 4096 + 32,
					   STUB_START + 0x3000,
					   STUB_END - 4096,
					   0xffff888000000000UL,
					   0xffffffffff600000UL,
					   ~0UL - 31};

	attack_start(argc, argv, 120, 0);
	may_die(plant, 0, "planted areas");
	may_die(own_rseq, 0, "rseq over the stub");
	may_die(own_rseq, 1, "rseq, unmapped while in use");
	may_die(robust, 3, "a cyclic robust list");
	for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
		/* in an ordinary kernel the last pages of that region are the
		 * stack */
		may_die(own_rseq, at[i], "rseq");
		may_die(robust, at[i], "robust list and tid word");
		may_die(tid_words, at[i], "clone's tid words");
		may_die(altstack, at[i], "alternate stack");
		may_die(handler_at, at[i], "signal handler");
	}
	return tap_done();
}
