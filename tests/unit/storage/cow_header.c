// SPDX-License-Identifier: GPL-2.0
/*
 * Headers: the four kinds byte by byte as ubd-cow(5) has them, then damaged
 * ones. For more of these see tests/fuzz.
 */
#include "../../../ubd/format/cow.h"
#include "../drivers/check.h"

static unsigned char raw[COW_HEADER_MOST];
static struct cow_header head;

static void big(size_t at, u64 v, int bytes)
{
	while (bytes--) {
		raw[at + (size_t)bytes] = (unsigned char)v;
		v >>= 8;
	}
}

static void little(size_t at, u64 v, int bytes)
{
	for (; bytes--; v >>= 8)
		raw[at++] = (unsigned char)v;
}

static void name(size_t at)
{
	memset(raw + at, 'x', 256);
	strcpy((char *)raw + at, "/some/base");
}

static void make_v1(void)
{
	memset(raw, 0, sizeof(raw));
	little(0, 0x4f4f4f4d, 4);
	little(4, 1, 4);
	name(8);
	little(264, 77, 4);
	little(268, 9 * 512, 8);
	little(276, 512, 4);
}

static void make_v2(void)
{
	memset(raw, 0, sizeof(raw));
	big(0, 0x4f4f4f4d, 4);
	big(4, 2, 4);
	name(8);
	big(4104, 77, 4);
	big(4108, 9 * 512, 8);
	big(4116, 512, 4);
}

static void make_v3(size_t shift, u64 size)
{
	memset(raw, 0, sizeof(raw));
	big(0, 0x4f4f4f4d, 4);
	big(4, 3, 4);
	big(8, 77, 4);
	big(12 + shift, size, 8);
	big(20 + shift, 512, 4);
	big(24 + shift, 4096, 4);
	name(32 + shift);
}

static const char *parse(u64 file_bytes)
{
	return cow_parse(raw, sizeof(raw), file_bytes, &head);
}

static void expect(u32 version, u64 size, u64 map_at, u64 map_bytes,
		   u64 data_at)
{
	CHECK(!parse(1ull << 50));
	CHECK_INT(head.version, version);
	CHECK_INT(head.mtime, 77);
	CHECK_INT((s64)head.size, (s64)size);
	CHECK_INT(head.sector, 512);
	CHECK(!strcmp(head.backing, "/some/base"));
	CHECK_INT((s64)head.map_at, (s64)map_at);
	CHECK_INT((s64)head.map_bytes, (s64)map_bytes);
	CHECK_INT((s64)head.data_at, (s64)data_at);
}

static void test_kinds(void)
{
	make_v1();
	expect(1, 9 * 512, 280, 1, 512);
	make_v2();
	expect(2, 9 * 512, 4120, 1, 4608);
	make_v3(0, 9 * 512);
	expect(3, 9 * 512, 8192, 2, 12288);
	CHECK(cow_can_write(&head));
	make_v3(4, 9 * 512);
	expect(3, 9 * 512, 8192, 2, 12288);
	CHECK(head.unpacked && !cow_can_write(&head));
	make_v3(0, 4 << 20);
	expect(3, 4 << 20, 8192, 1024, 12288);
	make_v3(0, 3ull << 40);
	expect(3, 3ull << 40, 8192, 805306368, 805314560);
}

static void test_encode(void)
{
	struct cow_header h = { .size = 1000, .mtime = 77 };
	unsigned char out[COW_V3_BYTES];

	CHECK(cow_plan(&h) != NULL);		/* no name */
	strcpy(h.backing, "/some/base");
	CHECK(!cow_plan(&h));
	cow_encode(&h, out);
	make_v3(0, 1000);
	memset(raw + 32, 0, 4096);
	strcpy((char *)raw + 32, "/some/base");
	CHECK(!memcmp(raw, out, sizeof(out)));
	h.size = 8ull << 40;
	CHECK_HAS(cow_plan(&h), "8 TiB");
	h.size = 0;
	CHECK_HAS(cow_plan(&h), "size of 0");
}

static void test_damaged(void)
{
	make_v3(0, 1 << 20);
	CHECK_HAS(cow_parse(raw, 4127, 1 << 20, &head), "within its header");
	CHECK_HAS(parse(8192), "within its map");
	big(24, 0, 4);
	CHECK_HAS(parse(1 << 20), "alignment");
	big(24, 4097, 4);
	CHECK_HAS(parse(1 << 20), "alignment");
	make_v3(0, 1 << 20);
	big(20, 0, 4);
	CHECK_HAS(parse(1 << 20), "sector size");
	make_v3(0, ~0ull);
	CHECK_HAS(parse(1 << 20), "8 TiB");
	make_v3(0, 1 << 20);
	memset(raw + 32, 'x', 4096);
	CHECK_HAS(parse(1 << 20), "has no end");
	make_v3(0, 1 << 20);
	big(28, 1, 4);
	CHECK_HAS(parse(1 << 20), "kind of map");
	big(4, 4, 4);
	CHECK_HAS(parse(1 << 20), "version");
	make_v2();
	little(0, 0x4f4f4f4d, 4);
	CHECK_HAS(parse(1 << 20), "version");
	raw[0] = 0;
	CHECK_HAS(parse(1 << 20), "not a COW");
	CHECK(!cow_probe("OOO", 3) && cow_probe("MOOO", 4));
}

int main(void)
{
	test_kinds();
	test_encode();
	test_damaged();
	return check_failures != 0;
}
