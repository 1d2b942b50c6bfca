// SPDX-License-Identifier: GPL-2.0
/*
 * Files of the kinds that are only read, made here from ubd-cow(5): what is
 * read through their maps, and again after they were made into V3.
 */
#include <errno.h>
#include <stdlib.h>

#include "../../../ubd/format/cow.h"
#include "../drivers/check.h"
#include "cutio.h"

#define BYTES	(21u * 1024 - 512)	/* no whole number of map bytes */
#define ROOM	(64u * 1024)

static struct cutio base, over, fresh;

static void put(size_t at, u64 v, int bytes, bool big)
{
	int i;

	for (i = 0; i < bytes; i++)
		over.now[at + (size_t)i] =
			(unsigned char)(v >> 8 * (big ? bytes - 1 - i : i));
}

/* Writes the header by the table of the manual; returns where the map is. */
static u64 make_header(int kind, u32 ss)
{
	bool big = kind != 1;
	u32 path = kind == 1 ? 256 : 4096;

	put(0, 0x4f4f4f4d, 4, big);
	put(4, kind > 3 ? 3 : (u64)kind, 4, big);
	if (kind < 3) {
		strcpy((char *)over.now + 8, "/base");
		put(8 + path, 77, 4, big);
		put(12 + path, BYTES, 8, big);
		put(20 + path, ss, 4, big);
		return 24 + path;
	}
	put(8, 77, 4, true);
	put(16, BYTES, 8, true);
	put(24, ss, 4, true);
	put(28, 4096, 4, true);
	strcpy((char *)over.now + 36, "/base");
	return 8192;
}

static void check_contents(struct io *io, const struct cow_header *h,
			   const unsigned char *want, bool writable)
{
	static unsigned char got[BYTES];
	struct image *img = cow_image(io, h, raw_image(&base.io, BYTES), true);
	struct iovec v = { got, BYTES };
	struct io_span span = { &v, 0, BYTES };

	CHECK_INT(img->fmt->read(img, &span, 0, false), 0);
	CHECK(!memcmp(got, want, BYTES));
	v = (struct iovec){ got, 512 };
	span = (struct io_span){ &v, 0, 512 };
	CHECK_INT(img->fmt->write(img, &span, BYTES - 512),
		  writable ? 0 : -EROFS);
	CHECK_INT(img->fmt->flush(img), 0);
	img->fmt->close(img);
}

static void test_kind(int kind, u32 ss)
{
	static unsigned char want[BYTES];
	u64 map, bits, data, i;
	struct cow_header h, planned;

	cutio_init(&base, BYTES);
	cutio_init(&over, ROOM);
	cutio_init(&fresh, ROOM);
	memset(base.now, 'b', BYTES);
	memset(want, 'b', BYTES);
	map = make_header(kind, ss);
	bits = (BYTES + ss - 1) / ss;
	if (kind < 3)
		bits = bits / 8 * 8;
	data = kind < 3 ? (map + bits / 8 + ss - 1) / ss * ss : 12288;
	for (i = 0; i < (BYTES + ss - 1) / ss; i++) {
		u64 n = BYTES - i * ss < ss ? BYTES - i * ss : ss;
		bool here = i < bits && i % 3 != 1;

		memset(over.now + data + i * ss, (int)(here ? 'A' + i : '?'), n);
		if (!here)
			continue;
		over.now[map + i / 8] |= (unsigned char)(1u << i % 8);
		memset(want + i * ss, (int)('A' + i), n);
	}
	if (CHECK(!cow_parse(over.now, COW_HEADER_MOST, ROOM, &h))) {
		CHECK_INT(h.data_at, data);
		CHECK(!cow_can_write(&h));
		check_contents(&over.io, &h, want, false);
		planned = h;
		CHECK(!cow_plan(&planned));
		CHECK_INT(cow_upgrade(&over.io, &h, &fresh.io, &planned, NULL), 0);
		cutio_cut(&fresh);	/* all of it was synced */
		CHECK(!cow_parse(fresh.now, COW_HEADER_MOST, ROOM, &h));
		CHECK_INT(h.mtime, 77);
		check_contents(&fresh.io, &h, want, true);
	}
	cutio_free(&base);
	cutio_free(&over);
	cutio_free(&fresh);
}

int main(void)
{
	int kind;

	for (kind = 1; kind <= 4; kind += kind == 2 ? 2 : 1) {
		test_kind(kind, 512);
		test_kind(kind, 1024);
	}
	return check_failures != 0;
}
