// SPDX-License-Identifier: GPL-2.0
/*
 * Commit, ended at each of its steps, run again, ended again, and finished.
 * STORAGE_ROUNDS is how many power cuts are tried for each step.
 */
#include <errno.h>
#include <stdlib.h>

#include "../../../ubd/format/cow.h"
#include "../../../ubd/format/cow_commit.h"
#include "../drivers/check.h"
#include "crash.h"

static int stamp(struct cow_commit *c)
{
	int err;

	if (step(&err)) {	/* no more than is promised: the time only */
		base.mtime = base.safe_mtime = c->mtime;
		base.stamped = true;
	}
	return err;
}

static int refuse_stamp(struct cow_commit *c)
{
	(void)c;
	return -EPERM;
}

static int commit(struct cow_commit *out,
		  int (*stamper)(struct cow_commit *c))
{
	struct cow_header h;
	struct cow_commit c = {
		.cow = &over.io, .h = &h, .base_bytes = BYTES,
		.record = { .dev = 7, .ino = 8, .mtime = BEGIN },
		.stamp = stamper,
	};
	int err;

	c.resumed = reread(&h);
	now += 2;
	c.mtime = now++;
	c.base = raw_image(&base.io, BYTES);
	err = cow_commit(&c);
	c.base->fmt->close(c.base);
	if (out)
		*out = c;
	return err;
}

static bool base_is_old(void)
{
	u32 i;

	for (i = 0; i < PLACES; i++)
		if (memcmp(base.mem.now + (u64)places[i] * SECTOR, was[i],
			   room(places[i])))
			return false;
	return true;
}

/* After an end: can be opened and is right, or has a record; and who has the
 * old time still (another COW file) finds the old contents. */
static void check_between(void)
{
	struct cow_header h;

	if (!reread(&h)) {
		CHECK_INT(h.mtime, base.mtime);
		check_view(&base);
	}
	CHECK(base.mtime != BEGIN || base_is_old());
}

static void check_committed(const struct cow_commit *c)
{
	struct cow_header h;
	u32 i, set = 0;

	CHECK(!reread(&h));
	CHECK_INT(h.mtime, base.mtime);
	CHECK(h.mtime > BEGIN || !c->copied);
	for (i = 0; i < PLACES; i++)
		CHECK(!memcmp(base.mem.now + (u64)places[i] * SECTOR, view[i],
			      room(places[i])));
	for (i = 0; i < h.map_bytes; i++)
		set += over.mem.now[h.map_at + i] != 0;
	CHECK_INT(set, tail);
	for (i = 0; i < COW_RECORD_BYTES; i++)
		CHECK(!over.mem.now[COW_RECORD_AT + i]);
	check_view(&base);
}

/* False when it came to its end before the n-th step. */
static bool commit_ended(int n, u32 seed, bool power)
{
	struct cow_commit c;
	int err;

	start(seed);
	steps_left = n;
	err = commit(&c, stamp);
	if (!err && !c.punch_error) {
		no_end();
		check_committed(&c);
		stop();
		return false;
	}
	end(power);
	check_between();
	if (random_below(2)) {
		steps_left = 1 + (int)random_below(20);
		commit(NULL, stamp);
		end(power);
		check_between();
	}
	CHECK_INT(commit(&c, stamp), 0);
	check_committed(&c);
	stop();
	return true;
}

static void test_commit(u32 rounds)
{
	u32 i;
	int n;

	for (n = 1; commit_ended(n, 0xa5a, false) && check_failures < 20; n++)
		for (i = 0; i < rounds && check_failures < 20; i++)
			commit_ended(n, random_below(4096), i % 4);
	CHECK(n > 15);
}

/* Each step fails once; nothing is lost, and the next run finishes. */
static void test_commit_faults(void)
{
	struct cow_commit c;
	int n, err, failed = 0;

	for (n = 1; n <= failed + 1 && check_failures < 20; n++) {
		start(0x5a6);
		steps_done = 0;
		fail_at = n;
		err = commit(&c, stamp);
		failed += err || c.punch_error;
		CHECK(!err || c.begun);
		end(true);
		check_between();
		CHECK_INT(commit(&c, stamp), 0);
		check_committed(&c);
		stop();
	}
	CHECK(failed > 15);
}

static void test_commit_refused(void)
{
	struct cow_commit c;
	struct cow_header h;

	start(0x5a6);
	CHECK_INT(commit(&c, refuse_stamp), -EPERM);
	CHECK(!c.begun);
	end(true);
	CHECK(!reread(&h));
	CHECK_INT(h.mtime, BEGIN);
	CHECK_INT(base.mtime, BEGIN);
	check_view(&base);
	stop();
}

static void test_record(void)
{
	unsigned char raw[COW_HEAD_BYTES] = { 0 };
	struct cow_record r = { 1, 2, 3, true }, got;
	u32 i;

	start(0);
	CHECK(!cow_record_get(raw, sizeof(raw), &head, &got));
	cow_record_put(&r, raw + COW_RECORD_AT);
	CHECK(cow_record_get(raw, sizeof(raw), &head, &got));
	CHECK(got.known && got.dev == 1 && got.ino == 2 && got.mtime == 3);
	CHECK(!cow_record_get(raw, sizeof(raw) - 1, &head, &got));
	for (i = 0; i < COW_RECORD_BYTES; i++) {
		raw[COW_RECORD_AT + i] ^= 4;
		CHECK(!cow_record_get(raw, sizeof(raw), &head, &got));
		raw[COW_RECORD_AT + i] ^= 4;
	}
	head.unpacked = true;
	CHECK(!cow_record_get(raw, sizeof(raw), &head, &got));
	/* within the padding and within a sector for each alignment */
	CHECK(COW_RECORD_AT >= COW_V3_BYTES);
	CHECK(COW_RECORD_AT / 512 == (COW_HEAD_BYTES - 1) / 512);
	CHECK(COW_HEAD_BYTES <= 4608);	/* the map, at an alignment of 512 */
	stop();
}

int main(void)
{
	const char *many = getenv("STORAGE_ROUNDS");

	random_seed(21);
	test_record();
	test_commit(many ? (u32)strtoul(many, NULL, 10) : 30);
	test_commit_faults();
	test_commit_refused();
	return check_failures != 0;
}
