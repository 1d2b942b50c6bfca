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
			  const struct host_hostfs_stat *st)
{
	u64 ino = hostfs_ino(sb, st->dev, st->ino);
	struct inode *inode;

	inode = iget5_locked(sb, ino, test_inode, set_inode, (void *)st);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (!(inode->i_state & I_NEW)) {
		hostfs_fill(inode, st, hostfs_version(inode), false);
		return inode;
	}
	inode->i_ino = ino;
	/* times are the host's; pages are written back before it is asked */
	inode->i_flags |= S_NOATIME | S_NOCMTIME;
	if (hostfs_sb(sb)->append)
		inode->i_flags |= S_APPEND;
	set_operations(inode, st);
	if (!hostfs_sb(sb)->notify)
		inode->i_opflags |= IOP_FASTPERM;	/* no hostfs_permission() */
	hostfs_i(inode)->wrote = true;		/* nothing cached to drop */
	hostfs_fill(inode, st, hostfs_version(inode), false);
	unlock_new_inode(inode);
	return inode;
}

/* ---- attributes ---- */

u64 hostfs_version(struct inode *inode)
{
	u64 version;

	spin_lock(&inode->i_lock);
	version = hostfs_i(inode)->version;
	spin_unlock(&inode->i_lock);
	return version;
}

void hostfs_touch(struct inode *inode)
{
	struct hostfs_inode *hi = hostfs_i(inode);

	spin_lock(&inode->i_lock);
	hi->version++;
	hi->fresh = false;
	hi->wrote = true;
	spin_unlock(&inode->i_lock);
}

static struct timespec64 host_time(const struct host_hostfs_time *t)
{
	return (struct timespec64){ .tv_sec = t->sec, .tv_nsec = t->nsec };
}

/* True: the pages are not those of the host's file any more. */
static bool fill_size(struct inode *inode, const struct host_hostfs_stat *st,
		      u64 version, bool flushed)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	struct timespec64 mtime = host_time(&st->mtime);
	bool changed = false;

	spin_lock(&inode->i_lock);
	if (hi->version == version &&
	    (flushed || !atomic_read(&hi->writers))) {
		changed = !hi->wrote &&
			  (hi->seen_size != st->size ||
			   !timespec64_equal(&hi->seen_mtime, &mtime));
		i_size_write(inode, st->size);
		hi->seen_size = st->size;
		hi->seen_mtime = mtime;
		if (!atomic_read(&hi->writers))
			hi->wrote = false;
	}
	inode->i_blocks = st->blocks;
	spin_unlock(&inode->i_lock);
	return changed;
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

void hostfs_fill(struct inode *inode, const struct host_hostfs_stat *st,
		 u64 version, bool flushed)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	struct timespec64 ctime;

	inode->i_mode = (inode->i_mode & S_IFMT) | (st->mode & ~S_IFMT);
	set_nlink(inode, st->nlink);
	/* records have the guest's ids */
	i_uid_write(inode, st->has_record ? st->uid :
		    hostfs_id_in(&hostfs_sb(inode->i_sb)->uids, st->uid));
	i_gid_write(inode, st->has_record ? st->gid :
		    hostfs_id_in(&hostfs_sb(inode->i_sb)->gids, st->gid));
	if (S_ISLNK(inode->i_mode) && hi->link)
		note_link(inode, st);
	inode_set_atime_to_ts(inode, host_time(&st->atime));
	inode_set_mtime_to_ts(inode, host_time(&st->mtime));
	ctime = host_time(&st->ctime);
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
	if (S_ISREG(inode->i_mode)) {
		if (fill_size(inode, st, version, flushed))
			invalidate_inode_pages2(inode->i_mapping);
	} else {
		i_size_write(inode, st->size);
		inode->i_blocks = st->blocks;
	}
	WRITE_ONCE(hi->checked, jiffies);
	WRITE_ONCE(hi->fresh, true);
}

static int stat_host(struct dentry *dentry, struct host_hostfs_stat *st)
{
	struct inode *inode = d_inode(dentry);
	struct hostfs_where w;
	int err = hostfs_lock_where(&w, dentry);

	if (err)
		return err;
	err = HOST(host_hostfs_stat(hostfs_host(inode), &w.at, st));
	hostfs_unlock_where(&w, dentry);
	return err;
}

int hostfs_refresh(struct dentry *dentry, bool flush)
{
	struct inode *inode = d_inode(dentry);
	u64 version = hostfs_version(inode);
	struct host_hostfs_stat st;
	int err;

	if (flush && S_ISREG(inode->i_mode))
		filemap_write_and_wait(inode->i_mapping);
	err = stat_host(dentry, &st);
	if (!err && !hostfs_same(inode, &st))
		err = -ESTALE;
	if (!err)
		hostfs_fill(inode, &st, version, flush);
	return err;
}

int hostfs_getattr(struct mnt_idmap *idmap, const struct path *path,
		   struct kstat *stat, u32 mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	struct hostfs_inode *hi = hostfs_i(inode);
	int err = 0;

	if (!READ_ONCE(hi->fresh) || (flags & AT_STATX_FORCE_SYNC) ||
	    atomic_read(&hi->writers) ||
	    !time_before(jiffies, hi->checked + hostfs_sb(inode->i_sb)->timeout))
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
