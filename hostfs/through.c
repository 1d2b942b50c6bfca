// SPDX-License-Identifier: GPL-2.0
/*
 * Large reads and writes, past the page cache. What they read is in the host's
 * cache, or comes there by its read-ahead, and the host's cache is where writes
 * go: to have it here as well would cost a second copy and the guest's memory,
 * of which the host has to give each page first.
 *
 * They go this way only while none of their pages is in our cache, a read only
 * if all that was written is on the host, too (else the host's file may be
 * shorter): so they see what cached reads and mappings see. They leave nothing
 * behind.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "hostfs.h"

#define LEAST	(128 << 10)	/* bytes, as cat(1) reads */
#define PAGES	257		/* at once: 1 MiB, wherever it begins */

struct chunk {
	struct page *page[PAGES];
	struct host_iov iov[PAGES];
};

size_t hostfs_through(struct kiocb *iocb, struct iov_iter *to)
{
	struct address_space *mapping = iocb->ki_filp->f_mapping;
	loff_t size = i_size_read(mapping->host), pos = iocb->ki_pos;
	size_t len = iov_iter_count(to);

	if (pos >= size || (iocb->ki_flags & IOCB_NOWAIT) ||
	    !user_backed_iter(to))
		return 0;
	len = min_t(u64, len, size - pos);
	if (len < LEAST || mapping_tagged(mapping, PAGECACHE_TAG_DIRTY) ||
	    mapping_tagged(mapping, PAGECACHE_TAG_WRITEBACK) ||
	    filemap_range_has_page(mapping, pos, pos + len - 1))
		return 0;
	return len;
}

/* Pages that follow each other in memory are one piece. */
static u32 pieces(struct chunk *c, size_t offset, size_t len)
{
	u32 n = 0, i;

	for (i = 0; len; i++) {
		char *base = (char *)page_address(c->page[i]) + offset;
		size_t part = min_t(size_t, len, PAGE_SIZE - offset);

		if (n && c->iov[n - 1].base + c->iov[n - 1].len == base)
			c->iov[n - 1].len += part;
		else
			c->iov[n++] = (struct host_iov){ base, part };
		len -= part;
		offset = 0;
	}
	return n;
}

/* At most max bytes of memory, at *to; pages in c are to be given back. */
static ssize_t take(struct chunk *c, struct iov_iter *iter, size_t max, u32 *n,
		    u32 *pages)
{
	struct page **page = c->page;
	size_t offset;
	ssize_t len;

	len = iov_iter_extract_pages(iter, &page, max, PAGES, 0, &offset);
	if (len <= 0)
		return len ? len : -EFAULT;
	*n = pieces(c, offset, len);
	*pages = DIV_ROUND_UP(offset + len, PAGE_SIZE);
	return len;
}

static ssize_t read_chunk(struct kiocb *iocb, struct iov_iter *to,
			  struct chunk *c, size_t max)
{
	int fd = hostfs_need_fd(file_inode(iocb->ki_filp), iocb->ki_filp);
	ssize_t len;
	u32 n, pages;
	s64 got;

	if (fd < 0)
		return fd;
	len = take(c, to, max, &n, &pages);
	if (len < 0)
		return len;
	got = HOST(host_hostfs_readv(fd, c->iov, n, iocb->ki_pos));
	unpin_user_pages_dirty_lock(c->page, pages, true);
	iov_iter_revert(to, len - max_t(s64, got, 0));
	if (got > 0)
		iocb->ki_pos += got;
	return got;
}

ssize_t hostfs_read_through(struct kiocb *iocb, struct iov_iter *to,
			    size_t left)
{
	struct chunk *c = kmalloc(sizeof(*c), GFP_KERNEL);
	ssize_t got = 0, done = 0;

	if (!c)
		return -ENOMEM;
	while (left && !fatal_signal_pending(current)) {
		got = read_chunk(iocb, to, c,
				 min_t(size_t, left, (PAGES - 1) << PAGE_SHIFT));
		if (got <= 0)
			break;
		done += got;
		left -= got;
		cond_resched();
	}
	kfree(c);
	return done ? done : got;
}

/* ---- writing; under the inode's lock ---- */

/* With nobody bringing pages in: what was written, 0 if some are there. */
static s64 write_alone(struct inode *inode, struct chunk *c, u32 n, loff_t pos,
		       size_t len)
{
	s64 put;

	if (filemap_range_has_page(inode->i_mapping, pos, pos + len - 1))
		return 0;
	put = HOST(host_hostfs_writev(hostfs_i(inode)->wfd, c->iov, n, pos));
	if (put <= 0)
		return put ? put : -ENOSPC;
	hostfs_wrote(inode, pos + put);
	return put;
}

static ssize_t write_chunk(struct kiocb *iocb, struct iov_iter *from,
			   struct chunk *c)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t len;
	u32 n, pages;
	s64 put;

	/* before the lock: the memory may be a mapping of this very file */
	len = take(c, from, (PAGES - 1) << PAGE_SHIFT, &n, &pages);
	if (len < 0)
		return len;
	filemap_invalidate_lock(inode->i_mapping);
	hostfs_zero_tail(inode, i_size_read(inode), iocb->ki_pos);
	put = write_alone(inode, c, n, iocb->ki_pos, len);
	filemap_invalidate_unlock(inode->i_mapping);
	unpin_user_pages(c->page, pages);
	iov_iter_revert(from, len - max_t(s64, put, 0));
	if (put > 0)
		iocb->ki_pos += put;
	return put;
}

/* What was written; stops where pages are cached, or at an error. */
static ssize_t write_through(struct kiocb *iocb, struct iov_iter *from,
			     ssize_t *err)
{
	struct chunk *c = kmalloc(sizeof(*c), GFP_KERNEL);
	ssize_t put = 1, done = 0;

	*err = c ? file_remove_privs(iocb->ki_filp) : -ENOMEM;
	while (!*err && put && iov_iter_count(from)) {
		put = fatal_signal_pending(current) ? -EINTR :
		      write_chunk(iocb, from, c);
		if (put < 0)
			*err = put;
		else
			done += put;
		cond_resched();
	}
	kfree(c);
	return done;
}

ssize_t hostfs_write(struct kiocb *iocb, struct iov_iter *from)
{
	ssize_t done = 0, err = 0;

	if (iov_iter_count(from) >= LEAST && user_backed_iter(from))
		done = write_through(iocb, from, &err);
	if (!err && iov_iter_count(from)) {
		err = __generic_file_write_iter(iocb, from);
		if (err > 0)
			done += err;
	}
	return done ? done : err;
}
