// SPDX-License-Identifier: GPL-2.0
/* Faults: signal, si_code, si_addr, trap number, error code, cr2. */
#include "fault.h"
#include <sys/uio.h>

enum { ERR_PRESENT = 1, ERR_WRITE = 2, ERR_USER = 4, ERR_FETCH = 16 };

static void is_fault(int sig, int want_sig, int code, const void *addr,
		     unsigned long trapno, long err, const char *what)
{
	eq(sig, want_sig, "%s: signal", what);
	eq(flt.code, code, "%s: si_code", what);
	eq((long)(uintptr_t)flt.addr, (long)(uintptr_t)addr, "%s: si_addr",
	   what);
	eq((long)flt.trapno, (long)trapno, "%s: trap number", what);
	if (err >= 0)
		eq((long)flt.err, err, "%s: error code", what);
	if (trapno == 14)
		eq((long)flt.cr2, (long)(uintptr_t)addr, "%s: cr2", what);
}

static void segv(void)
{
	char *p = mmap(NULL, 3 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	char *hole;

	is_fault(fault_read((void *)0x1238), SIGSEGV, SEGV_MAPERR,
		 (void *)0x1238, 14, ERR_USER, "read near null");
	is_fault(fault_write((void *)0x1238, 1), SIGSEGV, SEGV_MAPERR,
		 (void *)0x1238, 14, ERR_USER | ERR_WRITE, "write near null");
	eq(fault_read(p + 4096), 0, "read of a read-only page");
	is_fault(fault_write(p + 4097, 1), SIGSEGV, SEGV_ACCERR, p + 4097, 14,
		 ERR_USER | ERR_WRITE | ERR_PRESENT,
		 "write to a read-only page");
	is_fault(fault_call(p + 4096), SIGSEGV, SEGV_ACCERR, p + 4096, 14,
		 ERR_USER | ERR_FETCH | ERR_PRESENT,
		 "run of a page without exec");
	eq((long)flt.ip, (long)(uintptr_t)(p + 4096), "its rip is the target");
	mprotect(p + 4096, 4096, PROT_NONE);
	is_fault(fault_read(p + 4100), SIGSEGV, SEGV_ACCERR, p + 4100, 14, -1,
		 "read of PROT_NONE");
	munmap(p + 4096, 4096);
	hole = p + 4096;
	is_fault(fault_read(hole + 5), SIGSEGV, SEGV_MAPERR, hole + 5, 14,
		 ERR_USER, "read of an unmapped page");
	is_fault(fault_call(hole), SIGSEGV, SEGV_MAPERR, hole, 14,
		 ERR_USER | ERR_FETCH, "run of an unmapped page");
	/* A load across the end of a page: the address is the second page's. */
	mprotect(p, 4096, PROT_READ | PROT_WRITE);
	is_fault(FAULT_TRY((void)*(volatile long *)(hole - 4)), SIGSEGV,
		 SEGV_MAPERR, hole, 14, ERR_USER,
		 "load that crosses into a hole");
	munmap(p, 3 * 4096);
}

static void canonical(void)
{
	/* A kernel half address: a page fault for the user, address shown. */
	is_fault(fault_read((void *)0xffff888000001234UL), SIGSEGV, SEGV_MAPERR,
		 (void *)0xffff888000001234UL, 14, -1,
		 "read of a kernel address");
	/* Not canonical: general protection, no address. */
	eq(fault_read((void *)0x8000123412341234UL), SIGSEGV,
	   "not canonical: SIGSEGV");
	eq(flt.code, SI_KERNEL, "not canonical: SI_KERNEL");
	eq((long)(uintptr_t)flt.addr, 0, "not canonical: no address");
	eq((long)flt.trapno, 13, "not canonical: trap 13");
	/* The same by way of rbp: the stack segment. */
	eq(FAULT_TRY(__asm__ volatile("push %%rbp; mov %0, %%rbp;"
				      "mov (%%rbp), %%rax; pop %%rbp" ::"r"(
					      0x8000123412341234UL)
				      : "rax")),
	   SIGBUS, "stack not canonical: SIGBUS");
	eq(flt.code, SI_KERNEL, "stack not canonical: SI_KERNEL");
	eq((long)(uintptr_t)flt.addr, 0, "stack not canonical: no address");
	eq((long)flt.trapno, 12, "stack not canonical: trap 12");
	eq(FAULT_TRY(__asm__ volatile("hlt")), SIGSEGV, "hlt: SIGSEGV");
	eq((long)flt.trapno, 13, "hlt: trap 13");
	eq(FAULT_TRY(__asm__ volatile("cli")), SIGSEGV, "cli: SIGSEGV");
	eq(FAULT_TRY(__asm__ volatile("in $0x70, %%al" ::
					      : "rax")),
	   SIGSEGV, "in: SIGSEGV");
}

static void bus(void)
{
	int fd = tmp_file(3 * 4096);
	char *p =
		mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *q = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
		       0);

	eq(p[4096], 2, "file page before");
	if (ftruncate(fd, 4096 + 100) < 0)
		exit(1);
	is_fault(fault_read(p + 8192 + 7), SIGBUS, BUS_ADRERR, p + 8192 + 7, 14,
		 -1, "shared, beyond a truncation");
	is_fault(fault_write(q + 8192 + 7, 1), SIGBUS, BUS_ADRERR, q + 8192 + 7,
		 14, -1, "private, beyond a truncation");
	eq(p[4096 + 99], 2, "the last partial page is there");
	eq(p[4096 + 100], 0, "and zero behind the end");
	if (ftruncate(fd, 3 * 4096) < 0)
		exit(1);
	eq(fault_read(p + 8192), 0, "extended again: readable");
	eq(p[8192], 0, "and zero");
	struct iovec v = {p + 8192, 4096};
	if (ftruncate(fd, 0) < 0)
		exit(1);
	int pfd[2];
	if (pipe(pfd) < 0)
		exit(1);
	eq_err(writev(pfd[1], &v, 1), EFAULT,
	       "write() from beyond the end: EFAULT, no signal");
	munmap(p, 3 * 4096);
	munmap(q, 3 * 4096);
	close(fd);
}

static volatile int zero, big = INT32_MIN, minus = -1;
static void others(void)
{
	volatile int r = 0;
	unsigned mx = 0x1d80;

	eq(FAULT_TRY(r = 5 / zero), SIGFPE, "division by zero: SIGFPE");
	eq(flt.code, FPE_INTDIV, "FPE_INTDIV");
	eq((long)(uintptr_t)flt.addr, (long)flt.ip,
	   "si_addr is the instruction");
	eq((long)flt.trapno, 0, "trap 0");
	eq(FAULT_TRY(__asm__ volatile("cltd; idivl %1"
				      :
				      : "a"(big), "m"(minus)
				      : "rdx")),
	   SIGFPE, "INT_MIN / -1: SIGFPE");
	eq(FAULT_TRY(__asm__ volatile(
		   "ldmxcsr %0; xorps %%xmm0, %%xmm0; pcmpeqb %%xmm1, %%xmm1;"
		   "psrld $25, %%xmm1; pslld $23, %%xmm1; divps %%xmm0, %%xmm1" ::
			   "m"(mx)
		   : "xmm0", "xmm1")),
	   SIGFPE, "SSE division by zero, unmasked: SIGFPE");
	eq(flt.code, FPE_FLTDIV, "FPE_FLTDIV");
	eq((long)flt.trapno, 19, "trap 19");
	mx = 0x1f80;
	__asm__ volatile("ldmxcsr %0" ::"m"(mx));
	unsigned short cw = 0x37b, old = 0x37f;
	eq(FAULT_TRY(__asm__ volatile(
		   "fldcw %0; fld1; fldz; fdivrp; fwait" ::"m"(cw))),
	   SIGFPE, "x87 division by zero, unmasked: SIGFPE");
	eq((long)flt.trapno, 16, "trap 16");
	__asm__ volatile("fninit; fldcw %0" ::"m"(old));
	eq(FAULT_TRY(__asm__ volatile("ud2")), SIGILL, "ud2: SIGILL");
	eq(flt.code, ILL_ILLOPN, "ILL_ILLOPN");
	eq((long)flt.trapno, 6, "trap 6");
	eq((long)(uintptr_t)flt.addr, (long)flt.ip,
	   "si_addr is the instruction");
	eq(FAULT_TRY(__asm__ volatile("int3")), SIGTRAP, "int3: SIGTRAP");
	eq(flt.code, SI_KERNEL, "SI_KERNEL");
	eq((long)flt.trapno, 3, "trap 3");
	eq(FAULT_TRY(__asm__ volatile(
		   "pushf; orl $0x100, (%%rsp); popf; nop; nop" ::
			   : "cc")),
	   SIGTRAP, "trap flag: SIGTRAP");
	eq(flt.code, TRAP_TRACE, "TRAP_TRACE");
	eq((long)flt.trapno, 1, "trap 1");
	eq(FAULT_TRY(__asm__ volatile(
		   "pushf; orl $0x40000, (%%rsp); popf; movl 1(%%rsp), %%eax;"
		   "pushf; andl $~0x40000, (%%rsp); popf" ::
			   : "rax", "cc")),
	   SIGBUS, "alignment check: SIGBUS");
	__asm__ volatile("pushf; andl $~0x40000, (%%rsp); popf" ::: "cc");
	eq(flt.code, BUS_ADRALN, "BUS_ADRALN");
	(void)r;
}

static volatile int *volatile low = (int *)8;

/* A fault while its signal is blocked or ignored kills. */
static int blocked(void *v)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGSEGV);
	if (v)
		signal(SIGSEGV, SIG_IGN);
	else
		sigprocmask(SIG_BLOCK, &s, NULL);
	*low = 1;
	return 1;
}

static int in_handler(void *v)
{
	(void)v;
	fault_setup();
	flt.armed = 0;
	signal(SIGSEGV, SIG_DFL);
	*low = 1;
	return 1;
}

static void on_stack(int s)
{
	(void)s;
	_exit(3);
}

/* No room for the frame: killed by SIGSEGV. */
static int bad_stack(void *v)
{
	(void)v;
	signal(SIGUSR1, on_stack);
	__asm__ volatile("mov $0x1000, %%rsp; syscall" ::"a"(SYS_kill),
			 "D"(getpid()), "S"(SIGUSR1)
			 : "rcx", "r11", "memory");
	return 1;
}

static void loop(void)
{
	volatile char *p =
		mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int n = 0;

	for (int i = 0; i < 2000; i++)
		n += fault_write(p + i, 1) == SIGSEGV && flt.addr == p + i;
	eq(n, 2000, "2000 faults in a row, each address right");
	munmap((void *)p, 4096);
}

int main(void)
{
	tap_start(60);
	fault_setup();
	segv();
	canonical();
	bus();
	others();
	eq(in_child(blocked, NULL) & 0x7f, SIGSEGV,
	   "fault with SIGSEGV blocked: killed");
	eq(in_child(blocked, "") & 0x7f, SIGSEGV,
	   "fault with SIGSEGV ignored: killed");
	eq(in_child(in_handler, NULL) & 0x7f, SIGSEGV,
	   "fault with the default action: killed");
	eq(in_child(bad_stack, NULL) & 0x7f, SIGSEGV,
	   "no room for a frame: killed");
	loop();
	return tap_done();
}
