/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Try an access that may fault: fault_*() returns 0, or the signal, whose
 * details are then in `flt` (per thread).
 */
#ifndef GUEST_FAULT_H
#define GUEST_FAULT_H

#include "tap.h"
#include <setjmp.h>
#include <ucontext.h>

struct fault {
	sigjmp_buf out;
	volatile sig_atomic_t armed;
	volatile int sig, code;
	void *volatile addr;
	volatile unsigned long trapno, err, cr2, ip;
};
static __thread struct fault flt;
static int fault_quiet; /* dying of a fault is expected: no message */

static inline void fault_note(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;

	flt.sig = sig;
	flt.code = si->si_code;
	flt.addr = si->si_addr;
	flt.trapno = (unsigned long)uc->uc_mcontext.gregs[REG_TRAPNO];
	flt.err = (unsigned long)uc->uc_mcontext.gregs[REG_ERR];
	flt.cr2 = (unsigned long)uc->uc_mcontext.gregs[REG_CR2];
	flt.ip = (unsigned long)uc->uc_mcontext.gregs[REG_RIP];
}

static inline void fault_handler(int sig, siginfo_t *si, void *ucv)
{
	/* the kernel leaves AC as it was */
	__asm__ volatile("pushf; andl $~0x40000, (%%rsp); popf" ::
				 : "cc", "memory");
	if (!flt.armed) {
		static const char m[] = "Bail out! unexpected fault\n";

		if (!fault_quiet && write(1, m, sizeof m - 1) < 0)
			_exit(2);
		signal(sig, SIG_DFL);
		return;
	}
	fault_note(sig, si, ucv);
	flt.armed = 0;
	siglongjmp(flt.out, 1);
}

static inline void fault_setup(void)
{
	static const int sigs[] = {SIGSEGV, SIGBUS,  SIGILL,
				   SIGFPE,  SIGTRAP, SIGSYS};
	struct sigaction sa = {.sa_flags = SA_SIGINFO | SA_ONSTACK};

	sa.sa_sigaction = fault_handler;
	for (size_t i = 0; i < sizeof sigs / sizeof *sigs; i++)
		sigaction(sigs[i], &sa, NULL);
}

#define FAULT_TRY(stmt)                                    \
	({                                                 \
		flt.sig = 0;                               \
		flt.code = 0;                              \
		if (sigsetjmp(flt.out, 1) == 0) {          \
			flt.armed = 1;                     \
			__asm__ volatile("" ::: "memory"); \
			stmt;                              \
			__asm__ volatile("" ::: "memory"); \
			flt.armed = 0;                     \
		}                                          \
		flt.sig;                                   \
	})

static __attribute__((noinline, unused)) int fault_read(const volatile void *p)
{
	__asm__("" : "+r"(p));
	return FAULT_TRY((void)*(const volatile unsigned char *)p);
}

static __attribute__((noinline, unused)) int fault_write(volatile void *p,
							 int v)
{
	__asm__("" : "+r"(p));
	return FAULT_TRY(*(volatile unsigned char *)p = (unsigned char)v);
}

static __attribute__((noinline, unused)) int fault_call(void *p)
{
	return FAULT_TRY(((void (*)(void))(uintptr_t)p)());
}

#endif
