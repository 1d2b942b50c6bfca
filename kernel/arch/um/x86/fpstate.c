// SPDX-License-Identifier: GPL-2.0
/* Images of FPU state between guest threads and signal frames, ptrace, cores. */
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <asm/fpstate.h>
#include <asm/user.h>
#include <asm/um.h>

#define MXCSR_USER_MASK 0xffffu

u64 fpstate_features(void)
{
	u32 lo, hi;

	if (fpstate_is_legacy(host_fpstate_size()))
		return XFEATURE_FPSSE;
	asm("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	return lo | (u64)hi << 32;
}

u32 fpstate_max_size(void)
{
	u32 size = host_fpstate_size();

	return fpstate_is_legacy(size) ? FPSTATE_LEGACY : size - FP_XSTATE_MAGIC2_SIZE;
}

/* New software bytes: those in the image may be forged. */
static void label(void *image, u32 size, u64 features)
{
	u32 magic2 = FP_XSTATE_MAGIC2;

	*fpstate_sw_bytes(image) = (struct _fpx_sw_bytes) {
		.magic1		= FP_XSTATE_MAGIC1,
		.extended_size	= size + FP_XSTATE_MAGIC2_SIZE,
		.xfeatures	= features,
		.xstate_size	= size,
	};
	memcpy(image + size, &magic2, sizeof(magic2));
}

void *fpstate_get(struct task_struct *task, u32 *size)
{
	u32 room = host_fpstate_size();
	void *image;
	int n;

	if (!task->thread.ht || task->thread.in_call)
		return ERR_PTR(-EINVAL);
	image = kzalloc(room, GFP_KERNEL);
	if (!image)
		return ERR_PTR(-ENOMEM);
	n = host_thread_get_fpstate(task->thread.ht, image, room);
	if (n < (int)FPSTATE_LEGACY || n > room) {
		kfree(image);
		return ERR_PTR(n < 0 ? n : -EINVAL);
	}
	*size = n;
	if (!fpstate_is_legacy(n)) {
		*size = n - FP_XSTATE_MAGIC2_SIZE;
		label(image, *size, fpstate_sw_bytes(image)->xfeatures);
	}
	return image;
}

/* The CPU refuses an image with reserved bits in MXCSR (Intel SDM vol. 1,
 * "Checking of MXCSR"). */
static bool mxcsr_valid(const void *image)
{
	const struct user_i387_struct *fp = image;

	return !(fp->mxcsr & ~MXCSR_USER_MASK);
}

int fpstate_set(struct task_struct *task, void *image, u32 size, u64 features)
{
	u64 *xstate_bv = image + FPSTATE_HEADER;

	if (!task->thread.ht || task->thread.in_call)
		return -EINVAL;
	if (!image)
		return host_thread_set_fpstate(task->thread.ht, NULL, 0);
	if (!mxcsr_valid(image))
		return -EINVAL;
	if (fpstate_is_legacy(size))
		return host_thread_set_fpstate(task->thread.ht, image, size);
	*xstate_bv &= features;
	label(image, size, features);
	return host_thread_set_fpstate(task->thread.ht, image,
				       size + FP_XSTATE_MAGIC2_SIZE);
}
