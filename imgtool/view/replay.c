/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The three passes over a journal: which transactions are complete, which
 * blocks are revoked, and where the newest contents of each block are.
 *
 * The ring is not cleared when it is used again, and not before it is used
 * first: what does not fit the transaction that should be next ends it. A
 * block with a wrong checksum may be such a remnant, too, of which the time
 * of its commit block tells.
 */
#include <errno.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/view/journal.h"

enum pass { SCAN, REVOKE, REPLAY };

/* flags of tags */
enum { ESCAPED = 1, SAME_UUID = 2, LAST_TAG = 8 };

#define COMMIT_TIME 48 /* where a commit block has it */

struct walk_log {
	struct journal *j;
	enum pass pass;
	uint32_t at, left;     /* the next block; how many are left */
	uint32_t transaction;  /* that is read */
	uint32_t end;	       /* the first that is not complete */
	struct overlay *overlay;

	/* of the first pass */
	bool doubtful;	       /* a checksum of this transaction is wrong */
	uint64_t time;	       /* of the last commit */
	uint32_t sum;	       /* of the transaction so far, if it has one */
};

static uint32_t wrap(const struct journal *j, uint32_t at)
{
	return at >= j->last ? at - (j->last - j->first) : at;
}

static void step(struct walk_log *w)
{
	w->at = wrap(w->j, w->at + 1);
	w->left--;
}

static uint32_t block_size(const struct walk_log *w)
{
	return w->j->ext->fs->blocksize;
}

/* Is the checksum at AT, of all of the block with zero there, right? */
static bool is_right(struct walk_log *w, size_t at)
{
	uint8_t *block = w->j->block;
	uint32_t sum;

	if (!w->j->tail)
		return true;
	sum = journal_32(block + at);
	memset(block + at, 0, 4);
	return ext2fs_crc32c_le(w->j->seed, block, block_size(w)) == sum;
}

struct tag {
	uint64_t number;
	uint32_t flags, sum;
};

static void decode_tag(const struct journal *j, const uint8_t *p,
		       struct tag *tag)
{
	tag->number = journal_32(p);
	if (j->incompat & JOURNAL_CSUM3) {
		tag->flags = journal_32(p + 4);
		tag->sum = journal_32(p + 12);
	} else {
		tag->sum = journal_16(p + 4);
		tag->flags = journal_16(p + 6);
	}
	if (j->incompat & JOURNAL_64BIT)
		tag->number |= (uint64_t)journal_32(p + 8) << 32;
}

/* A block's contents, which are at w->at. 0 or -1: reported. */
static int replay_tag(struct walk_log *w, const struct tag *tag)
{
	struct journal *j = w->j;
	struct ext2_super_block *sb = j->ext->fs->super;
	uint32_t number = ext2fs_cpu_to_be32(w->transaction), sum;
	uint64_t physical;

	if (revokes_has(&j->revokes, tag->number, w->transaction))
		return 0;
	if (tag->number < sb->s_first_data_block ||
	    tag->number >= ext2fs_blocks_count(sb))
		return journal_damaged(j, "transaction %u has a block that the "
				       "file system has not", w->transaction);
	if (journal_map(j, w->at, &physical))
		return -1;
	if (j->tail) {
		if (journal_read(j, w->at, j->data))
			return -1;
		sum = ext2fs_crc32c_le(j->seed, (void *)&number, 4);
		sum = ext2fs_crc32c_le(sum, j->data, block_size(w));
		if (j->incompat & JOURNAL_CSUM2)
			sum &= 0xffff;
		if (sum != tag->sum)
			return journal_damaged(j, "a block of transaction %u "
					       "has a wrong checksum",
					       w->transaction);
	}
	overlay_add(w->overlay, tag->number, physical, tag->flags & ESCAPED ?
		    ext2fs_cpu_to_be32(JOURNAL_MAGIC) : 0);
	return 0;
}

/* Add a block's contents to the sum of a transaction. */
static int sum_block(struct walk_log *w)
{
	if (journal_read(w->j, w->at, w->j->data))
		return -1;
	w->sum = ext2fs_crc32_be(w->sum, w->j->data, block_size(w));
	return 0;
}

/* 1: go on; 0: the log ends here; -1: reported */
static int walk_descriptor(struct walk_log *w)
{
	struct journal *j = w->j;
	size_t end = block_size(w) - j->tail, at = JOURNAL_HEADER;
	bool summed = w->pass == SCAN && (j->compat & JOURNAL_CHECKSUM);
	struct tag tag = { 0 };

	if (w->pass == SCAN && !is_right(w, end))
		w->doubtful = true;
	if (summed)
		w->sum = ext2fs_crc32_be(w->sum, j->block, block_size(w));
	for (; at + j->tag <= end && !(tag.flags & LAST_TAG); at += j->tag) {
		decode_tag(j, j->block + at, &tag);
		if (!(tag.flags & SAME_UUID))
			at += 16;
		if (!w->left)
			return 0;
		if ((summed && sum_block(w)) ||
		    (w->pass == REPLAY && replay_tag(w, &tag)))
			return -1;
		step(w);
	}
	return 1;
}

static int walk_revoke(struct walk_log *w)
{
	struct journal *j = w->j;
	size_t size = j->incompat & JOURNAL_64BIT ? 8 : 4, at, end;
	uint64_t number;

	if (w->pass == SCAN && !is_right(w, block_size(w) - j->tail))
		w->doubtful = true;
	if (w->pass != REVOKE)
		return 1;
	end = journal_32(j->block + JOURNAL_HEADER);
	if (end > block_size(w) - j->tail)
		return journal_damaged(j, "a revoke block of transaction %u "
				       "is too long", w->transaction);
	for (at = JOURNAL_HEADER + 4; at + size <= end; at += size) {
		number = size == 8 ? journal_64(j->block + at) :
				     journal_32(j->block + at);
		if (number < ext2fs_blocks_count(j->ext->fs->super) &&
		    revokes_add(&j->revokes, number, w->transaction))
			return journal_damaged(j, "it has too many revoked "
					       "blocks");
	}
	return 1;
}

/* The sum of a whole transaction, as jbd2 had it first. */
static bool is_sum_right(const struct walk_log *w)
{
	const uint8_t *p = w->j->block + JOURNAL_HEADER;
	uint32_t sum = journal_32(p + 4);

	if (!(w->j->compat & JOURNAL_CHECKSUM))
		return true;
	/* kind (1: crc32) and length */
	return (p[0] == 1 && p[1] == 4 && sum == w->sum) ||
	       (!p[0] && !p[1] && !sum);
}

static int walk_commit(struct walk_log *w)
{
	uint64_t time = journal_64(w->j->block + COMMIT_TIME);

	if (w->pass == SCAN) {
		if (!is_sum_right(w) || !is_right(w, JOURNAL_HEADER + 4))
			w->doubtful = true;
		if (w->doubtful && (time < w->time ||
				    (w->j->incompat & JOURNAL_ASYNC)))
			return 0;
		if (w->doubtful)
			return journal_damaged(w->j, "transaction %u has a "
					       "wrong checksum",
					       w->transaction);
		w->time = time;
		w->sum = ~0U;
	}
	w->transaction++;
	return 1;
}

static int walk_block(struct walk_log *w)
{
	struct journal *j = w->j;

	if (journal_read(j, w->at, j->block))
		return -1;
	if (journal_32(j->block) != JOURNAL_MAGIC ||
	    journal_32(j->block + 8) != w->transaction)
		return 0;
	step(w);
	switch (journal_32(j->block + 4)) {
	case JOURNAL_DESCRIPTOR:
		return walk_descriptor(w);
	case JOURNAL_COMMIT:
		return walk_commit(w);
	case JOURNAL_REVOKE:
		return walk_revoke(w);
	}
	return 0;
}

int journal_replay(struct journal *journal, struct overlay *overlay)
{
	struct walk_log w = { .j = journal, .overlay = overlay };
	int r;

	for (w.pass = SCAN; w.pass <= REPLAY; w.pass++) {
		w.at = journal->start;
		w.left = journal->last - journal->first;
		w.transaction = journal->sequence;
		w.sum = ~0U;
		do
			r = w.left && (w.pass == SCAN ||
				       w.transaction != w.end) ?
			    walk_block(&w) : 0;
		while (r > 0);
		if (r < 0)
			return -1;
		if (w.pass == SCAN)
			w.end = w.transaction;
	}
	journal->sequence = w.end;
	return 0;
}
