/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "imgtool/msg.h"
#include "imgtool/view/journal.h"

#define ROOM_FIRST 64
/* More are no journal: each is a block of metadata that was freed. */
#define COUNT_MOST (1u << 24)

static struct revoked *find(const struct revokes *r, uint64_t number)
{
	size_t i = (number * 0x9e3779b97f4a7c15) >> 32;

	for (;; i++) {
		struct revoked *e = &r->entries[i & (r->room - 1)];

		if (!e->number || e->number == number + 1)
			return e;
	}
}

static void grow(struct revokes *r)
{
	struct revoked *old = r->entries;
	size_t n = r->room, i;

	r->room = n ? n * 2 : ROOM_FIRST;
	r->entries = mem_zalloc(r->room * sizeof(*old));
	for (i = 0; i < n; i++)
		if (old[i].number)
			*find(r, old[i].number - 1) = old[i];
	free(old);
}

int revokes_add(struct revokes *revokes, uint64_t number, uint32_t transaction)
{
	struct revoked *e;

	if (2 * revokes->count >= revokes->room) {
		if (revokes->count >= COUNT_MOST)
			return -ENOMEM;
		grow(revokes);
	}
	e = find(revokes, number);
	if (!e->number)
		revokes->count++;
	else if (!journal_before(e->transaction, transaction))
		return 0;
	e->number = number + 1;
	e->transaction = transaction;
	return 0;
}

bool revokes_has(const struct revokes *revokes, uint64_t number,
		 uint32_t transaction)
{
	const struct revoked *e;

	if (!revokes->count)
		return false;
	e = find(revokes, number);
	return e->number && !journal_before(e->transaction, transaction);
}
