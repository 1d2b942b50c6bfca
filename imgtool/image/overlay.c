/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/image/overlay.h"
#include "imgtool/msg.h"

struct entry {
	uint64_t number; /* plus 1; 0: free */
	uint64_t from;
	uint32_t head;
};

/* Open addressing, at most half full. */
struct overlay {
	unsigned int block_size;
	size_t count, room; /* a power of 2 */
	struct entry *entries;
};

#define ROOM_FIRST 64

struct overlay *overlay_new(unsigned int block_size)
{
	struct overlay *o = mem_zalloc(sizeof(*o));

	o->block_size = block_size;
	o->room = ROOM_FIRST;
	o->entries = mem_zalloc(o->room * sizeof(struct entry));
	return o;
}

void overlay_free(struct overlay *overlay)
{
	if (overlay)
		free(overlay->entries);
	free(overlay);
}

size_t overlay_count(const struct overlay *overlay)
{
	return overlay->count;
}

/* The entry of a block, or the free one where it would be. */
static struct entry *find(const struct overlay *o, uint64_t number)
{
	size_t i = (number * 0x9e3779b97f4a7c15) >> 32;

	for (;; i++) {
		struct entry *e = &o->entries[i & (o->room - 1)];

		if (!e->number || e->number == number + 1)
			return e;
	}
}

static void grow(struct overlay *o)
{
	struct entry *old = o->entries;
	size_t n = o->room, i;

	o->room *= 2;
	o->entries = mem_zalloc(o->room * sizeof(struct entry));
	for (i = 0; i < n; i++)
		if (old[i].number)
			*find(o, old[i].number - 1) = old[i];
	free(old);
}

void overlay_add(struct overlay *overlay, uint64_t number, uint64_t from,
		 uint32_t head)
{
	struct entry *e = find(overlay, number);

	if (!e->number) {
		if (2 * ++overlay->count > overlay->room) {
			grow(overlay);
			e = find(overlay, number);
		}
		e->number = number + 1;
	}
	e->from = from;
	e->head = head;
}

bool overlay_covers(const struct overlay *overlay, uint64_t offset,
		    uint64_t length)
{
	uint64_t n, last;

	if (!overlay || !overlay->count || !length)
		return false;
	last = (offset + length - 1) / overlay->block_size;
	for (n = offset / overlay->block_size; n <= last; n++)
		if (find(overlay, n)->number)
			return true;
	return false;
}

/* One block of the overlay, or a part of it. */
static int read_entry(const struct overlay *o, const struct entry *e,
		      struct disk *disk, size_t skip, void *data,
		      size_t length)
{
	uint64_t from;
	int r;

	if (__builtin_mul_overflow(e->from, o->block_size, &from))
		return -EIO;
	r = disk_read(disk, from + skip, data, length);
	if (!r && e->head && skip < sizeof(e->head))
		memcpy(data, (const char *)&e->head + skip,
		       length < sizeof(e->head) - skip ?
		       length : sizeof(e->head) - skip);
	return r;
}

int overlay_read(const struct overlay *overlay, struct disk *disk,
		 uint64_t offset, void *data, size_t length)
{
	size_t skip, n;
	int r;

	if (!overlay_covers(overlay, offset, length))
		return disk_read(disk, offset, data, length);
	for (r = 0; length && !r; length -= n, offset += n,
	     data = (char *)data + n) {
		const struct entry *e =
			find(overlay, offset / overlay->block_size);

		skip = offset % overlay->block_size;
		n = overlay->block_size - skip;
		if (n > length)
			n = length;
		r = e->number ? read_entry(overlay, e, disk, skip, data, n) :
				disk_read(disk, offset, data, n);
	}
	return r;
}
