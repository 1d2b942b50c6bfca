/* SPDX-License-Identifier: GPL-2.0 */
/* ABI note of the kernel version, as in other vDSOs; ld.so may look at it. */
#include <linux/elfnote.h>
#include <linux/version.h>

ELFNOTE_START(Linux, 0, "a")
	.long LINUX_VERSION_CODE
ELFNOTE_END
