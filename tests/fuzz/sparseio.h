/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A store in memory as large as 8 EiB, of which only pages that were written
 * take room, and only so many may be: then there is no space. It knows its
 * holes.
 */
#ifndef TESTS_FUZZ_SPARSEIO_H
#define TESTS_FUZZ_SPARSEIO_H

#include "../../ubd/format/io.h"

#define SPARSE_PAGE	4096u
#define SPARSE_PAGES	1024u

struct sparse {
	struct io io;
	u64 size;
	/* What is in a page that was not written; NULL: zeroes, a hole. */
	void (*fill)(struct sparse *s, u64 page, unsigned char *bytes);
	const unsigned char *start;	/* for fill */
	u64 start_bytes;
	u64 calls;			/* but syncs */
	u32 pages, most;		/* most: half of SPARSE_PAGES at first */
	u64 index[SPARSE_PAGES];
	unsigned char *page[SPARSE_PAGES];
};

void sparse_init(struct sparse *s, u64 size);
/* ...that begins with these bytes, which stay the caller's. */
void sparse_init_from(struct sparse *s, u64 size, const void *start,
		      u64 start_bytes);
void sparse_free(struct sparse *s);

/* What is there, whatever the size is. */
void sparse_peek(struct sparse *s, u64 off, void *out, u64 len);

#endif
