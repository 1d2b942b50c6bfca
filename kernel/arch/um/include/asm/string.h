/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_STRING_H
#define _ASM_UM_STRING_H

/* x86/string.S */
#define __HAVE_ARCH_MEMCPY
void *memcpy(void *to, const void *from, size_t len);
void *__memcpy(void *to, const void *from, size_t len);
#define __HAVE_ARCH_MEMSET
void *memset(void *s, int c, size_t n);
void *__memset(void *s, int c, size_t n);
#define __HAVE_ARCH_MEMMOVE
void *memmove(void *dest, const void *src, size_t count);
void *__memmove(void *dest, const void *src, size_t count);

#endif
