/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Address-space layout, shared by guest kernel, host side, stub and the
 * linker script (so: plain macros only).
 *
 * Kernel process:
 *   0x10000000            text, data, bss of the static executable
 *   0x60000000            modules (within +-2 GiB of the text; the host puts the
 *                         program's heap up to 1 GiB above it)
 *   0x100000000000        KASAN's shadow, a byte for eight of the whole address space,
 *                         in kernels built with it
 *   0x200000000000        physmem, direct map (gpa 0)
 *   0x300000000000        vmalloc
 *   0x310000000000        the host side's arena: control pages, stub slots
 *
 * Guest processes:
 *   0 .. GUEST_TASK_SIZE  guest user
 *   GUEST_TASK_SIZE ..    stub region (stub.h); nothing else is mapped there
 */
#ifndef UM_ABI_LAYOUT_H
#define UM_ABI_LAYOUT_H

#define UM_TEXT_START		0x10000000
#define UM_MODULES_START	0x60000000
#define UM_MODULES_END		0x7f000000
#define UM_SHADOW_START		0x100000000000
#define UM_SHADOW_BYTES		0x100000000000
#define UM_PHYSMEM_START	0x200000000000
#define UM_PHYSMEM_MAX_BYTES	0x080000000000	/* 8 TiB */
#define UM_VMALLOC_START	0x300000000000
#define UM_VMALLOC_END		0x308000000000	/* 512 GiB */
#define UM_ARENA_START		0x310000000000

#define GUEST_TASK_SIZE		0x7ff000000000
#define STUB_START		GUEST_TASK_SIZE
#define HOST_TASK_SIZE		0x7ffffffff000

#define UM_MAX_VCPUS		64

#endif
