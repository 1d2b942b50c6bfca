/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Spin locks. The holder's host thread may have lost its CPU, so no order is
 * kept among waiters (a queued waiter that does not run would stop all), and
 * waiting yields: cpu_relax() does that.
 */
#ifndef _ASM_UM_SPINLOCK_H
#define _ASM_UM_SPINLOCK_H

#include <linux/atomic.h>
#include <asm/processor.h>

static __always_inline int arch_spin_is_locked(arch_spinlock_t *lock)
{
	return READ_ONCE(lock->locked);
}

static __always_inline int arch_spin_value_unlocked(arch_spinlock_t lock)
{
	return !lock.locked;
}

static __always_inline int arch_spin_is_contended(arch_spinlock_t *lock)
{
	return 0;
}

static __always_inline int arch_spin_trylock(arch_spinlock_t *lock)
{
	return !READ_ONCE(lock->locked) && !xchg(&lock->locked, 1);
}

static __always_inline void arch_spin_lock(arch_spinlock_t *lock)
{
	while (unlikely(xchg(&lock->locked, 1)))
		while (READ_ONCE(lock->locked))
			cpu_relax();
}

static __always_inline void arch_spin_unlock(arch_spinlock_t *lock)
{
	smp_store_release(&lock->locked, 0);
}

#include <asm/qrwlock.h>

#endif
