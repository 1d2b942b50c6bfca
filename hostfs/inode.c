// SPDX-License-Identifier: GPL-2.0
/* Inodes: identity and attributes. */
#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/posix_acl.h>

#include "hostfs.h"

/* ---- identity ---- */

/* Inode numbers of the host are unique within a device only. */
u64 hostfs_ino(struct super_block *sb, u64 dev, u64 ino)
{
	struct hostfs_sb *hsb = hostfs_sb(sb);
	unsigned int i;

	spin_lock(&hsb->lock);
	for (i = 0; i < hsb->ndevs && hsb->devs[i] != dev; i++)
		;
	if (i == hsb->ndevs && i < HOSTFS_DEVS)
		hsb->devs[hsb->ndevs++] = dev;
	spin_unlock(&hsb->lock);
	return ino ^ ((u64)i << 48);
}

/* A removed file may live on in the guest, and its number be another one's,
 * unless we have it open on the host. */
static int test_inode(struct inode *inode, void *data)
{
	struct hostfs_inode *hi = hostfs_i(inode);

	return hostfs_same(inode, data) &&
	       (READ_ONCE(inode->i_nlink) || READ_ONCE(hi->rfd) >= 0 ||
		READ_ONCE(hi->wfd) >= 0);
}

static int set_inode(struct inode *inode, void *data)
{
	const struct host_hostfs_stat *st = data;

	hostfs_i(inode)->dev = st->dev;
	hostfs_i(inode)->ino = st->ino;
	hostfs_i(inode)->born = hostfs_born(inode->i_sb, st);
	inode->i_mode = st->mode;
	return 0;
}

static void set_operations(struct inode *inode,
			   const struct host_hostfs_stat *st)
{
	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		inode->i_op = &hostfs_file_inode_operations;
		inode->i_fop = &hostfs_file_operations;
		inode->i_mapping->a_ops = &hostfs_aops;
		mapping_set_large_folios(inode->i_mapping);
		break;
	case S_IFDIR:
		inode->i_op = &hostfs_dir_inode_operations;
		inode->i_fop = &hostfs_dir_operations;
		break;
	case S_IFLNK:
		inode->i_op = &hostfs_link_inode_operations;
		break;
	default:
		inode->i_op = &hostfs_file_inode_operations;
		init_special_inode(inode, inode->i_mode,
				   MKDEV(st->rdev_major, st->rdev_minor));
	}
}

struct inode *hostfs_iget(struct super_block *sb,
			  const struct host_hostfs_stat *st, u64 asked)
{
	u64 ino = hostfs_ino(sb, st->dev, st->ino);
	struct inode *inode;

	inode = iget5_locked(sb, ino, test_inode, set_inode, (void *)st);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (!(inode->i_state & I_NEW)) {
		hostfs_fill(inode, st, asked, false);
		return inode;
	}
	inode->i_ino = ino;
	/* times are the host's; pages are written back before it is asked */
	inode->i_flags |= S_NOATIME | S_NOCMTIME;
	if (hostfs_sb(sb)->append)
		inode->i_flags |= S_APPEND;
	set_operations(inode, st);
	hostfs_i(inode)->wrote = true;		/* nothing cached to drop */
	hostfs_fill(inode, st, asked, false);
	unlock_new_inode(inode);
	return inode;
}

/* ---- the order of changes and answers ---- */

u64 hostfs_now(const struct super_block *sb)
{
	return atomic64_read(&hostfs_sb(sb)->changes);
}

static u64 next(const struct inode *inode)
{
	return atomic64_inc_return(&hostfs_sb(inode->i_sb)->changes);
}

void hostfs_begin(struct inode *inode)
{
	spin_lock(&inode->i_lock);
	hostfs_i(inode)->changing++;
	spin_unlock(&inode->i_lock);
}

void hostfs_end(struct inode *inode)
{
	struct hostfs_inode *hi = hostfs_i(inode);

	spin_lock(&inode->i_lock);
	hi->changing--;
	hi->changed_at = next(inode);
	hi->fresh = false;
	spin_unlock(&inode->i_lock);
}

void hostfs_look_anew(struct inode *inode)
{
	struct hostfs_inode *hi = hostfs_i(inode);

	spin_lock(&inode->i_lock);
	hi->changed_at = next(inode);
	hi->fresh = false;
	spin_unlock(&inode->i_lock);
}

void hostfs_wrote(struct inode *inode, loff_t end)
{
	struct hostfs_inode *hi = hostfs_i(inode);

	spin_lock(&inode->i_lock);
	hi->wrote_at = next(inode);
	hi->fresh = false;
	hi->wrote = true;
	if (end > inode->i_size)
		i_size_write(inode, end);
	spin_unlock(&inode->i_lock);
}

void hostfs_touch(struct inode *inode)
{
	hostfs_wrote(inode, 0);
}

/* ---- attributes ---- */

static struct timespec64 host_time(const struct host_hostfs_time *t)
{
	return (struct timespec64){ .tv_sec = t->sec, .tv_nsec = t->nsec };
}

/* What is to be done with the pages. */
enum {
	CHANGED	= 1,		/* they are not those of the host's file any more */
	SHRUNK	= 2,		/* there are some behind its end */
};

/* Under i_lock. */
static int take_size(struct inode *inode, const struct host_hostfs_stat *st,
		     u64 asked, bool flushed)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	struct timespec64 mtime = host_time(&st->mtime);
	int pages = 0;

	inode->i_blocks = st->blocks;
	if (hi->wrote_at > asked || (!flushed && atomic_read(&hi->writers)))
		return 0;
	if (!hi->wrote && (hi->seen_size != st->size ||
			   !timespec64_equal(&hi->seen_mtime, &mtime)))
		pages |= CHANGED;
	if (st->size < inode->i_size)
		pages |= SHRUNK;
	i_size_write(inode, st->size);
	hi->seen_size = st->size;
	hi->seen_mtime = mtime;
	if (!atomic_read(&hi->writers))
		hi->wrote = false;
	return pages;
}

/* The number is another link's by now, or with ownership=xattr the host has
 * written to it. */
static void note_link(struct inode *inode, const struct host_hostfs_stat *st)
{
	struct timespec64 was = inode_get_mtime(inode);
	struct timespec64 mtime = host_time(&st->mtime);

	if (inode->i_size != st->size || !timespec64_equal(&was, &mtime))
		WRITE_ONCE(hostfs_i(inode)->link_old, true);
}

/* Under i_lock. */
static void take_attributes(struct inode *inode,
			    const struct host_hostfs_stat *st)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	struct timespec64 ctime = host_time(&st->ctime);

	inode->i_mode = (inode->i_mode & S_IFMT) | (st->mode & ~S_IFMT);
	/* records have the guest's ids */
	i_uid_write(inode, st->has_record ? st->uid :
		    hostfs_id_in(&hostfs_sb(inode->i_sb)->uids, st->uid));
	i_gid_write(inode, st->has_record ? st->gid :
		    hostfs_id_in(&hostfs_sb(inode->i_sb)->gids, st->gid));
	if (S_ISLNK(inode->i_mode) && hi->link)
		note_link(inode, st);
	inode_set_atime_to_ts(inode, host_time(&st->atime));
	inode_set_mtime_to_ts(inode, host_time(&st->mtime));
	if (!timespec64_equal(&ctime, &hi->seen_ctime)) {
		/* the host may have given it other attributes, if it was not
		 * our writing */
		if (!hi->wrote)
			inode_set_flags(inode, 0, S_NOSEC);
		if (IS_POSIXACL(inode))
			forget_all_cached_acls(inode);
	}
	if (is_sxid(inode->i_mode))
		inode_set_flags(inode, 0, S_NOSEC);
	hi->seen_ctime = ctime;
	inode_set_ctime_to_ts(inode, ctime);
	hi->btime = host_time(&st->btime);
	hi->has_btime = st->has_btime;
}

/* Each who may come to use old pages sees to it that they are gone, whoever
 * else is at it. */
static void drop_pages(struct inode *inode, int pages)
{
	if (pages & SHRUNK)
		truncate_pagecache(inode, i_size_read(inode));
	if (!(pages & CHANGED))
		return;
	invalidate_inode_pages2(inode->i_mapping);
	spin_lock(&inode->i_lock);
	hostfs_i(inode)->dropping--;
	spin_unlock(&inode->i_lock);
}

/*
 * What the host said, without drop_pages(), which is to come, outside of the
 * inode's lock: what it returns, or -EAGAIN if this may be from before a change.
 * force: even so, but for the count of links, which is kept here.
 */
static int take(struct inode *inode, const struct host_hostfs_stat *st,
		u64 asked, bool flushed, bool force)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	int pages = 0;
	bool sure;

	spin_lock(&inode->i_lock);
	sure = !hi->changing && hi->changed_at <= asked;
	if (!sure && !force) {
		spin_unlock(&inode->i_lock);
		return -EAGAIN;
	}
	take_attributes(inode, st);
	if (sure)
		set_nlink(inode, st->nlink);
	if (S_ISREG(inode->i_mode)) {
		pages = take_size(inode, st, asked, flushed);
	} else {
		i_size_write(inode, st->size);
		inode->i_blocks = st->blocks;
	}
	if (hi->dropping)
		pages |= CHANGED;
	if (pages & CHANGED)
		hi->dropping++;
	WRITE_ONCE(hi->checked, jiffies);
	WRITE_ONCE(hi->fresh, sure && hi->wrote_at <= asked);
	spin_unlock(&inode->i_lock);
	return pages;
}

bool hostfs_fill(struct inode *inode, const struct host_hostfs_stat *st,
		 u64 asked, bool flushed)
{
	int pages = take(inode, st, asked, flushed, false);

	if (pages > 0)
		drop_pages(inode, pages);
	return pages >= 0;
}

/* Under the inode's lock nobody sets attributes; but names may come and go. */
static int ask(struct dentry *dentry, u64 asked, bool flushed, bool force)
{
	struct inode *inode = d_inode(dentry);
	struct host_hostfs_stat st;
	struct hostfs_where w;
	int err = hostfs_lock_where(&w, dentry);

	if (err)
		return err;
	err = HOST(host_hostfs_stat(hostfs_host(inode), &w.at, &st));
	if (!err && !hostfs_same(inode, &st))
		err = -ESTALE;
	if (!err)
		err = take(inode, &st, asked, flushed, force);
	hostfs_unlock_where(&w, dentry);
	return err;
}

#define TRIES	8

int hostfs_refresh(struct dentry *dentry, bool flush)
{
	struct inode *inode = d_inode(dentry);
	int tries, ret = -EAGAIN;

	for (tries = 1; tries <= TRIES && ret == -EAGAIN; tries++) {
		u64 asked = hostfs_now(inode->i_sb);

		if (flush && S_ISREG(inode->i_mode))
			filemap_write_and_wait(inode->i_mapping);
		ret = ask(dentry, asked, flush, tries == TRIES);
	}
	if (ret > 0)
		drop_pages(inode, ret);
	return min(ret, 0);
}

bool hostfs_expired(const struct inode *inode)
{
	return !time_before(jiffies, READ_ONCE(hostfs_i(inode)->checked) +
				     hostfs_sb(inode->i_sb)->timeout);
}

int hostfs_getattr(struct mnt_idmap *idmap, const struct path *path,
		   struct kstat *stat, u32 mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	struct hostfs_inode *hi = hostfs_i(inode);
	int err = 0;

	if (!READ_ONCE(hi->fresh) || (flags & AT_STATX_FORCE_SYNC) ||
	    atomic_read(&hi->writers) || hostfs_expired(inode))
		err = hostfs_refresh(path->dentry, true);
	/* removed, and nobody has it open: what we know is all there is */
	if (err == -ESTALE && d_unhashed(path->dentry))
		err = 0;
	if (err)
		return err;
	generic_fillattr(idmap, mask, inode, stat);
	if (hi->has_btime) {
		stat->btime = hi->btime;
		stat->result_mask |= STATX_BTIME;
	}
	return 0;
}
