// SPDX-License-Identifier: GPL-2.0
/* PEEK, POKE, registers, regsets, breakpoints, single step. */
#include "ptrace.h"
#include "vec.h"

static volatile long word = 0x1122334455667788;

static int nothing(void *v)
{
	(void)v;
	return word == 0x1122334455667788 ? 0 : 7;
}

static void memory(void)
{
	pid_t p = traced(nothing, NULL, PTRACE_O_EXITKILL);
	long a = (long)&word;

	eq(ptrace(PTRACE_PEEKDATA, p, a, 0), 0x1122334455667788, "PEEKDATA");
	eq(ptrace(PTRACE_PEEKTEXT, p, a + 4, 0) & 0xffffffff, 0x11223344,
	   "PEEKTEXT, unaligned");
	eq_err(ptrace(PTRACE_PEEKDATA, p, 8, 0), EIO,
	       "PEEKDATA of nothing: EIO");
	eq(ptrace(PTRACE_POKEDATA, p, a, 99L), 0, "POKEDATA");
	eq(ptrace(PTRACE_PEEKDATA, p, a, 0), 99, "and read back");
	eq(word, 0x1122334455667788, "ours is untouched");
	eq(go(PTRACE_CONT, p, 0), EXITED(7), "the tracee sees it");
	eq_err(ptrace(PTRACE_PEEKDATA, p, a, 0), ESRCH, "after its end: ESRCH");
}

/* Stops by int3 with known registers; returns 0 if the tracer changed them. */
static int regs_body(void *v)
{
	long rax, rbx, r12;

	(void)v;
	__asm__ volatile(
		"mov $0x1234, %%eax\n\tmov $0x5678, %%rbx\n\tmov $0x9abc, %%r12\n\tint3"
		: "=&a"(rax), "=&b"(rbx), "=r"(r12)
		:
		: "r12", "memory");
	__asm__ volatile("mov %%r12, %0" : "=r"(r12));
	return rax == 0x4321 && rbx == 0x8765 ? 0 : 1;
}

static void registers(void)
{
	pid_t p = traced(regs_body, NULL, PTRACE_O_EXITKILL);
	struct user_regs_struct r, r2;
	siginfo_t si;

	eq(go(PTRACE_CONT, p, 0), STOPPED(SIGTRAP), "int3 stops by SIGTRAP");
	ptrace(PTRACE_GETSIGINFO, p, 0, &si);
	eq(si.si_code, SI_KERNEL, "its si_code");
	r = get_regs(p);
	ok(r.rax == 0x1234 && r.rbx == 0x5678 && r.r12 == 0x9abc,
	   "GETREGS: %#llx %#llx %#llx", r.rax, r.rbx, r.r12);
	eq((long)r.orig_rax, -1, "orig_rax is -1 outside a system call");
	eq(ptrace(PTRACE_PEEKTEXT, p, r.rip - 1, 0) & 0xff, 0xcc,
	   "rip is behind the int3");
	ok(r.cs == 0x33 && r.ss == 0x2b && r.fs_base != 0, "cs, ss, fs_base");
	struct iovec v = {&r2, sizeof r2};
	eq(ptrace(PTRACE_GETREGSET, p, NT_PRSTATUS, &v), 0,
	   "GETREGSET NT_PRSTATUS");
	ok(v.iov_len == sizeof r2 && !memcmp(&r, &r2, sizeof r),
	   "the same as GETREGS");
	eq(ptrace(PTRACE_PEEKUSER, p, offsetof(struct user, regs.rbx), 0),
	   0x5678, "PEEKUSER rbx");
	eq(ptrace(PTRACE_POKEUSER, p, offsetof(struct user, regs.rbx), 0x8765L),
	   0, "POKEUSER rbx");
	r.rbx = 0x8765;
	r.rax = 0x4321;
	eq(ptrace(PTRACE_SETREGS, p, 0, &r), 0, "SETREGS");
	r2.cs = 0x10;
	v.iov_len = sizeof r2;
	eq_err(ptrace(PTRACE_SETREGSET, p, NT_PRSTATUS, &v), EIO,
	       "SETREGSET with a kernel cs: EIO");
	r2 = r;
	r2.eflags |= 0x3000; /* IOPL: must not stick */
	ptrace(PTRACE_SETREGS, p, 0, &r2);
	eq((long)(get_regs(p).eflags & 0x3000), 0, "IOPL can't be set");
	r2 = r;
	r2.fs_base = 1UL << 63;
	eq_err(ptrace(PTRACE_SETREGS, p, 0, &r2), EIO, "a kernel fs_base: EIO");
	ptrace(PTRACE_SETREGS, p, 0, &r);
	eq(go(PTRACE_CONT, p, 0), 0, "the tracee has the new registers");
}

struct fp {
	struct vec *in, *out;
};

static int fp_body(void *v)
{
	struct fp *f = v;
	struct vec_op op = {.nr = SYS_kill,
			    .a = getpid(),
			    .b = SIGUSR1,
			    .count = 1,
			    .level = vec_level(),
			    .in = f->in,
			    .out = f->out};

	vec_run(&op);
	return 0;
}

static void fpregs(void)
{
	int level = vec_level();
	struct fp f = {shared_alloc(8192), shared_alloc(8192)};
	struct user_fpregs_struct u;
	static unsigned char x[32768];

	vec_fill(f.in, 3);
	pid_t p = traced(fp_body, &f, PTRACE_O_EXITKILL);
	eq(go(PTRACE_CONT, p, 0), STOPPED(SIGUSR1),
	   "a stop with known FPU registers");
	eq(ptrace(PTRACE_GETFPREGS, p, 0, &u), 0, "GETFPREGS");
	ok(!memcmp(&u.xmm_space[4 * 9], f.in->r[9], 16), "xmm9");
	ok(!memcmp(&u.st_space[4 * 3], f.in->st[3], 10), "st(3)");
	eq((long)u.mxcsr & 0xffc0, (long)f.in->mxcsr & 0xffc0, "mxcsr");
	struct iovec v = {x, sizeof x};
	eq(ptrace(PTRACE_GETREGSET, p, NT_PRFPREG, &v), 0,
	   "GETREGSET NT_PRFPREG");
	ok(v.iov_len == sizeof u && !memcmp(x, &u, sizeof u),
	   "the same as GETFPREGS");
	v.iov_len = sizeof x;
	eq(ptrace(PTRACE_GETREGSET, p, NT_X86_XSTATE, &v), 0,
	   "GETREGSET NT_X86_XSTATE");
	ok(v.iov_len >= 576, "its size: %zu", v.iov_len);
	unsigned long xfeat, bv;
	memcpy(&xfeat, x + 464, 8);
	memcpy(&bv, x + 512, 8);
	eq((long)(xfeat & 0xe7), (long)(xcr0() & 0xe7),
	   "xcr0 in its software bytes");
	unsigned off, b, c, d;
	if (level >= AVX) {
		__cpuid_count(0xd, 2, c, off, b, d);
		ok((bv & 4) && !memcmp(x + off + 16 * 9, f.in->r[9] + 16, 16),
		   "upper half of ymm9");
		memset(x + off + 16 * 9, 0x3c, 16);
		memset(f.in->r[9] + 16, 0x3c, 16);
	}
	if (level >= AVX512) {
		__cpuid_count(0xd, 7, c, off, b, d);
		ok((bv & 0x80) && !memcmp(x + off + 64 * 4, f.in->r[20], 64),
		   "zmm20");
		memset(x + off + 64 * 4, 0x4d, 64);
		memset(f.in->r[20], 0x4d, 64);
	}
	memset(x + 160 + 16 * 2, 0x2b, 16);
	memset(f.in->r[2], 0x2b, 16);
	eq(ptrace(PTRACE_SETREGSET, p, NT_X86_XSTATE, &v), 0,
	   "SETREGSET NT_X86_XSTATE");
	ptrace(PTRACE_GETFPREGS, p, 0, &u);
	memset(&u.xmm_space[4 * 5], 0x5e, 16);
	memset(f.in->r[5], 0x5e, 16);
	eq(ptrace(PTRACE_SETFPREGS, p, 0, &u), 0, "SETFPREGS");
	eq(go(PTRACE_CONT, p, 0), 0, "goes on");
	vec_same(f.in, f.out, level, "after SETREGSET and SETFPREGS:");
	munmap(f.in, 8192);
	munmap(f.out, 8192);
}

/* A function to put a breakpoint on. */
static __attribute__((noinline)) int target(int a)
{
	__asm__ volatile("" : "+r"(a));
	return a + 1;
}

static int calls_target(void *v)
{
	int n = 0;

	(void)v;
	for (int i = 0; i < 5; i++)
		n = target(n);
	return n;
}

static void breakpoint(void)
{
	pid_t p = traced(calls_target, NULL, PTRACE_O_EXITKILL);
	unsigned long a = (unsigned long)target;
	long text = ptrace(PTRACE_PEEKTEXT, p, a, 0);
	int n = 0, st;
	struct user_regs_struct r;

	eq(ptrace(PTRACE_POKETEXT, p, a, (text & ~0xffL) | 0xcc), 0,
	   "POKETEXT of an int3");
	while ((st = go(PTRACE_CONT, p, 0)) == STOPPED(SIGTRAP)) {
		r = get_regs(p);
		if (r.rip != a + 1)
			break;
		n++;
		/* step over it: text back, one step, int3 again */
		ptrace(PTRACE_POKETEXT, p, a, text);
		r.rip = a;
		ptrace(PTRACE_SETREGS, p, 0, &r);
		if (go(PTRACE_SINGLESTEP, p, 0) != STOPPED(SIGTRAP))
			break;
		ptrace(PTRACE_POKETEXT, p, a, (text & ~0xffL) | 0xcc);
	}
	eq(n, 5, "hit five times");
	eq(st, EXITED(5), "and the result is right");
	eq(target(1), 2, "our own text is untouched");
}

extern char step_start[], step_end[];
long step_body(void);
__asm__(".text\n"
	"step_body:\n"
	"step_start:\n"
	"	mov $39, %eax\n" /* 1 */
	"	syscall\n" /* 2 */
	"	xor %ecx, %ecx\n" /* 3 */
	"1:	inc %ecx\n" /* 5 times 3 */
	"	cmp $5, %ecx\n"
	"	jne 1b\n"
	"	push %rcx\n" /* 19 */
	"	pop %rdx\n" /* 20 */
	"step_end:\n"
	"	mov %rdx, %rax\n"
	"	ret\n");

static int steps(void *v)
{
	(void)v;
	return step_body() == 5 ? 0 : 8;
}

static void single_step(void)
{
	pid_t p = traced(steps, NULL, PTRACE_O_EXITKILL);
	unsigned long a = (unsigned long)step_start;
	long text = ptrace(PTRACE_PEEKTEXT, p, a, 0);
	struct user_regs_struct r;
	siginfo_t si;
	int n = 0, bad = 0;

	ptrace(PTRACE_POKETEXT, p, a, (text & ~0xffL) | 0xcc);
	go(PTRACE_CONT, p, 0);
	ptrace(PTRACE_POKETEXT, p, a, text);
	r = get_regs(p);
	r.rip = a;
	ptrace(PTRACE_SETREGS, p, 0, &r);
	while (n < 100) {
		if (go(PTRACE_SINGLESTEP, p, 0) != STOPPED(SIGTRAP))
			break;
		n++;
		ptrace(PTRACE_GETSIGINFO, p, 0, &si);
		bad += si.si_code != TRAP_TRACE && si.si_code != TRAP_BRKPT;
		r = get_regs(p);
		if (r.rip == (unsigned long)step_end)
			break;
		if (n == 2)
			eq((long)r.rax, p, "getpid stepped over");
	}
	eq(n, 20, "steps counted, a system call and a loop between");
	eq(bad, 0, "each a SIGTRAP with TRAP_TRACE or TRAP_BRKPT");
	eq(go(PTRACE_CONT, p, 0), 0, "runs to its end, no longer stepped");

	/* many steps through libc code */
	p = traced(calls_target, NULL, PTRACE_O_EXITKILL);
	for (n = 0; n < 2000; n++)
		if (go(PTRACE_SINGLESTEP, p, 0) != STOPPED(SIGTRAP))
			break;
	ok(n > 50, "stepped to the end or 2000: %d", n);
	kill(p, SIGKILL);
	while (waitpid(p, NULL, __WALL) == p)
		;
}

static void debugreg(void)
{
	pid_t p = traced(calls_target, NULL, PTRACE_O_EXITKILL);
	long o = offsetof(struct user, u_debugreg);

	errno = 0;
	if (ptrace(PTRACE_POKEUSER, p, o, (long)target) < 0 ||
	    ptrace(PTRACE_POKEUSER, p, o + 7 * 8, 1L) < 0) {
		skip("debug registers", strerror(errno));
		kill(p, SIGKILL);
		stop_of(p);
		return;
	}
	eq(go(PTRACE_CONT, p, 0), STOPPED(SIGTRAP), "a hardware breakpoint");
	eq((long)get_regs(p).rip, (long)target, "at its address");
	ptrace(PTRACE_POKEUSER, p, o + 7 * 8, 0L);
	eq(go(PTRACE_CONT, p, 0), EXITED(5), "goes on");
}

int main(void)
{
	tap_start(60);
	memory();
	registers();
	fpregs();
	breakpoint();
	single_step();
	debugreg();
	return tap_done();
}
