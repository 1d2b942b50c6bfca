// SPDX-License-Identifier: GPL-2.0
/*
 * Compacting, with the power cut at any call: each sector reads as before, and
 * the next run finishes. STORAGE_ROUNDS is how many cuts are tried.
 */
#include <errno.h>
#include <stdlib.h>

#include "../../../ubd/format/cow.h"
#include "../../../ubd/format/cow_check.h"
#include "../drivers/check.h"
#include "cutio.h"

#define SECTOR	512u
#define SECTORS	4500u		/* more than two chunks */
#define BYTES	((u64)SECTORS * SECTOR - 77)

static struct cutio base, over;
static struct cow_header head;
static unsigned char want[SECTORS * SECTOR], got[SECTORS * SECTOR];
static u32 different;

static void fill(unsigned char *p, u32 n)
{
	memset(p, (int)random_below(4), n);
	p[random_below(n)] = (unsigned char)random_below(256);
}

/* One sector: the base's, or in the file, the same or not. */
static void make_sector(u32 i, u32 kind)
{
	unsigned char *below = base.now + (u64)i * SECTOR;
	unsigned char *here = over.now + head.data_at + (u64)i * SECTOR;
	u32 n = i == SECTORS - 1 ? SECTOR - 77 : SECTOR;

	memset(want + i * SECTOR, 0, SECTOR);
	fill(below, n);
	memcpy(want + i * SECTOR, below, n);
	fill(here, SECTOR);		/* garbage, if it stays */
	if (!kind)
		return;
	if (kind == 1)
		memcpy(here, want + i * SECTOR, SECTOR);
	else
		memcpy(want + i * SECTOR, here, SECTOR);
	over.now[head.map_at + i / 8] |= (unsigned char)(1 << i % 8);
}

static void start(void)
{
	u32 i, kind = 0, left = 0;

	memset(&head, 0, sizeof(head));
	strcpy(head.backing, "/base");
	head.size = BYTES;
	CHECK(!cow_plan(&head));
	cutio_init(&base, BYTES);
	cutio_init(&over, head.data_at + SECTORS * SECTOR);
	CHECK_INT(cow_write_header(&over.io, &head), 0);
	for (i = 0; i < SECTORS; i++) {
		if (!left--) {
			kind = random_below(3);
			left = random_below(random_below(2) ? 10 : 800);
		}
		make_sector(i, kind);
	}
	/* by chance what was to differ may be the same */
	for (i = 0, different = 0; i < SECTORS; i++) {
		bool set = over.now[head.map_at + i / 8] >> i % 8 & 1;
		unsigned char below[SECTOR] = { 0 };

		memcpy(below, base.now + (u64)i * SECTOR,
		       i == SECTORS - 1 ? SECTOR - 77 : SECTOR);
		different += set && memcmp(below, want + i * SECTOR, SECTOR);
	}
	over.from = 0;
	over.to = over.size;
	cutio_settle(&over);
}

static void stop(void)
{
	cutio_free(&base);
	cutio_free(&over);
}

static void check_contents(void)
{
	struct image *below = raw_image(&base.io, SECTORS * SECTOR);
	struct image *img = cow_image(&over.io, &head, below, false);
	struct iovec v = { got, sizeof(got) };
	struct io_span span = { &v, 0, sizeof(got) };

	CHECK_INT(img->fmt->read(img, &span, 0, false), 0);
	CHECK(!memcmp(got, want, sizeof(got)));
	img->fmt->close(img);
}

static int compact(u64 *cleared)
{
	struct image *below = raw_image(&base.io, SECTORS * SECTOR);
	struct cow_compaction c = { .progress = NULL };
	int err = cow_compact(&over.io, &head, over.size, below, &c);

	*cleared = c.cleared;
	below->fmt->close(below);
	return err;
}

static void check_done(void)
{
	struct cow_report r;

	check_contents();
	CHECK_INT(cow_scan(&over.io, &head, over.size, &r, NULL), 0);
	CHECK_INT((s64)r.set, different);
	CHECK_INT((s64)r.garbage, 0);
}

static void test_cuts(u32 rounds)
{
	u32 i, failed = 0;
	u64 cleared;

	for (i = 0; i < rounds && check_failures < 10; i++) {
		start();
		over.shorten = base.shorten = random_below(2);
		over.fail_err = -EIO;
		over.fail_on = true;
		over.fail_in = 1 + (int)random_below(60);
		if (compact(&cleared))
			failed++;
		over.fail_in = 0;
		/* killed, and run again with what the cache has ... */
		if (random_below(2)) {
			over.fail_in = 1 + (int)random_below(60);
			failed += compact(&cleared) != 0;
			over.fail_in = 0;
		}
		cutio_cut(&over);	/* ... or the power goes */
		check_contents();
		CHECK_INT(compact(&cleared), 0);
		check_done();
		cutio_cut(&over);
		check_contents();
		CHECK_INT(compact(&cleared), 0);
		CHECK_INT((s64)cleared, 0);
		check_done();
		stop();
	}
	CHECK(failed > rounds / 4);
}

/* Each call of a run fails once: told, and nothing is changed by it. */
static void test_faults(int err)
{
	bool hit = true;
	u64 cleared;
	int call, r;

	for (call = 1; hit; call++) {
		random_seed(7);
		start();
		over.fail_in = call;
		over.fail_err = err;
		r = compact(&cleared);
		hit = !over.fail_in;
		CHECK_INT(r, hit ? err : 0);
		over.fail_in = 0;
		check_contents();
		CHECK_INT(compact(&cleared), 0);
		check_done();
		stop();
	}
	CHECK(call > 20);
	start();
	base.fail_in = 1;
	base.fail_err = err;
	CHECK_INT(compact(&cleared), err);
	check_contents();
	stop();
}

/* What is as in the base takes no room, and no more syncs than one. */
static void test_syncs(void)
{
	u64 cleared;
	int before;

	start();
	before = over.syncs;
	CHECK_INT(compact(&cleared), 0);
	CHECK(cleared > 0);
	CHECK_INT(over.syncs - before, 1);
	stop();
}

int main(void)
{
	const char *many = getenv("STORAGE_ROUNDS");
	u32 rounds = many ? (u32)strtoul(many, NULL, 10) : 200;

	random_seed(40);
	test_syncs();
	test_cuts(rounds);
	test_faults(-EIO);
	test_faults(-ENOSPC);
	return check_failures != 0;
}
