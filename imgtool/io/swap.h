/* SPDX-License-Identifier: GPL-2.0 */
/* Swap space as Linux has it, with pages of 4096 bytes. */
#ifndef IMGTOOL_IO_SWAP_H
#define IMGTOOL_IO_SWAP_H

#include <stdint.h>

#define SWAP_HEADER 4096

/* The least that is useful, and the most that the header can count. */
#define SWAP_LEAST (10 * SWAP_HEADER)
#define SWAP_MOST ((UINT64_C(1) << 32) * SWAP_HEADER)

/* The first page of a swap space of BYTES bytes; behind it is nothing to be
 * written. */
void swap_header(uint8_t header[SWAP_HEADER], uint64_t bytes,
		 const uint8_t uuid[16]);

#endif
