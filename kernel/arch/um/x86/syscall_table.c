// SPDX-License-Identifier: GPL-2.0
/* The guest's system calls: numbers from x86-64's table in the tree. */
#include <linux/linkage.h>
#include <linux/errno.h>
#include <asm/syscall.h>

/* Calls of x86 hardware that a guest process does not have here. */
#define sys_iopl	sys_ni_syscall
#define sys_ioperm	sys_ni_syscall
#define sys_modify_ldt	sys_ni_syscall
#define sys_uretprobe	sys_ni_syscall

/* kernel/membarrier.c */
#ifdef CONFIG_MEMBARRIER
#define sys_membarrier	um_membarrier
#endif

/* All are called with six arguments and ignore those they do not take. */
#define __SYSCALL(nr, sym)						\
	extern asmlinkage long sym(unsigned long, unsigned long,	\
				   unsigned long, unsigned long,	\
				   unsigned long, unsigned long);
#define __SYSCALL_NORETURN(nr, sym) __SYSCALL(nr, sym)
#include <asm/syscalls_64.h>
#undef __SYSCALL

#define __SYSCALL(nr, sym) [nr] = sym,
const sys_call_ptr_t sys_call_table[] = {
#include <asm/syscalls_64.h>
};
