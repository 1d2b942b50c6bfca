/* SPDX-License-Identifier: GPL-2.0 */
/* For --version and --showconfig (abi/guest.h). */
#include <linux/linkage.h>
#include <generated/utsrelease.h>

	.section .rodata, "a"
SYM_DATA(guest_release_text, .asciz UTS_RELEASE)

#ifdef CONFIG_IKCONFIG
SYM_DATA_START(guest_config_text)
	.incbin	KCONFIG_FILE
	.byte	0
SYM_DATA_END(guest_config_text)
#endif
	.section .note.GNU-stack,"",@progbits
