/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest user memory is not mapped in the kernel process at its own addresses:
 * each access walks the mm's page tables and touches the page through
 * physmem (mm/uaccess.c).
 */
#ifndef _ASM_UM_UACCESS_H
#define _ASM_UM_UACCESS_H

#include <linux/types.h>
#include <asm/extable.h>
#include <asm/asm.h>
#include <asm/processor.h>

#include <asm-generic/access_ok.h>

unsigned long raw_copy_from_user(void *to, const void __user *from, unsigned long n);
unsigned long raw_copy_to_user(void __user *to, const void *from, unsigned long n);
long strncpy_from_user(char *dst, const char __user *src, long count);
long strnlen_user(const char __user *str, long len);
unsigned long __clear_user(void __user *to, unsigned long n);

#define __clear_user __clear_user

/* Reads of kernel addresses that may not be mapped. */
#define __get_kernel_nofault(dst, src, type, err_label)			\
do {									\
	type __gk_val;							\
	int __gk_err = um_probe_read(&__gk_val, (src), sizeof(type));	\
	if (unlikely(__gk_err))						\
		goto err_label;						\
	*(type *)(dst) = __gk_val;					\
} while (0)

#define __put_kernel_nofault(dst, src, type, err_label)			\
do {									\
	type __pk_val = *(type *)(src);					\
	if (unlikely(um_probe_write((dst), &__pk_val, sizeof(type))))	\
		goto err_label;						\
} while (0)

/* x86/probe.S: copy with fixup; 0 or -EFAULT */
int um_probe_read(void *dst, const void *src, unsigned long n);
int um_probe_write(void *dst, const void *src, unsigned long n);

#include <asm-generic/uaccess.h>

#endif
