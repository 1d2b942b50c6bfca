// SPDX-License-Identifier: GPL-2.0
/*
 * The check of a map against a model that counts bit by bit, over files of all
 * kinds and lengths, and its repair, with a fault at each call.
 */
#include <errno.h>
#include <stdlib.h>

#include "../../../ubd/format/cow.h"
#include "../../../ubd/format/cow_check.h"
#include "../drivers/check.h"
#include "cutio.h"

#define SECTORS	(2 * 32768u + 77)	/* more than two pages of map */

static struct cutio over;
static struct cow_header head;

static void start(u64 size)
{
	memset(&head, 0, sizeof(head));
	strcpy(head.backing, "/base");
	head.size = size;
	CHECK(!cow_plan(&head));
	cutio_init(&over, head.data_at + (size + 511) / 512 * 512);
	CHECK_INT(cow_write_header(&over.io, &head), 0);
}

static bool bit(u64 sector)
{
	return over.now[head.map_at + sector / 8] >> sector % 8 & 1;
}

static void set_some_bits(void)
{
	u64 sectors = (head.size + 511) / 512, at, n;
	u32 runs = random_below(12);

	while (runs--) {
		at = random_below((u32)sectors);
		n = 1 + random_below(random_below(2) ? 20 : 20000);
		for (; n && at < sectors; n--, at++)
			over.now[head.map_at + at / 8] |=
				(unsigned char)(1 << at % 8);
	}
}

/* Garbage: whole blocks of 4 KiB of data without a bit. */
static u64 count_garbage(void)
{
	u64 block, i, sum = 0;

	for (block = 0; block < head.size; block += 4096) {
		u64 n = over.size - head.data_at - block;
		unsigned char *p = over.now + head.data_at + block;
		bool used = false, data = false;

		if (n > 4096)
			n = 4096;
		for (i = 0; i < n; i++) {
			used |= bit((block + i) / 512);
			data |= p[i];
		}
		if (data && !used)
			sum += n;
	}
	return sum;
}

static void compare(u64 bytes)
{
	u64 sectors = (head.size + 511) / 512, i, set = 0, lost = 0, first = 0;
	struct cow_report r;

	for (i = 0; i < sectors; i++) {
		u64 end = (i + 1) * 512 < head.size ? (i + 1) * 512 : head.size;

		set += bit(i);
		if (bit(i) && head.data_at + end > bytes && !lost++)
			first = i;
	}
	CHECK_INT(cow_scan(&over.io, &head, bytes, &r, NULL), 0);
	CHECK_INT((s64)r.sectors, (s64)sectors);
	CHECK_INT((s64)r.set, (s64)set);
	CHECK_INT((s64)r.lost, (s64)lost);
	CHECK_INT((s64)r.first_lost, (s64)first);
	CHECK_INT((s64)r.length, (s64)(head.data_at + head.size));
	CHECK_INT((s64)r.garbage, (s64)count_garbage());
}

static void test_model(void)
{
	int i, n;

	for (i = 0; i < 60 && !check_failures; i++) {
		start((SECTORS - random_below(70000 - 4465)) * 512ull -
		      random_below(2) * random_below(511));
		set_some_bits();
		for (n = 0; n < 20; n++)
			memset(over.now + head.data_at +
			       random_below((u32)(head.size / 4096)) * 4096ull,
			       'g', 1 + random_below(4096));
		compare(over.size);
		compare(head.data_at + head.size);
		compare(over.size - random_below(600));
		compare(over.size - random_below((u32)head.size));
		cutio_free(&over);
	}
}

static void test_stray(void)
{
	struct cow_report r;
	u64 last;

	start(21 * 512 - 7);
	last = head.map_at + 2;
	over.now[last] = over.safe[last] = 0xff;
	CHECK_INT(cow_scan(&over.io, &head, over.size, &r, NULL), 0);
	CHECK_INT((s64)r.stray, 3);
	CHECK_INT((s64)r.set, 5);
	CHECK_INT(cow_clear_stray(&over.io, &head), 0);
	cutio_cut(&over);
	CHECK_INT(over.now[last], 0x1f);
	CHECK_INT(cow_scan(&over.io, &head, over.size, &r, NULL), 0);
	CHECK_INT((s64)r.stray, 0);
	cutio_free(&over);
	start(24 * 512);		/* no room for any */
	over.now[head.map_at + 2] = over.now[head.map_at + 3] = 0xff;
	CHECK_INT(cow_scan(&over.io, &head, over.size, &r, NULL), 0);
	CHECK_INT((s64)r.stray, 0);
	CHECK_INT(cow_clear_stray(&over.io, &head), 0);
	CHECK_INT(over.now[head.map_at + 3], 0xff);
	cutio_free(&over);
}

/* A map that can't be read is no clean one. */
static void test_faults(void)
{
	struct cow_report r;
	int call, err;

	for (call = 1; ; call++) {
		start(SECTORS * 512ull);
		set_some_bits();
		over.now[head.map_at] |= 1;
		over.now[head.data_at + 40960] = 1;
		over.fail_in = call;
		over.fail_err = -EIO;
		err = cow_scan(&over.io, &head, over.size, &r, NULL);
		if (!err)
			err = cow_clear_stray(&over.io, &head);
		CHECK_INT(err, over.fail_in ? 0 : -EIO);
		err = over.fail_in;
		cutio_free(&over);
		if (err)
			break;
	}
	CHECK(call > 5);
}

int main(void)
{
	random_seed(30);
	test_model();
	test_stray();
	test_faults();
	return check_failures != 0;
}
