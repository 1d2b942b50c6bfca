/* SPDX-License-Identifier: GPL-2.0 */
/* The instructions are x86-64's: the tree's own header serves. */
#include "../../../x86/include/asm/atomic.h"
