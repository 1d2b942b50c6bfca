// SPDX-License-Identifier: GPL-2.0
/*
 * Rebase, ended at each of its steps and run again. STORAGE_ROUNDS is how many
 * power cuts are tried for each step.
 */
#include <errno.h>
#include <stdlib.h>

#include "../../../ubd/format/cow.h"
#include "../../../ubd/format/cow_rebase.h"
#include "../drivers/check.h"
#include "crash.h"

/* Nothing happens there: as a hole in both. */
static u64 same(struct cow_rebase *r, u64 off, u64 len)
{
	u64 from = 3000 * SECTOR, to = 20000 * SECTOR;

	(void)r;
	if (off < from || off >= to)
		return 0;
	return len < to - off ? len : to - off;
}

static int rebase(bool holes)
{
	struct cow_header h;
	struct cow_rebase r = {
		.img = open_over(&base), .io = &over.io, .h = &h,
		.base = raw_image(&base2.io, (u64)SECTORS * SECTOR),
		.same = holes ? same : NULL,
	};
	int err;

	reread(&h);
	err = cow_rebase_copy(&r);
	strcpy(h.backing, "/other");
	h.mtime = 4000;
	if (!err)
		err = cow_rebase_header(&over.io, &h);
	r.img->fmt->close(r.img);
	r.base->fmt->close(r.base);
	return err;
}

/* The header names one of the two backings, and over that it is right. */
static void check_rebased(bool must)
{
	bool other;

	CHECK(!reread(&head));
	other = !strcmp(head.backing, "/other");
	CHECK(other || !strcmp(head.backing, "/base"));
	CHECK_INT(head.mtime, other ? 4000 : BEGIN);
	CHECK(other || !must);
	check_view(other ? &base2 : &base);
}

static bool rebase_ended(int n, u32 seed, bool power)
{
	int err;

	start(seed);
	steps_left = n;
	err = rebase(seed & 1);
	end(power);
	check_rebased(!err);
	if (err && !strcmp(head.backing, "/base")) {
		CHECK_INT(rebase(seed & 2), 0);
		end(true);
		check_rebased(true);
	}
	stop();
	return err;
}

static void test_rebase(u32 rounds)
{
	u32 i;
	int n;

	for (n = 1; rebase_ended(n, 0xa5a, false) && check_failures < 20; n++)
		for (i = 0; i < rounds && check_failures < 20; i++)
			rebase_ended(n, random_below(4096), i % 4);
	CHECK(n > 6);
}

static void test_long_name(void)
{
	struct cow_header h;

	start(0);
	h = head;
	memset(h.backing, 'x', 479);
	CHECK_INT(cow_rebase_header(&over.io, &h), 0);
	CHECK(!reread(&head));
	CHECK_INT(strlen(head.backing), 479);
	memset(h.backing, 'y', 481);
	CHECK_INT(cow_rebase_header(&over.io, &h), -EFBIG);
	CHECK(!reread(&head));
	CHECK(head.backing[0] == 'x');
	memset(h.backing, 'x', 600);	/* only its end, and the same time */
	memset(over.mem.now + 32 + 479, 'x', 3000);
	CHECK_INT(cow_rebase_header(&over.io, &h), 0);
	CHECK(!reread(&head));
	CHECK_INT(strlen(head.backing), 600);
	strcpy(h.backing, "/short");
	CHECK_INT(cow_rebase_header(&over.io, &h), 0);
	CHECK(!reread(&head));
	CHECK(!strcmp(head.backing, "/short"));
	stop();
}

int main(void)
{
	const char *many = getenv("STORAGE_ROUNDS");

	random_seed(22);
	test_rebase(many ? (u32)strtoul(many, NULL, 10) : 30);
	test_long_name();
	return check_failures != 0;
}
