/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_DELAY_H
#define _ASM_UM_DELAY_H

void __ndelay(unsigned long nsecs);

#define ndelay(n)	__ndelay(n)
#define udelay(n)	__ndelay((n) * 1000UL)
#define __delay(n)	__ndelay(n)

#endif
