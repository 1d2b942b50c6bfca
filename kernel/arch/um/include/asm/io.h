/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_IO_H
#define _ASM_UM_IO_H

#include <linux/types.h>
/* There is no I/O memory and there are no ports. */
#include <asm-generic/io.h>

#endif
