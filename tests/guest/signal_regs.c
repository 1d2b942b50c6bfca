// SPDX-License-Identifier: GPL-2.0
/*
 * Every register in a signal frame: known values in all of them, a trap of
 * each kind, a look in the handler, other values written there, and a look
 * after the return.
 */
#include "tap.h"
#include <ucontext.h>

enum {
	RAX,
	RBX,
	RCX,
	RDX,
	RSI,
	RDI,
	RBP,
	RSP,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
	FLAGS,
	NREGS
};
static const char *const names[] = {"rax", "rbx", "rcx", "rdx", "rsi",	 "rdi",
				    "rbp", "rsp", "r8",	 "r9",	"r10",	 "r11",
				    "r12", "r13", "r14", "r15", "eflags"};
static const int greg[] = {REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI,
			   REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
			   REG_R12, REG_R13, REG_R14, REG_R15, REG_EFL};

unsigned long regs_in[NREGS], regs_out[NREGS], regs_saved, regs_target,
	spin_target;
void regs_run(void);
extern char t_ud2[], t_int3[], t_syscall[], t_load[], t_spin[], t_div[],
	regs_back[];

#define FOR_ALL(op)                                                            \
	op(rbx, 8) op(rcx, 16) op(rdx, 24) op(rsi, 32) op(rdi, 40) op(rbp, 48) \
		op(r8, 64) op(r9, 72) op(r10, 80) op(r11, 88) op(r12, 96)      \
			op(r13, 104) op(r14, 112) op(r15, 120)
#define LOAD(r, o)  "	mov regs_in+" #o "(%rip), %" #r "\n"
#define STORE(r, o) "	mov %" #r ", regs_out+" #o "(%rip)\n"

__asm__(".text\n"
	"regs_run:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, regs_saved(%rip)\n" FOR_ALL(
		LOAD) "	mov regs_in+128(%rip), %rax\n"
		      "	push %rax\n"
		      "	popf\n"
		      "	mov regs_in+56(%rip), %rsp\n"
		      "	mov regs_in(%rip), %rax\n"
		      "	jmp *regs_target(%rip)\n"
		      "t_ud2:	ud2\n"
		      "	jmp regs_back\n"
		      "t_int3: int3\n"
		      "	jmp regs_back\n"
		      "t_syscall: syscall\n"
		      "	jmp regs_back\n"
		      "t_load: mov (%r15), %al\n"
		      "	jmp regs_back\n"
		      "t_div:	div %r14\n"
		      "	jmp regs_back\n"
		      "t_spin: jmp *spin_target(%rip)\n"
		      "regs_back:\n"
		      "	mov %rax, regs_out(%rip)\n"
		      "	mov %rsp, regs_out+56(%rip)\n" FOR_ALL(
			      STORE) "	mov regs_saved(%rip), %rsp\n"
				     "	pushf\n"
				     "	pop %rax\n"
				     "	mov %rax, regs_out+128(%rip)\n"
				     "	cld\n"
				     "	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
				     "	ret\n");

/* Arithmetic flags and DF: what user code may have set. */
#define FL 0xcd5UL
static unsigned long stack1[65536 / 8], stack2[65536 / 8];
static unsigned long seen[NREGS], seen_rip, seen_cs, next[NREGS];
static int skip_bytes, seen_sig, is_spin;
static siginfo_t seen_si;
static volatile int handled;

static void handler(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;
	greg_t *g = uc->uc_mcontext.gregs;

	/* a timer's may come too early, or again before the next step */
	if (is_spin && (handled || g[REG_RIP] != (greg_t)(uintptr_t)t_spin))
		return;
	for (int i = 0; i < NREGS; i++) {
		seen[i] = (unsigned long)g[greg[i]];
		if (i == FLAGS)
			g[greg[i]] = (greg_t)((seen[i] & ~FL) | next[i]);
		else
			g[greg[i]] = (greg_t)next[i];
	}
	seen_rip = (unsigned long)g[REG_RIP];
	seen_cs = (unsigned long)g[REG_CSGSFS];
	seen_si = *si;
	seen_sig = sig;
	g[REG_RIP] += skip_bytes;
	if (is_spin)
		spin_target = (unsigned long)regs_back;
	handled++;
}

static unsigned long rnd_state = 88172645463325252UL;
static unsigned long rnd(void)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return rnd_state;
}

struct kind {
	const char *name;
	char *ip;
	int sig, skip, code,
		after; /* after: frame's ip is behind the instruction by this */
};

static void fill(void)
{
	for (int i = 0; i < NREGS; i++) {
		regs_in[i] = rnd();
		next[i] = rnd();
		regs_out[i] = seen[i] = 0;
	}
	for (size_t i = 0; i < 65536 / 8; i++)
		stack1[i] = 0x5a5a000000000000UL + i;
	regs_in[RSP] = (unsigned long)&stack1[4096];
	next[RSP] = (unsigned long)&stack2[4096 + (rnd() & 7)];
	regs_in[FLAGS] = (regs_in[FLAGS] & FL) | 0x202;
	next[FLAGS] &= FL;
}

static void run(const struct kind *k)
{
	int bad_in = -1, bad_out = -1, red = 0;

	fill();
	regs_target = (unsigned long)k->ip;
	skip_bytes = k->skip;
	if (k->ip == t_syscall) {
		regs_in[RAX] = SYS_tgkill;
		regs_in[RDI] = (unsigned long)getpid();
		regs_in[RSI] = (unsigned long)syscall(SYS_gettid);
		regs_in[RDX] = (unsigned long)k->sig;
	} else if (k->ip == t_load) {
		regs_in[R15] = 0x10;
	} else if (k->ip == t_div) {
		regs_in[R14] = 0;
	}
	is_spin = k->ip == t_spin;
	spin_target = (unsigned long)t_spin;
	handled = 0;
	regs_run();

	unsigned long want[NREGS];
	memcpy(want, regs_in, sizeof want);
	if (k->ip == t_syscall) {
		want[RAX] = 0;
		want[RCX] = (unsigned long)t_syscall + 2;
		want[R11] = seen[R11];
		eq((long)(seen[R11] & FL), (long)(regs_in[FLAGS] & FL),
		   "%s: r11 has the flags", k->name);
	}
	for (int i = NREGS - 1; i >= 0; i--) {
		unsigned long m = i == FLAGS ? FL : ~0UL;

		if ((seen[i] & m) != (want[i] & m))
			bad_in = i;
		if ((regs_out[i] & m) != (next[i] & m))
			bad_out = i;
	}
	/* the red zone, and the words above the stack pointer */
	for (int i = 4096 - 16; i < 4096 + 16; i++)
		red += stack1[i] != 0x5a5a000000000000UL + (unsigned long)i;
	eq(handled, 1, "%s: one signal", k->name);
	eq(seen_sig, k->sig, "%s: signal number", k->name);
	if (!ok(bad_in < 0, "%s: registers in the frame", k->name))
		tap_note("%s is %#lx, was set to %#lx", names[bad_in],
			 seen[bad_in], want[bad_in]);
	if (!ok(bad_out < 0, "%s: registers after the return", k->name))
		tap_note("%s is %#lx, handler wrote %#lx", names[bad_out],
			 regs_out[bad_out], next[bad_out]);
	eq(red, 0, "%s: the red zone is intact", k->name);
	eq((long)seen_rip, (long)(k->ip + k->after), "%s: rip in the frame",
	   k->name);
	eq((long)(seen_cs & 0xffff), 0x33, "%s: cs", k->name);
	eq((long)(seen_cs >> 48), 0x2b, "%s: ss", k->name);
	if (k->code)
		eq(seen_si.si_code, k->code, "%s: si_code", k->name);
}

static void spin_by_timer(struct kind *k)
{
	struct itimerspec it = {.it_value = {0, 2000000},
				.it_interval = {0, 2000000}};
	struct sigevent se = {.sigev_notify = SIGEV_SIGNAL,
			      .sigev_signo = k->sig};
	timer_t t;
	int n = 0;

	for (int i = 0; i < 5; i++) {
		timer_create(CLOCK_MONOTONIC, &se, &t);
		timer_settime(t, 0, &it, NULL);
		run(k);
		n += handled;
		timer_delete(t);
	}
	eq(n, 5, "%s: five times", k->name);
}

/* Modify the signal mask in the frame: sigreturn sets it. */
static void mask_handler(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;

	(void)sig;
	(void)si;
	handled = sigismember(&uc->uc_sigmask, SIGHUP) &&
				  !sigismember(&uc->uc_sigmask, SIGUSR1)
			  ? 1
			  : 9;
	sigaddset(&uc->uc_sigmask, SIGWINCH);
	sigdelset(&uc->uc_sigmask, SIGHUP);
}

static void mask(void)
{
	struct sigaction sa = {.sa_flags = SA_SIGINFO};
	sigset_t s;

	sa.sa_sigaction = mask_handler;
	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&s);
	sigaddset(&s, SIGHUP);
	sigprocmask(SIG_SETMASK, &s, NULL);
	raise(SIGUSR1);
	eq(handled, 1, "uc_sigmask is the mask from before");
	sigprocmask(SIG_SETMASK, NULL, &s);
	ok(sigismember(&s, SIGWINCH) && !sigismember(&s, SIGHUP),
	   "sigreturn sets the mask of the frame");
	sigemptyset(&s);
	sigprocmask(SIG_SETMASK, &s, NULL);
}

/* A frame that can't be restored kills by SIGSEGV, nothing worse. */
static void spoil(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;

	(void)sig;
	switch (si->si_value.sival_int) {
	case 0:
		uc->uc_mcontext.gregs[REG_RIP] = (greg_t)0xffff800000000000UL;
		break;
	case 1:
		uc->uc_mcontext.gregs[REG_RIP] = (greg_t)0x8000000000000000UL;
		break;
	case 2:
		uc->uc_mcontext.gregs[REG_RSP] = 0;
		uc->uc_mcontext.gregs[REG_RIP] = 0;
		break;
	case 3:
		uc->uc_mcontext.fpregs = (fpregset_t)9;
		break;
	}
}

static int spoiled(void *v)
{
	struct sigaction sa = {.sa_flags = SA_SIGINFO};

	signal(SIGSEGV, SIG_DFL);
	sa.sa_sigaction = spoil;
	sigaction(SIGUSR1, &sa, NULL);
	sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = *(int *)v});
	return 1;
}

int main(void)
{
	static const struct kind kinds[] = {
		{"ud2", t_ud2, SIGILL, 2, ILL_ILLOPN, 0},
		{"int3", t_int3, SIGTRAP, 0, SI_KERNEL, 1},
		{"load", t_load, SIGSEGV, 3, SEGV_MAPERR, 0},
		{"div", t_div, SIGFPE, 3, FPE_INTDIV, 0},
		{"syscall", t_syscall, SIGUSR1, 0, SI_TKILL, 2},
		{"syscall, SIGSEGV", t_syscall, SIGSEGV, 0, SI_TKILL, 2},
	};
	struct kind spin = {"loop", t_spin, SIGUSR2, 0, SI_TIMER, 0};
	stack_t st = {.ss_sp = malloc(65536), .ss_size = 65536};

	tap_start(60);
	for (int onstack = 0; onstack < 2; onstack++) {
		struct sigaction sa = {.sa_flags = SA_SIGINFO |
						   (onstack ? SA_ONSTACK : 0)};

		if (onstack)
			sigaltstack(&st, NULL);
		sa.sa_sigaction = handler;
		for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
			sigaction(kinds[i].sig, &sa, NULL);
		sigaction(SIGUSR2, &sa, NULL);
		tap_note("handlers on %s stack",
			 onstack ? "the alternate" : "the current");
		for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
			run(&kinds[i]);
		spin_by_timer(&spin);
	}
	mask();
	for (int i = 0; i < 4; i++)
		eq(in_child(spoiled, &i) & 0x7f, SIGSEGV,
		   "spoiled frame %d: SIGSEGV", i);
	return tap_done();
}
