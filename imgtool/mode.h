/* SPDX-License-Identifier: GPL-2.0 */
/* Modes as people write them. */
#ifndef IMGTOOL_MODE_H
#define IMGTOOL_MODE_H

#include <stdint.h>

/* "0755", or "u+rwX,go-w" of what is there. 0 or -EINVAL. */
int mode_parse(const char *text, uint32_t old, uint32_t *mode);

#endif
