/* SPDX-License-Identifier: GPL-2.0 */
/* Putting seccomp programs together, an instruction at a time. */
#ifndef UM_HOST_BPF_H
#define UM_HOST_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#include "../abi/types.h"

/* A program of at most max instructions; n goes on counting beyond. */
struct prog { struct sock_filter *f; unsigned int n, max; };

static inline void emit(struct prog *p, u16 code, u32 k, u8 jt, u8 jf)
{
	if (p->n < p->max)
		p->f[p->n] = (struct sock_filter) { code, jt, jf, k };
	p->n++;
}

static inline void emit_ret(struct prog *p, u32 action)
{
	emit(p, BPF_RET | BPF_K, action, 0, 0);
}

/* A = 32 bits of struct seccomp_data */
static inline void emit_load(struct prog *p, u32 offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

/* Skips jt instructions if A == k, jf if not. */
static inline void emit_jeq(struct prog *p, u32 k, u8 jt, u8 jf)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, k, jt, jf);
}

#define OFF_NR		offsetof(struct seccomp_data, nr)
#define OFF_ARCH	offsetof(struct seccomp_data, arch)
#define OFF_IP		offsetof(struct seccomp_data, instruction_pointer)
#define OFF_ARG(i)	(offsetof(struct seccomp_data, args) + 8 * (i))
#define OFF_HIGH	4	/* of the upper half of a 64-bit field */

#endif
