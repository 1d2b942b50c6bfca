// SPDX-License-Identifier: GPL-2.0
/* sigaltstack: entry, nesting, SS_AUTODISARM, limits, stack overflow. */
#include "fault.h"
#include <pthread.h>
#include <sys/auxv.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif
#define SIZE 65536
static char *alt;
static volatile int on_alt, on_alt2, flags_in, depth, max_depth;

static int here_is_alt(char *base)
{
	char c;

	return &c >= base && &c < base + SIZE;
}

static void simple(int s)
{
	stack_t st;

	(void)s;
	on_alt = here_is_alt(alt);
	sigaltstack(NULL, &st);
	flags_in = st.ss_flags;
}

static void install(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = {.sa_flags = flags};

	sa.sa_handler = fn;
	sigaction(sig, &sa, NULL);
}

static void use_alt(unsigned flags)
{
	stack_t st = {.ss_sp = alt, .ss_size = SIZE, .ss_flags = (int)flags};

	if (sigaltstack(&st, NULL) < 0)
		ok(0, "sigaltstack: %s", strerror(errno));
}

static volatile int change_errno;
static void change(int s)
{
	stack_t st = {.ss_sp = alt, .ss_size = SIZE};

	(void)s;
	errno = 0;
	change_errno = sigaltstack(&st, NULL) < 0 ? errno : 0;
}

static void nested(int s)
{
	char here;
	static char *outer;

	if (++depth > max_depth)
		max_depth = depth;
	if (depth < 5) {
		outer = &here;
		raise(s);
	} else {
		/* the inner frame goes below the outer one, on the same stack
		 */
		on_alt = here_is_alt(alt);
		on_alt2 = &here < outer;
	}
	depth--;
}

static void basics(void)
{
	stack_t st = {.ss_sp = alt, .ss_size = 100};

	sigaltstack(NULL, &st);
	ok((st.ss_flags & SS_DISABLE) != 0, "none at first");
	st = (stack_t){.ss_sp = alt, .ss_size = 100};
	eq_err(sigaltstack(&st, NULL), ENOMEM, "too small: ENOMEM");
	st = (stack_t){.ss_sp = alt, .ss_size = SIZE, .ss_flags = 0x40};
	eq_err(sigaltstack(&st, NULL), EINVAL, "unknown flag: EINVAL");
	ok(getauxval(AT_MINSIGSTKSZ) >= 2048, "AT_MINSIGSTKSZ is given: %lu",
	   getauxval(AT_MINSIGSTKSZ));
	use_alt(0);
	install(SIGUSR1, simple, 0);
	raise(SIGUSR1);
	eq(on_alt, 0, "without SA_ONSTACK: the current stack");
	install(SIGUSR1, simple, SA_ONSTACK);
	raise(SIGUSR1);
	eq(on_alt, 1, "with SA_ONSTACK: the alternate stack");
	eq(flags_in, SS_ONSTACK, "sigaltstack says SS_ONSTACK in the handler");
	sigaltstack(NULL, &st);
	ok(st.ss_flags == 0 && st.ss_sp == alt && st.ss_size == SIZE,
	   "and unchanged after it");
	install(SIGUSR1, change, SA_ONSTACK);
	raise(SIGUSR1);
	eq(change_errno, EPERM, "changing it while on it: EPERM");
	install(SIGUSR1, nested, SA_ONSTACK | SA_NODEFER);
	raise(SIGUSR1);
	eq(max_depth, 5, "five handlers nested by SA_NODEFER");
	ok(on_alt && on_alt2, "all on the one alternate stack, downwards");
	sigaltstack(NULL, &st);
	eq(st.ss_flags, 0, "off the stack after the nest");
}

static char *alt2;
static volatile int disarmed;
static void autodisarm(int s)
{
	stack_t st;

	(void)s;
	sigaltstack(NULL, &st);
	disarmed = (st.ss_flags & SS_DISABLE) != 0;
	st = (stack_t){.ss_sp = alt2, .ss_size = SIZE};
	change_errno = sigaltstack(&st, NULL) < 0 ? errno : 0;
	install(SIGUSR2, simple, SA_ONSTACK);
	raise(SIGUSR2);
	on_alt2 = on_alt;
}

static void disarm(void)
{
	stack_t st;

	use_alt(SS_AUTODISARM);
	install(SIGUSR1, autodisarm, SA_ONSTACK);
	raise(SIGUSR1);
	ok(disarmed, "SS_AUTODISARM: off inside the handler");
	eq(change_errno, 0, "another may be set there");
	eq(on_alt2, 0, "a nested signal is not on the first");
	sigaltstack(NULL, &st);
	ok(st.ss_sp == alt && (st.ss_flags & (int)SS_AUTODISARM),
	   "armed again after sigreturn");
}

static volatile int deepest = INT32_MAX;
static __attribute__((noinline)) int overflow(int n)
{
	volatile char b[4096];

	b[0] = (char)n;
	return n < deepest ? overflow(n + 1) + b[0] : 0;
}

static void overflow_handler(int s, siginfo_t *si, void *uc)
{
	(void)s;
	(void)si;
	(void)uc;
	_exit(here_is_alt(alt) ? 11 : 12);
}

static int stack_overflow(void *v)
{
	struct sigaction sa = {.sa_flags = SA_SIGINFO};
	struct rlimit rl = {1 << 20, 1 << 20};

	setrlimit(RLIMIT_STACK, &rl);
	if (v) {
		use_alt(0);
		sa.sa_flags |= SA_ONSTACK;
	}
	sa.sa_sigaction = overflow_handler;
	sigaction(SIGSEGV, &sa, NULL);
	overflow(0);
	return 1;
}

/* An alternate stack that can't be written: killed. */
static int unwritable(void *v)
{
	(void)v;
	use_alt(0);
	install(SIGUSR1, simple, SA_ONSTACK);
	mprotect(alt, SIZE, PROT_READ);
	raise(SIGUSR1);
	return 1;
}

static int fork_keeps(void *v)
{
	stack_t st;

	(void)v;
	sigaltstack(NULL, &st);
	return st.ss_sp == alt && !(st.ss_flags & SS_DISABLE) ? 0 : 1;
}

static void *thread_has_none(void *v)
{
	stack_t st;

	(void)v;
	sigaltstack(NULL, &st);
	return (void *)(long)((st.ss_flags & SS_DISABLE) != 0);
}

/* siglongjmp off the stack: it counts as left. */
static sigjmp_buf jb;
static void jump(int s)
{
	(void)s;
	siglongjmp(jb, 1);
}

static void longjmps(void)
{
	volatile int n = 0;
	stack_t st;

	use_alt(0);
	install(SIGUSR1, jump, SA_ONSTACK);
	for (int i = 0; i < 100; i++) {
		if (sigsetjmp(jb, 1))
			n++;
		else
			raise(SIGUSR1);
	}
	eq(n, 100, "siglongjmp out of a handler, 100 times");
	sigaltstack(NULL, &st);
	eq(st.ss_flags, 0, "and not on the stack");
}

int main(void)
{
	pthread_t t;
	void *r;

	tap_start(60);
	alt = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	alt2 = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	basics();
	disarm();
	longjmps();
	eq(in_child(stack_overflow, ""), EXITED(11),
	   "stack overflow is handled on it");
	eq(in_child(stack_overflow, NULL) & 0x7f, SIGSEGV,
	   "and kills without one");
	eq(in_child(unwritable, NULL) & 0x7f, SIGSEGV,
	   "an unwritable one kills by SIGSEGV");
	use_alt(0);
	eq(in_child(fork_keeps, NULL), 0, "fork keeps it");
	pthread_create(&t, NULL, thread_has_none, NULL);
	pthread_join(t, &r);
	eq((long)r, 1, "a new thread has none");
	return tap_done();
}
