// SPDX-License-Identifier: GPL-2.0
/*
 * Register sets of a task that stands still, for ptrace and core dumps.
 *
 * Segment registers are fixed: the back end cannot load others, so writing
 * them is accepted where x86-64 Linux would and has no effect.
 */
#include <linux/elf.h>
#include <linux/err.h>
#include <linux/regset.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <asm/fpstate.h>
#include <asm/um.h>
#include <asm/user.h>
#include "regset.h"

#define REG(name) offsetof(struct pt_regs, name)

static_assert(sizeof(struct user_regs_struct) == sizeof(struct pt_regs));
static_assert(offsetof(struct user_regs_struct, gs) == REG(gs));
static_assert(sizeof(struct user_i387_struct) == FPSTATE_LEGACY);

static const struct {
	const char *name;
	unsigned int offset;
} reg_names[] = {
	{ "r15", REG(r15) }, { "r14", REG(r14) }, { "r13", REG(r13) },
	{ "r12", REG(r12) }, { "bp", REG(bp) }, { "bx", REG(bx) },
	{ "r11", REG(r11) }, { "r10", REG(r10) }, { "r9", REG(r9) },
	{ "r8", REG(r8) }, { "ax", REG(ax) }, { "cx", REG(cx) },
	{ "dx", REG(dx) }, { "si", REG(si) }, { "di", REG(di) },
	{ "orig_ax", REG(orig_ax) }, { "ip", REG(ip) }, { "cs", REG(cs) },
	{ "flags", REG(flags) }, { "sp", REG(sp) }, { "ss", REG(ss) },
};

int regs_query_register_offset(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(reg_names); i++)
		if (!strcmp(reg_names[i].name, name))
			return reg_names[i].offset;
	return -EINVAL;
}

/* ---- general registers ---- */

/* Flags that a tracer may choose. */
#define FLAGS_FROM_TRACER						\
	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF | \
	 X86_EFLAGS_SF | X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_OF | \
	 X86_EFLAGS_RF | X86_EFLAGS_AC | X86_EFLAGS_NT)

static bool valid_selector(unsigned long value)
{
	return value <= U16_MAX && (!value || (value & 3) == 3);
}

unsigned long um_get_reg(struct task_struct *task, unsigned int offset)
{
	return *(unsigned long *)((void *)task_pt_regs(task) + offset);
}

int um_put_reg(struct task_struct *task, unsigned int offset, unsigned long value)
{
	struct pt_regs *regs = task_pt_regs(task);

	switch (offset) {
	case REG(cs):
	case REG(ss):
		return value && valid_selector(value) ? 0 : -EIO;
	case REG(ds):
	case REG(es):
	case REG(fs):
	case REG(gs):
		return valid_selector(value) ? 0 : -EIO;
	case REG(fs_base):
	case REG(gs_base):
		if (value >= TASK_SIZE_MAX)
			return -EIO;
		break;
	case REG(flags):
		value = (regs->flags & ~FLAGS_FROM_TRACER) |
			(value & FLAGS_FROM_TRACER);
		break;
	}
	*(unsigned long *)((void *)regs + offset) = value;
	return 0;
}

static int general_get(struct task_struct *task, const struct user_regset *regset,
		       struct membuf to)
{
	return membuf_write(&to, task_pt_regs(task), sizeof(struct pt_regs));
}

static int general_set(struct task_struct *task, const struct user_regset *regset,
		       unsigned int pos, unsigned int count,
		       const void *kbuf, const void __user *ubuf)
{
	unsigned int offset = pos, end = pos + count;
	struct pt_regs new;
	int err;

	err = user_regset_copyin(&pos, &count, &kbuf, &ubuf, &new, 0, sizeof(new));
	for (; !err && offset < end; offset += sizeof(long))
		err = um_put_reg(task, offset, regs_get_register(&new, offset));
	return err;
}

/* ---- FPU ---- */

static int fp_get(struct task_struct *task, const struct user_regset *regset,
		  struct membuf to)
{
	void *image;
	u32 size;

	image = fpstate_get(task, &size);
	if (IS_ERR(image))
		return PTR_ERR(image);
	if (!fpstate_is_legacy(size))
		memset(fpstate_sw_bytes(image), 0, sizeof(struct _fpx_sw_bytes));
	membuf_write(&to, image, FPSTATE_LEGACY);
	kfree(image);
	return 0;
}

static int fp_set(struct task_struct *task, const struct user_regset *regset,
		  unsigned int pos, unsigned int count,
		  const void *kbuf, const void __user *ubuf)
{
	u64 features = XFEATURE_FPSSE;
	void *image;
	u32 size;
	int err;

	image = fpstate_get(task, &size);
	if (IS_ERR(image))
		return PTR_ERR(image);
	if (!fpstate_is_legacy(size))
		features = fpstate_sw_bytes(image)->xfeatures;
	err = user_regset_copyin(&pos, &count, &kbuf, &ubuf, image, 0, FPSTATE_LEGACY);
	if (!err && !fpstate_is_legacy(size))
		*(u64 *)(image + FPSTATE_HEADER) |= XFEATURE_FPSSE;
	if (!err)
		err = fpstate_set(task, image, size, features);
	kfree(image);
	return err;
}

/*
 * NT_X86_XSTATE: the image up to the last feature of the host. The software
 * bytes hold XCR0 in their first word and nothing else.
 */
#define XSTATE_XCR0 offsetof(struct _fpstate_64, sw_reserved)

static int xstate_get(struct task_struct *task, const struct user_regset *regset,
		      struct membuf to)
{
	void *image;
	u32 size;

	image = fpstate_get(task, &size);
	if (IS_ERR(image))
		return PTR_ERR(image);
	memset(fpstate_sw_bytes(image), 0, sizeof(struct _fpx_sw_bytes));
	*(u64 *)(image + XSTATE_XCR0) = fpstate_features();
	membuf_write(&to, image, size);
	membuf_zero(&to, to.left);
	kfree(image);
	return 0;
}

static int xstate_set(struct task_struct *task, const struct user_regset *regset,
		      unsigned int pos, unsigned int count,
		      const void *kbuf, const void __user *ubuf)
{
	u32 max = fpstate_max_size(), size;
	u64 features;
	void *old, *image;
	int err;

	if (pos || count != regset->n * regset->size)
		return -EFAULT;
	old = fpstate_get(task, &size);
	if (IS_ERR(old))
		return PTR_ERR(old);
	features = fpstate_sw_bytes(old)->xfeatures;
	kfree(old);
	image = kzalloc(max + FP_XSTATE_MAGIC2_SIZE, GFP_KERNEL);
	if (!image)
		return -ENOMEM;
	err = user_regset_copyin(&pos, &count, &kbuf, &ubuf, image, 0, max);
	if (!err && *(u64 *)(image + FPSTATE_HEADER) & ~features)
		err = -EINVAL;
	if (!err)
		err = fpstate_set(task, image, size, features);
	kfree(image);
	return err;
}

/* ---- the view ---- */

enum { SET_GENERAL, SET_FP, SET_XSTATE };

static struct user_regset regsets[] __ro_after_init = {
	[SET_GENERAL] = {
		.core_note_type	= NT_PRSTATUS,
		.n		= sizeof(struct user_regs_struct) / sizeof(long),
		.size		= sizeof(long),
		.align		= sizeof(long),
		.regset_get	= general_get,
		.set		= general_set,
	},
	[SET_FP] = {
		.core_note_type	= NT_PRFPREG,
		.n		= sizeof(struct user_i387_struct) / sizeof(long),
		.size		= sizeof(long),
		.align		= sizeof(long),
		.regset_get	= fp_get,
		.set		= fp_set,
	},
	[SET_XSTATE] = {
		.core_note_type	= NT_X86_XSTATE,
		.size		= sizeof(u64),
		.align		= sizeof(u64),
		.regset_get	= xstate_get,
		.set		= xstate_set,
	},
};

static struct user_regset_view view __ro_after_init = {
	.name		= "x86_64",
	.e_machine	= EM_X86_64,
	.regsets	= regsets,
	.n		= ARRAY_SIZE(regsets),
};

static int __init init_regsets(void)
{
	regsets[SET_XSTATE].n = fpstate_max_size() / sizeof(u64);
	if (fpstate_is_legacy(fpstate_max_size()))
		view.n = SET_XSTATE;
	return 0;
}
arch_initcall(init_regsets);

const struct user_regset_view *task_user_regset_view(struct task_struct *task)
{
	return &view;
}
