// SPDX-License-Identifier: GPL-2.0
/*
 * Opening without the host. Most files are small, read from start to end, and
 * closed; if all of their pages are in the cache from the last time, the host
 * is asked for their attributes, as at any open, and no more, while these say
 * that nothing has changed since it opened the file for reading.
 *
 * A file that is open so gets its descriptor as soon as one is needed: for a
 * page that is missing after all, a mapping, a lock, before the guest removes
 * it or changes its mode or owner; and all that are still open, within a second,
 * since what the host removes or replaces could not be opened any more.
 */
#include <linux/fs.h>
#include <linux/pagemap.h>

#include "hostfs.h"

#define DELAY	HZ
#define PAGES	256		/* of larger ones there is more to gain by reading */

static bool all_cached(struct inode *inode)
{
	pgoff_t end = DIV_ROUND_UP(i_size_read(inode), PAGE_SIZE), next = 0;
	XA_STATE(xas, &inode->i_mapping->i_pages, 0);
	struct folio *folio;

	if (!end || end > PAGES)
		return !end;
	rcu_read_lock();
	xas_for_each(&xas, folio, end - 1) {
		if (xas_retry(&xas, folio))
			continue;
		if (xa_is_value(folio) || folio->index != next ||
		    !folio_test_uptodate(folio))
			break;
		next = folio_next_index(folio);
	}
	rcu_read_unlock();
	return next >= end;
}

bool hostfs_lazy_maybe(struct inode *inode)
{
	struct hostfs_inode *hi = hostfs_i(inode);

	return hostfs_read_fd(inode) < 0 && READ_ONCE(hi->wfd) < 0 &&
	       timespec64_equal(&hi->read_ctime, &hi->seen_ctime) &&
	       all_cached(inode);
}

bool hostfs_lazy_still(struct inode *inode)
{
	return hostfs_lazy_maybe(inode) && READ_ONCE(hostfs_i(inode)->fresh);
}

void hostfs_lazy_add(struct inode *inode)
{
	struct hostfs_sb *hsb = hostfs_sb(inode->i_sb);
	struct hostfs_inode *hi = hostfs_i(inode);

	spin_lock(&hsb->lock);
	if (list_empty(&hi->lazy))
		list_add(&hi->lazy, &hsb->lazy);
	spin_unlock(&hsb->lock);
	schedule_delayed_work(&hsb->lazy_work, DELAY);
}

void hostfs_lazy_del(struct inode *inode)
{
	struct hostfs_sb *hsb = hostfs_sb(inode->i_sb);
	struct hostfs_inode *hi = hostfs_i(inode);

	if (list_empty_careful(&hi->lazy))
		return;
	spin_lock(&hsb->lock);
	list_del_init(&hi->lazy);
	spin_unlock(&hsb->lock);
}

static int open_now(struct dentry *dentry, void *data)
{
	struct inode *inode = d_inode(dentry);
	struct hostfs_inode *hi = hostfs_i(inode);
	int err = 0;

	mutex_lock(&hi->lock);
	if (hi->opens)
		err = hostfs_get_read_fd(inode, dentry, NULL);
	hostfs_lazy_del(inode);
	mutex_unlock(&hi->lock);
	return err;
}

int hostfs_need_fd(struct inode *inode, struct file *file)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	int fd = hostfs_read_fd(inode);

	if (fd >= 0)
		return fd;
	/* one for writing only does not read, whoever else is there */
	if (READ_ONCE(hi->wfd) < 0 || !list_empty_careful(&hi->lazy)) {
		fd = file ? open_now(file->f_path.dentry, NULL) :
			    hostfs_by_any_name(inode, open_now, NULL);
		if (fd < 0)
			return fd;
	}
	fd = hostfs_read_fd(inode);
	return fd < 0 ? -EBADF : fd;
}

void hostfs_lazy_end(struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);

	if (inode && !list_empty_careful(&hostfs_i(inode)->lazy))
		open_now(dentry, NULL);
}

bool hostfs_hold(struct dentry *dentry, int users)
{
	struct inode *inode = d_inode(dentry);
	bool held = false;

	if (!inode || !S_ISREG(inode->i_mode) || inode->i_nlink != 1 ||
	    d_count(dentry) <= users)
		return false;
	mutex_lock(&hostfs_i(inode)->lock);
	if (hostfs_read_fd(inode) < 0)
		held = !hostfs_get_read_fd(inode, dentry, NULL);
	mutex_unlock(&hostfs_i(inode)->lock);
	return held;
}

void hostfs_hold_end(struct inode *inode)
{
	mutex_lock(&hostfs_i(inode)->lock);
	if (!hostfs_i(inode)->opens)
		hostfs_close_fds(inode);
	mutex_unlock(&hostfs_i(inode)->lock);
}

static struct inode *next_lazy(struct hostfs_sb *hsb)
{
	struct hostfs_inode *hi;
	struct inode *inode = NULL;

	spin_lock(&hsb->lock);
	while (!inode && !list_empty(&hsb->lazy)) {
		hi = list_first_entry(&hsb->lazy, struct hostfs_inode, lazy);
		list_del_init(&hi->lazy);
		inode = igrab(&hi->vfs);
	}
	spin_unlock(&hsb->lock);
	return inode;
}

static void lazy_work(struct work_struct *work)
{
	struct hostfs_sb *hsb = container_of(to_delayed_work(work),
					     struct hostfs_sb, lazy_work);
	struct inode *inode;

	while ((inode = next_lazy(hsb))) {
		hostfs_by_any_name(inode, open_now, NULL);
		iput(inode);
	}
}

void hostfs_lazy_init(struct hostfs_sb *hsb)
{
	INIT_LIST_HEAD(&hsb->lazy);
	INIT_DELAYED_WORK(&hsb->lazy_work, lazy_work);
}
