/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/convert/copy.h"

#define CHUNK (1u << 20)
#define BLOCK 4096u /* what ends of extents are rounded to */

/* Where an image has data next. */
struct next {
	struct image *img;
	u64 from, to;
	bool none, unknown;
};

/* The first offset from off on where there may be data, up to *to. 0 or
 * -errno; the offset is the image's size if there is none. */
static int find(struct next *n, u64 off, u64 *from, u64 *to)
{
	int r;

	if (!n->none && !n->unknown && off >= n->to) {
		r = n->img->fmt->extent ?
		    n->img->fmt->extent(n->img, off, &n->from, &n->to) :
		    -EOPNOTSUPP;
		if (r < 0 && r != -EOPNOTSUPP)
			return r;
		n->unknown = r < 0;
		n->none = !r;
	}
	*from = n->none ? n->img->bytes :
		n->unknown || n->from < off ? off : n->from;
	*to = n->none || n->unknown ? n->img->bytes : n->to;
	return 0;
}

struct piece {
	u64 off;
	u32 len;
	bool below; /* the target has data, too */
	unsigned char *from, *to;
};

static bool is_zero(const unsigned char *p, u32 n)
{
	return !p[0] && !memcmp(p, p + 1, n - 1);
}

enum kind { SAME, ZERO, DATA };

static enum kind kind_of(const struct piece *p, u32 at, u32 n)
{
	if (!memcmp(p->from + at, p->to + at, n))
		return SAME;
	return is_zero(p->from + at, n) ? ZERO : DATA;
}

static int put(struct image_copy *c, const struct piece *p, enum kind kind,
	       u32 at, u32 len)
{
	struct iovec v = { p->from + at, len };
	struct io_span span = { &v, 0, len };

	if (kind == SAME || !len)
		return 0;
	if (kind == ZERO)
		return c->to->fmt->zero(c->to, p->off + at, len, false);
	return c->to->fmt->write(c->to, &span, p->off + at);
}

static int write_piece(struct image_copy *c, const struct piece *p)
{
	enum kind kind = SAME, k;
	u32 at, n, start = 0;
	int err = 0;

	for (at = 0; at < p->len && !err; at += n) {
		n = p->len - at < c->unit ? p->len - at : c->unit;
		k = kind_of(p, at, n);
		if (k == kind)
			continue;
		err = put(c, p, kind, start, at - start);
		kind = k;
		start = at;
	}
	return err ? err : put(c, p, kind, start, p->len - start);
}

static int read_image(struct image *img, void *data, u64 off, u32 len)
{
	struct iovec v = { data, len };
	struct io_span span = { &v, 0, len };

	return img->fmt->read(img, &span, off, false);
}

static int copy_piece(struct image_copy *c, const struct piece *p)
{
	int err = read_image(c->from, p->from, p->off, p->len);

	c->reading = err != 0;
	if (!err && p->below)
		err = read_image(c->to, p->to, p->off, p->len);
	else
		memset(p->to, 0, p->len);
	return err ? err : write_piece(c, p);
}

/* The next piece from off on; without length if there is none. */
static int choose(struct image_copy *c, struct next *a, struct next *b, u64 off,
		  struct piece *p)
{
	u64 from, to, below = c->from->bytes, below_to = below, end;
	int err = find(a, off, &from, &to);

	c->reading = err != 0;
	if (!err && !c->fresh)
		err = find(b, off, &below, &below_to);
	if (err)
		return err;
	if (below < from) {
		from = below;
		to = below_to;
	}
	p->off = off;
	p->len = 0;
	if (from >= c->from->bytes)
		return 0;
	from &= ~(BLOCK - 1ull);
	if (from > off)
		p->off = from;
	end = (to + BLOCK - 1) & ~(BLOCK - 1ull);
	if (end > p->off + CHUNK)
		end = p->off + CHUNK;
	if (end > c->from->bytes)
		end = c->from->bytes;
	p->len = (u32)(end - p->off);
	p->below = below < p->off + p->len;
	return 0;
}

int image_copy(struct image_copy *c)
{
	struct next a = { .img = c->from }, b = { .img = c->to };
	struct piece p = { .from = malloc(CHUNK), .to = malloc(CHUNK) };
	int err = p.from && p.to ? 0 : -ENOMEM;

	c->reading = false;
	while (!err) {
		err = choose(c, &a, &b, p.off + p.len, &p);
		if (err || !p.len)
			break;
		err = copy_piece(c, &p);
		if (c->progress)
			c->progress(p.off, c->from->bytes);
	}
	free(p.from);
	free(p.to);
	return err;
}
