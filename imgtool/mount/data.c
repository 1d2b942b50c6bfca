/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contents of files on a writable mount.
 *
 * A read looks up where the data is with everything locked, and reads it with
 * nothing locked but that these blocks get no other use meanwhile. A write is
 * done under the lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/edit/content.h"
#include "imgtool/mount/tree.h"
#include "imgtool/msg.h"

#define RUNS_MOST 64

struct piece {
	uint64_t at; /* on the disk; 0: zeros */
	size_t length;
};

/* Where the data from OFFSET on is. Returns the number of pieces, or -errno. */
static int find_pieces(struct ext *ext, uint64_t offset, size_t length,
		       struct piece *pieces)
{
	uint64_t bs = ext->fs->blocksize, skip, n;
	struct ext_run run;
	int count = 0, r;

	for (; length && count < RUNS_MOST; length -= n, offset += n) {
		r = ext_map(ext, offset / bs, &run);
		if (r < 0)
			return r;
		skip = offset % bs;
		n = run.count > length / bs + 2 ? length :
						  run.count * bs - skip;
		if (n > length)
			n = length;
		pieces[count].at = run.physical ? run.physical * bs + skip : 0;
		pieces[count++].length = n;
	}
	return count;
}

static int read_pieces(struct disk *disk, const struct piece *pieces,
		       int count, char *data)
{
	int i, r = 0;

	for (i = 0; i < count && r == 0; i++) {
		if (pieces[i].at)
			r = disk_read(disk, pieces[i].at, data,
				      pieces[i].length);
		else
			memset(data, 0, pieces[i].length);
		data += pieces[i].length;
	}
	return r;
}

/* Some of what is wanted. Returns how much, 0 at the end, or -errno. */
static ssize_t read_some(struct tree *tree, uint64_t ino, uint64_t offset,
			 char *data, size_t length)
{
	struct piece pieces[RUNS_MOST];
	struct reader *reader = reader_take(&tree->readers);
	struct ext *ext = tree->edit->ext;
	int r = ext_load(ext, ino), count = 0, i;
	size_t total = 0;
	ssize_t n;

	if (r < 0 || ext_is_inline(ext) ||
	    (ext->inode.large.i_flags & EXT4_ENCRYPT_FL)) {
		n = r < 0 ? r : fs_read(&reader->fs, ino, offset, data, length);
		reader_return(&tree->readers, reader);
		return n;
	}
	if (offset >= ext_size(ext))
		length = 0;
	else if (length > ext_size(ext) - offset)
		length = ext_size(ext) - offset;
	count = find_pieces(ext, offset, length, pieces);
	pthread_rwlock_rdlock(&tree->commits.data);
	reader_return(&tree->readers, reader);
	r = count < 0 ? count :
	    read_pieces(&tree->edit->view.disk, pieces, count, data);
	pthread_rwlock_unlock(&tree->commits.data);
	for (i = 0; i < count; i++)
		total += pieces[i].length;
	return r < 0 ? r : (ssize_t)total;
}

static void data_read(fuse_req_t req, fuse_ino_t node, size_t size, off_t off,
		      struct fuse_file_info *info)
{
	struct tree *tree = tree_of(req);
	char *data = mem_alloc(size);
	size_t done = 0;
	ssize_t n;

	do {
		n = read_some(tree, inode_of(tree, node), off + done,
			      data + done, size - done);
		if (n > 0)
			done += n;
	} while (n > 0 && done < size);
	if (n < 0)
		tree_reply(req, n);
	else
		fuse_reply_buf(req, data, done);
	free(data);
}

static void data_write(fuse_req_t req, fuse_ino_t node, const char *data,
		       size_t size, off_t off, struct fuse_file_info *info)
{
	struct tree *tree = tree_of(req);
	struct reader *reader;
	int r = tree_begin_change(req, &reader);

	r = r ?: (tree->guest ? edit_write : content_write)
		(tree->edit, inode_of(tree, node), off, data, size);
	tree_end_change(req, reader);
	if (r < 0)
		tree_reply(req, r);
	else
		fuse_reply_write(req, size);
}

static void data_fallocate(fuse_req_t req, fuse_ino_t node, int mode,
			   off_t off, off_t length,
			   struct fuse_file_info *info)
{
	struct tree *tree = tree_of(req);
	uint64_t ino = inode_of(tree, node);
	struct reader *reader;
	int r = tree_begin_change(req, &reader);

	r = r ?: tree->guest ?
		guest_allocate(&reader->fs, ino, mode, off, length) :
		content_allocate(tree->edit, ino, mode, off, length);
	tree_end_change(req, reader);
	tree_reply(req, r);
}

static void data_fsync(fuse_req_t req, fuse_ino_t node, int data_only,
		       struct fuse_file_info *info)
{
	struct tree *tree = tree_of(req);
	struct reader *reader = reader_take(&tree->readers);
	int r = commits_commit(&tree->commits);

	reader_return(&tree->readers, reader);
	tree_reply(req, r);
}

static void data_open(fuse_req_t req, fuse_ino_t node,
		      struct fuse_file_info *info)
{
	struct tree *tree = tree_of(req);
	struct reader *reader = reader_take(&tree->readers);

	known_open(&tree->known, inode_of(tree, node));
	reader_return(&tree->readers, reader);
	/* nobody but the kernel changes anything */
	info->keep_cache = 1;
	if (fuse_reply_open(req, info) != -ENOENT)
		return;
	reader = reader_take(&tree->readers);
	known_close(&tree->known, inode_of(tree, node));
	reader_return(&tree->readers, reader);
}

static void data_release(fuse_req_t req, fuse_ino_t node,
			 struct fuse_file_info *info)
{
	struct tree *tree = tree_of(req);
	uint64_t ino = inode_of(tree, node);
	struct reader *reader = reader_take(&tree->readers);

	if (known_close(&tree->known, ino) && !commits_ready(&tree->commits))
		edit_truncate(tree->edit, ino, 0);
	reader_return(&tree->readers, reader);
	fuse_reply_err(req, 0);
}

void tree_add_data(struct fuse_lowlevel_ops *ops)
{
	ops->open = data_open;
	ops->release = data_release;
	ops->read = data_read;
	ops->write = data_write;
	ops->fallocate = data_fallocate;
	ops->fsync = data_fsync;
	ops->fsyncdir = data_fsync;
}
