// SPDX-License-Identifier: GPL-2.0
/* Reading directories: the host's offsets are ours, so they are as stable. */
#include <linux/fs.h>
#include <linux/slab.h>

#include "hostfs.h"

#define BATCH	(32 << 10)

struct open_dir {
	int fd;			/* -1: of a removed one, which is not read */
	loff_t next;		/* where the host's descriptor stands */
	u32 used, at;		/* bytes in buf */
	char buf[] __aligned(8);
};

/* struct linux_dirent64 of the host */
struct entry {
	u64 ino;
	s64 next;
	u16 len;
	u8 type;
	char name[];
};

static int open_host(struct open_dir *d, struct inode *inode,
		     struct dentry *dentry)
{
	struct hostfs_where w;
	int err = hostfs_where(&w, dentry);

	if (err)
		return err;
	d->fd = HOST(host_hostfs_open(hostfs_host(inode), &w.at,
				      HOST_HOSTFS_READ, NULL));
	hostfs_where_done(&w);
	return d->fd < 0 ? d->fd : 0;
}

static int hostfs_dir_open(struct inode *inode, struct file *file)
{
	struct open_dir *d = kvmalloc(sizeof(*d) + BATCH, GFP_KERNEL);
	int err;

	if (!d)
		return -ENOMEM;
	d->next = 0;
	d->used = d->at = 0;
	d->fd = -1;
	err = IS_DEADDIR(inode) ? 0 : open_host(d, inode, file->f_path.dentry);
	if (err) {
		kvfree(d);
		return err;
	}
	file->private_data = d;
	return 0;
}

static int hostfs_dir_release(struct inode *inode, struct file *file)
{
	struct open_dir *d = file->private_data;

	if (d->fd >= 0)
		HOST((host_hostfs_close(d->fd), 0));
	kvfree(d);
	return 0;
}

static int read_batch(struct open_dir *d, loff_t pos)
{
	s64 n;

	if (d->next != pos) {
		n = HOST(host_hostfs_seek(d->fd, pos, SEEK_SET));
		if (n < 0)
			return n;
		d->next = pos;
	}
	d->at = d->used = 0;
	n = HOST(host_hostfs_readdir(d->fd, d->buf, BATCH));
	if (n > 0)
		d->used = n;
	return n == -ENOENT ? 0 : n;	/* removed: empty */
}

static bool emit(struct file *file, struct dir_context *ctx,
		 const struct entry *e)
{
	struct inode *inode = file_inode(file);
	int len = strnlen(e->name, e->len - offsetof(struct entry, name));
	u64 ino;

	if (len == 1 && e->name[0] == '.')
		return dir_emit(ctx, ".", 1, inode->i_ino, DT_DIR);
	if (len == 2 && e->name[0] == '.' && e->name[1] == '.')
		return dir_emit(ctx, "..", 2,
				d_parent_ino(file->f_path.dentry), DT_DIR);
	ino = hostfs_ino(inode->i_sb, hostfs_i(inode)->dev, e->ino);
	return dir_emit(ctx, e->name, len, ino,
			hostfs_sb(inode->i_sb)->records && e->type == DT_REG ?
			DT_UNKNOWN : e->type);
}

static int hostfs_iterate(struct file *file, struct dir_context *ctx)
{
	struct open_dir *d = file->private_data;
	const struct entry *e;
	int n;

	for (;;) {
		if (d->at >= d->used || d->next != ctx->pos) {
			n = read_batch(d, ctx->pos);
			if (n <= 0)
				return n;
		}
		e = (const struct entry *)(d->buf + d->at);
		if (!emit(file, ctx, e))
			return 0;
		d->at += e->len;
		d->next = ctx->pos = e->next;
	}
}

static loff_t hostfs_dir_llseek(struct file *file, loff_t pos, int whence)
{
	struct open_dir *d = file->private_data;
	struct inode *inode = file_inode(file);

	inode_lock(inode);
	if (whence == SEEK_CUR)
		pos += file->f_pos;
	if ((whence != SEEK_SET && whence != SEEK_CUR) || pos < 0)
		pos = -EINVAL;
	else if (whence == SEEK_SET || pos != file->f_pos) {
		file->f_pos = pos;
		d->used = d->at = 0;
		d->next = -1;		/* read anew, as rewinddir() wants it */
	}
	inode_unlock(inode);
	return pos;
}

static int hostfs_dir_fsync(struct file *file, loff_t from, loff_t to,
			    int data_only)
{
	struct open_dir *d = file->private_data;

	return d->fd < 0 ? 0 : HOST(host_hostfs_sync(d->fd, data_only));
}

const struct file_operations hostfs_dir_operations = {
	.open		= hostfs_dir_open,
	.release	= hostfs_dir_release,
	.iterate_shared	= hostfs_iterate,
	.llseek		= hostfs_dir_llseek,
	.read		= generic_read_dir,
	.fsync		= hostfs_dir_fsync,
};
