// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>

#include "../../../ubd/format/cow_record.h"
#include "../drivers/check.h"
#include "crash.h"

const u32 places[PLACES] = {
	0, 1, 7, 8, 2048, 2049, 32766, 32767, 32768, 32777, SECTORS - 2,
	SECTORS - 1,
};

/* ---- stores that end ---- */

struct store over, base, base2;
int steps_left, steps_done, fail_at;
static bool dead;
u64 now;

bool step(int *err)
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

static s64 store_size(struct io *io)
{
	return (s64)store_of(io)->mem.size;
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
	.size	= store_size,
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

void no_end(void)
{
	steps_left = 1 << 30;
	steps_done = fail_at = 0;
	dead = false;
}

void end(bool power)
{
	store_end(&over, power);
	store_end(&base, power);
	no_end();
}

/* ---- contents ---- */

struct cow_header head;
unsigned char view[PLACES][SECTOR], was[PLACES][SECTOR];
bool tail;

static void fill(unsigned char *p, u32 sector, unsigned char what)
{
	u32 i;

	for (i = 0; i < SECTOR; i++)
		p[i] = (unsigned char)(what + sector + i % 7);
}

u32 room(u32 sector)
{
	return sector == SECTORS - 1 ? SECTOR - CUT_OFF : SECTOR;
}

struct image *open_over(struct store *below)
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

void start(u32 seed)
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

void stop(void)
{
	cutio_free(&over.mem);
	cutio_free(&base.mem);
	cutio_free(&base2.mem);
}

bool reread(struct cow_header *h)
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

void check_view(struct store *below)
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
