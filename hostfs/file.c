// SPDX-License-Identifier: GPL-2.0
/* Open files. All openers of an inode share its descriptors. */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/pagemap.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include "hostfs.h"

/* ---- descriptors; all under hi->lock, and not closed while opens > 0 ---- */

int hostfs_read_fd(struct inode *inode)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	int fd = READ_ONCE(hi->rfd);

	if (fd < 0 && hi->wfd_reads)
		fd = READ_ONCE(hi->wfd);
	return fd;
}

void hostfs_close_fds(struct inode *inode)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	bool write = hi->lfd >= 0 || hi->wfd >= 0;

	if (write)
		hostfs_own_begin(inode);
	if (hi->lfd >= 0 && hi->lfd != hi->rfd && hi->lfd != hi->wfd)
		HOST((host_hostfs_close(hi->lfd), 0));
	if (hi->rfd >= 0)
		HOST((host_hostfs_close(hi->rfd), 0));
	if (hi->wfd >= 0)
		HOST((host_hostfs_close(hi->wfd), 0));
	hi->rfd = hi->wfd = hi->lfd = -1;
	if (write)
		hostfs_own_end(inode);
}

/*
 * A new file's descriptor waits for its first opener: its mode may not allow
 * to open it again. If none comes (mknod), the next new file closes it.
 */
void hostfs_keep_created(struct inode *inode, int fd)
{
	struct hostfs_sb *hsb = hostfs_sb(inode->i_sb);
	struct hostfs_inode *hi = hostfs_i(inode);
	struct inode *old;

	mutex_lock(&hi->lock);
	if (hi->wfd >= 0)
		HOST((host_hostfs_close(fd), 0));
	else
		hi->wfd = fd;
	hi->wfd_reads = true;
	mutex_unlock(&hi->lock);
	spin_lock(&hsb->lock);
	old = hsb->created;
	hsb->created = igrab(inode);
	spin_unlock(&hsb->lock);
	if (!old)
		return;
	mutex_lock(&hostfs_i(old)->lock);
	if (!hostfs_i(old)->opens && old != inode)
		hostfs_close_fds(old);
	mutex_unlock(&hostfs_i(old)->lock);
	iput(old);
}

/* inode NULL: whoever it is */
void hostfs_forget_created(struct inode *inode)
{
	struct hostfs_sb *hsb = hostfs_sb(inode->i_sb);
	struct inode *old = NULL;

	spin_lock(&hsb->lock);
	if (hsb->created == inode)
		swap(old, hsb->created);
	spin_unlock(&hsb->lock);
	iput(old);
}

int hostfs_open_host(struct inode *inode, struct dentry *dentry, u32 access,
		     struct host_hostfs_stat *st)
{
	struct hostfs_where w;
	int fd = hostfs_where(&w, dentry);

	if (fd)
		return fd;
	fd = HOST(host_hostfs_open(hostfs_host(inode), &w.at, access, st));
	hostfs_where_done(&w);
	return fd;
}

static int get_write_fd(struct inode *inode, struct dentry *dentry,
			struct host_hostfs_stat *st)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	int fd;

	if (hi->wfd >= 0)
		return 0;
	fd = hostfs_open_host(inode, dentry, HOST_HOSTFS_READ | HOST_HOSTFS_WRITE,
			      st);
	hi->wfd_reads = fd >= 0;
	if (fd == -EACCES)
		fd = hostfs_open_host(inode, dentry, HOST_HOSTFS_WRITE, st);
	if (fd < 0)
		return fd;
	WRITE_ONCE(hi->wfd, fd);
	return 0;
}

int hostfs_get_read_fd(struct inode *inode, struct dentry *dentry,
		       struct host_hostfs_stat *st)
{
	int fd;

	if (hostfs_read_fd(inode) >= 0)
		return 0;
	fd = hostfs_open_host(inode, dentry, HOST_HOSTFS_READ, st);
	if (fd < 0)
		return fd;
	WRITE_ONCE(hostfs_i(inode)->rfd, fd);
	if (st)
		hostfs_i(inode)->read_ctime = (struct timespec64){
			st->ctime.sec, st->ctime.nsec };
	return 0;
}

/* st: what the host says, if it has opened the file just now. lazy: no need to. */
static int open_fds(struct inode *inode, struct file *file, bool lazy,
		    struct host_hostfs_stat *st)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	struct dentry *dentry = file->f_path.dentry;
	int err = 0;

	mutex_lock(&hi->lock);
	lazy = lazy && hostfs_lazy_still(inode);
	if (file->f_mode & FMODE_WRITE)
		err = get_write_fd(inode, dentry, st);
	if (!err && (file->f_mode & FMODE_READ) && !lazy)
		err = hostfs_get_read_fd(inode, dentry, st);
	if (!err)
		hi->opens++;
	else if (!hi->opens)
		hostfs_close_fds(inode);
	if (!err && lazy)
		hostfs_lazy_add(inode);
	mutex_unlock(&hi->lock);
	return err;
}

static int look_at_fd(struct inode *inode, struct host_hostfs_stat *st)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	const struct host_hostfs_at at = {
		.fd = hi->wfd >= 0 ? hi->wfd : hi->rfd,
	};

	return at.fd < 0 ? -EBADF :
	       HOST(host_hostfs_stat(hostfs_host(inode), &at, st));
}

/* Close-to-open: what is there now is what is read. */
static int hostfs_open(struct inode *inode, struct file *file)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	struct host_hostfs_stat st = {};
	u64 asked = hostfs_now(inode->i_sb);
	bool lazy = !(file->f_mode & FMODE_WRITE) && hostfs_lazy_maybe(inode) &&
		    !hostfs_refresh(file->f_path.dentry, false);
	int err;

	err = open_fds(inode, file, lazy, &st);
	if (err)
		return err;
	hostfs_forget_created(inode);
	if ((st.ino || (!lazy && !(file->f_mode & FMODE_CREATED) &&
			!look_at_fd(inode, &st))) &&
	    !hostfs_fill(inode, &st, asked, false))
		hostfs_refresh(file->f_path.dentry, false);
	if (file->f_mode & FMODE_WRITE)
		atomic_inc(&hi->writers);
	file->f_mode |= FMODE_CAN_ODIRECT;
	return 0;
}

/*
 * Whatever has not been written since the file was opened is an error here, if
 * no fsync() has told it, whoever may have met it: stat() does, too. It is not
 * used up, for who shares the file has not been told; who opens it next has not
 * written it. At the end of a process nobody listens: then the next one is told.
 */
static int hostfs_flush(struct file *file, fl_owner_t id)
{
	errseq_t since = READ_ONCE(file->f_wb_err);

	if (!(file->f_mode & FMODE_WRITE))
		return 0;
	filemap_write_and_wait(file->f_mapping);
	if (current->flags & PF_EXITING)
		return 0;
	return errseq_check_and_advance(&file->f_mapping->wb_err, &since);
}

/* What the file is like after the guest's own writing, so that a later change
 * is the host's. */
static void end_writing(struct inode *inode)
{
	struct host_hostfs_stat st;
	u64 asked;

	filemap_write_and_wait(inode->i_mapping);
	hostfs_touch(inode);
	asked = hostfs_now(inode->i_sb);
	if (atomic_dec_and_test(&hostfs_i(inode)->writers) &&
	    !look_at_fd(inode, &st))
		hostfs_fill(inode, &st, asked, true);
}

static int hostfs_release(struct inode *inode, struct file *file)
{
	struct hostfs_inode *hi = hostfs_i(inode);

	if (file->f_mode & FMODE_WRITE)
		end_writing(inode);
	mutex_lock(&hi->lock);
	if (!--hi->opens) {
		hostfs_lazy_del(inode);
		hostfs_close_fds(inode);
	}
	mutex_unlock(&hi->lock);
	return 0;
}

/* ---- reading and writing ---- */

/* Direct: through the page cache, but nothing stays in it. */
static int settle(struct inode *inode, loff_t pos, size_t len)
{
	int err = filemap_write_and_wait_range(inode->i_mapping, pos,
					       pos + len - 1);

	if (!err)
		invalidate_inode_pages2_range(inode->i_mapping,
					      pos >> PAGE_SHIFT,
					      (pos + len - 1) >> PAGE_SHIFT);
	return err;
}

static ssize_t hostfs_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	size_t through;
	int err;

	if ((iocb->ki_flags & IOCB_DIRECT) && iov_iter_count(to)) {
		err = settle(inode, iocb->ki_pos, iov_iter_count(to));
		if (err)
			return err;
		iocb->ki_flags &= ~IOCB_DIRECT;
	}
	through = hostfs_through(iocb, to);
	return through ? hostfs_read_through(iocb, to, through) :
			 generic_file_read_iter(iocb, to);
}

static ssize_t hostfs_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	bool direct = iocb->ki_flags & IOCB_DIRECT;
	ssize_t ret;
	int err;

	inode_lock(inode);
	ret = generic_write_checks(iocb, from);
	iocb->ki_flags &= ~IOCB_DIRECT;
	if (ret > 0)
		ret = hostfs_write(iocb, from);
	inode_unlock(inode);
	if (ret <= 0)
		return ret;
	if (direct) {
		err = settle(inode, iocb->ki_pos - ret, ret);
		if (err)
			return err;
	}
	return generic_write_sync(iocb, ret);
}

/* Of an open file, for what does not read or write. */
static int any_fd(struct file *file)
{
	int fd = READ_ONCE(hostfs_i(file_inode(file))->wfd);

	return fd >= 0 ? fd : hostfs_need_fd(file_inode(file), file);
}

static int hostfs_mmap(struct file *file, struct vm_area_struct *vma)
{
	int fd = any_fd(file);

	return fd < 0 ? fd : generic_file_mmap(file, vma);
}

static int hostfs_fsync(struct file *file, loff_t from, loff_t to,
			int data_only)
{
	int err = file_write_and_wait_range(file, from, to);
	int fd = err ? err : any_fd(file);

	return fd < 0 ? fd : HOST(host_hostfs_sync(fd, data_only));
}

static loff_t hostfs_llseek(struct file *file, loff_t pos, int whence)
{
	struct inode *inode = file_inode(file);
	loff_t ret;
	int fd;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return generic_file_llseek(file, pos, whence);
	inode_lock(inode);
	ret = filemap_write_and_wait(inode->i_mapping);
	if (!ret && (pos < 0 || pos >= i_size_read(inode)))
		ret = -ENXIO;
	fd = ret ? ret : any_fd(file);
	ret = fd < 0 ? fd : HOST(host_hostfs_seek(fd, pos, whence));
	if (ret >= 0)
		ret = vfs_setpos(file, ret, inode->i_sb->s_maxbytes);
	inode_unlock(inode);
	return ret;
}

/* ---- ranges ---- */

static long hostfs_fallocate(struct file *file, int mode, loff_t pos,
			     loff_t len)
{
	struct inode *inode = file_inode(file);
	bool shifts = mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE);
	int err;

	inode_lock(inode);
	err = file_remove_privs(file);
	if (!err && !(mode & FALLOC_FL_KEEP_SIZE) && !shifts)
		err = inode_newsize_ok(inode, pos + len);
	if (err)
		goto out;
	filemap_invalidate_lock(inode->i_mapping);
	err = filemap_write_and_wait(inode->i_mapping);
	if (!err)
		err = HOST(host_hostfs_fallocate(hostfs_i(inode)->wfd, mode,
						 pos, len));
	if (!err && shifts)
		truncate_pagecache(inode, round_down(pos, PAGE_SIZE));
	else if (!err && mode & ~FALLOC_FL_KEEP_SIZE)
		truncate_pagecache_range(inode, pos, pos + len - 1);
	hostfs_touch(inode);
	if (!err && !(mode & FALLOC_FL_KEEP_SIZE) && !shifts &&
	    pos + len > i_size_read(inode)) {
		loff_t old = i_size_read(inode);

		hostfs_zero_tail(inode, old, pos + len);
		i_size_write(inode, pos + len);
	}
	filemap_invalidate_unlock(inode->i_mapping);
	if (!err && shifts)
		err = hostfs_refresh(file->f_path.dentry, true);
out:
	inode_unlock(inode);
	return err;
}

/* The host stops a copy at any signal, such as the vcpu's timer: it goes on in
 * pieces. Bytes copied, or -errno when there are none. */
#define COPY_PIECE (8ul << 20)

static ssize_t copy_pieces(int from, loff_t in_pos, int to, loff_t out_pos,
			   size_t len)
{
	size_t done = 0;
	ssize_t n = 0;

	while (done < len) {
		n = HOST(host_hostfs_copy(from, in_pos + done, to,
					  out_pos + done,
					  min(len - done, COPY_PIECE)));
		if (n > 0)
			done += n;
		else if (n != -EINTR)
			break;
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
	return done ?: n;
}

static ssize_t copy_on_host(struct file *in, loff_t in_pos, struct file *out,
			    loff_t out_pos, size_t len)
{
	struct inode *from = file_inode(in), *to = file_inode(out);
	ssize_t n;

	n = filemap_write_and_wait(from->i_mapping);
	if (!n)
		n = filemap_write_and_wait(to->i_mapping);
	if (n)
		return n;
	n = hostfs_need_fd(from, in);
	if (n < 0)
		return n;
	n = copy_pieces(n, in_pos, hostfs_i(to)->wfd, out_pos, len);
	if (n <= 0)
		return n;
	invalidate_inode_pages2_range(to->i_mapping, out_pos >> PAGE_SHIFT,
				      (out_pos + n - 1) >> PAGE_SHIFT);
	hostfs_touch(to);
	if (out_pos + n > i_size_read(to)) {
		loff_t old = i_size_read(to);

		hostfs_zero_tail(to, old, out_pos);
		i_size_write(to, out_pos + n);
	}
	return n;
}

static ssize_t hostfs_copy_file_range(struct file *in, loff_t in_pos,
				      struct file *out, loff_t out_pos,
				      size_t len, unsigned int flags)
{
	struct inode *to = file_inode(out);
	ssize_t n = -EXDEV;

	if (file_inode(in)->i_sb == to->i_sb) {
		inode_lock(to);
		n = file_remove_privs(out);
		if (!n)
			n = copy_on_host(in, in_pos, out, out_pos, len);
		inode_unlock(to);
	}
	if (n == -EXDEV || n == -EOPNOTSUPP || n == -EINVAL || n == -ENOSYS)
		n = splice_copy_file_range(in, in_pos, out, out_pos, len);
	return n;
}

/* Under the locks of both: shares blocks, then nothing old stays cached. */
static int clone_on_host(struct file *in, loff_t in_pos, struct file *out,
			 loff_t out_pos, loff_t len)
{
	struct inode *to = file_inode(out);
	int fd = hostfs_need_fd(file_inode(in), in), err;

	if (fd < 0)
		return fd;
	err = HOST(host_hostfs_clone(fd, in_pos, hostfs_i(to)->wfd, out_pos,
				     len));
	hostfs_touch(to);
	if (err)
		return err;
	truncate_inode_pages_range(to->i_mapping, round_down(out_pos, PAGE_SIZE),
				   round_up(out_pos + len, PAGE_SIZE) - 1);
	if (out_pos + len > i_size_read(to)) {
		hostfs_zero_tail(to, i_size_read(to), out_pos);
		i_size_write(to, out_pos + len);
	}
	return 0;
}

/* FICLONE and FICLONERANGE; comparing for FIDEDUPERANGE is not worth it. */
static loff_t hostfs_remap(struct file *in, loff_t in_pos, struct file *out,
			   loff_t out_pos, loff_t len, unsigned int flags)
{
	struct inode *from = file_inode(in), *to = file_inode(out);
	int err;

	if (flags & ~REMAP_FILE_ADVISORY)
		return -EOPNOTSUPP;
	lock_two_nondirectories(from, to);
	filemap_invalidate_lock_two(to->i_mapping, from->i_mapping);
	err = generic_remap_file_range_prep(in, in_pos, out, out_pos, &len,
					    flags);
	if (!err && len)
		err = clone_on_host(in, in_pos, out, out_pos, len);
	filemap_invalidate_unlock_two(to->i_mapping, from->i_mapping);
	unlock_two_nondirectories(from, to);
	return err ? err : len;
}

const struct file_operations hostfs_file_operations = {
	.open		= hostfs_open,
	.flush		= hostfs_flush,
	.release	= hostfs_release,
	.read_iter	= hostfs_read_iter,
	.write_iter	= hostfs_write_iter,
	.mmap		= hostfs_mmap,
	.fsync		= hostfs_fsync,
	.lock		= hostfs_lock,
	.flock		= hostfs_flock,
	.llseek		= hostfs_llseek,
	.fallocate	= hostfs_fallocate,
	.splice_read	= filemap_splice_read,
	.splice_write	= iter_file_splice_write,
	.copy_file_range = hostfs_copy_file_range,
	.remap_file_range = hostfs_remap,
};
