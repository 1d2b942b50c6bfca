/* SPDX-License-Identifier: GPL-2.0 */
#include "../../x86/entry/vdso/vgetrandom-chacha.S"
