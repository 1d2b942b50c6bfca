/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writing the journal, as view/journal.h describes it. There is never more
 * than one transaction in it, at its front, because blocks are in their place
 * before the next one begins: so nothing need be revoked.
 *
 *	what is in its place of the last one is on disk
 *	the superblock names the next transaction: the last one counts no more
 *	descriptors and blocks, on disk
 *	the commit block, on disk: from now on it has happened
 *	the caller writes the blocks to their place
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "imgtool/edit/commit.h"
#include "imgtool/msg.h"
#include "imgtool/view/journal.h"

#define SUPER_BYTES 1024
#define UUID_BYTES  16
#define FEWEST	    64	  /* blocks of a journal that is of use */
#define MOST	    32768 /* blocks of a journal that are used */

/* flags of a tag */
#define TAG_ESCAPED 1u
#define TAG_SAME    2u
#define TAG_LAST    8u

struct jwrite {
	struct edit *edit;
	uint64_t *map;	/* where its blocks are */
	uint32_t blocks, first, sequence;
	size_t tag;
	bool stale;	/* the superblock names a transaction that is over */
	uint8_t super[SUPER_BYTES];
	uint8_t *block;
};

static void put_32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
}

static void put_header(const struct jwrite *j, uint8_t *p, uint32_t kind)
{
	put_32(p, JOURNAL_MAGIC);
	put_32(p + 4, kind);
	put_32(p + 8, j->sequence);
}

static int write_at(struct jwrite *j, uint32_t at, const void *data,
		    size_t length)
{
	return disk_write(&j->edit->view.disk,
			  j->map[at] * j->edit->lib->blocksize, data, length);
}

static int sync_disk(struct jwrite *j)
{
	return disk_sync(&j->edit->view.disk);
}

static int write_super(struct jwrite *j, bool empty)
{
	put_32(j->super + 0x18, j->sequence);
	put_32(j->super + 0x1c, empty ? 0 : j->first);
	return write_at(j, 0, j->super, SUPER_BYTES);
}

/* Where the first blocks of the journal are. -EUCLEAN: it is no good. */
static int map_blocks(struct jwrite *j, uint64_t ino, uint32_t count)
{
	struct ext_run run;
	uint64_t at, i;
	int r = edit_check_map(j->edit, ino) ?: ext_load(j->edit->ext, ino);

	j->map = mem_alloc(count * sizeof(*j->map));
	for (at = 0; r == 0 && at < count; at += run.count) {
		r = ext_map(j->edit->ext, at, &run);
		if (r == 0 && !run.physical)
			r = -EUCLEAN;
		for (i = 0; r == 0 && i < run.count && at + i < count; i++)
			j->map[at + i] = run.physical + i;
	}
	j->blocks = count;
	return r;
}

/* Our own features: none, but for numbers of 64 bits. */
static void set_features(struct jwrite *j)
{
	bool wide = ext2fs_has_feature_64bit(j->edit->lib->super);
	uint8_t *sb = j->super;

	put_32(sb + 4, JOURNAL_SUPER);
	put_32(sb + 0x20, 0); /* errors */
	memset(sb + 0x24, 0, 12);
	put_32(sb + 0x28, wide ? JOURNAL_64BIT : 0);
	memset(sb + 0x50, 0, 12);
	memset(sb + 0xfc, 0, 4);
	j->tag = wide ? 12 : 8;
	j->first = journal_32(sb + 0x14);
	j->sequence = journal_32(sb + 0x18) ?: 1;
}

static bool is_journal(const struct jwrite *j, uint64_t blocks)
{
	const uint8_t *sb = j->super;
	uint32_t kind = journal_32(sb + 4), first = journal_32(sb + 0x14);
	uint32_t last = journal_32(sb + 0x10);

	return journal_32(sb) == JOURNAL_MAGIC &&
	       (kind == JOURNAL_SUPER || kind == JOURNAL_SUPER_OLD) &&
	       journal_32(sb + 0x0c) == j->edit->lib->blocksize && first &&
	       !journal_32(sb + 0x1c) && last <= blocks && last > first &&
	       last - first >= FEWEST && first < 1024;
}

static int start(struct jwrite *j)
{
	struct edit *edit = j->edit;
	uint32_t ino = edit->lib->super->s_journal_inum;
	uint64_t bs = edit->lib->blocksize, blocks;
	struct ext_run run;
	int r;

	if (!ext2fs_has_feature_journal(edit->lib->super) || !ino)
		return -EUCLEAN;
	r = ext_load(edit->ext, ino) ?: ext_map(edit->ext, 0, &run);
	if (r < 0 || !run.physical || !S_ISREG(edit->ext->inode.large.i_mode) ||
	    ext_is_inline(edit->ext))
		return -EUCLEAN;
	blocks = ext_size(edit->ext) / bs;
	r = disk_read(&edit->view.disk, run.physical * bs, j->super,
		      SUPER_BYTES);
	if (r < 0 || !is_journal(j, blocks))
		return -EUCLEAN;
	blocks = journal_32(j->super + 0x10);
	r = map_blocks(j, ino, blocks < MOST ? blocks : MOST);
	set_features(j);
	return r ?: write_super(j, false) ?: sync_disk(j);
}

struct jwrite *jwrite_start(struct edit *edit)
{
	struct jwrite *j = mem_zalloc(sizeof(*j));

	j->edit = edit;
	j->block = mem_alloc(edit->lib->blocksize);
	if (start(j) == 0)
		return j;
	jwrite_free(j);
	return NULL;
}

void jwrite_free(struct jwrite *journal)
{
	if (!journal)
		return;
	free(journal->map);
	free(journal->block);
	free(journal);
}

/* Tags in a descriptor; the first one has a uuid behind it. */
static size_t tags(const struct jwrite *j)
{
	return (j->edit->lib->blocksize - JOURNAL_HEADER - UUID_BYTES) / j->tag;
}

size_t jwrite_most(const struct jwrite *journal)
{
	size_t room = journal->blocks - journal->first - 1;

	return room - room / tags(journal) - 1;
}

/* A descriptor of COUNT blocks, which are the last ones if LAST. */
static void fill_descriptor(struct jwrite *j, const struct held_block *blocks,
			    size_t count, bool last)
{
	uint8_t *p = j->block + JOURNAL_HEADER;
	uint32_t flags;
	size_t i;

	memset(j->block, 0, j->edit->lib->blocksize);
	put_header(j, j->block, JOURNAL_DESCRIPTOR);
	for (i = 0; i < count; i++) {
		flags = (i ? TAG_SAME : 0) |
			(last && i == count - 1 ? TAG_LAST : 0);
		if (journal_32(blocks[i].data) == JOURNAL_MAGIC)
			flags |= TAG_ESCAPED;
		put_32(p, (uint32_t)blocks[i].number);
		put_32(p + 4, flags);
		if (j->tag == 12)
			put_32(p + 8, (uint32_t)(blocks[i].number >> 32));
		p += j->tag;
		if (!i)
			p += UUID_BYTES;
	}
}

/* What looks like a block of the journal itself has zeros there. */
static int write_block(struct jwrite *j, uint32_t at, const uint8_t *data)
{
	size_t bs = j->edit->lib->blocksize;

	if (journal_32(data) != JOURNAL_MAGIC)
		return write_at(j, at, data, bs);
	memcpy(j->block, data, bs);
	memset(j->block, 0, 4);
	return write_at(j, at, j->block, bs);
}

static int write_commit(struct jwrite *j, uint32_t at)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	memset(j->block, 0, j->edit->lib->blocksize);
	put_header(j, j->block, JOURNAL_COMMIT);
	put_32(j->block + 0x30, (uint32_t)((uint64_t)now.tv_sec >> 32));
	put_32(j->block + 0x34, (uint32_t)now.tv_sec);
	put_32(j->block + 0x38, (uint32_t)now.tv_nsec);
	return write_at(j, at, j->block, j->edit->lib->blocksize);
}

int jwrite_clear(struct jwrite *journal, bool last)
{
	int r = sync_disk(journal);

	if (r == 0 && (journal->stale || last))
		r = write_super(journal, last);
	journal->stale = false;
	return r ?: last ? sync_disk(journal) : 0;
}

int jwrite_commit(struct jwrite *journal, const struct held_block *blocks,
		  size_t count)
{
	size_t bs = journal->edit->lib->blocksize, done, n, i;
	uint32_t at = journal->first;
	int r = jwrite_clear(journal, false);

	for (done = 0; r == 0 && done < count; done += n) {
		n = count - done < tags(journal) ? count - done :
						   tags(journal);
		fill_descriptor(journal, blocks + done, n, done + n == count);
		r = write_at(journal, at++, journal->block, bs);
		for (i = 0; r == 0 && i < n; i++)
			r = write_block(journal, at++, blocks[done + i].data);
	}
	r = r ?: sync_disk(journal) ?: write_commit(journal, at) ?:
	    sync_disk(journal);
	if (r == 0) {
		journal->sequence++;
		journal->stale = true;
	}
	return r;
}
