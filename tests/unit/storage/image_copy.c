// SPDX-License-Identifier: GPL-2.0
/*
 * What imgtool convert copies: between raw and COW images in memory, with
 * short transfers and a fault at each call. Nothing is written that is the
 * same already, and zeroes are holes.
 */
#include <errno.h>
#include <stdlib.h>

#include "../../../imgtool/convert/copy.h"
#include "../../../ubd/format/cow.h"
#include "../../../ubd/format/cow_check.h"
#include "../drivers/check.h"
#include "cutio.h"

#define SECTOR	512u
#define SECTORS	5001u		/* more than two chunks, an odd end */
#define BYTES	((u64)SECTORS * SECTOR - 77)
#define ROUND	((u64)SECTORS * SECTOR)

static struct cutio source, base, target;
static struct cow_header head;

static void plan(void)
{
	memset(&head, 0, sizeof(head));
	strcpy(head.backing, "/base");
	head.size = BYTES;
	CHECK(!cow_plan(&head));
}

/* Runs of zeroes, of data, and of what the base has. */
static void start(void)
{
	u64 at = 0, n, i;

	plan();
	cutio_init(&source, BYTES);
	cutio_init(&base, BYTES);
	cutio_init(&target, head.data_at + ROUND);
	for (i = 0; i < BYTES; i += 1 + random_below(200))
		base.now[i] = (i / 40000) % 3 == 0 ? 0 : 'b';
	while (at < BYTES) {
		n = random_below(random_below(3) ? 3000 : 300000);
		if (n > BYTES - at)
			n = BYTES - at;
		switch (random_below(3)) {
		case 0: memset(source.now + at, 's', n); break;
		case 1: memcpy(source.now + at, base.now + at, n); break;
		}
		at += n;
	}
}

static void stop(void)
{
	cutio_free(&source);
	cutio_free(&base);
	cutio_free(&target);
}

static struct image *cow_over_base(void)
{
	return cow_image(&target.io, &head, raw_image(&base.io, ROUND), true);
}

static int copy(struct image *to, bool raw, bool *reading)
{
	struct image_copy c = {
		.from = raw_image(&source.io, ROUND), .to = to,
		.fresh = raw, .unit = raw ? 4096 : 512,
	};
	int err = image_copy(&c);

	*reading = c.reading;
	if (!err)
		err = to->fmt->flush(to);
	c.from->fmt->close(c.from);
	to->fmt->close(to);
	return err;
}

static void check_reads(struct image *img)
{
	static unsigned char got[SECTORS * SECTOR], zeroes[SECTOR];
	struct iovec v = { got, sizeof(got) };
	struct io_span span = { &v, 0, sizeof(got) };

	CHECK_INT(img->fmt->read(img, &span, 0, false), 0);
	CHECK(!memcmp(got, source.now, BYTES));
	CHECK(!memcmp(got + BYTES, zeroes, ROUND - BYTES));
	img->fmt->close(img);
}

static u64 count_different(void)
{
	u64 i, n, sum = 0;

	for (i = 0; i < BYTES; i += SECTOR) {
		n = BYTES - i < SECTOR ? BYTES - i : SECTOR;
		sum += memcmp(source.now + i, base.now + i, n) != 0;
	}
	return sum;
}

static void test_cow(int rounds)
{
	struct cow_report r;
	bool reading;

	while (rounds-- && !check_failures) {
		start();
		CHECK_INT(cow_write_header(&target.io, &head), 0);
		source.shorten = base.shorten = target.shorten =
			random_below(2);
		CHECK_INT(copy(cow_over_base(), false, &reading), 0);
		cutio_cut(&target);	/* it was flushed */
		check_reads(cow_over_base());
		CHECK_INT(cow_scan(&target.io, &head, target.size, &r, NULL), 0);
		CHECK_INT((s64)r.set, (s64)count_different());
		CHECK_INT((s64)r.garbage, 0);
		stop();
	}
}

/* Blocks of zeroes are not written: what was there before shows it. */
static void test_raw(int rounds)
{
	bool reading;
	u64 i, k;

	while (rounds-- && !check_failures) {
		start();
		memset(target.now, 'h', target.size);
		source.shorten = random_below(2);
		CHECK_INT(copy(raw_image(&target.io, ROUND), true, &reading),
			  0);
		for (i = 0; i < BYTES && !check_failures; i += 4096) {
			u64 n = BYTES - i < 4096 ? BYTES - i : 4096;
			bool zero = true;

			for (k = 0; k < n; k++)
				zero &= !source.now[i + k];
			if (zero)
				CHECK_INT(target.now[i], 'h');
			else
				CHECK(!memcmp(target.now + i, source.now + i,
					      n));
		}
		stop();
	}
}

/* Holes are not read. */
static void test_holes(void)
{
	bool reading;

	plan();
	cutio_init(&source, BYTES);
	cutio_init(&base, BYTES);
	cutio_init(&target, head.data_at + ROUND);
	memset(source.now + 1234567, 'x', 10);
	CHECK_INT(copy(raw_image(&target.io, ROUND), true, &reading), 0);
	CHECK_INT(source.calls, 3);	/* where, read, where */
	CHECK_INT(target.calls, 2);	/* write, sync */
	CHECK(!memcmp(target.now + 1234567, "xxxxxxxxxx", 10));
	stop();
}

static void test_faults(struct cutio *where, bool raw, int err)
{
	bool hit = true, reading;
	int call, r;

	for (call = 1; hit && !check_failures; call++) {
		random_seed(9);
		start();
		CHECK_INT(cow_write_header(&target.io, &head), 0);
		where->fail_in = call;
		where->fail_err = err;
		r = copy(raw ? raw_image(&target.io, ROUND) : cow_over_base(),
			 raw, &reading);
		hit = !where->fail_in;
		CHECK_INT(r, hit ? err : 0);
		CHECK_INT(reading, hit && where == &source);
		stop();
	}
	CHECK(call > 4);
}

int main(void)
{
	random_seed(50);
	test_holes();
	test_cow(20);
	test_raw(20);
	test_faults(&source, true, -EIO);
	test_faults(&source, false, -EIO);
	test_faults(&base, false, -EIO);
	test_faults(&target, true, -ENOSPC);
	test_faults(&target, false, -ENOSPC);
	return check_failures != 0;
}
