/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_SWITCH_TO_H
#define _ASM_UM_SWITCH_TO_H

struct task_struct;
/* x86/switch.S: switches kernel stacks and %gs's `current`. */
struct task_struct *um_switch_to(struct task_struct *prev, struct task_struct *next);

#define switch_to(prev, next, last) \
	do { (last) = um_switch_to((prev), (next)); } while (0)

#endif
