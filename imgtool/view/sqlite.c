/* SPDX-License-Identifier: GPL-2.0 */
/*
 * See sqlite.h, and sqlite.org/fileformat2.html for the format. No page is
 * visited twice: a budget of as many as the file has ends every loop that a
 * damaged one can contain.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/view/sqlite.h"

#define DEPTH_MOST 20
#define ROW_LONGEST (64 << 20)

enum { INTERIOR = 5, LEAF = 13 };

struct sqlite {
	struct fs *fs;
	uint64_t ino, pages, budget;
	size_t page, usable; /* bytes */
	sqlite_row_fn *fn;
	void *context;
};

/* Where bytes are read; AT only grows. */
struct bytes {
	const uint8_t *at, *end;
};

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static bool take_varint(struct bytes *b, uint64_t *value)
{
	int i;

	*value = 0;
	for (i = 0; i < 9; i++) {
		if (b->at == b->end)
			return false;
		if (i == 8) {
			*value = *value << 8 | *b->at++;
			return true;
		}
		*value = *value << 7 | (*b->at & 0x7f);
		if (!(*b->at++ & 0x80))
			return true;
	}
	return true;
}

static int read_page(struct sqlite *s, uint64_t number, uint8_t *page)
{
	ssize_t n;

	if (!number || number > s->pages || !s->budget)
		return -EBADMSG;
	s->budget--;
	n = fs_read(s->fs, s->ino, (number - 1) * s->page, page, s->page);
	return n == (ssize_t)s->page ? 0 : n < 0 ? n : -EBADMSG;
}

/* A value of serial type TYPE. */
static bool take_value(struct bytes *b, uint64_t type,
		       struct sqlite_value *value)
{
	static const uint8_t sizes[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0 };
	uint64_t size, bits = 0, i;

	memset(value, 0, sizeof(*value));
	if (type == 10 || type == 11)
		return false;
	size = type < 10 ? sizes[type] : (type - 12) / 2;
	if (size > (size_t)(b->end - b->at))
		return false;
	if (type >= 12) {
		value->data = b->at;
		value->size = size;
	} else if (type && type < 7) {
		bits = b->at[0] & 0x80 ? UINT64_MAX : 0;
		for (i = 0; i < size; i++)
			bits = bits << 8 | b->at[i];
		value->number = bits;
	} else {
		value->number = type == 9;
	}
	b->at += size;
	return true;
}

static int give_row(struct sqlite *s, const uint8_t *row, size_t size)
{
	struct sqlite_value columns[SQLITE_COLUMNS_MOST];
	struct bytes head = { row, row + size }, body;
	uint64_t length, type;
	size_t n = 0;

	if (!take_varint(&head, &length) || length > size ||
	    length < (size_t)(head.at - row))
		return -EBADMSG;
	head.end = row + length;
	body = (struct bytes){ head.end, row + size };
	for (; head.at < head.end && n < SQLITE_COLUMNS_MOST; n++)
		if (!take_varint(&head, &type) ||
		    !take_value(&body, type, &columns[n]))
			return -EBADMSG;
	return s->fn(s->context, columns, n);
}

/* The rest of a row, which has FROM bytes already, in a chain of pages. */
static int read_overflow(struct sqlite *s, uint32_t next, uint8_t *row,
			 size_t from, size_t size)
{
	uint8_t *page = mem_alloc(s->page);
	size_t n;
	int r = 0;

	for (; from < size && r == 0; from += n) {
		n = size - from < s->usable - 4 ? size - from : s->usable - 4;
		r = read_page(s, next, page);
		if (r < 0)
			break;
		memcpy(row + from, page + 4, n);
		next = get32(page);
	}
	free(page);
	return r;
}

/* How much of a row of SIZE bytes is on its leaf. */
static size_t local_size(const struct sqlite *s, uint64_t size)
{
	size_t most = s->usable - 35;
	size_t least = (s->usable - 12) * 32 / 255 - 23;
	size_t n = least + (size - least) % (s->usable - 4);

	if (size <= most)
		return size;
	return n <= most ? n : least;
}

static int read_cell(struct sqlite *s, struct bytes cell)
{
	uint64_t size, rowid;
	uint8_t *row;
	size_t local;
	int r;

	if (!take_varint(&cell, &size) || !take_varint(&cell, &rowid))
		return -EBADMSG;
	if (size > ROW_LONGEST || size > s->pages * s->page)
		return -EBADMSG;
	local = local_size(s, size);
	if (local + (local < size ? 4 : 0) > (size_t)(cell.end - cell.at))
		return -EBADMSG;
	if (local == size)
		return give_row(s, cell.at, size);
	row = mem_alloc(size);
	memcpy(row, cell.at, local);
	r = read_overflow(s, get32(cell.at + local), row, local, size);
	if (r == 0)
		r = give_row(s, row, size);
	free(row);
	return r;
}

static int walk(struct sqlite *s, uint64_t number, int depth);

static int walk_page(struct sqlite *s, const uint8_t *page, size_t start,
		     int depth)
{
	const uint8_t *head = page + start, *end = page + s->usable;
	size_t count = head[3] << 8 | head[4], i, at;
	size_t skip = head[0] == LEAF ? 8 : 12;
	int r = 0;

	if ((head[0] != LEAF && head[0] != INTERIOR) ||
	    2 * count > (size_t)(end - head) - skip)
		return -EBADMSG;
	for (i = 0; i < count && r == 0; i++) {
		at = head[skip + 2 * i] << 8 | head[skip + 2 * i + 1];
		if (at + 4 > s->usable)
			return -EBADMSG;
		if (head[0] == LEAF)
			r = read_cell(s, (struct bytes){ page + at, end });
		else
			r = walk(s, get32(page + at), depth + 1);
	}
	if (r == 0 && head[0] == INTERIOR)
		r = walk(s, get32(head + 8), depth + 1);
	return r;
}

static int walk(struct sqlite *s, uint64_t number, int depth)
{
	uint8_t *page;
	int r;

	if (depth > DEPTH_MOST)
		return -EBADMSG;
	page = mem_alloc(s->page);
	r = read_page(s, number, page);
	/* the first page has the file's header in front */
	if (r == 0)
		r = walk_page(s, page, number == 1 ? 100 : 0, depth);
	free(page);
	return r;
}

static int open_database(struct sqlite *s)
{
	struct fs_attr attr;
	uint8_t head[100];
	ssize_t n;
	int r = fs_stat(s->fs, s->ino, &attr);

	if (r < 0)
		return r;
	n = fs_read(s->fs, s->ino, 0, head, sizeof(head));
	if (n < 0)
		return n;
	if (n != sizeof(head) || memcmp(head, "SQLite format 3", 16))
		return -EBADMSG;
	s->page = head[16] << 8 | head[17];
	if (s->page == 1)
		s->page = 65536;
	if (s->page < 512 || s->page & (s->page - 1) ||
	    s->page - head[20] < 480)
		return -EBADMSG;
	s->usable = s->page - head[20];
	s->pages = attr.size / s->page;
	return 0;
}

struct wanted {
	const char *table;
	int64_t page;
};

static bool is_text(const struct sqlite_value *value, const char *text)
{
	return value->data && value->size == strlen(text) &&
	       !memcmp(value->data, text, value->size);
}

/* A row of the schema: type, name, table, root page, statement. */
static int find_table(void *context, const struct sqlite_value *columns,
		      size_t count)
{
	struct wanted *wanted = context;

	if (count < 4 || !is_text(&columns[0], "table") ||
	    !is_text(&columns[1], wanted->table))
		return 0;
	wanted->page = columns[3].number;
	return 1;
}

int sqlite_rows(struct fs *fs, uint64_t ino, const char *table,
		sqlite_row_fn *fn, void *context)
{
	struct wanted wanted = { .table = table };
	struct sqlite s = { .fs = fs, .ino = ino, .fn = find_table,
			    .context = &wanted };
	int r = open_database(&s);

	if (r < 0)
		return r;
	s.budget = s.pages;
	r = walk(&s, 1, 0);
	if (r < 0)
		return r;
	if (wanted.page < 1)
		return r ? -EBADMSG : -ENODATA;
	s.budget = s.pages;
	s.fn = fn;
	s.context = context;
	return walk(&s, wanted.page, 0);
}
