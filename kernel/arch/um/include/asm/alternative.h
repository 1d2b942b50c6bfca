/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What x86's atomic headers want of this one. Nothing is patched at run time:
 * a guest with one vcpu shares its memory with host threads all the same.
 */
#ifndef _ASM_UM_ALTERNATIVE_H
#define _ASM_UM_ALTERNATIVE_H

#include <asm/asm.h>

#define LOCK_PREFIX_HERE ""
#define LOCK_PREFIX "\n\tlock; "

#endif
