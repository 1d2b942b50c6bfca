/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For programs in the guest that use /dev/umchanN: its one ioctl.
 *
 * UMCHAN_SHUT_WR tells the host that no more bytes come, while this side goes
 * on reading; writes then fail with EPIPE. The last close of a descriptor
 * that is open for writing does the same. No argument.
 */
#ifndef UM_ABI_UMCHAN_H
#define UM_ABI_UMCHAN_H

#define UMCHAN_SHUT_WR	0x5580		/* _IO('U', 0x80) */

#endif
