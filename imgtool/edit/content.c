/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A block that had no contents gets all of them at once: what is written, and
 * zeros around it. One that has been written before is written in part.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/falloc.h>

#include "imgtool/edit/content.h"
#include "imgtool/edit/direct.h"
#include "imgtool/msg.h"

/* A regular file that may be written to, its data not in its inode. */
static int load_file(struct edit *edit, uint64_t ino,
		     struct ext2_inode_large *inode)
{
	int r = edit_load(edit, ino, inode);

	if (r == 0 && !S_ISREG(inode->i_mode))
		r = S_ISDIR(inode->i_mode) ? -EISDIR : -EINVAL;
	if (r == 0 && (inode->i_flags & EXT4_INLINE_DATA_FL))
		r = edit_truncate(edit, ino, EXT2_I_SIZE(inode)) ?:
		    edit_load(edit, ino, inode);
	return r;
}

/* Is block AT without contents? 1 or 0, or -errno. */
static int is_blank(struct edit *edit, uint64_t ino, uint64_t at)
{
	struct ext_run run;
	int r = ext_load(edit->ext, ino) ?: ext_map(edit->ext, at, &run);

	return r < 0 ? r : !run.physical;
}

/* What block AT has; no error where there can be none. */
static int map_at(struct edit *edit, uint64_t ino, uint64_t at,
		  struct ext_run *run)
{
	return ext_load(edit->ext, ino) ?: ext_map(edit->ext, at, run);
}

/*
 * Blocks one by one: new ones, or (FLAGS: BMAP_SET) those that were never
 * written become ordinary ones. The library also gives many at once, but each
 * time in an extent of their own, and in front of other blocks it fills more
 * than it was asked for, with what is there on disk.
 */
static int make_each(struct edit *edit, uint64_t ino, uint64_t at,
		     uint64_t count, int flags)
{
	struct ext2_inode_large inode;
	blk64_t physical = 0;
	uint64_t i;
	int r = edit_reserve(edit, (flags ? 0 : count) + count / 64 + 8) ?:
		edit_load(edit, ino, &inode);

	if (r < 0)
		return r;
	for (i = at; i < at + count && r == 0; i++) {
		if (flags)
			r = edit_from_library(ext2fs_bmap2(edit->lib, ino,
					(void *)&inode, NULL, 0, i, NULL,
					&physical));
		r = r ?: edit_from_library(ext2fs_bmap2(edit->lib, ino,
				(void *)&inode, NULL, flags ?: BMAP_ALLOC, i,
				NULL, &physical));
	}
	return edit_store(edit, ino, &inode) ?: r ?:
	       edit_set_data(edit, ino, at, count);
}

/* Blocks [AT, END) of a file, all of which can be written then. */
static int make_blocks(struct edit *edit, uint64_t ino, uint64_t at,
		       uint64_t end)
{
	struct ext_run run;
	uint64_t n;
	int r = 0;

	for (; at < end && r == 0; at += n) {
		r = map_at(edit, ino, at, &run);
		if (r < 0)
			return r;
		n = run.count < end - at ? run.count : end - at;
		if (run.unwritten)
			r = make_each(edit, ino, at, n, BMAP_SET);
		else if (!run.physical)
			r = make_each(edit, ino, at, n, 0);
	}
	return r;
}

/* A part of block AT, which is all new if BLANK. */
static int write_part(struct edit *edit, uint64_t ino, uint64_t at,
		      size_t skip, const void *data, size_t length, bool blank)
{
	uint64_t bs = edit->lib->blocksize;
	struct ext_run run;
	uint8_t *block;
	int r = ext_load(edit->ext, ino) ?: ext_map(edit->ext, at, &run);

	if (r == 0 && !run.physical)
		r = -EUCLEAN;
	if (r < 0)
		return r;
	if (!blank)
		return disk_write(&edit->view.disk, run.physical * bs + skip,
				  data, length);
	block = mem_zalloc(bs);
	memcpy(block + skip, data, length);
	r = disk_write(&edit->view.disk, run.physical * bs, block, bs);
	free(block);
	return r;
}

static int write_blocks(struct edit *edit, uint64_t ino, uint64_t offset,
			const char *data, size_t length)
{
	uint64_t bs = edit->lib->blocksize, skip = offset % bs, n;
	uint64_t at = offset / bs, end = (offset + length + bs - 1) / bs;
	int head = is_blank(edit, ino, at), tail = is_blank(edit, ino, end - 1);
	int r = head < 0 ? head : tail < 0 ? tail :
		make_blocks(edit, ino, at, end);

	if (r == 0 && (skip || length < bs)) {
		n = length < bs - skip ? length : bs - skip;
		r = write_part(edit, ino, at++, skip, data, n, head);
		data += n;
		length -= n;
	}
	n = length - length % bs;
	if (r == 0 && n)
		r = edit_write(edit, ino, at * bs, data, n);
	if (r == 0 && length > n)
		r = write_part(edit, ino, at + n / bs, 0, data + n, length - n,
			       tail);
	return r;
}

/* The times of a change, and the size if it has become larger. */
static int finish(struct edit *edit, uint64_t ino, uint64_t size)
{
	struct ext2_inode_large inode;
	int r = edit_load(edit, ino, &inode);

	if (r == 0 && size > EXT2_I_SIZE(&inode))
		r = edit_set_size(edit, ino, size) ?:
		    edit_load(edit, ino, &inode);
	if (r < 0)
		return r;
	edit_set_time(edit, &inode, EDIT_MTIME, &edit->now);
	edit_set_time(edit, &inode, EDIT_CTIME, &edit->now);
	return edit_store(edit, ino, &inode);
}

/* Nothing stays behind the end of a file that could not be made longer. */
static void take_back(struct edit *edit, uint64_t ino, uint64_t size)
{
	uint64_t bs = edit->lib->blocksize;
	struct ext2_inode_large inode;

	if (edit_load(edit, ino, &inode) < 0)
		return;
	edit_punch(edit, ino, &inode, (size + bs - 1) / bs, ~0ULL);
	edit_store(edit, ino, &inode);
}

/* The map of a file is checked once: what we write in it makes sense. */
static int check_map(struct edit *edit, uint64_t ino)
{
	int r;

	if (edit->checked[ino % EDIT_CHECKED] == ino)
		return 0;
	r = edit_check_map(edit, ino);
	if (r == 0)
		edit->checked[ino % EDIT_CHECKED] = ino;
	return r;
}

int content_write(struct edit *edit, uint64_t ino, uint64_t offset,
		  const void *data, size_t length)
{
	struct ext2_inode_large inode;
	uint64_t end;
	int r = load_file(edit, ino, &inode);

	if (r < 0 || !length)
		return r;
	if (__builtin_add_overflow(offset, length, &end))
		return -EFBIG;
	r = check_map(edit, ino);
	if (r == 0 && offset > EXT2_I_SIZE(&inode))
		r = edit_clear_tail(edit, ino, EXT2_I_SIZE(&inode));
	r = r ?: write_blocks(edit, ino, offset, data, length) ?:
	    finish(edit, ino, end);
	if (r < 0 && end > EXT2_I_SIZE(&inode))
		take_back(edit, ino, EXT2_I_SIZE(&inode));
	return r;
}

/* ------------------------------------------------------------- fallocate */

static int zero_part(struct edit *edit, uint64_t ino, uint64_t offset,
		     size_t length)
{
	int r = is_blank(edit, ino, offset / edit->lib->blocksize);
	uint8_t *zeros;

	if (r || !length)
		return r < 0 ? r : 0;
	zeros = mem_zalloc(length);
	r = write_part(edit, ino, offset / edit->lib->blocksize,
		       offset % edit->lib->blocksize, zeros, length, false);
	free(zeros);
	return r;
}

/* Holes for whole blocks, zeros in what is not whole. */
static int make_hole(struct edit *edit, uint64_t ino, uint64_t offset,
		     uint64_t end)
{
	uint64_t bs = edit->lib->blocksize;
	uint64_t first = (offset + bs - 1) / bs, last = end / bs;
	struct ext2_inode_large inode;
	int r;

	if (first > last)
		return zero_part(edit, ino, offset, end - offset);
	r = zero_part(edit, ino, offset, first * bs - offset) ?:
	    zero_part(edit, ino, last * bs, end - last * bs) ?:
	    edit_load(edit, ino, &inode);
	if (r < 0 || first == last)
		return r;
	r = edit_punch(edit, ino, &inode, first, last - 1);
	return edit_store(edit, ino, &inode) ?: r;
}

/* Zeros in the blocks [AT, END), which are there. */
static int zero_blocks(struct edit *edit, uint64_t ino, uint64_t at,
		       uint64_t end)
{
	uint64_t bs = edit->lib->blocksize, n;
	struct ext_run run;
	int r = 0;

	for (; at < end && r == 0; at += n) {
		r = map_at(edit, ino, at, &run);
		if (r < 0)
			return r;
		n = run.count < end - at ? run.count : end - at;
		if (run.physical)
			r = disk_zero(&edit->view.disk, run.physical * bs,
				      n * bs);
	}
	return r;
}

/* Space that holds zeros, for holes. */
static int make_space(struct edit *edit, uint64_t ino, uint64_t offset,
		      uint64_t end)
{
	uint64_t bs = edit->lib->blocksize, at = offset / bs, n;
	uint64_t last = (end + bs - 1) / bs;
	struct ext_run run;
	int r = last > UINT32_MAX ? -EFBIG :
		edit_reserve(edit, last - at + (last - at) / (bs / 16) + 4);

	for (; at < last && r == 0; at += n) {
		r = map_at(edit, ino, at, &run);
		if (r < 0)
			return r;
		n = run.count < last - at ? run.count : last - at;
		if (run.physical || run.unwritten)
			continue;
		r = make_each(edit, ino, at, n, 0) ?:
		    zero_blocks(edit, ino, at, at + n);
	}
	return r;
}

int content_allocate(struct edit *edit, uint64_t ino, int mode,
		     uint64_t offset, uint64_t length)
{
	struct ext2_inode_large inode;
	uint64_t end, old;
	int kind = mode & ~FALLOC_FL_KEEP_SIZE, r;

	if (kind & ~(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	r = load_file(edit, ino, &inode);
	if (r < 0)
		return r;
	if (!length || __builtin_add_overflow(offset, length, &end))
		return -EINVAL;
	r = check_map(edit, ino);
	if (r < 0)
		return r;
	old = EXT2_I_SIZE(&inode);
	if (kind == FALLOC_FL_PUNCH_HOLE && end > old)
		end = old;
	/* blocks behind the end would have to be marked as never written */
	if (kind != FALLOC_FL_PUNCH_HOLE && (mode & FALLOC_FL_KEEP_SIZE) &&
	    end > old)
		return -EOPNOTSUPP;
	if (kind && offset < end)
		r = make_hole(edit, ino, offset, end);
	if (r == 0 && kind != FALLOC_FL_PUNCH_HOLE) {
		if (end > old)
			r = edit_clear_tail(edit, ino, old);
		r = r ?: make_space(edit, ino, offset, end) ?:
		    finish(edit, ino, end);
		if (r < 0 && end > old)
			take_back(edit, ino, old);
		return r;
	}
	return r ?: finish(edit, ino, 0);
}
