// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "cow_record.h"

/* Of the record: magic, state, dev, ino, mtime, zeroes, checksum. */
#define MAGIC		"umkit-cc"
#define STATE		8
#define DEV		16
#define INO		24
#define MTIME		32
#define CHECKSUM	60
#define COMMITTING	1u

static u64 get(const unsigned char *p, int bytes)
{
	u64 v = 0;

	while (bytes--)
		v = v << 8 | *p++;
	return v;
}

static void put(unsigned char *p, u64 v, int bytes)
{
	while (bytes--) {
		p[bytes] = (unsigned char)v;
		v >>= 8;
	}
}

/* CRC-32 as zlib and Ethernet have it. */
static u32 checksum(const unsigned char *p, u32 n)
{
	u32 crc = ~0u;
	int i;

	while (n--) {
		crc ^= *p++;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

bool cow_record_get(const void *head, size_t len, const struct cow_header *h,
		    struct cow_record *r)
{
	const unsigned char *p = (const unsigned char *)head + COW_RECORD_AT;

	memset(r, 0, sizeof(*r));
	if (h->version != 3 || h->unpacked || len < COW_HEAD_BYTES)
		return false;
	if (memcmp(p, MAGIC, 8) || get(p + CHECKSUM, 4) != checksum(p, CHECKSUM))
		return false;
	r->known = get(p + STATE, 4) == COMMITTING;
	r->dev = get(p + DEV, 8);
	r->ino = get(p + INO, 8);
	r->mtime = get(p + MTIME, 8);
	return true;
}

void cow_record_put(const struct cow_record *r, void *out)
{
	unsigned char *p = out;

	memset(p, 0, COW_RECORD_BYTES);
	memcpy(p, MAGIC, 8);
	put(p + STATE, COMMITTING, 4);
	put(p + DEV, r->dev, 8);
	put(p + INO, r->ino, 8);
	put(p + MTIME, r->mtime, 8);
	put(p + CHECKSUM, checksum(p, CHECKSUM), 4);
}
