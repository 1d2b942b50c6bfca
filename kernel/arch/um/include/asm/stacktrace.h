/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_STACKTRACE_H
#define _ASM_UM_STACKTRACE_H

#include <linux/sched.h>

static inline bool on_thread_stack(void)
{
	return (unsigned long)current_stack_pointer -
	       (unsigned long)current->stack < THREAD_SIZE;
}

#endif
