// SPDX-License-Identifier: GPL-2.0
/*
 * Raw images and throw-away layers against a model: what was written last is
 * what is read, whatever the sizes and however the stores misbehave.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "../../../ubd/format/format.h"
#include "check.h"
#include "memio.h"

#define SECTOR	512u
#define SECTORS	(2u * 32768 + 99)	/* three leaves of the layer's map */
#define BYTES	(SECTORS * SECTOR)
#define MOST	300u			/* sectors in one request */

static unsigned char *base_data, *over_data, *model, *buffer;
static struct memio base, over;

/* The buffer in pieces of odd sizes. */
static u32 pieces(struct iovec *iov, u64 len)
{
	unsigned char *p = buffer;
	u32 n = 0;

	while (len) {
		u64 part = 1 + random_below(9000);

		if (part > len)
			part = len;
		iov[n].iov_base = p;
		iov[n++].iov_len = part;
		p += part;
		len -= part;
	}
	return n;
}

static int do_read(struct image *img, u64 off, u64 len)
{
	static struct iovec iov[MOST * SECTOR];
	struct io_span span = { iov, 0, len };
	int err, tries = 0;

	pieces(iov, len);
	do {
		err = img->fmt->read(img, &span, off + len - span.len,
				     tries < 100);
	} while ((err == -EAGAIN || err == -EOPNOTSUPP) && ++tries < 200);
	return err;
}

static int do_write(struct image *img, u64 off, u64 len)
{
	static struct iovec iov[MOST * SECTOR];
	struct io_span span = { iov, 0, len };

	pieces(iov, len);
	return img->fmt->write(img, &span, off);
}

static void fill_random(unsigned char *p, u64 len)
{
	u64 i;

	for (i = 0; i < len; i += 4)
		memcpy(p + i, &(u32){ random_below(~0u) }, 4);
}

/* Sometimes anywhere, sometimes in a small corner, so that requests meet. */
static u64 random_range(u64 *len)
{
	u64 sectors = 1 + random_below(random_below(4) ? 20 : MOST);
	u64 span = random_below(2) ? SECTORS : 600, at, first;

	first = span == SECTORS ? 0 : 32768 - 300;
	if (sectors > span)
		sectors = span;
	at = first + random_below((u32)(span - sectors + 1));
	*len = sectors * SECTOR;
	return at * SECTOR;
}

static void step(struct image *img, bool layer)
{
	u64 len, off = random_range(&len);

	switch (random_below(8)) {
	case 0:
	case 1:
	case 2:
		fill_random(buffer, len);
		memcpy(model + off, buffer, len);
		CHECK_INT(do_write(img, off, len), 0);
		break;
	case 3:
		memset(model + off, 0, len);
		CHECK_INT(img->fmt->zero(img, off, len, random_below(2)), 0);
		break;
	case 4:
		if (random_below(8) || !layer)
			break;
		CHECK_INT(img->fmt->discard(img, off, len), 0);
		/* undefined afterwards: see what it is */
		CHECK_INT(do_read(img, off, len), 0);
		memcpy(model + off, buffer, len);
		break;
	default:
		memset(buffer, 0xee, len);
		CHECK_INT(do_read(img, off, len), 0);
		CHECK(!memcmp(model + off, buffer, len));
	}
}

static void compare_all(struct image *img)
{
	u64 at;

	for (at = 0; at < BYTES; at += 64 * SECTOR) {
		u64 len = BYTES - at < 64 * SECTOR ? BYTES - at : 64 * SECTOR;

		CHECK_INT(do_read(img, at, len), 0);
		if (!CHECK(!memcmp(model + at, buffer, len)))
			return;
	}
}

static void against_model(bool layer, u64 base_size, bool shorten, int nowait,
			  bool no_punch, int steps)
{
	struct image *img;
	unsigned char *before = NULL;
	int i;

	fill_random(base_data, BYTES);
	memset(over_data, 0, BYTES);
	memcpy(model, base_data, base_size);
	memset(model + base_size, 0, BYTES - base_size);
	memio_init(&base, base_data, base_size, BYTES);
	memio_init(&over, over_data, BYTES, BYTES);
	base.shorten = over.shorten = shorten;
	base.nowait_err = over.nowait_err = nowait;
	base.no_punch = over.no_punch = no_punch;
	if (layer) {
		before = malloc(BYTES);
		memcpy(before, base_data, BYTES);
		img = layer_image(&base.io, &over.io, BYTES, 0, NULL, NULL);
	} else {
		img = raw_image(&base.io, BYTES);
	}
	for (i = 0; i < steps && check_failures < 10; i++)
		step(img, layer);
	compare_all(img);
	CHECK_INT(img->fmt->flush(img), 0);
	if (layer) {
		CHECK(!memcmp(before, base_data, BYTES));
		CHECK_INT(base.writes, 0);
		CHECK_INT(base.syncs + over.syncs, 0);
		CHECK(img->fmt->clean(img));
	}
	img->fmt->close(img);
	CHECK_INT(base.closed, 1);
	CHECK_INT(over.closed, layer);
	free(before);
}

static void test_flush(void)
{
	struct image *img;

	memio_init(&base, base_data, BYTES, BYTES);
	img = raw_image(&base.io, BYTES);
	CHECK(img->fmt->clean(img));
	CHECK_INT(img->fmt->flush(img), 0);
	CHECK_INT(base.syncs, 0);		/* nothing to do */
	CHECK_INT(do_write(img, 0, SECTOR), 0);
	CHECK(!img->fmt->clean(img));
	CHECK_INT(img->fmt->flush(img), 0);
	CHECK_INT(img->fmt->flush(img), 0);
	CHECK_INT(base.syncs, 1);
	CHECK_INT(img->fmt->zero(img, 0, SECTOR, false), 0);
	CHECK_INT(img->fmt->flush(img), 0);
	CHECK_INT(base.syncs, 2);

	/* a failed one stays failed */
	CHECK_INT(do_write(img, 0, SECTOR), 0);
	base.sync_err = -EIO;
	CHECK_INT(img->fmt->flush(img), -EIO);
	base.sync_err = 0;
	CHECK_INT(img->fmt->flush(img), -EIO);
	CHECK(!img->fmt->clean(img));
	img->fmt->close(img);
}

/* ---- two flushes at once, of which the host tells only one that it failed */

static struct {
	struct image *img;
	pthread_t thread;
	atomic_int result;	/* 1: not there yet */
} second;

static void *flush_too(void *unused)
{
	atomic_store(&second.result, second.img->fmt->flush(second.img));
	return unused;
}

/* In the first sync: a second flush comes, and has time to end before it. */
static void come_second(struct memio *m)
{
	struct timespec t = { 0, 1000000 };
	int i;

	m->in_sync = NULL;
	CHECK_INT(pthread_create(&second.thread, NULL, flush_too, NULL), 0);
	for (i = 0; i < 100 && atomic_load(&second.result) == 1; i++)
		nanosleep(&t, NULL);
	m->sync_err = -EIO;
}

static void test_flushes(void)
{
	memio_init(&base, base_data, BYTES, BYTES);
	second.img = raw_image(&base.io, BYTES);
	atomic_store(&second.result, 1);
	CHECK_INT(do_write(second.img, 0, SECTOR), 0);
	base.in_sync = come_second;
	CHECK_INT(second.img->fmt->flush(second.img), -EIO);
	CHECK_INT(pthread_join(second.thread, NULL), 0);
	CHECK_INT(atomic_load(&second.result), -EIO);
	CHECK_INT(base.syncs, 1);
	second.img->fmt->close(second.img);
}

static void test_faults(void)
{
	struct image *img;

	memio_init(&base, base_data, BYTES, BYTES);
	img = raw_image(&base.io, BYTES);
	base.fail_in = 1;
	base.fail_err = -EIO;
	CHECK_INT(do_read(img, 0, 8 * SECTOR), -EIO);
	CHECK_INT(do_read(img, 0, 8 * SECTOR), 0);
	base.shorten = true;
	base.fail_in = 2;
	base.fail_err = -ENOSPC;
	fill_random(buffer, 64 * SECTOR);
	CHECK_INT(do_write(img, 0, 64 * SECTOR), -ENOSPC);
	img->fmt->close(img);
}

static int full_calls, full_err;

static void full(void *arg, int err)
{
	CHECK(arg == &full_calls);
	full_calls++;
	full_err = err;
}

static void test_limit(void)
{
	u64 max = 100 * SECTOR, i;
	struct image *img;

	memio_init(&base, base_data, BYTES, BYTES);
	memio_init(&over, over_data, BYTES, BYTES);
	img = layer_image(&base.io, &over.io, BYTES, max, full, &full_calls);

	/* writing the same again takes no more room */
	for (i = 0; i < 500; i++) {
		over.used = 10 * SECTOR;
		CHECK_INT(do_write(img, 0, 10 * SECTOR), 0);
	}
	CHECK_INT(full_calls, 0);
	over.used = 96 * SECTOR;
	for (i = 0; i < 20; i++)
		if (do_write(img, (1000 + 10 * i) * SECTOR, 10 * SECTOR))
			break;
	CHECK(i < 20);
	CHECK_INT(do_write(img, 5000 * SECTOR, 10 * SECTOR), -ENOSPC);
	CHECK_INT(full_calls, 1);
	CHECK_INT(full_err, -ENOSPC);
	CHECK_INT(do_read(img, 0, 10 * SECTOR), 0);
	over.used = 0;			/* room was given back */
	CHECK_INT(do_write(img, 5000 * SECTOR, 10 * SECTOR), 0);
	img->fmt->close(img);

	/* the host is full: the sector stays the base's */
	memio_init(&base, base_data, BYTES, BYTES);
	memio_init(&over, over_data, BYTES, BYTES);
	full_calls = 0;
	img = layer_image(&base.io, &over.io, BYTES, 0, full, &full_calls);
	over.fail_in = 1;
	over.fail_err = -EDQUOT;
	fill_random(buffer, SECTOR);
	CHECK_INT(do_write(img, 0, SECTOR), -EDQUOT);
	CHECK_INT(full_calls, 1);
	CHECK_INT(full_err, -EDQUOT);
	CHECK_INT(do_read(img, 0, SECTOR), 0);
	CHECK(!memcmp(buffer, base_data, SECTOR));
	img->fmt->close(img);
}

/* ---- several writers at once: they share bytes of the map, not sectors ---- */

#define WRITERS	4

struct writer {
	struct image *img;
	u32 number;
	pthread_t thread;
};

static void *write_own(void *arg)
{
	struct writer *w = arg;
	unsigned char data[SECTOR];
	u32 sector;

	for (sector = w->number; sector < SECTORS; sector += WRITERS) {
		struct iovec v = { data, SECTOR };
		struct io_span span = { &v, 0, SECTOR };

		memset(data, (int)(sector % 251 + 1), SECTOR);
		if (w->img->fmt->write(w->img, &span, (u64)sector * SECTOR))
			return w;
	}
	return NULL;
}

static void test_writers(void)
{
	struct writer w[WRITERS];
	struct image *img;
	void *failed;
	u32 i;

	memset(base_data, 0, BYTES);
	memio_init(&base, base_data, BYTES, BYTES);
	memio_init(&over, over_data, BYTES, BYTES);
	img = layer_image(&base.io, &over.io, BYTES, 0, NULL, NULL);
	for (i = 0; i < WRITERS; i++) {
		w[i].img = img;
		w[i].number = i;
		CHECK_INT(pthread_create(&w[i].thread, NULL, write_own, &w[i]),
			  0);
	}
	for (i = 0; i < WRITERS; i++) {
		CHECK_INT(pthread_join(w[i].thread, &failed), 0);
		CHECK(!failed);
	}
	for (i = 0; i < SECTORS; i++)
		memset(model + (u64)i * SECTOR, (int)(i % 251 + 1), SECTOR);
	compare_all(img);
	img->fmt->close(img);
}

int main(int argc, char **argv)
{
	random_seed(argc > 1 ? (u32)atoi(argv[1]) : 12345);
	base_data = malloc(BYTES);
	over_data = malloc(BYTES);
	model = malloc(BYTES);
	buffer = malloc(BYTES);
	if (!base_data || !over_data || !model || !buffer)
		return 1;
	against_model(false, BYTES, false, 0, false, 3000);
	against_model(false, BYTES - 700, true, -EAGAIN, true, 3000);
	against_model(true, BYTES, false, 0, false, 6000);
	against_model(true, BYTES - 700, true, -EAGAIN, false, 6000);
	against_model(true, BYTES, true, -EOPNOTSUPP, true, 3000);
	test_flush();
	test_flushes();
	test_faults();
	test_limit();
	test_writers();
	free(base_data);
	free(over_data);
	free(model);
	free(buffer);
	return check_failures != 0;
}
