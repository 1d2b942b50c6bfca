/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The journal of an ext3 or ext4 file system, as the kernel's jbd2 writes it.
 *
 * It is a ring of blocks. A transaction is descriptor blocks, each with the
 * numbers of blocks whose new contents follow it, revoke blocks, with numbers
 * whose older contents must not be taken any more, and a commit block; all of
 * them name the number of the transaction. What has no commit block did not
 * happen. Numbers in it are big-endian.
 *
 * It is as hostile as the rest of an image: a pass visits no block twice.
 */
#ifndef IMGTOOL_VIEW_JOURNAL_H
#define IMGTOOL_VIEW_JOURNAL_H

#include "imgtool/view/ext.h"

#define JOURNAL_MAGIC 0xc03b3998u
#define JOURNAL_HEADER 12 /* bytes: magic, kind, transaction */

/* kinds of blocks */
enum {
	JOURNAL_DESCRIPTOR = 1,
	JOURNAL_COMMIT,
	JOURNAL_SUPER_OLD,
	JOURNAL_SUPER,
	JOURNAL_REVOKE,
};

/* compatible feature */
#define JOURNAL_CHECKSUM 0x01u

/* incompatible features */
#define JOURNAL_REVOKES	    0x01u
#define JOURNAL_64BIT	    0x02u
#define JOURNAL_ASYNC	    0x04u
#define JOURNAL_CSUM2	    0x08u
#define JOURNAL_CSUM3	    0x10u
#define JOURNAL_FAST_COMMIT 0x20u
#define JOURNAL_KNOWN	    0x3fu

/* Which transaction last revoked a block. */
struct revoked {
	uint64_t number; /* plus 1; 0: free */
	uint32_t transaction;
};

struct revokes {
	size_t count, room;
	struct revoked *entries;
};

struct journal {
	struct ext *ext;
	uint64_t ino;
	const char *name;      /* of the image, for messages */
	uint32_t compat, incompat;
	uint32_t first, last;  /* the ring: [first, last) */
	uint32_t start;	       /* where the oldest transaction begins; 0: none */
	uint32_t sequence;     /* its number */
	uint32_t fast, end;    /* the area of fast commits: [fast, end) */
	uint32_t seed;	       /* of checksums */
	size_t tail;	       /* bytes of a checksum at the end of a block */
	size_t tag;	       /* bytes of a tag in a descriptor */
	struct ext_run run;    /* of its file, which ... */
	uint32_t run_at;       /* ... begins here */
	struct revokes revokes;
	uint8_t *block, *data; /* room for a block each */
};

static inline uint16_t journal_16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t journal_32(const uint8_t *p)
{
	return (uint32_t)journal_16(p) << 16 | journal_16(p + 2);
}

static inline uint64_t journal_64(const uint8_t *p)
{
	return (uint64_t)journal_32(p) << 32 | journal_32(p + 4);
}

/* Transactions are numbered modulo 2^32. */
static inline bool journal_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* Which block of the disk is block AT of the journal. 0 or -1: reported. */
int journal_map(struct journal *journal, uint32_t at, uint64_t *physical);

/* Read it. 0 or -1: reported. */
int journal_read(struct journal *journal, uint32_t at, void *data);

/* Report that it is damaged, and how. Returns -1. */
int journal_damaged(const struct journal *journal, const char *how, ...)
	__attribute__((format(printf, 2, 3)));

/* Find the blocks of all complete transactions. 0 or -1: reported. */
int journal_replay(struct journal *journal, struct overlay *overlay);

/* Block NUMBER is revoked by TRANSACTION. -ENOMEM: there are too many. */
int revokes_add(struct revokes *revokes, uint64_t number,
		uint32_t transaction);

/* Must what TRANSACTION has of block NUMBER be left out? */
bool revokes_has(const struct revokes *revokes, uint64_t number,
		 uint32_t transaction);

#endif
