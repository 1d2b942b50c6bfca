// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of 4 KiB of map, each for 32768 sectors, in a hash of bounded size.
 * One lock guards them all and is not held over I/O: a page that is being read
 * is in the hash already, marked, and others who need it wait.
 *
 * Only one round is under way at a time (cow.c sees to that). Its pages are
 * dirty, so they are neither dropped nor moved, and map_store() may use their
 * snapshots without the lock.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cow_map.h"

#define PAGE		4096u
#define PAGE_BITS	(PAGE * 8u)
#define BUCKETS		256u
#define PAGES_MOST	512u	/* of 12 KiB; they stand for 8 GiB of disk */
#define DIRTY_MOST	384u

struct page {
	struct page *next;		/* in its bucket */
	u64 index;
	u64 used;			/* when, for dropping the oldest */
	bool loading, dirty, snapped;
	unsigned char read[PAGE], disk[PAGE], snap[PAGE];
};

struct cow_map {
	struct io *io;
	u64 at, bits, bytes;
	pthread_mutex_t lock;
	pthread_cond_t loaded;
	u64 clock;
	u64 data_from, data_to;		/* of the store: known to be no hole */
	u32 pages, dirty;
	struct page *bucket[BUCKETS];
};

struct cow_map *map_new(struct io *io, u64 at, u64 bits)
{
	struct cow_map *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->io = io;
	m->at = at;
	m->bits = bits;
	m->bytes = (bits + 7) / 8;
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->loaded, NULL);
	return m;
}

void map_free(struct cow_map *m)
{
	struct page *p, *next;
	u32 i;

	for (i = 0; i < BUCKETS; i++)
		for (p = m->bucket[i]; p; p = next) {
			next = p->next;
			free(p);
		}
	pthread_mutex_destroy(&m->lock);
	pthread_cond_destroy(&m->loaded);
	free(m);
}

static struct page *find(struct cow_map *m, u64 index)
{
	struct page *p = m->bucket[index % BUCKETS];

	while (p && p->index != index)
		p = p->next;
	return p;
}

static void drop(struct cow_map *m, struct page *p)
{
	struct page **link = &m->bucket[p->index % BUCKETS];

	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	m->pages--;
	free(p);
}

/* The page that was not used for longest and can go; NULL: none can. */
static struct page *oldest(struct cow_map *m)
{
	struct page *p, *found = NULL;
	u32 i;

	for (i = 0; i < BUCKETS; i++)
		for (p = m->bucket[i]; p; p = p->next)
			if (!p->dirty && !p->loading &&
			    (!found || p->used < found->used))
				found = p;
	return found;
}

static u64 page_bytes(struct cow_map *m, u64 index)
{
	u64 left = m->bytes - index * PAGE;

	return left < PAGE ? left : PAGE;
}

static int read_page(struct cow_map *m, struct page *p)
{
	struct iovec v = { p->disk, page_bytes(m, p->index) };
	struct io_span span = { &v, 0, v.iov_len };

	return io_read_span(m->io, &span, m->at + p->index * PAGE, false);
}

/* Called with the lock, which is given up meanwhile. */
static int load(struct cow_map *m, u64 index, struct page **out)
{
	struct page *p;
	int err;

	if (m->pages >= PAGES_MOST && (p = oldest(m)))
		drop(m, p);
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->index = index;
	p->loading = true;
	p->next = m->bucket[index % BUCKETS];
	m->bucket[index % BUCKETS] = p;
	m->pages++;
	pthread_mutex_unlock(&m->lock);
	err = read_page(m, p);
	pthread_mutex_lock(&m->lock);
	memcpy(p->read, p->disk, PAGE);
	p->loading = false;
	pthread_cond_broadcast(&m->loaded);
	if (err)
		drop(m, p);
	*out = err ? NULL : p;
	return err;
}

/* The page with a sector's bit, loaded. Called with the lock. */
static int get(struct cow_map *m, u64 sector, bool nowait, struct page **out)
{
	u64 index = sector / PAGE_BITS;
	struct page *p;

	while ((p = find(m, index)) && p->loading) {
		if (nowait)
			return -EAGAIN;
		pthread_cond_wait(&m->loaded, &m->lock);
	}
	if (!p) {
		int err = nowait ? -EAGAIN : load(m, index, &p);

		if (err)
			return err;
	}
	p->used = ++m->clock;
	*out = p;
	return 0;
}

static bool bit(const unsigned char *map, u32 i)
{
	return map[i / 8] >> i % 8 & 1;
}

/* How many bits from i on, at most n and within the page, are as bit i. */
static u64 count(const unsigned char *map, u32 i, u64 n)
{
	bool set = bit(map, i);
	unsigned char whole = set ? 0xff : 0;
	u32 at = i, end = PAGE_BITS;

	if (n < end - i)
		end = i + (u32)n;
	while (at < end) {
		if (at % 8 == 0 && map[at / 8] == whole)
			at += 8;
		else if (bit(map, at) == set)
			at++;
		else
			break;
	}
	return (at < end ? at : end) - i;
}

int map_run(struct cow_map *m, u64 sector, u64 n, bool nowait, u64 *run)
{
	struct page *p;
	int r;

	*run = n;
	if (sector >= m->bits)
		return 0;
	if (n > m->bits - sector)
		n = m->bits - sector;
	pthread_mutex_lock(&m->lock);
	r = get(m, sector, nowait, &p);
	if (!r) {
		*run = count(p->read, sector % PAGE_BITS, n);
		r = bit(p->read, sector % PAGE_BITS);
	}
	pthread_mutex_unlock(&m->lock);
	return r;
}

/* Where the store has data at or behind off. It is looked up with the lock
 * held, for only tools do that. 1, 0 or -errno, as extent(). */
static int next_data(struct cow_map *m, u64 off, u64 *from)
{
	int r = 1;

	if (off < m->data_from || off >= m->data_to)
		r = io_extent(m->io, off, &m->data_from, &m->data_to);
	if (r == 1)
		*from = off > m->data_from ? off : m->data_from;
	else
		m->data_to = 0;
	return r;
}

/* The first page from this one on that has anything: one in memory, which may
 * be newer than the file, or data in the file. Called with the lock. */
static int next_page(struct cow_map *m, u64 index, u64 *next)
{
	struct page *p;
	u64 from = 0;
	int r;
	u32 i;

	*next = index;
	if (find(m, index))
		return 0;
	r = next_data(m, m->at + index * PAGE, &from);
	if (r < 0)
		return r == -EOPNOTSUPP ? 0 : r;
	*next = r ? (from - m->at) / PAGE : m->bytes / PAGE + 1;
	for (i = 0; *next > index && i < BUCKETS; i++)
		for (p = m->bucket[i]; p; p = p->next)
			if (p->index >= index && p->index < *next)
				*next = p->index;
	return 0;
}

/* How many sectors from this one on, at most n, are in holes. */
static int skip_holes(struct cow_map *m, u64 sector, u64 n, u64 *run)
{
	u64 next;
	int err;

	pthread_mutex_lock(&m->lock);
	err = next_page(m, sector / PAGE_BITS, &next);
	pthread_mutex_unlock(&m->lock);
	*run = 0;
	if (!err && next * PAGE_BITS > sector)
		*run = next * PAGE_BITS - sector;
	if (*run > n)
		*run = n;
	return err;
}

int map_run_far(struct cow_map *m, u64 sector, u64 n, u64 *run)
{
	u64 part, done = 0;
	int r = 0;

	while (done < n && !r) {
		r = sector + done < m->bits ?
		    skip_holes(m, sector + done, n - done, &part) : 0;
		if (r < 0)
			return r;
		if (sector + done < m->bits && part) {
			done += part;
			continue;
		}
		r = map_run(m, sector + done, n - done, false, &part);
		if (r < 0 || (r && !done)) {
			*run = part;
			return r;
		}
		if (!r)
			done += part;
	}
	*run = done;
	return 0;
}

/* True if one of them was clear. */
static bool set_bits(unsigned char *map, u32 i, u32 n)
{
	bool changed = false;

	while (n) {
		u32 shift = i % 8, many = 8 - shift;
		unsigned char mask;

		if (many > n)
			many = n;
		mask = (unsigned char)(((1u << many) - 1) << shift);
		changed |= (map[i / 8] & mask) != mask;
		map[i / 8] |= mask;
		i += many;
		n -= many;
	}
	return changed;
}

int map_set(struct cow_map *m, u64 sector, u64 n)
{
	int err = 0;

	pthread_mutex_lock(&m->lock);
	while (n && !err) {
		u32 i = sector % PAGE_BITS, many = PAGE_BITS - i;
		struct page *p;

		if (many > n)
			many = (u32)n;
		err = sector + many > m->bits ? -EINVAL :
						get(m, sector, false, &p);
		if (!err && set_bits(p->read, i, many) && !p->dirty) {
			p->dirty = true;
			__atomic_add_fetch(&m->dirty, 1, __ATOMIC_SEQ_CST);
		}
		sector += many;
		n -= many;
	}
	pthread_mutex_unlock(&m->lock);
	return err;
}

bool map_pending(struct cow_map *m)
{
	return __atomic_load_n(&m->dirty, __ATOMIC_SEQ_CST);
}

bool map_crowded(struct cow_map *m)
{
	return __atomic_load_n(&m->dirty, __ATOMIC_RELAXED) >= DIRTY_MOST;
}

/* ---- rounds ---- */

bool map_snapshot(struct cow_map *m)
{
	struct page *p;
	bool any;
	u32 i;

	pthread_mutex_lock(&m->lock);
	any = m->dirty;
	for (i = 0; any && i < BUCKETS; i++)
		for (p = m->bucket[i]; p; p = p->next) {
			p->snapped = p->dirty;
			if (p->dirty)
				memcpy(p->snap, p->read, PAGE);
		}
	pthread_mutex_unlock(&m->lock);
	return any;
}

/* Writes what of a page has changed, from the first such byte to the last. */
static int store_page(struct cow_map *m, struct page *p)
{
	u32 from = 0, to = PAGE;
	struct iovec v;
	struct io_span span = { &v, 0, 0 };

	while (from < to && p->snap[from] == p->disk[from])
		from++;
	while (to > from && p->snap[to - 1] == p->disk[to - 1])
		to--;
	if (from == to)
		return 0;
	v = (struct iovec){ p->snap + from, to - from };
	span.len = v.iov_len;
	return io_write_span(m->io, &span, m->at + p->index * PAGE + from);
}

/* A snapped page of a bucket behind p, or its first. The chain may change
 * under new pages, so it is walked with the lock. */
static struct page *next_snapped(struct cow_map *m, u32 i, struct page *p)
{
	pthread_mutex_lock(&m->lock);
	p = p ? p->next : m->bucket[i];
	while (p && !p->snapped)
		p = p->next;
	pthread_mutex_unlock(&m->lock);
	return p;
}

int map_store(struct cow_map *m)
{
	struct page *p;
	int err = 0;
	u32 i;

	for (i = 0; i < BUCKETS; i++)
		for (p = NULL; !err && (p = next_snapped(m, i, p));)
			err = store_page(m, p);
	return err;
}

void map_settle(struct cow_map *m)
{
	struct page *p;
	u32 i;

	pthread_mutex_lock(&m->lock);
	for (i = 0; i < BUCKETS; i++)
		for (p = m->bucket[i]; p; p = p->next) {
			if (!p->snapped)
				continue;
			p->snapped = false;
			memcpy(p->disk, p->snap, PAGE);
			if (!memcmp(p->read, p->disk, PAGE)) {
				p->dirty = false;
				__atomic_sub_fetch(&m->dirty, 1,
						   __ATOMIC_SEQ_CST);
			}
		}
	pthread_mutex_unlock(&m->lock);
}
