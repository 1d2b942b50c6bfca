/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The system calls the kernel process may still make after host_lockdown().
 * Each file of the host side declares, at its head, the calls its code needs:
 *
 *	HOST_ALLOW(read);
 *	HOST_ALLOW_ARG(ioctl, 1, TCSETS);
 *	HOST_ALLOW_MASKED(clone, 0, CLONE_THREAD, CLONE_THREAD);
 *
 * Names are those of the call, without __NR_. A call is allowed if any
 * declaration matches. Pointers cannot be looked at. The declarations are
 * collected in the section `host_allow`; the linker supplies its bounds
 * (a linker script may leave the section where the linker puts it).
 *
 * What only hostfs needs is in a section of its own, which counts where the
 * command line lets the guest reach host directories (lockdown_allow_files()):
 *
 *	#define ALLOW_SECTION "host_allow_files"	(before this header)
 *
 * Calls made only before host_lockdown() need no declaration. Threads made
 * later inherit the filter; the zygote is older and does not have it.
 */
#ifndef UM_HOST_ALLOW_H
#define UM_HOST_ALLOW_H

#include <sys/syscall.h>

#include "../abi/types.h"

struct allow_rule {
	u32 nr;
	u32 arg;		/* 0..5, ALLOW_ANY: arguments do not matter,
				 * ALLOW_SELF + 0..5: compare with getpid() */
	u64 mask, value;	/* (args[arg] & mask) == value */
};

#define ALLOW_ANY	~0u
#define ALLOW_SELF	0x100u

#ifndef ALLOW_SECTION
#define ALLOW_SECTION "host_allow"
#endif

#define ALLOW_CAT_(a, b)	a##b
#define ALLOW_CAT(a, b)		ALLOW_CAT_(a, b)
#define ALLOW_RULE_(call, a, m, v)					\
	static const struct allow_rule ALLOW_CAT(allow_rule_, __COUNTER__) \
	__attribute__((used, section(ALLOW_SECTION), aligned(8))) =	\
		{ .nr = __NR_##call, .arg = (a), .mask = (m), .value = (v) }

#define HOST_ALLOW(call)		ALLOW_RULE_(call, ALLOW_ANY, 0, 0)
#define HOST_ALLOW_ARG(call, arg, v)	ALLOW_RULE_(call, arg, ~0ull, v)
/* The low 32 bits only: int arguments, whose upper half is undefined. */
#define HOST_ALLOW_ARG32(call, arg, v)	ALLOW_RULE_(call, arg, 0xffffffff, (u32)(v))
/* The argument is the pid of this process. */
#define HOST_ALLOW_SELF(call, arg)	ALLOW_RULE_(call, ALLOW_SELF + (arg), 0xffffffff, 0)
#define HOST_ALLOW_MASKED(call, arg, m, v) ALLOW_RULE_(call, arg, m, v)

#endif
