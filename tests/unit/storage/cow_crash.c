// SPDX-License-Identifier: GPL-2.0
/*
 * Commit and rebase, ended at each of their steps: by a kill, which leaves all
 * that was written, and by power cuts, which leave of what was not synced each
 * sector or not. Then they are run again, are ended again, and finish.
 * STORAGE_ROUNDS is how many power cuts are tried for each step.
 *
 * A step is a write, a sync, a punch or a stamp, of any of the stores; the one
 * at which it ends may have done its work or not.
 */
#include <errno.h>
#include <stdlib.h>

#include "../../../ubd/format/cow.h"
#include "../../../ubd/format/cow_commit.h"
#include "../../../ubd/format/cow_rebase.h"
#include "../drivers/check.h"
#include "cutio.h"

#define SECTOR		512u
#define SECTORS		(32768u + 21)	/* two pages of map */
#define CUT_OFF		100u		/* of the last sector of the backing */
#define BYTES		((u64)SECTORS * SECTOR - CUT_OFF)
#define PLACES		12u
#define BEGIN		1000u		/* the backing's mtime */

/* Where things happen: corners of bytes and pages of the map, and the end. */
static const u32 places[PLACES] = {
	0, 1, 7, 8, 2048, 2049, 32766, 32767, 32768, 32777, SECTORS - 2,
	SECTORS - 1,
};

/* ---- stores that end ---- */

struct store {
	struct io io;
	struct cutio mem;
	u64 mtime, safe_mtime;
	bool stamped;		/* safe_mtime is what mtime is */
};

static struct store over, base, base2;
static int steps_left, steps_done, fail_at;
static bool dead;
static u64 now;

/* Is the step to be done? False, with *err, if not; at the end by chance. */
static bool step(int *err)
{
	*err = 0;
	steps_done++;
	if (fail_at && steps_done == fail_at) {
		*err = -ENOSPC;
		return false;
	}
	if (dead || !steps_left)
		*err = -EIO;
	else if (!--steps_left)
		*err = -EIO;
	if (!*err)
		return true;
	if (dead)
		return false;
	dead = true;
	return random_below(2);
}

static struct store *store_of(struct io *io)
{
	return (struct store *)io;
}

static s64 store_readv(struct io *io, const struct iovec *iov, int n, u64 off,
		       bool nowait)
{
	struct io *mem = &store_of(io)->mem.io;

	return dead ? -EIO : mem->ops->readv(mem, iov, n, off, nowait);
}

static s64 store_writev(struct io *io, const struct iovec *iov, int n, u64 off)
{
	struct store *s = store_of(io);
	s64 put = -EIO;
	int err;

	if (step(&err)) {
		put = s->mem.io.ops->writev(&s->mem.io, iov, n, off);
		s->mtime = now++;
		s->stamped = false;
	}
	return err ? err : put;
}

static int store_sync(struct io *io)
{
	struct store *s = store_of(io);
	int err;

	/* data only: the mtime may come or not */
	if (step(&err))
		s->mem.io.ops->sync(&s->mem.io);
	return err;
}

static int store_punch(struct io *io, u64 off, u64 len)
{
	struct store *s = store_of(io);
	int err;

	if (step(&err)) {
		s->mem.io.ops->punch(&s->mem.io, off, len);
		s->mtime = now++;
		s->stamped = false;
	}
	return err;
}

static void store_close(struct io *io)
{
	(void)io;
}

static const struct io_ops store_ops = {
	.readv	= store_readv,
	.writev	= store_writev,
	.sync	= store_sync,
	.punch	= store_punch,
	.close	= store_close,
};

static void store_init(struct store *s, u64 size)
{
	memset(s, 0, sizeof(*s));
	cutio_init(&s->mem, size);
	s->io.ops = &store_ops;
	s->mtime = s->safe_mtime = BEGIN;
	s->stamped = true;
}

static void store_end(struct store *s, bool power)
{
	if (!power) {
		cutio_settle(&s->mem);
		return;
	}
	cutio_cut(&s->mem);
	if (!s->stamped && random_below(2))
		s->safe_mtime = s->mtime;
	s->mtime = s->safe_mtime;
	s->stamped = true;
}

static void no_end(void)
{
	steps_left = 1 << 30;
	steps_done = fail_at = 0;
	dead = false;
}

/* Everything stops, and starts again. */
static void end(bool power)
{
	store_end(&over, power);
	store_end(&base, power);
	no_end();
}

/* ---- contents ---- */

static struct cow_header head;
static unsigned char view[PLACES][SECTOR];	/* what the COW file shows */
static unsigned char was[PLACES][SECTOR];	/* the backing before */
static bool tail;	/* something is behind the end of the backing */

static void fill(unsigned char *p, u32 sector, unsigned char what)
{
	u32 i;

	for (i = 0; i < SECTOR; i++)
		p[i] = (unsigned char)(what + sector + i % 7);
}

static u32 room(u32 sector)
{
	return sector == SECTORS - 1 ? SECTOR - CUT_OFF : SECTOR;
}

static struct image *open_over(struct store *below)
{
	return cow_image(&over.io, &head,
			 raw_image(&below->io, (u64)SECTORS * SECTOR), true);
}

static void move(struct image *img, bool write, u32 sector, unsigned char *p)
{
	struct iovec v = { p, SECTOR };
	struct io_span span = { &v, 0, SECTOR };
	u64 off = (u64)sector * SECTOR;

	CHECK_INT(write ? img->fmt->write(img, &span, off) :
			  img->fmt->read(img, &span, off, false), 0);
}

/* Half of the places are in the COW file, one of them zeroes. */
static void write_over(u32 seed)
{
	struct image *img = open_over(&base);
	u32 i, p;

	for (i = 0; i < PLACES; i++) {
		p = places[i];
		if ((seed >> i & 1) || (tail && i == PLACES - 1)) {
			fill(view[i], p, 200);
			if (i == 3)
				memset(view[i], 0, SECTOR);
			if (!tail && room(p) < SECTOR)
				memset(view[i] + room(p), 0, CUT_OFF);
			move(img, true, p, view[i]);
		}
	}
	CHECK_INT(img->fmt->flush(img), 0);
	img->fmt->close(img);
}

static void start(u32 seed)
{
	unsigned char sector[SECTOR];
	u32 i, p;

	no_end();
	now = BEGIN + 5;
	tail = seed % 3 == 0;
	memset(&head, 0, sizeof(head));
	strcpy(head.backing, "/base");
	head.size = BYTES;
	head.mtime = BEGIN;
	CHECK(!cow_plan(&head));
	store_init(&over, head.data_at + (u64)SECTORS * SECTOR);
	store_init(&base, BYTES);
	store_init(&base2, BYTES);
	memset(view, 0, sizeof(view));
	for (i = 0; i < PLACES; i++) {
		p = places[i];
		fill(view[i], p, 100);
		memset(view[i] + room(p), 0, SECTOR - room(p));
		memcpy(was[i], view[i], SECTOR);
		memcpy(base.mem.now + (u64)p * SECTOR, view[i], room(p));
		memcpy(base.mem.safe + (u64)p * SECTOR, view[i], room(p));
		fill(sector, p, 50);
		memcpy(base2.mem.now + (u64)p * SECTOR,
		       seed * 7 >> i & 1 ? sector : view[i], room(p));
	}
	CHECK_INT(cow_write_header(&over.io, &head), 0);
	write_over(seed);
	store_end(&over, false);
	base.mtime = BEGIN;
	base.stamped = true;
}

static void stop(void)
{
	cutio_free(&over.mem);
	cutio_free(&base.mem);
	cutio_free(&base2.mem);
}

/* Of the file as it is now; true: it has a record. */
static bool reread(struct cow_header *h)
{
	struct cow_record r;
	u64 len = over.mem.size;

	CHECK(!cow_parse(over.mem.now, COW_HEAD_BYTES, len, h));
	if (!cow_record_get(over.mem.now, COW_HEAD_BYTES, h, &r))
		return false;
	CHECK(r.known);
	CHECK_INT(r.dev, 7);
	CHECK_INT(r.ino, 8);
	CHECK_INT(r.mtime, BEGIN);
	return true;
}

static void check_view(struct store *below)
{
	struct image *img = open_over(below);
	unsigned char sector[SECTOR];
	u32 i;

	for (i = 0; i < PLACES; i++) {
		move(img, false, places[i], sector);
		CHECK(!memcmp(sector, view[i], SECTOR));
		move(img, false, 20000 + i, sector);
		CHECK(!sector[0] && !memcmp(sector, sector + 1, SECTOR - 1));
	}
	img->fmt->close(img);
}

/* ---- commit ---- */

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

/* ---- rebase ---- */

static int rebase(void)
{
	struct cow_header h;
	struct image *img = open_over(&base), *to;
	u64 copied;
	int err;

	reread(&h);
	to = raw_image(&base2.io, (u64)SECTORS * SECTOR);
	err = cow_rebase_copy(img, &over.io, &h, to, &copied);
	strcpy(h.backing, "/other");
	h.mtime = 4000;
	if (!err)
		err = cow_rebase_header(&over.io, &h);
	img->fmt->close(img);
	to->fmt->close(to);
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
	err = rebase();
	end(power);
	check_rebased(!err);
	if (err && !strcmp(head.backing, "/base")) {
		CHECK_INT(rebase(), 0);
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
	u32 rounds = many ? (u32)strtoul(many, NULL, 10) : 30;

	random_seed(21);
	test_record();
	test_commit(rounds);
	test_commit_faults();
	test_commit_refused();
	test_rebase(rounds);
	test_long_name();
	return check_failures != 0;
}
