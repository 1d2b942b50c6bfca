/* SPDX-License-Identifier: GPL-2.0 */
/* Asked for by files of x86 that make no stack frame. */
