// SPDX-License-Identifier: GPL-2.0
/*
 * COW files of 3 TiB with a few sectors in them: what is done to the file costs
 * by what is in it, not by its size. The map is of 805 MB; calls are counted,
 * so that no clock is needed.
 */
#include <errno.h>
#include <stdlib.h>

#include "../../../imgtool/convert/copy.h"
#include "../../../ubd/format/cow.h"
#include "../../../ubd/format/cow_check.h"
#include "../../../ubd/format/cow_commit.h"
#include "../../../ubd/format/cow_rebase.h"
#include "../../fuzz/sparseio.h"
#include "../drivers/check.h"

#define SECTOR	512u
#define BYTES	((3ull << 40) - SECTOR)
#define SECTORS	(BYTES / SECTOR)
#define CALLS	160u		/* the most that anything may take */

static const u64 places[] = {
	0, 77, 32767, 32768, 1ull << 31, (1ull << 31) + 1, 5000000000ull,
	SECTORS - 1,
};
#define PLACES	(sizeof(places) / sizeof(places[0]))

static struct sparse over, base, other;
static struct cow_header head;

static void fill(unsigned char *p, u64 sector, u32 what)
{
	u32 i;

	for (i = 0; i < SECTOR; i++)
		p[i] = (unsigned char)(what + sector + i % 7);
}

static struct image *open_over(void)
{
	return cow_image(&over.io, &head, raw_image(&base.io, BYTES), true);
}

static void transfer(struct image *img, bool write, u64 sector,
		     unsigned char *p)
{
	struct iovec v = { p, SECTOR };
	struct io_span span = { &v, 0, SECTOR };

	CHECK_INT(write ? img->fmt->write(img, &span, sector * SECTOR) :
			  img->fmt->read(img, &span, sector * SECTOR, false),
		  0);
}

static u64 told;		/* how far the work was said to be last */
static u32 times;

static void progress(u64 done, u64 of)
{
	CHECK(done >= told && done < of + SECTOR);
	told = done;
	times++;
}

static void start(void)
{
	struct image *img;
	unsigned char p[SECTOR];
	u32 i;

	memset(&head, 0, sizeof(head));
	strcpy(head.backing, "/base");
	head.size = BYTES;
	CHECK(!cow_plan(&head));
	sparse_init(&over, head.data_at + BYTES);
	sparse_init(&base, BYTES);
	sparse_init(&other, BYTES);
	CHECK_INT(cow_write_header(&over.io, &head), 0);
	img = open_over();
	for (i = 0; i < PLACES; i++) {
		fill(p, places[i], 9);
		transfer(img, true, places[i], p);
	}
	CHECK_INT(img->fmt->flush(img), 0);
	img->fmt->close(img);
	over.calls = base.calls = other.calls = 0;
	told = times = 0;
}

static void stop(const char *what)
{
	u64 calls = over.calls + base.calls + other.calls;

	printf("%s: %llu calls\n", what, (unsigned long long)calls);
	if (!CHECK(times))
		fprintf(stderr, "\t%s: no progress\n", what);
	if (!CHECK(calls <= CALLS))
		fprintf(stderr, "\t%s: %llu\n", what, (unsigned long long)calls);
	sparse_free(&over);
	sparse_free(&base);
	sparse_free(&other);
}

static void check_shown(struct image *img)
{
	unsigned char p[SECTOR], q[SECTOR];
	u32 i;

	for (i = 0; i < PLACES; i++) {
		fill(q, places[i], 9);
		transfer(img, false, places[i], p);
		CHECK(!memcmp(p, q, SECTOR));
	}
	img->fmt->close(img);
}

static void test_check(void)
{
	struct cow_report r;

	start();
	CHECK_INT(cow_scan(&over.io, &head, over.size, &r, progress),
		  0);
	CHECK_INT((s64)r.set, PLACES);
	CHECK_INT((s64)r.lost, 0);
	stop("check");
}

static int stamp(struct cow_commit *c)
{
	(void)c;
	return 0;
}

static void test_commit(void)
{
	struct cow_commit c = {
		.cow = &over.io, .h = &head, .base_bytes = BYTES,
		.record = { .dev = 7, .ino = 8 }, .mtime = 100, .stamp = stamp,
		.progress = progress,
	};
	struct cow_report r;

	start();
	c.base = raw_image(&base.io, BYTES);
	CHECK_INT(cow_commit(&c), 0);
	CHECK_INT((s64)c.copied, PLACES * SECTOR);
	CHECK_INT(cow_scan(&over.io, &head, over.size, &r, NULL), 0);
	CHECK_INT((s64)r.set, 0);
	check_shown(c.base);
	stop("commit");
}

static void compacted(struct cow_compaction *c, u64 done, u64 of)
{
	(void)c;
	progress(done, of);
}

static void test_compact(void)
{
	struct cow_compaction c = { .progress = compacted };
	struct image *below;
	unsigned char p[SECTOR];
	u32 i;

	start();
	below = raw_image(&base.io, BYTES);
	for (i = 0; i < PLACES; i += 2) {
		fill(p, places[i], 9);
		transfer(below, true, places[i], p);
	}
	CHECK_INT(cow_compact(&over.io, &head, over.size, below, &c), 0);
	CHECK_INT((s64)c.cleared, PLACES / 2);
	below->fmt->close(below);
	check_shown(open_over());
	stop("compact");
}

/* Holes of both backings, which the tool knows of. */
static u64 same(struct cow_rebase *r, u64 off, u64 len)
{
	u64 a, b, to;

	(void)r;
	if (io_extent(&base.io, off, &a, &to) <= 0)
		a = ~0ull;
	if (io_extent(&other.io, off, &b, &to) <= 0)
		b = ~0ull;
	if (b < a)
		a = b;
	return (a - off < len ? a - off : len) & ~511ull;
}

static void test_rebase(void)
{
	struct cow_rebase r = { .io = &over.io, .h = &head, .same = same,
				.progress = progress };
	unsigned char p[SECTOR] = { 1 };

	start();
	r.img = open_over();
	r.base = raw_image(&other.io, BYTES);
	transfer(r.base, true, 3000000000ull, p);
	CHECK_INT(cow_rebase_copy(&r), 0);
	r.base->fmt->close(r.base);
	transfer(r.img, false, 3000000000ull, p);
	CHECK_INT(p[0], 0);
	check_shown(r.img);
	stop("rebase");
}

static void test_upgrade(void)
{
	struct cow_header planned = head;

	start();
	CHECK_INT(cow_upgrade(&over.io, &head, &other.io, &planned,
			      progress), 0);
	CHECK_INT((s64)other.size, (s64)(head.data_at + BYTES));
	check_shown(cow_image(&other.io, &planned,
			      raw_image(&base.io, BYTES), false));
	stop("upgrade");
}

/* flatten and convert */
static void test_copy(void)
{
	struct image_copy c = { .fresh = true, .unit = 4096,
				.progress = progress };

	start();
	c.from = open_over();
	c.to = raw_image(&other.io, BYTES);
	CHECK_INT(image_copy(&c), 0);
	c.from->fmt->close(c.from);
	check_shown(c.to);
	stop("flatten");
}

int main(void)
{
	test_check();
	test_commit();
	test_compact();
	test_rebase();
	test_upgrade();
	test_copy();
	return check_failures != 0;
}
