// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sparseio.h"

static struct sparse *to_sparse(struct io *io)
{
	return (struct sparse *)io;
}

static unsigned char *find(struct sparse *s, u64 page)
{
	u32 i;

	for (i = 0; i < s->pages; i++)
		if (s->index[i] == page)
			return s->page[i];
	return NULL;
}

static void get(struct sparse *s, u64 page, unsigned char *bytes)
{
	unsigned char *p = find(s, page);

	memset(bytes, 0, SPARSE_PAGE);
	if (p)
		memcpy(bytes, p, SPARSE_PAGE);
	else if (s->fill)
		s->fill(s, page, bytes);
}

static unsigned char *get_writable(struct sparse *s, u64 page)
{
	unsigned char *p = find(s, page);

	if (p || s->pages >= s->most)
		return p;
	p = malloc(SPARSE_PAGE);
	if (!p)
		return NULL;
	get(s, page, p);
	s->index[s->pages] = page;
	s->page[s->pages++] = p;
	return p;
}

void sparse_peek(struct sparse *s, u64 off, void *out, u64 len)
{
	unsigned char bytes[SPARSE_PAGE], *to = out;
	u64 n;

	for (; len; off += n, to += n, len -= n) {
		u64 at = off % SPARSE_PAGE;

		n = SPARSE_PAGE - at < len ? SPARSE_PAGE - at : len;
		get(s, off / SPARSE_PAGE, bytes);
		memcpy(to, bytes + at, n);
	}
}

/* NULL: zeroes. How many bytes were put. */
static u64 put(struct sparse *s, u64 off, const unsigned char *from, u64 len)
{
	u64 n, done;

	for (done = 0; done < len; done += n) {
		u64 at = (off + done) % SPARSE_PAGE;
		unsigned char *p = get_writable(s, (off + done) / SPARSE_PAGE);

		if (!p)
			break;
		n = SPARSE_PAGE - at < len - done ? SPARSE_PAGE - at :
						    len - done;
		if (from)
			memcpy(p + at, from + done, n);
		else
			memset(p + at, 0, n);
	}
	return done;
}

static s64 sparse_readv(struct io *io, const struct iovec *iov, int n, u64 off,
			bool nowait)
{
	struct sparse *s = to_sparse(io);
	u64 done = 0, part;
	int i;

	(void)nowait;
	s->calls++;
	if (off >> 63)
		return -EINVAL;
	for (i = 0; i < n && off + done < s->size; i++, done += part) {
		part = iov[i].iov_len;
		if (part > s->size - off - done)
			part = s->size - off - done;
		sparse_peek(s, off + done, iov[i].iov_base, part);
	}
	return (s64)done;
}

static s64 sparse_writev(struct io *io, const struct iovec *iov, int n, u64 off)
{
	struct sparse *s = to_sparse(io);
	u64 done = 0, part = 0;
	int i;

	s->calls++;
	if (off >> 62)
		return -EFBIG;
	for (i = 0; i < n && (!i || part == iov[i - 1].iov_len); i++) {
		part = put(s, off + done, iov[i].iov_base, iov[i].iov_len);
		done += part;
	}
	if (off + done > s->size)
		s->size = off + done;
	return done ? (s64)done : -ENOSPC;
}

static int sparse_sync(struct io *io)
{
	(void)io;
	return 0;
}

/* Pages that were never written to are holes already: the others go. */
static void drop_pages(struct sparse *s, u64 first, u64 end)
{
	u32 i = 0;

	while (i < s->pages) {
		if (s->index[i] < first || s->index[i] >= end) {
			i++;
			continue;
		}
		free(s->page[i]);
		s->index[i] = s->index[--s->pages];
		s->page[i] = s->page[s->pages];
	}
}

static int sparse_punch(struct io *io, u64 off, u64 len)
{
	struct sparse *s = to_sparse(io);
	u64 at, end = off + len, n;

	s->calls++;
	if (off >> 62 || len >> 62)
		return -EINVAL;
	if (!s->fill)
		drop_pages(s, (off + SPARSE_PAGE - 1) / SPARSE_PAGE,
			   end / SPARSE_PAGE);
	else if (len > 64 * SPARSE_PAGE * SPARSE_PAGES)
		return -EOPNOTSUPP;
	for (at = off; at < end; at += n) {
		n = SPARSE_PAGE - at % SPARSE_PAGE;
		if (!s->fill && n == SPARSE_PAGE && end - at > n)
			n = (end - at) / SPARSE_PAGE * SPARSE_PAGE;
		else if (n > end - at)
			n = end - at;
		if ((s->fill || find(s, at / SPARSE_PAGE)) &&
		    put(s, at, NULL, n) != n)
			return -ENOSPC;
	}
	return 0;
}

static bool has_data(struct sparse *s, u64 page)
{
	return page * SPARSE_PAGE < s->start_bytes || find(s, page);
}

static int sparse_extent(struct io *io, u64 off, u64 *from, u64 *to)
{
	struct sparse *s = to_sparse(io);
	u64 page = off / SPARSE_PAGE, best = ~0ull;
	u32 i;

	s->calls++;
	if (s->fill && !s->start)
		return -EOPNOTSUPP;
	if (has_data(s, page))
		best = page;
	for (i = 0; i < s->pages; i++)
		if (s->index[i] >= page && s->index[i] < best)
			best = s->index[i];
	if (best == ~0ull || best * SPARSE_PAGE >= s->size)
		return 0;
	*from = best == page ? off : best * SPARSE_PAGE;
	while (has_data(s, best))
		best++;
	*to = best * SPARSE_PAGE < s->size ? best * SPARSE_PAGE : s->size;
	return *from < *to;
}

static void sparse_close(struct io *io)
{
	(void)io;
}

static const struct io_ops sparse_ops = {
	.readv	= sparse_readv,
	.writev	= sparse_writev,
	.sync	= sparse_sync,
	.punch	= sparse_punch,
	.extent	= sparse_extent,
	.close	= sparse_close,
};

void sparse_init(struct sparse *s, u64 size)
{
	memset(s, 0, sizeof(*s));
	s->io.ops = &sparse_ops;
	s->size = size;
	s->most = SPARSE_PAGES / 2;
}

static void fill_start(struct sparse *s, u64 page, unsigned char *bytes)
{
	u64 at = page * SPARSE_PAGE, n;

	if (at >= s->start_bytes)
		return;
	n = s->start_bytes - at;
	memcpy(bytes, s->start + at, n < SPARSE_PAGE ? n : SPARSE_PAGE);
}

void sparse_init_from(struct sparse *s, u64 size, const void *start,
		      u64 start_bytes)
{
	sparse_init(s, size);
	s->start = start;
	s->start_bytes = start_bytes;
	s->fill = fill_start;
}

void sparse_free(struct sparse *s)
{
	while (s->pages)
		free(s->page[--s->pages]);
}
