// SPDX-License-Identifier: GPL-2.0
/* A mounted directory, and the memory of its inodes. */
#include <linux/backing-dev.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/magic.h>
#include <linux/pagemap.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/statfs.h>

#include "hostfs.h"

static struct kmem_cache *inode_cache;

/* ---- inodes ---- */

static struct inode *hostfs_alloc_inode(struct super_block *sb)
{
	struct hostfs_inode *hi;

	hi = alloc_inode_sb(sb, inode_cache, GFP_KERNEL);
	if (!hi)
		return NULL;
	memset((char *)hi + sizeof(hi->vfs), 0, sizeof(*hi) - sizeof(hi->vfs));
	mutex_init(&hi->lock);
	mutex_init(&hi->locking);
	INIT_LIST_HEAD(&hi->lazy);
	hi->rfd = hi->wfd = hi->lfd = hi->wd = -1;
	hi->read_ctime.tv_nsec = -1;		/* never */
	return &hi->vfs;
}

static void hostfs_free_inode(struct inode *inode)
{
	kfree(hostfs_i(inode)->link);
	kmem_cache_free(inode_cache, hostfs_i(inode));
}

static void hostfs_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	hostfs_notify_evict(inode);
	hostfs_close_fds(inode);
}

static void init_once(void *p)
{
	inode_init_once(&((struct hostfs_inode *)p)->vfs);
}

/* ---- superblock ---- */

static int hostfs_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	struct host_hostfs_statfs sf;
	int err = HOST(host_hostfs_statfs(hostfs_sb(dentry->d_sb)->host, &sf));

	if (err)
		return err;
	buf->f_type = HOSTFS_SUPER_MAGIC;
	buf->f_bsize = buf->f_frsize = sf.bsize;
	buf->f_blocks = sf.blocks;
	buf->f_bfree = sf.bfree;
	buf->f_bavail = sf.bavail;
	buf->f_files = sf.files;
	buf->f_ffree = sf.ffree;
	buf->f_namelen = NAME_MAX;
	buf->f_fsid = u64_to_fsid(huge_encode_dev(dentry->d_sb->s_dev));
	return 0;
}

static int hostfs_show_options(struct seq_file *m, struct dentry *root)
{
	struct hostfs_sb *hsb = hostfs_sb(root->d_sb);

	seq_show_option(m, "hostfs", hsb->path);
	if (hsb->timeout_ms != 1000)
		seq_printf(m, ",attr_timeout=%u", hsb->timeout_ms);
	if (hsb->records)
		seq_puts(m, ",ownership=xattr");
	if (hsb->notify)
		seq_puts(m, ",notify");
	hostfs_idmap_show(m, "uidmap", &hsb->uids);
	hostfs_idmap_show(m, "gidmap", &hsb->gids);
	return 0;
}

static const struct super_operations hostfs_super_operations = {
	.alloc_inode	= hostfs_alloc_inode,
	.free_inode	= hostfs_free_inode,
	.evict_inode	= hostfs_evict_inode,
	.statfs		= hostfs_statfs,
	.show_options	= hostfs_show_options,
};

static int make_root(struct super_block *sb)
{
	const struct host_hostfs_at at = { .dir = "", .fd = -1 };
	struct host_hostfs_stat st;
	u64 asked = hostfs_now(sb);
	struct inode *inode;
	int err = HOST(host_hostfs_stat(hostfs_sb(sb)->host, &at, &st));

	if (err)
		return err;
	inode = hostfs_iget(sb, &st, asked);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	sb->s_root = d_make_root(inode);
	return sb->s_root ? 0 : -ENOMEM;
}

int hostfs_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct hostfs_sb *hsb = sb->s_fs_info;
	struct host_hostfs_statfs sf;
	bool ro = hsb->ro || (fc->sb_flags & SB_RDONLY);
	int err;

	err = HOST(host_hostfs_mount(hsb->jail, hsb->path,
				     (ro ? HOST_HOSTFS_RDONLY : 0) |
				     (hsb->records ? HOST_HOSTFS_RECORDS : 0),
				     &hsb->host));
	if (err == -EOPNOTSUPP && hsb->records) {
		errorf(fc, "hostfs: %s: ownership=xattr: its file system has no user attributes",
		       hsb->path);
		return err;
	}
	if (err) {
		errorf(fc, "hostfs: %s: error %d", hsb->path, err);
		return err;
	}
	/* an overlay has another file's when it copies it up */
	hsb->born_stays = !HOST(host_hostfs_statfs(hsb->host, &sf)) &&
			  sf.type != OVERLAYFS_SUPER_MAGIC;
	if (ro)
		sb->s_flags |= SB_RDONLY;
	if (hostfs_has_acls(hsb))
		sb->s_flags |= SB_POSIXACL;
	/* else each write would ask the host for security.capability */
	sb->s_flags |= SB_NOSEC;
	sb->s_magic = HOSTFS_SUPER_MAGIC;
	sb->s_blocksize = 4096;
	sb->s_blocksize_bits = 12;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_time_gran = 1;
	sb->s_time_min = S64_MIN;
	sb->s_time_max = S64_MAX;
	sb->s_op = &hostfs_super_operations;
	sb->s_d_op = &hostfs_dentry_operations;
	sb->s_xattr = hostfs_xattr_handlers;
	err = super_setup_bdi(sb);
	if (err)
		return err;
	sb->s_bdi->ra_pages = sb->s_bdi->io_pages = (1 << 20) >> PAGE_SHIFT;
	if (hsb->want_notify)
		err = hostfs_notify_start(sb);
	if (err) {
		errorf(fc, "hostfs: %s: notify: error %d", hsb->path, err);
		return err;
	}
	return make_root(sb);
}

void hostfs_free_sb(struct hostfs_sb *hsb)
{
	if (!hsb)
		return;
	hostfs_notify_free(hsb->notify);
	if (hsb->host)
		HOST((host_hostfs_unmount(hsb->host), 0));
	kfree(hsb->path);
	kfree(hsb);
}

void hostfs_kill_sb(struct super_block *sb)
{
	struct hostfs_sb *hsb = sb->s_fs_info;
	struct inode *created = NULL;

	if (hsb) {
		swap(created, hsb->created);
		iput(created);
		cancel_delayed_work_sync(&hsb->lazy_work);
		hostfs_notify_stop(sb);
	}
	kill_anon_super(sb);
	hostfs_free_sb(hsb);
}

int __init hostfs_init_cache(void)
{
	inode_cache = kmem_cache_create("hostfs_inode",
					sizeof(struct hostfs_inode), 0,
					SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT,
					init_once);
	return inode_cache ? 0 : -ENOMEM;
}
