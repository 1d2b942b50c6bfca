/* SPDX-License-Identifier: GPL-2.0 */
#include <endian.h>
#include <string.h>

#include "imgtool/io/swap.h"

/* Where the fields of version 1 are: 1 KiB is left to boot loaders. */
#define AT_VERSION 1024
#define AT_LAST_PAGE 1028
#define AT_UUID 1036
#define AT_MAGIC (SWAP_HEADER - 10)

static void put32(uint8_t *to, uint32_t value)
{
	value = htole32(value);
	memcpy(to, &value, 4);
}

void swap_header(uint8_t header[SWAP_HEADER], uint64_t bytes,
		 const uint8_t uuid[16])
{
	memset(header, 0, SWAP_HEADER);
	put32(header + AT_VERSION, 1);
	put32(header + AT_LAST_PAGE, bytes / SWAP_HEADER - 1);
	memcpy(header + AT_UUID, uuid, 16);
	memcpy(header + AT_MAGIC, "SWAPSPACE2", 10);
}
