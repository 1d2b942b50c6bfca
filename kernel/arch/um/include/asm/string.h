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

/* What is not instrumented must not be checked for what it copies, either. */
#if defined(CONFIG_KASAN) && !defined(__SANITIZE_ADDRESS__)
#define memcpy(to, from, len) __memcpy(to, from, len)
#define memset(s, c, n) __memset(s, c, n)
#define memmove(dest, src, count) __memmove(dest, src, count)
#ifndef __NO_FORTIFY
#define __NO_FORTIFY
#endif
#endif

#endif
