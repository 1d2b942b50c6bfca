/* SPDX-License-Identifier: GPL-2.0 */
/* Headers of UML COW files; the format is specified in ubd-cow.5. */
#ifndef UBD_FORMAT_COW_HEADER_H
#define UBD_FORMAT_COW_HEADER_H

#include <stddef.h>

#include <abi/types.h>

#define COW_HEADER_MOST		4136u	/* bytes of the longest kind */
#define COW_V3_BYTES		4128u	/* of the kind we write */
#define COW_BACKING_MOST	4095u
#define COW_ALIGN		4096u	/* what uml_mkcow's files have; a page */
/* What new files have: data in step with the large folios of the host's cache,
 * in which sequential reads are as quick as those of a raw file. */
#define COW_ALIGN_NEW		(1u << 20)
#define COW_SIZE_LIMIT		(8ull << 40)	/* peers overflow from here */

struct cow_header {
	u32 version;		/* 1, 2 or 3 */
	bool unpacked;		/* the V3 of old 64-bit writers */
	u32 mtime;		/* of the backing, whole seconds */
	u64 size;		/* of the backing, in bytes */
	u32 sector;		/* bytes that a bit stands for */
	u32 align;
	char backing[COW_BACKING_MOST + 1];
	/* what follows from these */
	u64 map_at, map_bytes, data_at;
};

/* Does a file that begins so claim to be a COW file? */
bool cow_probe(const void *head, size_t len);

/*
 * Reads and checks the header in the first len bytes of a file of file_bytes;
 * COW_HEADER_MOST are enough. NULL, or what is wrong with it.
 */
const char *cow_parse(const void *head, size_t len, u64 file_bytes,
		      struct cow_header *h);

/*
 * Completes a header of which size, mtime and backing are set, as V3 with
 * sectors of 512 and alignment 4096. NULL, or why there can't be one.
 */
const char *cow_plan(struct cow_header *h);

/* The same with another alignment. */
const char *cow_plan_aligned(struct cow_header *h, u32 align);

/* A planned header as COW_V3_BYTES bytes. */
void cow_encode(const struct cow_header *h, void *out);

#endif
