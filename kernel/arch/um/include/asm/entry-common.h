/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_ENTRY_COMMON_H
#define _ASM_UM_ENTRY_COMMON_H

#include <asm/stacktrace.h>

/* A guest thread stands still only in its stub: before any exit work runs,
 * it must. kernel/trap.c sees to that, so nothing to do here. */

#endif
