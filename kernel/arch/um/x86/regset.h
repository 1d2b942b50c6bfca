/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UM_X86_REGSET_H
#define UM_X86_REGSET_H

struct task_struct;

/* A general register of a stopped task by its offset in user_regs_struct;
 * putting one that may not have this value gives -EIO. */
unsigned long um_get_reg(struct task_struct *task, unsigned int offset);
int um_put_reg(struct task_struct *task, unsigned int offset, unsigned long value);

#endif
