/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/linkage.h>

	.section .init.rodata, "a"
	.globl um_vdso_image, um_vdso_image_end
um_vdso_image:
	.incbin "arch/um/vdso/vdso.so"
um_vdso_image_end:
	.section .note.GNU-stack,"",@progbits
