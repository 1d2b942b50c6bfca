// SPDX-License-Identifier: GPL-2.0
/*
 * The four kinds of header. All numbers in them are somebody else's: each is
 * checked before it is used, and sums are kept far below 64 bits by limits on
 * size (8 TiB) and alignment (1 GiB).
 */
#include <string.h>

#include "cow_header.h"

#define MAGIC		0x4f4f4f4du
#define ALIGN_MOST	(1u << 30)
#define SECTOR_LEAST	512u
#define SECTOR_MOST	(1u << 20)

static u32 get32(const unsigned char *p, bool big)
{
	if (big)
		return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
	return (u32)p[3] << 24 | (u32)p[2] << 16 | (u32)p[1] << 8 | p[0];
}

static u64 get64(const unsigned char *p, bool big)
{
	u64 a = get32(p, big), b = get32(p + 4, big);

	return big ? a << 32 | b : b << 32 | a;
}

static void put32(unsigned char *p, u32 v)
{
	p[0] = (unsigned char)(v >> 24);
	p[1] = (unsigned char)(v >> 16);
	p[2] = (unsigned char)(v >> 8);
	p[3] = (unsigned char)v;
}

static u64 round_to(u64 v, u64 unit)
{
	return (v + unit - 1) / unit * unit;
}

static bool power_of_two(u32 v)
{
	return v && !(v & (v - 1));
}

bool cow_probe(const void *head, size_t len)
{
	return len >= 4 && (get32(head, true) == MAGIC ||
			    get32(head, false) == MAGIC);
}

/* The path ends at the first NUL; garbage may follow. */
static const char *get_backing(struct cow_header *h, const unsigned char *p,
			       size_t room)
{
	size_t n = strnlen((const char *)p, room);

	if (n == room)
		return "the backing file's name has no end";
	memcpy(h->backing, p, n);
	h->backing[n] = '\0';
	return n ? NULL : "no backing file's name";
}

static const char *check_sizes(const struct cow_header *h)
{
	if (!h->size)
		return "a size of 0";
	if (h->size >= COW_SIZE_LIMIT)
		return "a size of 8 TiB or more";
	if (!power_of_two(h->sector) || h->sector < SECTOR_LEAST ||
	    h->sector > SECTOR_MOST)
		return "a sector size that is no power of two from 512 to 1 MiB";
	return NULL;
}

/* V1 and V2 count whole bytes of map only, so the last sectors have no bit. */
static const char *layout_old(struct cow_header *h, u64 map_at)
{
	const char *bad = check_sizes(h);

	if (bad)
		return bad;
	h->map_at = map_at;
	h->map_bytes = (h->size + h->sector - 1) / (8ull * h->sector);
	h->data_at = round_to(map_at + h->map_bytes, h->sector);
	return NULL;
}

static const char *layout_v3(struct cow_header *h, u64 header_bytes)
{
	const char *bad = check_sizes(h);

	if (bad)
		return bad;
	if (!power_of_two(h->align) || h->align < SECTOR_LEAST ||
	    h->align > ALIGN_MOST)
		return "an alignment that is no power of two from 512 to 1 GiB";
	h->map_at = round_to(header_bytes, h->align);
	h->map_bytes = round_to(round_to(h->size, h->sector) / h->sector, 8) / 8;
	h->data_at = round_to(h->map_at + h->map_bytes, h->align);
	return NULL;
}

static const char *parse_old(const unsigned char *p, bool big,
			     struct cow_header *h)
{
	size_t path = h->version == 1 ? 256 : 4096;
	const unsigned char *rest = p + 8 + path;
	const char *bad = get_backing(h, p + 8, path);

	if (bad)
		return bad;
	h->mtime = get32(rest, big);
	h->size = get64(rest + 4, big);
	h->sector = get32(rest + 12, big);
	return layout_old(h, 24 + path);
}

static const char *parse_v3(const unsigned char *p, struct cow_header *h)
{
	/* A path can't begin with NUL: four zero bytes are the unpacked
	 * kind's format field. */
	u32 shift = h->unpacked ? 4 : 0;
	const char *bad;

	h->mtime = get32(p + 8, true);
	h->size = get64(p + 12 + shift, true);
	h->sector = get32(p + 20 + shift, true);
	h->align = get32(p + 24 + shift, true);
	if (get32(p + 28 + shift, true))
		return "an unknown kind of map";
	bad = get_backing(h, p + 32 + shift, 4096);
	return bad ? bad : layout_v3(h, h->unpacked ? 4136 : COW_V3_BYTES);
}

const char *cow_parse(const void *head, size_t len, u64 file_bytes,
		      struct cow_header *h)
{
	const unsigned char *p = head;
	const char *bad;
	size_t need;
	bool big;

	memset(h, 0, sizeof(*h));
	if (!cow_probe(head, len) || len < 8)
		return "not a COW file";
	big = get32(p, true) == MAGIC;
	h->version = get32(p + 4, big);
	if (h->version < 1 || h->version > 3 || (!big && h->version != 1))
		return "an unknown version";
	need = h->version == 1 ? 280 : h->version == 2 ? 4120 : COW_V3_BYTES;
	if (h->version == 3 && len >= 36 && !get32(p + 32, true)) {
		h->unpacked = true;
		need = COW_HEADER_MOST;
	}
	if (len < need)
		return "it ends within its header";
	bad = h->version == 3 ? parse_v3(p, h) : parse_old(p, big, h);
	if (bad)
		return bad;
	if (h->map_at + h->map_bytes > file_bytes)
		return "it ends within its map";
	return NULL;
}

const char *cow_plan(struct cow_header *h)
{
	return cow_plan_aligned(h, COW_ALIGN);
}

const char *cow_plan_aligned(struct cow_header *h, u32 align)
{
	h->version = 3;
	h->unpacked = false;
	h->sector = 512;
	h->align = align;
	if (!h->backing[0])
		return "no backing file's name";
	return layout_v3(h, COW_V3_BYTES);
}

void cow_encode(const struct cow_header *h, void *out)
{
	unsigned char *p = out;

	memset(p, 0, COW_V3_BYTES);
	put32(p, MAGIC);
	put32(p + 4, 3);
	put32(p + 8, h->mtime);
	put32(p + 12, (u32)(h->size >> 32));
	put32(p + 16, (u32)h->size);
	put32(p + 20, h->sector);
	put32(p + 24, h->align);
	memcpy(p + 32, h->backing, strlen(h->backing));
}
