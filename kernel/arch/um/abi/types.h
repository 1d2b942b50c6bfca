/* SPDX-License-Identifier: GPL-2.0 */
/* Fixed-width types for the wall: the only names both sides may rely on. */
#ifndef UM_ABI_TYPES_H
#define UM_ABI_TYPES_H

#if defined(__KERNEL__)
#include <linux/types.h>
#include <linux/build_bug.h>
#elif !defined(__ASSEMBLER__)
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;
#endif

#endif
