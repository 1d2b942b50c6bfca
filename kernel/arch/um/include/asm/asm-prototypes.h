/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/string.h>
#include <asm-generic/asm-prototypes.h>
