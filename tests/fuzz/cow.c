// SPDX-License-Identifier: GPL-2.0
/*
 * COW files made of any bytes. An input is how the file begins; behind it are
 * holes. What the header's check lets pass is read, written, checked, compacted,
 * committed and upgraded, and must all the time be what a reader of a few lines
 * here, who knows nothing but ubd-cow(5), takes it for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../ubd/format/cow.h"
#include "../../ubd/format/cow_check.h"
#include "../../ubd/format/cow_commit.h"
#include "../../ubd/format/cow_rebase.h"
#include "../../ubd/format/cow_record.h"
#include "fuzz.h"
#include "sparseio.h"

#define SECTOR	512u
#define WATCHED	40u	/* sectors that are looked at */
#define MOST_WALKED	(1u << 30)	/* these go through all of a map */
#define RUN	8u	/* sectors of one request */

unsigned long fuzz_accepted;
bool fuzz_even;

static struct sparse over, base, fresh;
static struct cow_header head;
static u64 state, sectors;
static u64 watched[WATCHED];
static unsigned char want[WATCHED][SECTOR];

#define MUST(cond)                                                         \
	do {                                                               \
		if (!(cond)) {                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, \
				__LINE__, #cond);                          \
			abort();                                           \
		}                                                          \
	} while (0)

static u64 below(u64 n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

/* The base's bytes tell where they are. */
static void fill_base(struct sparse *s, u64 page, unsigned char *bytes)
{
	u32 i;

	for (i = 0; i < SPARSE_PAGE; i += 8) {
		u64 word = (page * SPARSE_PAGE + i) * 2654435761u + 1;

		memcpy(bytes + i, &word, 8);
	}
	if ((page + 1) * SPARSE_PAGE > s->size) {
		u64 from = page * SPARSE_PAGE;

		from = s->size > from ? s->size - from : 0;
		memset(bytes + from, 0, SPARSE_PAGE - from);
	}
}

/* ---- the reader of a few lines ---- */

static u64 round_up(u64 n, u64 unit)
{
	return n % unit ? n + unit - n % unit : n;
}

static void check_layout(void)
{
	u64 map = head.version == 1 ? 280 : 4120, unit = head.sector;
	u64 bytes = (head.size + unit - 1) / (8 * unit);

	if (head.version == 3) {
		unit = head.align;
		map = round_up(head.unpacked ? 4136 : 4128, unit);
		bytes = round_up((head.size + head.sector - 1) / head.sector,
				 8) / 8;
	}
	MUST(head.map_at == map && head.map_bytes == bytes);
	MUST(head.data_at == round_up(map + bytes, unit));
}

static void expect(u64 sector, unsigned char *out)
{
	u64 unit = sector * SECTOR / head.sector, off = sector * SECTOR;
	unsigned char byte = 0;

	if (unit / 8 < head.map_bytes)
		sparse_peek(&over, head.map_at + unit / 8, &byte, 1);
	if (byte >> unit % 8 & 1)
		sparse_peek(&over, head.data_at + off, out, SECTOR);
	else
		sparse_peek(&base, off, out, SECTOR);
}

static void watch(void)
{
	u64 bits = head.map_bytes * 8 * (head.sector / SECTOR), from = 0;
	u32 i;

	for (i = 0; i < WATCHED; i++) {
		if (i % RUN == 0)
			switch (below(5)) {
			case 0: from = 0; break;
			case 1: from = sectors - 1 - below(RUN); break;
			case 2: from = bits - below(2 * RUN); break;
			case 3: from = 32768 - below(2 * RUN); break;
			default: from = below(sectors);
			}
		watched[i] = (from + i % RUN) % sectors;
		expect(watched[i], want[i]);
	}
}

/* ---- the image ---- */

static struct image *open_image(bool writable)
{
	struct image *img;

	img = cow_image(&over.io, &head, raw_image(&base.io, sectors * SECTOR),
			writable);
	MUST(img && img->bytes == sectors * SECTOR);
	return img;
}

static void check_watched(struct image *img)
{
	unsigned char got[SECTOR];
	struct iovec v = { got, SECTOR };
	u32 i;

	for (i = 0; i < WATCHED; i++) {
		struct io_span span = { &v, 0, SECTOR };

		MUST(!img->fmt->read(img, &span, watched[i] * SECTOR, false));
		MUST(!memcmp(got, want[i], SECTOR));
	}
}

/* The same sectors may be watched more than once. */
static void becomes(u64 sector, const unsigned char *bytes)
{
	u32 i;

	for (i = 0; i < WATCHED; i++)
		if (watched[i] == sector)
			memcpy(want[i], bytes, SECTOR);
}

static void change(struct image *img)
{
	static unsigned char buf[RUN * SECTOR];
	u64 first = watched[below(WATCHED)], n = 1 + below(RUN), i;
	struct iovec v = { buf, sizeof(buf) };
	struct io_span span = { &v, 0, 0 };
	bool zero = !below(4);
	int err;

	if (n > sectors - first)
		n = sectors - first;
	memset(buf, zero ? 0 : (int)below(256), sizeof(buf));
	span.len = n * SECTOR;
	err = zero ? img->fmt->zero(img, first * SECTOR, span.len, below(2)) :
		     img->fmt->write(img, &span, first * SECTOR);
	MUST(!err);
	for (i = 0; i < n; i++)
		becomes(first + i, buf);
}

static void use_image(bool writable)
{
	static unsigned char before[16384], after[sizeof(before)];
	u64 front = head.map_at < sizeof(before) ? head.map_at : sizeof(before);
	struct image *img = open_image(writable);
	u32 i;

	over.most = SPARSE_PAGES;	/* there is room for this */
	sparse_peek(&over, 0, before, front);
	check_watched(img);
	for (i = 0; writable && i < 6; i++) {
		change(img);
		if (!below(3))
			MUST(!img->fmt->flush(img));
		check_watched(img);
	}
	MUST(!img->fmt->flush(img));
	img->fmt->close(img);
	sparse_peek(&over, 0, after, front);
	MUST(!memcmp(before, after, front));
	img = open_image(false);
	check_watched(img);
	img->fmt->close(img);
	over.most = SPARSE_PAGES / 2;
}

/* ---- the operations on files ---- */

static void check_file(void)
{
	struct cow_report r;
	int err = cow_scan(&over.io, &head, over.size, &r, NULL);

	MUST(!err);
	MUST(r.set <= r.sectors && r.lost <= r.set);
	if (r.stray && cow_can_write(&head)) {
		MUST(!cow_clear_stray(&over.io, &head));
		MUST(!cow_scan(&over.io, &head, over.size, &r, NULL) && !r.stray);
	}
}

static int stamp(struct cow_commit *c)
{
	(void)c;
	return 0;
}

static void compact_and_commit(void)
{
	struct cow_compaction compaction = { 0 };
	struct cow_commit c = {
		.cow = &over.io, .h = &head, .base_bytes = head.size,
		.record = { .dev = 1, .ino = 2, .mtime = head.mtime,
			    .known = true },
		.mtime = (u64)head.mtime + 2, .stamp = stamp,
	};
	struct image *img = raw_image(&base.io, sectors * SECTOR);
	int err;

	MUST(img);
	cow_compact(&over.io, &head, over.size, img, &compaction);
	use_image(false);
	c.base = img;
	err = cow_commit(&c);
	img->fmt->close(img);
	if (!err || !c.begun)
		use_image(false);
}

static void upgrade(void)
{
	struct cow_header planned = head;

	if (cow_plan(&planned))
		return;
	sparse_init(&fresh, planned.data_at + planned.size);
	if (!cow_upgrade(&over.io, &head, &fresh.io, &planned, NULL)) {
		unsigned char bytes[COW_V3_BYTES];

		sparse_peek(&fresh, 0, bytes, sizeof(bytes));
		sparse_free(&over);
		over = fresh;
		sparse_init(&fresh, 0);
		MUST(!cow_parse(bytes, sizeof(bytes), over.size, &head));
		MUST(cow_can_write(&head) && head.size == planned.size);
		use_image(true);
	}
	sparse_free(&fresh);
}

static void use(const unsigned char *data, size_t size)
{
	struct cow_record record;
	bool recorded = cow_record_get(data, size, &head, &record);

	sectors = (head.size + SECTOR - 1) / SECTOR;
	sparse_init(&base, head.size);
	base.fill = fill_base;
	watch();
	check_file();
	use_image(cow_can_write(&head));
	if (head.size < MOST_WALKED && !cow_can_write(&head))
		upgrade();
	else if (head.size < MOST_WALKED && !recorded)
		compact_and_commit();
	sparse_free(&base);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const u64 sizes[] = { 0, 64 << 20, 1ull << 43 };
	size_t i;
	u64 bytes;

	state = 14695981039346656037u;
	for (i = 0; i < size; i++)
		state = (state ^ data[i]) * 1099511628211u;
	state |= 1;
	bytes = size + sizes[below(3)];
	if (cow_parse(data, size < COW_HEAD_BYTES ? size : COW_HEAD_BYTES,
		      bytes, &head))
		return 0;
	fuzz_accepted++;
	MUST(cow_probe(data, size));
	check_layout();
	MUST(head.map_at + head.map_bytes <= bytes);
	MUST(head.data_at < 1ull << 42 && head.size < COW_SIZE_LIMIT);
	MUST(head.backing[0] && strlen(head.backing) <= COW_BACKING_MOST);
	sparse_init_from(&over, bytes, data, size);
	use(data, size < COW_HEAD_BYTES ? size : COW_HEAD_BYTES);
	sparse_free(&over);
	return 0;
}
