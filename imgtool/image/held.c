/* SPDX-License-Identifier: GPL-2.0 */
#include <stdlib.h>
#include <string.h>

#include "imgtool/image/held.h"
#include "imgtool/msg.h"

#define ROOM_FIRST 256

/* Open addressing, at most half full. A number whose data is gone keeps its
 * place until the table grows or is emptied. */
struct entry {
	uint64_t number; /* plus 1; 0: free */
	uint8_t *data;
};

struct held {
	unsigned int block_size;
	size_t count, used, room; /* room: a power of 2 */
	struct entry *entries;
};

struct held *held_new(unsigned int block_size)
{
	struct held *h = mem_zalloc(sizeof(*h));

	h->block_size = block_size;
	h->room = ROOM_FIRST;
	h->entries = mem_zalloc(h->room * sizeof(*h->entries));
	return h;
}

void held_free(struct held *held)
{
	if (!held)
		return;
	held_drop_all(held);
	free(held->entries);
	free(held);
}

size_t held_count(const struct held *held)
{
	return held ? held->count : 0;
}

unsigned int held_block_size(const struct held *held)
{
	return held->block_size;
}

static struct entry *place(const struct held *h, uint64_t number)
{
	size_t i = (number * 0x9e3779b97f4a7c15) >> 32;

	for (;; i++) {
		struct entry *e = &h->entries[i & (h->room - 1)];

		if (!e->number || e->number == number + 1)
			return e;
	}
}

uint8_t *held_find(const struct held *held, uint64_t number)
{
	return held_count(held) ? place(held, number)->data : NULL;
}

static void grow(struct held *h)
{
	struct entry *old = h->entries;
	size_t n = h->room, i;

	if (h->count >= h->room / 4)
		h->room *= 2;
	h->entries = mem_zalloc(h->room * sizeof(*h->entries));
	h->used = h->count;
	for (i = 0; i < n; i++)
		if (old[i].data)
			*place(h, old[i].number - 1) = old[i];
	free(old);
}

uint8_t *held_add(struct held *held, uint64_t number)
{
	struct entry *e = place(held, number);

	if (!e->number) {
		if (2 * (held->used + 1) > held->room) {
			grow(held);
			e = place(held, number);
		}
		e->number = number + 1;
		held->used++;
	}
	if (!e->data) {
		e->data = mem_alloc(held->block_size);
		held->count++;
	}
	return e->data;
}

void held_drop(struct held *held, uint64_t number)
{
	struct entry *e = place(held, number);

	if (!e->data)
		return;
	free(e->data);
	e->data = NULL;
	held->count--;
}

void held_drop_all(struct held *held)
{
	size_t i;

	for (i = 0; i < held->room; i++)
		free(held->entries[i].data);
	memset(held->entries, 0, held->room * sizeof(*held->entries));
	held->count = held->used = 0;
}

static int by_number(const void *a, const void *b)
{
	const struct held_block *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

struct held_block *held_list(const struct held *held)
{
	struct held_block *list = mem_alloc(held->count * sizeof(*list));
	size_t i, n = 0;

	for (i = 0; i < held->room; i++)
		if (held->entries[i].data)
			list[n++] = (struct held_block){
				held->entries[i].number - 1,
				held->entries[i].data
			};
	qsort(list, n, sizeof(*list), by_number);
	return list;
}
