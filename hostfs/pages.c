// SPDX-License-Identifier: GPL-2.0
/*
 * The page cache: many folios per host call, straight from and to the host
 * (all memory is in the direct map).
 */
#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/writeback.h>

#include "hostfs.h"

#define BATCH	64

/* Folios that follow each other in the file. */
struct batch {
	struct inode *inode;
	struct file *file;		/* or NULL */
	u64 pos, len;
	u32 n;
	struct folio *folio[BATCH];
	struct host_iov iov[BATCH];
};

static void batch_add(struct batch *b, struct folio *folio, size_t len)
{
	if (!b->n) {
		b->pos = folio_pos(folio);
		b->len = 0;
	}
	b->folio[b->n] = folio;
	b->iov[b->n].base = folio_address(folio);
	b->iov[b->n++].len = len;
	b->len += len;
}

/* ---- reading ---- */

static void read_batch(struct batch *b)
{
	int fd = hostfs_need_fd(b->inode, b->file);
	s64 got = fd < 0 ? fd :
		  HOST(host_hostfs_readv(fd, b->iov, b->n, b->pos));
	u32 i;

	for (i = 0; i < b->n; i++) {
		struct folio *folio = b->folio[i];
		size_t size = folio_size(folio);
		size_t have = got <= 0 ? 0 : min_t(u64, got, size);

		if (got >= 0) {
			folio_zero_segment(folio, have, size);
			got -= have;
		}
		folio_end_read(folio, got >= 0);
	}
	b->n = 0;
}

static int read_one(struct inode *inode, struct file *file, struct folio *folio)
{
	struct host_iov iov = { folio_address(folio), folio_size(folio) };
	int fd = hostfs_need_fd(inode, file);
	s64 got = fd < 0 ? fd :
		  HOST(host_hostfs_readv(fd, &iov, 1, folio_pos(folio)));

	if (got < 0)
		return got;
	folio_zero_segment(folio, got, folio_size(folio));
	return 0;
}

static int hostfs_read_folio(struct file *file, struct folio *folio)
{
	int err = read_one(folio->mapping->host, file, folio);

	folio_end_read(folio, !err);
	return err;
}

static void hostfs_readahead(struct readahead_control *rac)
{
	struct batch b;
	struct folio *folio;

	b.inode = rac->mapping->host;
	b.file = rac->file;
	b.n = 0;
	while ((folio = readahead_folio(rac))) {
		batch_add(&b, folio, folio_size(folio));
		if (b.n == BATCH)
			read_batch(&b);
	}
	if (b.n)
		read_batch(&b);
}

/* ---- writing ---- */

/* What a mapping has left behind the end must not show up when the file
 * grows. */
void hostfs_zero_tail(struct inode *inode, loff_t from, loff_t to)
{
	struct folio *folio;
	size_t at;

	if (to <= from || !offset_in_page(from))
		return;
	folio = filemap_lock_folio(inode->i_mapping, from >> PAGE_SHIFT);
	if (IS_ERR(folio))
		return;
	at = offset_in_folio(folio, from);
	folio_zero_segment(folio, at,
			   min_t(u64, folio_size(folio), at + (to - from)));
	folio_unlock(folio);
	folio_put(folio);
}

static int hostfs_write_begin(struct file *file, struct address_space *mapping,
			      loff_t pos, unsigned int len,
			      struct folio **foliop, void **data)
{
	struct inode *inode = mapping->host;
	struct folio *folio;
	size_t from, to;
	int err;

	hostfs_zero_tail(inode, i_size_read(inode), pos);
	folio = __filemap_get_folio(mapping, pos >> PAGE_SHIFT,
				    FGP_WRITEBEGIN | fgf_set_order(len),
				    mapping_gfp_mask(mapping));
	if (IS_ERR(folio))
		return PTR_ERR(folio);
	from = offset_in_folio(folio, pos);
	to = min_t(size_t, from + len, folio_size(folio));
	*foliop = folio;
	if (folio_test_uptodate(folio) || (!from && to == folio_size(folio)))
		return 0;
	if (folio_pos(folio) >= i_size_read(inode)) {
		folio_zero_segments(folio, 0, from, to, folio_size(folio));
		return 0;
	}
	err = read_one(inode, file, folio);
	if (err) {
		folio_unlock(folio);
		folio_put(folio);
		return err;
	}
	folio_mark_uptodate(folio);
	return 0;
}

static int hostfs_write_end(struct file *file, struct address_space *mapping,
			    loff_t pos, unsigned int len, unsigned int copied,
			    struct folio *folio, void *data)
{
	if (!folio_test_uptodate(folio)) {
		if (copied < len)
			copied = 0;	/* once more, from the start */
		else
			folio_mark_uptodate(folio);
	}
	if (copied) {
		/* in this order: who asks the host after the second has it
		 * written before */
		folio_mark_dirty(folio);
		hostfs_wrote(mapping->host, pos + copied);
	}
	folio_unlock(folio);
	folio_put(folio);
	return copied;
}

/* After a write that got no further than put: why. */
static int write_error(const struct batch *b, int fd, u64 put)
{
	const struct host_iov *iov = b->iov;
	u64 skip = put;
	struct host_iov rest;
	s64 n;

	for (; skip >= iov->len; iov++)
		skip -= iov->len;
	rest = (struct host_iov){ iov->base + skip, iov->len - skip };
	n = HOST(host_hostfs_writev(fd, &rest, 1, b->pos + put));
	return n < 0 ? n : -ENOSPC;
}

static void write_batch(struct batch *b)
{
	int fd = READ_ONCE(hostfs_i(b->inode)->wfd);
	s64 put = fd < 0 ? -EBADF :
		  HOST(host_hostfs_writev(fd, b->iov, b->n, b->pos));
	int err = put < 0 ? put :
		  put < b->len ? write_error(b, fd, put) : 0;
	u32 i;

	if (err)
		mapping_set_error(b->inode->i_mapping, err);
	for (i = 0; i < b->n; i++)
		folio_end_writeback(b->folio[i]);
	b->n = 0;
}

static int add_dirty(struct folio *folio, struct writeback_control *wbc,
		     void *data)
{
	struct batch *b = data;
	loff_t pos = folio_pos(folio), size = i_size_read(b->inode);
	size_t len;

	if (pos >= size) {		/* being truncated */
		folio_start_writeback(folio);
		folio_unlock(folio);
		folio_end_writeback(folio);
		return 0;
	}
	len = min_t(loff_t, folio_size(folio), size - pos);
	folio_zero_segment(folio, len, folio_size(folio));
	if (b->n && (b->n == BATCH || pos != b->pos + b->len))
		write_batch(b);
	folio_start_writeback(folio);
	folio_unlock(folio);
	batch_add(b, folio, len);
	return 0;
}

static int hostfs_writepages(struct address_space *mapping,
			     struct writeback_control *wbc)
{
	struct batch b;
	int err;

	b.inode = mapping->host;
	b.n = 0;
	err = write_cache_pages(mapping, wbc, add_dirty, &b);
	if (b.n)
		write_batch(&b);
	return err;
}

const struct address_space_operations hostfs_aops = {
	.read_folio	= hostfs_read_folio,
	.readahead	= hostfs_readahead,
	.write_begin	= hostfs_write_begin,
	.write_end	= hostfs_write_end,
	.writepages	= hostfs_writepages,
	.dirty_folio	= filemap_dirty_folio,
	.migrate_folio	= filemap_migrate_folio,
};
