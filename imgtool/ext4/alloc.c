/* SPDX-License-Identifier: GPL-2.0 */
#include <stdlib.h>
#include <string.h>

#include "imgtool/ext4/alloc.h"
#include "imgtool/ext4/disk.h"
#include "imgtool/msg.h"

static bool is_power(uint64_t n, uint64_t base)
{
	uint64_t power = base;

	while (power < n)
		power *= base;
	return power == n;
}

bool group_has_super(uint64_t group)
{
	return group <= 1 || is_power(group, 3) || is_power(group, 5) ||
	       is_power(group, 7);
}

uint64_t header_blocks(uint32_t header, uint64_t groups)
{
	static const unsigned int bases[] = { 3, 5, 7 };
	uint64_t copies = groups < 2 ? groups : 2, power;
	size_t i;

	for (i = 0; i < 3; i++)
		for (power = bases[i]; power < groups; power *= bases[i])
			copies++;
	return copies * header;
}

uint32_t alloc_front(const struct alloc *alloc, uint64_t group)
{
	return alloc->every + (group_has_super(group) ? alloc->header : 0);
}

void alloc_set_every(struct alloc *alloc, uint32_t every)
{
	alloc->every = every;
	alloc->cursor = alloc_front(alloc, 0);
}

void alloc_init(struct alloc *alloc, uint32_t header)
{
	memset(alloc, 0, sizeof(*alloc));
	alloc->header = header;
	alloc->cursor = header;
}

void alloc_free_all(struct alloc *alloc)
{
	holes_free(&alloc->holes);
	memset(alloc, 0, sizeof(*alloc));
}

void alloc_clone(struct alloc *to, const struct alloc *from)
{
	*to = *from;
	holes_clone(&to->holes, &from->holes);
}

/* The cursor never rests inside a header. */
static void skip_header(struct alloc *alloc)
{
	if (alloc->cursor % BLOCKS_PER_GROUP == 0)
		alloc->cursor += alloc_front(alloc, alloc->cursor /
						    BLOCKS_PER_GROUP);
}

/* Blocks from the cursor to the next header. */
static uint64_t run_at_cursor(const struct alloc *alloc)
{
	uint64_t group = alloc->cursor / BLOCKS_PER_GROUP + 1;

	while (!alloc_front(alloc, group))
		group++;
	return group * BLOCKS_PER_GROUP - alloc->cursor;
}

/* COUNT blocks from the first hole that has them; 0 if none has. */
static uint64_t take_from_hole(struct alloc *alloc, uint32_t count)
{
	uint64_t start = holes_take(&alloc->holes, count);

	if (start)
		alloc->taken += count;
	return start;
}

static uint64_t take_at_cursor(struct alloc *alloc, uint64_t count)
{
	uint64_t start = alloc->cursor;

	alloc->cursor += count;
	alloc->taken += count;
	skip_header(alloc);
	return start;
}

void alloc_blocks(struct alloc *alloc, struct extents *extents,
		  uint32_t logical, uint32_t count)
{
	uint64_t start = count ? take_from_hole(alloc, count) : 0;
	uint64_t run;

	if (start) {
		extents_add(extents, logical, start, count);
		return;
	}
	while (count) {
		run = run_at_cursor(alloc);
		if (run > count)
			run = count;
		extents_add(extents, logical, take_at_cursor(alloc, run), run);
		logical += run;
		count -= run;
	}
}

uint64_t alloc_contiguous(struct alloc *alloc, uint32_t count)
{
	uint64_t start = take_from_hole(alloc, count);
	uint64_t run;

	if (start)
		return start;
	for (;;) {
		run = run_at_cursor(alloc);
		if (run >= count)
			return take_at_cursor(alloc, count);
		holes_add(&alloc->holes, alloc->cursor, run);
		alloc->cursor += run;
		skip_header(alloc);
	}
}

/* The last hole belongs to the unused rest if it touches the cursor. */
static void retreat(struct alloc *alloc)
{
	struct hole last;
	uint64_t end;

	if (!holes_last(&alloc->holes, &last))
		return;
	end = last.start + last.count;
	if (end % BLOCKS_PER_GROUP == 0)
		end += alloc_front(alloc, end / BLOCKS_PER_GROUP);
	if (end != alloc->cursor)
		return;
	alloc->cursor = last.start;
	holes_drop(&alloc->holes, last.start);
}

void alloc_release(struct alloc *alloc, uint64_t start, uint64_t count)
{
	alloc->taken -= count;
	holes_add(&alloc->holes, start, count);
	retreat(alloc);
}
