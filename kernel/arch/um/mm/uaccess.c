// SPDX-License-Identifier: GPL-2.0
/*
 * Access to guest user memory from the kernel: page by page through the page
 * tables and physmem. Interrupts are off from the walk to the end of the
 * access, so the tables stay (they are freed by RCU), and a reference keeps
 * the page, as in mm/gup.c's fast path.
 *
 * An access is to a page-table entry what an instruction is to a TLB entry:
 * once a flush has returned, none may go on with what the entry was before
 * (fork would share, or a copy-on-write break lose, what it writes). So each
 * vcpu says whose memory it is in, and um_uaccess_wait() waits for those.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/highmem.h>
#include <linux/uaccess.h>
#include <linux/futex.h>
#include <linux/page_ref.h>
#include <asm/futex.h>
#include <asm/um.h>

struct upage {
	void *kaddr;		/* of the byte asked for */
	struct page *page;	/* referenced, or NULL */
};

static DEFINE_PER_CPU(struct mm_struct *, accessed_mm);

/* Interrupts are off from one to the other. The exchange is a full barrier:
 * the walk comes after it, and pairs with um_uaccess_wait(). */
static __always_inline void access_begin(void)
{
	xchg(this_cpu_ptr(&accessed_mm), current->mm);
}

static __always_inline void access_end(void)
{
	smp_store_release(this_cpu_ptr(&accessed_mm), NULL);
}

void um_uaccess_wait(struct mm_struct *mm)
{
	int cpu;

	smp_mb();	/* the entries were changed before */
	for_each_online_cpu(cpu)
		while (READ_ONCE(*per_cpu_ptr(&accessed_mm, cpu)) == mm)
			cpu_relax();
}

static bool allows(pte_t pte, bool write)
{
	if (!(pte_val(pte) & _PAGE_PRESENT) || !pte_young(pte))
		return false;
	return !write || (pte_write(pte) && pte_dirty(pte));
}

/* Interrupts are off. False: fault it in and try again. */
static bool get_upage(unsigned long addr, bool write, struct upage *up)
{
	pte_t pte = um_user_pte(current->mm, addr);

	if (!allows(pte, write) || !pfn_valid(pte_pfn(pte)))
		return false;
	up->page = NULL;
	if (!pte_special(pte)) {
		struct folio *folio = page_folio(pfn_to_page(pte_pfn(pte)));

		if (!folio_try_get(folio))
			return false;
		up->page = &folio->page;
		if (unlikely(!pte_same(um_user_pte(current->mm, addr), pte))) {
			folio_put(folio);
			return false;
		}
	}
	up->kaddr = pfn_to_virt(pte_pfn(pte)) + offset_in_page(addr);
	return true;
}

static void put_upage(struct upage *up)
{
	if (up->page)
		folio_put(page_folio(up->page));
}

/*
 * Calls fn on each piece of [addr, addr+n) that lies in one page, faulting
 * pages in. fn returns true to go on. Returns the bytes not handed to fn.
 */
static __always_inline unsigned long
for_each_piece(unsigned long addr, unsigned long n, bool write,
	       bool (*fn)(void *kaddr, unsigned long len, void *arg), void *arg)
{
	while (n) {
		unsigned long len = min(n, PAGE_SIZE - offset_in_page(addr));
		struct upage up;
		unsigned long flags;
		bool more;

		local_irq_save(flags);
		access_begin();
		if (unlikely(!current->mm || !get_upage(addr, write, &up))) {
			access_end();
			local_irq_restore(flags);
			if (um_fault_in(addr, write))
				return n;
			continue;
		}
		more = fn(up.kaddr, len, arg);
		access_end();
		put_upage(&up);
		local_irq_restore(flags);
		if (!more)
			return 0;
		addr += len;
		n -= len;
	}
	return 0;
}

static bool copy_out_of(void *kaddr, unsigned long len, void *arg)
{
	void **to = arg;

	memcpy(*to, kaddr, len);
	*to += len;
	return true;
}

static bool copy_into(void *kaddr, unsigned long len, void *arg)
{
	const void **from = arg;

	memcpy(kaddr, *from, len);
	*from += len;
	return true;
}

static bool clear_piece(void *kaddr, unsigned long len, void *arg)
{
	memset(kaddr, 0, len);
	return true;
}

unsigned long raw_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	return for_each_piece((unsigned long)from, n, false, copy_out_of, &to);
}
EXPORT_SYMBOL(raw_copy_from_user);

unsigned long raw_copy_to_user(void __user *to, const void *from, unsigned long n)
{
	return for_each_piece((unsigned long)to, n, true, copy_into, &from);
}
EXPORT_SYMBOL(raw_copy_to_user);

unsigned long __clear_user(void __user *to, unsigned long n)
{
	return for_each_piece((unsigned long)to, n, true, clear_piece, NULL);
}
EXPORT_SYMBOL(__clear_user);

/* ---- strings ---- */

struct strcopy { char *dst; long done; bool ended; };

static bool copy_string(void *kaddr, unsigned long len, void *arg)
{
	struct strcopy *s = arg;
	unsigned long n = strnlen(kaddr, len);

	if (s->dst)
		memcpy(s->dst + s->done, kaddr, min(n + 1, len));
	s->done += n;
	s->ended = n < len;
	return !s->ended;
}

long strncpy_from_user(char *dst, const char __user *src, long count)
{
	struct strcopy s = { .dst = dst };

	might_fault();
	if (count <= 0)
		return 0;
	if (!access_ok(src, 1))
		return -EFAULT;
	count = min_t(unsigned long, count, TASK_SIZE_MAX - (unsigned long)src);
	if (for_each_piece((unsigned long)src, count, false, copy_string, &s))
		return -EFAULT;
	return s.done;
}
EXPORT_SYMBOL(strncpy_from_user);

/* Length with the NUL; more than len when there is none; 0 on a fault. */
long strnlen_user(const char __user *str, long len)
{
	struct strcopy s = { };
	unsigned long n;

	might_fault();
	if (len <= 0 || !access_ok(str, 1))
		return 0;
	n = min_t(unsigned long, len, TASK_SIZE_MAX - (unsigned long)str);
	if (for_each_piece((unsigned long)str, n, false, copy_string, &s))
		return 0;
	if (s.ended)
		return s.done + 1;
	return n < len ? 0 : len + 1;
}
EXPORT_SYMBOL(strnlen_user);

/* ---- futexes ---- */

static int futex_word(u32 __user *uaddr, struct upage *up)
{
	if (!access_ok(uaddr, sizeof(*uaddr)) || !current->mm)
		return -EFAULT;
	return get_upage((unsigned long)uaddr, true, up) ? 0 : -EFAULT;
}

static int futex_op(int op, u32 oparg, u32 *word)
{
	u32 old;

	switch (op) {
	case FUTEX_OP_SET:
		return xchg(word, oparg);
	case FUTEX_OP_ADD:
		return atomic_fetch_add(oparg, (atomic_t *)word);
	}
	old = READ_ONCE(*word);
	for (;;) {
		u32 new = op == FUTEX_OP_OR ? old | oparg :
			  op == FUTEX_OP_ANDN ? old & ~oparg : old ^ oparg;

		if (try_cmpxchg(word, &old, new))
			return old;
	}
}

int arch_futex_atomic_op_inuser(int op, u32 oparg, int *oval, u32 __user *uaddr)
{
	unsigned long flags;
	struct upage up;
	int err;

	if (op > FUTEX_OP_XOR)
		return -ENOSYS;
	local_irq_save(flags);
	access_begin();
	err = futex_word(uaddr, &up);
	if (!err) {
		*oval = futex_op(op, oparg, up.kaddr);
		put_upage(&up);
	}
	access_end();
	local_irq_restore(flags);
	return err;
}

int futex_atomic_cmpxchg_inatomic(u32 *uval, u32 __user *uaddr, u32 oldval,
				  u32 newval)
{
	unsigned long flags;
	struct upage up;
	int err;

	local_irq_save(flags);
	access_begin();
	err = futex_word(uaddr, &up);
	if (!err) {
		*uval = cmpxchg((u32 *)up.kaddr, oldval, newval);
		put_upage(&up);
	}
	access_end();
	local_irq_restore(flags);
	return err;
}
