/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_VDSO_H
#define _ASM_UM_VDSO_H

#include <abi/layout.h>

#ifndef PAGE_SIZE
#include <asm/page.h>
#endif

/* Before the code: the clock data, and those of a time namespace. */
#define VDSO_DATA_PAGES 2

/* In the page of the clock data, behind them: the state of the random numbers. */
#define VDSO_RNG_OFFSET 4032

#endif
