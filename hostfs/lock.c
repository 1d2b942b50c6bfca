// SPDX-License-Identifier: GPL-2.0
/*
 * Locks. The guest's lock manager decides among the guest's own; towards the
 * host, an inode has one descriptor for locking, which holds the union of what
 * they hold: an OFD lock for ranges, flock for whole files.
 *
 * The host is never asked to wait: that would stop the vcpu. Where one of its
 * programs has the lock we ask again, less and less often, until it is ours or
 * a signal comes. hi->locking keeps both sides in step.
 */
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>

#include "hostfs.h"

#define FIRST_DELAY	1		/* jiffies */
#define LAST_DELAY	(HZ / 5)

/* ---- the descriptor ---- */

/*
 * For reading and writing, since the host grants locks as the descriptor is
 * open. Where that is not to be had, what is open serves; a kind of lock it
 * does not take then is refused (ENOLCK).
 */
static int lock_fd(struct file *file)
{
	struct inode *inode = file_inode(file);
	struct hostfs_inode *hi = hostfs_i(inode);
	int fd;

	if (hi->lfd >= 0)
		return hi->lfd;
	mutex_lock(&hi->lock);
	fd = hi->wfd;
	if (fd < 0 || !hi->wfd_reads)
		fd = hostfs_open_host(inode, file->f_path.dentry,
				      HOST_HOSTFS_READ | HOST_HOSTFS_WRITE,
				      NULL);
	if (fd < 0 && hi->wfd < 0)
		hostfs_get_read_fd(inode, file->f_path.dentry, NULL);
	if (fd < 0)
		fd = hi->wfd >= 0 ? hi->wfd : hi->rfd;
	hi->lfd = fd;
	mutex_unlock(&hi->lock);
	return fd < 0 ? -ENOLCK : fd;
}

static u32 host_type(int type)
{
	return type == F_WRLCK ? HOST_HOSTFS_EXCLUSIVE :
	       type == F_RDLCK ? HOST_HOSTFS_SHARED : HOST_HOSTFS_UNLOCKED;
}

static int lock_host(struct file *file, u32 type, loff_t start, loff_t end)
{
	int fd = lock_fd(file), err;

	if (fd < 0)
		return fd;
	err = HOST(host_hostfs_lock(fd, type, start, end));
	return err == -EBADF ? -ENOLCK : err;
}

/* Sleeps, longer each time, before the host is asked again. */
static int wait_a_bit(unsigned long *delay)
{
	schedule_timeout_interruptible(*delay);
	*delay = min_t(unsigned long, *delay * 2, LAST_DELAY);
	return signal_pending(current) ? -ERESTARTSYS : 0;
}

/* ---- ranges ---- */

/* The first part of start..end that nobody in the guest has locked. */
static bool next_gap(struct inode *inode, u64 *start, u64 *end)
{
	struct file_lock_context *ctx = locks_inode_context(inode);
	u64 from = *start, to = *end;
	struct file_lock *fl;
	bool moved;

	if (!ctx)
		return from <= to;
	spin_lock(&ctx->flc_lock);
	do {
		moved = false;
		list_for_each_entry(fl, &ctx->flc_posix, c.flc_list) {
			if ((u64)fl->fl_start <= from && (u64)fl->fl_end >= from) {
				from = (u64)fl->fl_end + 1;
				moved = true;
			}
		}
	} while (moved);
	list_for_each_entry(fl, &ctx->flc_posix, c.flc_list)
		if ((u64)fl->fl_start > from)
			to = min(to, (u64)fl->fl_start - 1);
	spin_unlock(&ctx->flc_lock);
	*start = from;
	*end = to;
	return from <= to;
}

/* What nobody has any more. A part that others have is shared: it stays. */
static void release_host(struct file *file, u64 start, u64 end)
{
	u64 to = end;

	if (hostfs_i(file_inode(file))->lfd < 0)
		return;
	while (next_gap(file_inode(file), &start, &to)) {
		lock_host(file, HOST_HOSTFS_UNLOCKED, start, to);
		start = to + 1;
		to = end;
	}
}

static bool guest_conflict(struct file *file, const struct file_lock *fl)
{
	struct file_lock test;

	locks_init_lock(&test);
	test.c.flc_owner = fl->c.flc_owner;
	test.c.flc_flags = FL_POSIX;
	test.c.flc_type = fl->c.flc_type;
	test.fl_start = fl->fl_start;
	test.fl_end = fl->fl_end;
	posix_test_lock(file, &test);
	return test.c.flc_type != F_UNLCK;
}

/* FILE_LOCK_DEFERRED: queued behind another of the guest; *host: one of the
 * host has it. */
static int try_range(struct file *file, struct file_lock *fl, bool *host)
{
	struct hostfs_inode *hi = hostfs_i(file_inode(file));
	bool unlock = fl->c.flc_type == F_UNLCK, taken = false;
	int err = 0;

	*host = false;
	mutex_lock(&hi->locking);
	if (!unlock && !guest_conflict(file, fl)) {
		err = lock_host(file, host_type(fl->c.flc_type), fl->fl_start,
				fl->fl_end);
		taken = !err;
		*host = err == -EAGAIN;
	}
	if (!err) {
		err = posix_lock_file(file, fl, NULL);
		if (unlock || (err && taken))
			release_host(file, fl->fl_start, fl->fl_end);
	}
	mutex_unlock(&hi->locking);
	return err;
}

static int get_lock(struct file *file, struct file_lock *fl)
{
	struct hostfs_inode *hi = hostfs_i(file_inode(file));
	struct host_hostfs_range r = {
		.type = host_type(fl->c.flc_type),
		.start = fl->fl_start, .end = fl->fl_end,
	};
	int fd, err;

	posix_test_lock(file, fl);
	if (fl->c.flc_type != F_UNLCK)
		return 0;
	mutex_lock(&hi->locking);
	fd = lock_fd(file);
	err = fd < 0 ? fd : HOST(host_hostfs_test_lock(fd, &r));
	mutex_unlock(&hi->locking);
	if (err || r.type == HOST_HOSTFS_UNLOCKED)
		return err;
	fl->c.flc_type = r.type == HOST_HOSTFS_SHARED ? F_RDLCK : F_WRLCK;
	fl->c.flc_pid = -1;		/* nobody of the guest */
	fl->fl_start = r.start;
	fl->fl_end = r.end;
	return 0;
}

/* The caller waits behind locks of the guest, and finds deadlocks there. */
int hostfs_lock(struct file *file, int cmd, struct file_lock *fl)
{
	unsigned long delay = FIRST_DELAY;
	bool host;
	int err;

	if (IS_GETLK(cmd))
		return get_lock(file, fl);
	do {
		err = try_range(file, fl, &host);
		if (!host || !(fl->c.flc_flags & FL_SLEEP))
			return err;
		err = wait_a_bit(&delay);
	} while (!err);
	return err;
}

/* ---- whole files ---- */

static u32 guest_union(struct inode *inode)
{
	struct file_lock_context *ctx = locks_inode_context(inode);
	u32 type = HOST_HOSTFS_UNLOCKED;
	struct file_lock *fl;

	if (!ctx)
		return type;
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(fl, &ctx->flc_flock, c.flc_list)
		type = max(type, host_type(fl->c.flc_type));
	spin_unlock(&ctx->flc_lock);
	return type;
}

static int flock_host(struct file *file)
{
	struct inode *inode = file_inode(file);
	struct hostfs_inode *hi = hostfs_i(inode);
	int err = 0, fd;
	u32 type;

	mutex_lock(&hi->locking);
	type = guest_union(inode);
	if (type != HOST_HOSTFS_UNLOCKED || hi->lfd >= 0) {
		fd = lock_fd(file);
		err = fd < 0 ? fd : HOST(host_hostfs_flock(fd, type));
	}
	mutex_unlock(&hi->locking);
	return err;
}

/*
 * A lock that is had here but not on the host yet keeps others of the guest
 * out, who would not get it either. As ever with flock, a conversion that
 * fails loses what was held.
 */
int hostfs_flock(struct file *file, int cmd, struct file_lock *fl)
{
	unsigned long delay = FIRST_DELAY;
	int err = locks_lock_file_wait(file, fl);

	if (err)
		return err;
	while ((err = flock_host(file)) == -EAGAIN &&
	       fl->c.flc_type != F_UNLCK && (fl->c.flc_flags & FL_SLEEP)) {
		err = wait_a_bit(&delay);
		if (err)
			break;
	}
	if (!err || fl->c.flc_type == F_UNLCK)
		return 0;
	fl->c.flc_type = F_UNLCK;
	locks_lock_file_wait(file, fl);
	flock_host(file);
	return err;
}
