// SPDX-License-Identifier: GPL-2.0
/*
 * COW images against a model: random operations, power cuts, and a fault at
 * each call. STORAGE_ROUNDS is how many power cuts are tried.
 *
 * The model knows for each sector the value it had at the last flush and all
 * values written since; a sector is its number and a count, repeated.
 */
#include <errno.h>
#include <stdlib.h>

#include "../../../ubd/format/cow.h"
#include "../drivers/check.h"
#include "cutio.h"

#define SECTOR	512u
#define SECTORS	(32768u + 77)	/* two pages of map */
#define BYTES	((u64)SECTORS * SECTOR - 100)
#define CORNER	(32768u - 40)	/* where most of it happens */
#define MANY	100u

static struct cutio base, over;
static struct cow_header head;
static struct image *img;
static u32 oldest[SECTORS], newest[SECTORS];	/* values that may be there */
static bool undefined[SECTORS];			/* was discarded */
static bool maybe_zero[SECTORS];
static u32 value;
static bool spread;				/* all over the disk */
static unsigned char buffer[MANY * SECTOR];

static void stamp(unsigned char *p, u32 sector, u32 v)
{
	u32 i;

	memset(p, 0, SECTOR);
	for (i = 0; v && i < SECTOR; i += 8) {
		memcpy(p + i, &sector, 4);
		memcpy(p + i + 4, &v, 4);
	}
}

static bool open_image(void)
{
	img = cow_image(&over.io, &head, raw_image(&base.io, (BYTES + 511) &
						   ~511ull), true);
	return CHECK(img != NULL);
}

static void close_image(void)
{
	img->fmt->close(img);
}

static void start(void)
{
	u32 i;

	memset(&head, 0, sizeof(head));
	strcpy(head.backing, "/base");
	head.size = BYTES;
	CHECK(!cow_plan(&head));
	cutio_init(&base, BYTES);
	cutio_init(&over, head.data_at + SECTORS * SECTOR);
	for (i = 0; i < SECTORS; i++) {
		unsigned char sector[SECTOR];

		stamp(sector, i, 1);
		memcpy(base.now + (u64)i * SECTOR, sector,
		       i == SECTORS - 1 ? SECTOR - 100 : SECTOR);
		oldest[i] = newest[i] = 1;
		undefined[i] = maybe_zero[i] = false;
	}
	value = 1;
	CHECK_INT(cow_write_header(&over.io, &head), 0);
	open_image();
}

static void stop(void)
{
	close_image();
	cutio_free(&base);
	cutio_free(&over);
}

static int do_io(bool write, u32 first, u32 n)
{
	struct iovec v[2] = { { buffer, 300 },
			      { buffer + 300, n * SECTOR - 300 } };
	struct io_span span = { v, 0, n * SECTOR };
	u64 off = (u64)first * SECTOR;
	int err, tries = 0;

	if (write)
		return img->fmt->write(img, &span, off);
	do {
		err = img->fmt->read(img, &span, off + n * SECTOR - span.len,
				     ++tries < 20);
	} while (err == -EAGAIN && tries < 40);
	return err;
}

static u32 some_sector(u32 *n)
{
	u32 first = CORNER + random_below(80);

	*n = 1 + random_below(random_below(4) ? 8 : MANY);
	if (spread && !random_below(8))
		first = random_below(SECTORS);
	if (*n > SECTORS - first)
		*n = SECTORS - first;
	return first;
}

static void write_some(void)
{
	u32 n, i, first = some_sector(&n);
	int err;

	value++;
	for (i = 0; i < n; i++)
		stamp(buffer + i * SECTOR, first + i, value);
	err = do_io(true, first, n);
	for (i = first; i < first + n; i++) {
		newest[i] = value;
		if (!err)
			undefined[i] = false;
	}
	CHECK_INT(err, 0);
}

static void zero_some(void)
{
	u32 n, i, first = some_sector(&n);

	value++;
	CHECK_INT(img->fmt->zero(img, (u64)first * SECTOR, (u64)n * SECTOR,
				 random_below(2)), 0);
	for (i = first; i < first + n; i++) {
		newest[i] = value;
		maybe_zero[i] = true;
		undefined[i] = false;
	}
}

static void discard_some(void)
{
	u32 n, i, first = some_sector(&n);

	CHECK_INT(img->fmt->discard(img, (u64)first * SECTOR,
				    (u64)n * SECTOR), 0);
	for (i = first; i < first + n; i++)
		undefined[i] = maybe_zero[i] = true;
}

/* Everything is on stable storage: the newest value is the only one. */
static void flush(void)
{
	u32 i;

	CHECK_INT(img->fmt->flush(img), 0);
	CHECK(img->fmt->clean(img));
	for (i = 0; i < SECTORS; i++)
		oldest[i] = newest[i];
}

/* What is in the buffer for a sector: one of the values it may have? */
static bool plausible(u32 sector, const unsigned char *p, bool exact)
{
	unsigned char want[SECTOR];
	u32 v;

	stamp(want, sector, 0);
	if (!memcmp(p, want, SECTOR))
		return maybe_zero[sector] || undefined[sector];
	memcpy(&v, p + 4, 4);
	stamp(want, sector, v);
	if (sector == SECTORS - 1 && v == 1)
		memset(want + SECTOR - 100, 0, 100);	/* behind the base */
	if (memcmp(p, want, SECTOR))
		return false;
	if (undefined[sector])
		return v <= newest[sector];
	if (exact)
		return v == newest[sector];
	return v >= oldest[sector] && v <= newest[sector];
}

static void check_range(u32 first, u32 n, bool exact)
{
	u32 i;

	if (!CHECK(!do_io(false, first, n)))
		return;
	for (i = 0; i < n; i++)
		if (!CHECK(plausible(first + i, buffer + i * SECTOR, exact)))
			return;
}

/* After a cut, what is there is what the next one starts from. */
static void observe(u32 first, u32 n)
{
	u32 i, v;

	check_range(first, n, false);
	for (i = 0; i < n; i++) {
		memcpy(&v, buffer + i * SECTOR + 4, 4);
		if (v)
			newest[first + i] = v;
		maybe_zero[first + i] = !v;
		oldest[first + i] = newest[first + i];
		undefined[first + i] = false;
	}
}

static void check_all(bool exact)
{
	u32 at, n;

	for (at = 0; at < SECTORS && check_failures < 20; at += n) {
		n = SECTORS - at < MANY ? SECTORS - at : MANY;
		check_range(at, n, exact);
	}
}

static void step(bool exact)
{
	u32 n, first;

	switch (random_below(12)) {
	case 0: zero_some(); break;
	case 1: discard_some(); break;
	case 2: flush(); break;
	case 3: case 4: case 5:
		first = some_sector(&n);
		check_range(first, n, exact);
		break;
	default: write_some();
	}
}

/* ---- the tests ---- */

static void test_model(u32 steps)
{
	u32 i;

	start();
	spread = true;
	over.shorten = base.shorten = true;
	for (i = 0; i < steps && check_failures < 20; i++) {
		step(true);
		if (!random_below(500)) {
			flush();
			close_image();
			open_image();
		}
	}
	check_all(true);
	spread = false;
	stop();
}

static void test_cuts(u32 rounds)
{
	u32 i, steps;

	start();
	for (i = 0; i < rounds && check_failures < 20; i++) {
		for (steps = random_below(25); steps; steps--)
			step(false);
		over.fail_in = (int)random_below(12);	/* cut in a flush */
		over.fail_err = -EIO;
		over.fail_on = true;
		if (!img->fmt->flush(img))
			memcpy(oldest, newest, sizeof(oldest));
		over.fail_in = 0;
		close_image();
		cutio_cut(&over);
		open_image();
		observe(CORNER - 60, MANY);
		observe(CORNER + 40, SECTORS - CORNER - 40);
		if (i % 20 == 19) {
			stop();
			start();
		}
	}
	stop();
}

/* Each call in a fixed run fails once: the error is told, and what a flush
 * reported as done is there after a cut. */
static void test_faults(int err)
{
	int call, failed = 0, r, last;
	bool hit = true;
	u32 i;

	for (call = 1; hit; call++) {
		start();
		over.fail_in = call;
		over.fail_err = err;
		for (i = 0; i < 4; i++)
			stamp(buffer + i * SECTOR, 100 + i, 7);
		r = do_io(true, 100, 4);
		last = img->fmt->flush(img);
		failed += r || last;
		if (last)	/* for ever, and never as if it could be tried again */
			CHECK_INT(img->fmt->flush(img), -EIO);
		close_image();
		hit = !over.fail_in;
		over.fail_in = 0;
		cutio_cut(&over);
		open_image();
		CHECK_INT(do_io(false, 100, 4), 0);
		for (i = 0; i < 4; i++)
			newest[100 + i] = 7;
		for (i = 0; !r && !last && i < 4; i++)
			CHECK(buffer[i * SECTOR + 4] == 7);
		for (i = 0; i < 4; i++)
			CHECK(plausible(100 + i, buffer + i * SECTOR, false));
		stop();
	}
	CHECK_INT(failed, 5);	/* data, map read, sync, map write, sync */
}

static void test_syncs(void)
{
	int before;

	start();
	before = over.syncs;
	CHECK_INT(img->fmt->flush(img), 0);
	CHECK_INT(over.syncs - before, 0);	/* nothing is dirty */
	write_some();
	CHECK_INT(img->fmt->flush(img), 0);
	CHECK_INT(over.syncs - before, 2);	/* data, map */
	CHECK_INT(img->fmt->flush(img), 0);
	CHECK_INT(over.syncs - before, 2);
	stamp(buffer, 5, 9);
	CHECK_INT(do_io(true, 5, 1), 0);
	CHECK_INT(img->fmt->flush(img), 0);
	before = over.syncs;
	CHECK_INT(do_io(true, 5, 1), 0);
	CHECK_INT(img->fmt->flush(img), 0);
	CHECK_INT(over.syncs - before, 1);	/* the bit was there */
	stop();
}

int main(void)
{
	const char *many = getenv("STORAGE_ROUNDS");
	u32 rounds = many ? (u32)strtoul(many, NULL, 10) : 2000;

	random_seed(20);
	test_syncs();
	test_model(100000);
	test_cuts(rounds);
	test_faults(-EIO);
	test_faults(-ENOSPC);
	return check_failures != 0;
}
