// SPDX-License-Identifier: GPL-2.0
/* The guest kernel and the back end, as far as the host side needs them. */
#define _GNU_SOURCE 1
#include "host-tests.h"

#include "kernel/arch/um/host/backend.h"
#include "kernel/arch/um/host/con_term.h"
#include "kernel/arch/um/host/signals.h"
#include "kernel/arch/um/host/window.h"

/* the assembly files of the host side; nothing in them needs cpp */
__asm__(".pushsection .text\n"
	".include \"kernel/arch/um/host/window.S\"\n"
	".include \"kernel/arch/um/host/switch.S\"\n"
	".popsection\n");

struct vcpu_area test_area;
int (*test_on_fault)(struct guest_fault *f);
int test_backend_shutdowns;

int guest_kernel_fault(struct guest_fault *f)
{
	return test_on_fault ? test_on_fault(f) : -1;
}

void backend_child_died(void)
{
}

void backend_shutdown(void)
{
	test_backend_shutdowns++;
}

void backend_stop_guests(bool stop)
{
	(void)stop;
}

void backend_fix_window(ucontext_t *uc)
{
	greg_t *r = uc->uc_mcontext.gregs;

	if (r[REG_RIP] >= (greg_t)host_window_start &&
	    r[REG_RIP] < (greg_t)host_window_end)
		r[REG_RIP] = (greg_t)host_window_out;
}

void con_term_restore(void)
{
}

void con_term_resume(void)
{
}

void test_boot_vcpu(void)
{
	signals_early();
	signals_install();
	test_area.self = (u64)&test_area;
	host_vcpu_init(&test_area);
}

u32 test_wait_pending(u32 bits)
{
	u32 got = 0;

	while (!(got & bits)) {
		host_vcpu_idle(&test_area);
		got |= __atomic_exchange_n(&test_area.pending, 0, __ATOMIC_SEQ_CST);
	}
	return got;
}
