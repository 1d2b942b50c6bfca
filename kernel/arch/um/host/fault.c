// SPDX-License-Identifier: GPL-2.0
/*
 * Synchronous signals of the kernel process. A fault may be one the guest
 * kernel expects (exception tables) or a bug: guest_kernel_fault() tells.
 * SIGBUS on physmem is the host's failure to supply a page. Faults nest, since
 * the report of a bug may itself touch bad addresses; too deep ends it all.
 */
#define _GNU_SOURCE 1
#include <signal.h>
#include <unistd.h>

#include "../abi/guest.h"
#include "../abi/host.h"
#include "diag.h"
#include "exit.h"
#include "physmem.h"
#include "signals.h"
#include "vcpu_thread.h"

#define MAX_DEPTH 4

static void fault_read(struct guest_fault *f, int sig, const siginfo_t *si,
		       const greg_t *r)
{
	f->ip = r[REG_RIP];
	f->sp = r[REG_RSP];
	f->bp = r[REG_RBP];
	f->flags = r[REG_EFL];
	f->ax = r[REG_RAX];
	f->bx = r[REG_RBX];
	f->cx = r[REG_RCX];
	f->dx = r[REG_RDX];
	f->si = r[REG_RSI];
	f->di = r[REG_RDI];
	f->r8 = r[REG_R8];
	f->r9 = r[REG_R9];
	f->r10 = r[REG_R10];
	f->r11 = r[REG_R11];
	f->r12 = r[REG_R12];
	f->r13 = r[REG_R13];
	f->r14 = r[REG_R14];
	f->r15 = r[REG_R15];
	f->err = r[REG_ERR];
	f->trapno = r[REG_TRAPNO];
	f->addr = f->trapno == 14 ? (u64)r[REG_CR2] : (u64)si->si_addr;
	f->signo = sig;
	f->code = si->si_code;
}

static void fault_write(const struct guest_fault *f, greg_t *r)
{
	r[REG_RIP] = f->ip;
	r[REG_RSP] = f->sp;
	r[REG_RBP] = f->bp;
	r[REG_RAX] = f->ax;
	r[REG_RBX] = f->bx;
	r[REG_RCX] = f->cx;
	r[REG_RDX] = f->dx;
	r[REG_RSI] = f->si;
	r[REG_RDI] = f->di;
	r[REG_R8] = f->r8;
	r[REG_R9] = f->r9;
	r[REG_R10] = f->r10;
	r[REG_R11] = f->r11;
	r[REG_R12] = f->r12;
	r[REG_R13] = f->r13;
	r[REG_R14] = f->r14;
	r[REG_R15] = f->r15;
}

static void fault_line(const struct guest_fault *f, const char *why)
{
	struct diag_line l;

	diag_start(&l);
	diag_str(&l, "kernel process: signal ");
	diag_dec(&l, f->signo);
	diag_str(&l, " code ");
	diag_dec(&l, f->code);
	diag_str(&l, " ip ");
	diag_hex(&l, f->ip);
	diag_str(&l, " sp ");
	diag_hex(&l, f->sp);
	diag_str(&l, " address ");
	diag_hex(&l, f->addr);
	diag_str(&l, " trap ");
	diag_dec(&l, f->trapno);
	diag_str(&l, " error ");
	diag_hex(&l, f->err);
	diag_str(&l, ": ");
	diag_str(&l, why);
	diag_end(&l);
}

static void out_of_memory(const struct guest_fault *f)
{
	struct diag_line l;

	diag_start(&l);
	diag_str(&l, "physmem: page at ");
	diag_hex(&l, f->addr - UM_PHYSMEM_START);
	diag_str(&l, ": the host is out of memory: lower mem=, "
		     "or raise the host's or the container's limit");
	diag_end(&l);
	host_exit(1);
}

void fault_handler(int sig, siginfo_t *si, void *ctx)
{
	greg_t *r = ((ucontext_t *)ctx)->uc_mcontext.gregs;
	struct vcpu_host *v = vcpu_self;
	struct guest_fault f;

	fault_read(&f, sig, si, r);
	if (sig == SIGBUS && si->si_code == BUS_ADRERR && physmem_covers(f.addr))
		out_of_memory(&f);
	if (exit_started()) {
		fault_line(&f, "while ending");
		_exit(1);
	}
	if (v && !vcpu_on_altstack(v, f.sp))
		v->fault_depth = 0;	/* an earlier one did not return */
	/* kill(2) chose a thread of ours: the guest's kernel is in another */
	if (!v && si->si_code <= 0 && vcpu_pass_on(sig))
		return;
	if (!v || v->fault_depth >= MAX_DEPTH) {
		fault_line(&f, v ? "faults nest too deep" : "before the guest's start");
		host_abort();
	}
	v->fault_depth++;
	if (guest_kernel_fault(&f)) {
		fault_line(&f, "not expected");
		host_abort();
	}
	v->fault_depth--;
	fault_write(&f, r);
	signals_deliver(ctx);
}
