/* SPDX-License-Identifier: GPL-2.0 */
/* See journal.h. This file: finding the journal, and its superblock. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "imgtool/msg.h"
#include "imgtool/view/journal.h"

#define SUPER_BYTES 1024
#define CRC32C	    4
/* Blocks for fast commits, where the superblock does not say. */
#define FAST_BLOCKS 256

/* The first tag of a fast commit, and what follows it: features, transaction.
 * These numbers are little-endian. */
#define FAST_HEAD 9

int journal_damaged(const struct journal *journal, const char *how, ...)
{
	va_list ap;
	char *text;

	va_start(ap, how);
	if (vasprintf(&text, how, ap) < 0)
		text = NULL;
	va_end(ap);
	msg_error(journal->name, "was not unmounted, and its journal is "
		  "damaged: %s; imgtool fsck --repair may make it good", text ?: "");
	free(text);
	return -1;
}

int journal_map(struct journal *journal, uint32_t at, uint64_t *physical)
{
	struct ext_run *run = &journal->run;

	if (at < journal->run_at || at - journal->run_at >= run->count) {
		run->count = 0;
		if (ext_load(journal->ext, journal->ino) < 0 ||
		    ext_map(journal->ext, at, run) < 0)
			return journal_damaged(journal, "the file that it is "
					       "has no block map");
		journal->run_at = at;
	}
	if (!run->physical)
		return journal_damaged(journal, "it has a hole at block %u",
				       at);
	*physical = run->physical + (at - journal->run_at);
	return 0;
}

int journal_read(struct journal *journal, uint32_t at, void *data)
{
	uint64_t physical;
	int r = journal_map(journal, at, &physical);

	if (r < 0)
		return r;
	r = ext_read_block(journal->ext, physical, data);
	return r < 0 ? msg_error(journal->name, "%s", fs_strerror(r)) : 0;
}

/* Checks the file that it is. */
static int find_file(struct journal *j)
{
	const struct ext2_super_block *sb = j->ext->fs->super;

	j->ino = sb->s_journal_inum;
	if (!j->ino && sb->s_journal_dev)
		return msg_error(j->name, "was not unmounted, and its journal "
				 "is on another device, which e2fsck can use");
	if (!j->ino || ext_load(j->ext, j->ino) < 0 ||
	    !S_ISREG(j->ext->inode.large.i_mode) || ext_is_inline(j->ext) ||
	    (j->ext->inode.large.i_flags & EXT4_ENCRYPT_FL))
		return journal_damaged(j, "there is none");
	return 0;
}

static int set_features(struct journal *j, const uint8_t *sb, bool old)
{
	uint32_t unknown;

	if (!old) {
		j->compat = journal_32(sb + 0x24);
		j->incompat = journal_32(sb + 0x28);
	}
	unknown = j->incompat & ~JOURNAL_KNOWN;
	if (unknown || (!old && journal_32(sb + 0x2c)))
		return msg_error(j->name, "was not unmounted, and its journal "
				 "has features that cannot be read here: "
				 "0x%x", unknown ?: journal_32(sb + 0x2c));
	return 0;
}

static int set_checksums(struct journal *j, uint8_t *sb)
{
	uint32_t kinds = j->incompat & (JOURNAL_CSUM2 | JOURNAL_CSUM3), sum;

	if (kinds) {
		sum = journal_32(sb + 0xfc);
		memset(sb + 0xfc, 0, 4);
		if (kinds == (JOURNAL_CSUM2 | JOURNAL_CSUM3) ||
		    (j->compat & JOURNAL_CHECKSUM) || sb[0x50] != CRC32C)
			return journal_damaged(j, "the kinds of checksums "
					       "that it has");
		if (ext2fs_crc32c_le(~0U, sb, SUPER_BYTES) != sum)
			return journal_damaged(j, "its superblock has a wrong "
					       "checksum");
		j->seed = ext2fs_crc32c_le(~0U, sb + 0x30, 16);
		j->tail = 4;
	}
	if (kinds & JOURNAL_CSUM3)
		j->tag = 16;
	else
		j->tag = (j->incompat & JOURNAL_64BIT ? 12 : 8) +
			 (kinds ? 2 : 0);
	return 0;
}

static int set_geometry(struct journal *j, const uint8_t *sb)
{
	uint32_t fast = journal_32(sb + 0x54), length = journal_32(sb + 0x10);

	j->first = journal_32(sb + 0x14);
	j->last = j->fast = j->end = length;
	j->sequence = journal_32(sb + 0x18);
	j->start = journal_32(sb + 0x1c);
	if (!(j->incompat & JOURNAL_FAST_COMMIT))
		fast = 0;
	else if (!fast)
		fast = FAST_BLOCKS;
	if (journal_32(sb + 0x0c) != j->ext->fs->blocksize || !j->first ||
	    ext_size(j->ext) / j->ext->fs->blocksize < length ||
	    fast >= length)
		return journal_damaged(j, "its superblock makes no sense");
	j->last = j->fast = length - fast;
	if (j->first >= j->last ||
	    (j->start && (j->start < j->first || j->start >= j->last)))
		return journal_damaged(j, "its superblock makes no sense");
	return 0;
}

static int read_super(struct journal *j)
{
	uint8_t sb[SUPER_BYTES];
	uint32_t kind;

	if (journal_read(j, 0, j->block))
		return -1;
	memcpy(sb, j->block, SUPER_BYTES);
	kind = journal_32(sb + 4);
	if (journal_32(sb) != JOURNAL_MAGIC ||
	    (kind != JOURNAL_SUPER && kind != JOURNAL_SUPER_OLD))
		return journal_damaged(j, "it has no superblock");
	if (set_features(j, sb, kind == JOURNAL_SUPER_OLD) ||
	    set_checksums(j, sb))
		return -1;
	return set_geometry(j, sb);
}

/* Fast commits are logical changes since the last transaction, which only
 * the kernel and e2fsck can make. */
static int refuse_fast(struct journal *j, uint32_t next)
{
	const uint8_t *p = j->block;

	if (j->fast == j->end)
		return 0;
	if (journal_read(j, j->fast, j->block))
		return -1;
	if ((p[0] | p[1] << 8) != FAST_HEAD ||
	    (p[8] | p[9] << 8 | p[10] << 16 | (uint32_t)p[11] << 24) != next)
		return 0;
	return msg_error(j->name, "was not unmounted, and its journal has fast "
			 "commits (fast_commit), which cannot be read here; "
			 "imgtool fsck --repair writes them to their places");
}

static int replay(struct journal *j, struct overlay *overlay)
{
	if (find_file(j) || read_super(j))
		return -1;
	if (!j->start)
		return 0;
	return journal_replay(j, overlay) ? -1 : refuse_fast(j, j->sequence);
}

struct overlay *ext_replay(struct ext *ext, const char *name)
{
	struct overlay *overlay = overlay_new(ext->fs->blocksize);
	struct journal j = { .ext = ext, .name = name };
	int r;

	j.block = mem_alloc(ext->fs->blocksize);
	j.data = mem_alloc(ext->fs->blocksize);
	r = replay(&j, overlay);
	free(j.block);
	free(j.data);
	free(j.revokes.entries);
	if (!r)
		return overlay;
	overlay_free(overlay);
	return NULL;
}
