// SPDX-License-Identifier: GPL-2.0
/*
 * Large reads, past the page cache. What they read is in the host's cache, or
 * comes there by its read-ahead: to have it here as well would cost a second
 * copy and the guest's memory, of which the host has to give each page first.
 *
 * A read goes this way only while none of its pages is in our cache and all
 * that was written is on the host: so it sees what cached reads and mappings
 * see. It leaves nothing behind.
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

/* At most max bytes, to where the program wants them. */
static ssize_t read_chunk(struct kiocb *iocb, struct iov_iter *to,
			  struct chunk *c, size_t max)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	struct page **page = c->page;
	int fd = hostfs_need_fd(inode, iocb->ki_filp);
	ssize_t len;
	size_t offset;
	s64 got;

	if (fd < 0)
		return fd;
	len = iov_iter_extract_pages(to, &page, max, PAGES, 0, &offset);
	if (len <= 0)
		return len ? len : -EFAULT;
	got = HOST(host_hostfs_readv(fd, c->iov, pieces(c, offset, len),
				     iocb->ki_pos));
	unpin_user_pages_dirty_lock(c->page, DIV_ROUND_UP(offset + len,
							  PAGE_SIZE), true);
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
	size_t want;

	if (!c)
		return -ENOMEM;
	while (left) {
		want = min_t(size_t, left, (PAGES - 1) << PAGE_SHIFT);
		got = read_chunk(iocb, to, c, want);
		if (got <= 0)
			break;
		done += got;
		left -= got;
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
	kfree(c);
	return done ? done : got;
}
