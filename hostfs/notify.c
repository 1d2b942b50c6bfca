// SPDX-License-Identifier: GPL-2.0
/*
 * -o notify: what the host changes, inotify in the guest reports.
 *
 * A file or directory is watched on the host from when the guest begins to
 * watch it. The file system is not told of that, but asked just before whether
 * the caller may read it, in the one way in which nobody else asks
 * (hostfs_notify_begin()). A host watch goes with the inode, or when a change
 * comes, or room is needed, and nobody in the guest watches any more.
 *
 * The guest's own changes come back from the host, too, and are dropped: of a
 * name, while an operation on it runs (struct own); of a file, while one runs
 * or a descriptor for writing is open. They are in the host's queue when the
 * call that made them returns; so they have been read when the queue has been
 * emptied by a drain begun after that. Until then a change of the same name by
 * the host is taken for ours.
 */
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/fsnotify.h>
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <uapi/linux/inotify.h>

#include <abi/host.h>
#include <asm/irq.h>

#include "hostfs.h"

#define WATCHES		8192	/* at most, per mount */
#define SETTLE		(10 * HZ)	/* a new watch may have no watcher yet */

#define OF_NAMES	(FS_CREATE | FS_DELETE | FS_MOVED_FROM | FS_MOVED_TO)
#define OF_DATA		(FS_MODIFY | FS_ATTRIB | FS_CLOSE_WRITE)

/* An operation of the guest's own that changes who has a name. */
struct hostfs_own {
	struct hlist_node node;
	struct inode *dir;	/* held; compared, no more */
	u64 tick;		/* n->drains at its end */
	bool done;
	unsigned int len;
	char name[];
};

#define OWN_LISTS	64

struct hostfs_notify {
	struct hostfs_sb *hsb;
	int fd, irq;
	struct inode *nobody;	/* that no one watches, for the VFS */
	/* Adding and dropping watches. Eviction takes it, so nothing that may
	 * wait for memory of file systems is done under it. */
	struct mutex lock;
	struct xarray inodes;	/* by the host's number; no reference */
	unsigned int count;
	bool full;		/* has been said */
	struct work_struct work;
	spinlock_t own_lock;	/* own, drains, stopped */
	u64 drains;		/* begun */
	bool stopped;
	struct hlist_head own[OWN_LISTS];
	u32 host_cookie, cookie;	/* of the last move */
	char buf[8192] __aligned(8);
};

static struct hostfs_notify *notify_of(const struct inode *inode)
{
	return hostfs_sb(inode->i_sb)->notify;
}

/* ---- the guest's own changes ---- */

static struct hlist_head *own_list(struct hostfs_notify *n,
				   const struct inode *dir, const char *name,
				   unsigned int len)
{
	return &n->own[full_name_hash(dir, name, len) % OWN_LISTS];
}

struct hostfs_own *hostfs_own_name(struct dentry *dentry)
{
	struct inode *dir = d_inode(dentry->d_parent);
	struct hostfs_notify *n = notify_of(dir);
	const struct qstr *name = &dentry->d_name;
	struct hostfs_own *own;

	if (!n || READ_ONCE(hostfs_i(dir)->wd) < 0)
		return NULL;
	own = kzalloc(struct_size(own, name, name->len), GFP_KERNEL);
	if (!own)
		return NULL;
	own->dir = dir;
	ihold(dir);
	own->len = name->len;
	memcpy(own->name, name->name, name->len);
	spin_lock(&n->own_lock);
	hlist_add_head(&own->node, own_list(n, dir, own->name, own->len));
	spin_unlock(&n->own_lock);
	return own;
}

/* Under own_lock: the queue is to be emptied. */
static void drain_soon(struct hostfs_notify *n)
{
	if (!n->stopped)
		schedule_work(&n->work);
}

void hostfs_own_name_done(struct hostfs_own *own)
{
	struct hostfs_notify *n;

	if (!own)
		return;
	n = notify_of(own->dir);
	spin_lock(&n->own_lock);
	own->tick = n->drains;
	own->done = true;
	drain_soon(n);
	spin_unlock(&n->own_lock);
}

void hostfs_own_begin(struct inode *inode)
{
	if (notify_of(inode))
		atomic_inc(&hostfs_i(inode)->own);
}

void hostfs_own_end(struct inode *inode)
{
	struct hostfs_notify *n = notify_of(inode);
	struct hostfs_inode *hi = hostfs_i(inode);

	if (!n)
		return;
	spin_lock(&n->own_lock);
	hi->own_tick = n->drains;
	if (READ_ONCE(n->count))
		drain_soon(n);
	spin_unlock(&n->own_lock);
	atomic_dec(&hi->own);
}

static bool is_own_name(struct hostfs_notify *n, const struct inode *dir,
			const struct qstr *name)
{
	struct hostfs_own *own;
	bool found = false;

	spin_lock(&n->own_lock);
	hlist_for_each_entry(own, own_list(n, dir, name->name, name->len), node)
		if (own->dir == dir && own->len == name->len &&
		    !memcmp(own->name, name->name, own->len))
			found = true;
	spin_unlock(&n->own_lock);
	return found;
}

/* In a drain: of an operation that runs, or ended after the last one began. */
static bool is_own(struct hostfs_notify *n, struct inode *inode)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	bool own;

	spin_lock(&n->own_lock);
	own = atomic_read(&hi->own) || READ_ONCE(hi->wfd) >= 0 ||
	      hi->own_tick >= n->drains - 1;
	spin_unlock(&n->own_lock);
	return own;
}

/* After a drain, or (all) at the end: what ended before it has been read. */
static void forget_own(struct hostfs_notify *n, bool all)
{
	struct hlist_node *next;
	struct hostfs_own *own;
	HLIST_HEAD(old);
	int i;

	spin_lock(&n->own_lock);
	for (i = 0; i < OWN_LISTS; i++)
		hlist_for_each_entry_safe(own, next, &n->own[i], node)
			if (all || (own->done && own->tick < n->drains)) {
				hlist_del(&own->node);
				hlist_add_head(&own->node, &old);
			}
	spin_unlock(&n->own_lock);
	hlist_for_each_entry_safe(own, next, &old, node) {
		iput(own->dir);
		kfree(own);
	}
}

/* ---- watches ---- */

/* Under n->lock. */
static void unwatch(struct hostfs_notify *n, struct inode *inode, bool on_host)
{
	struct hostfs_inode *hi = hostfs_i(inode);

	if (hi->wd < 0)
		return;
	xa_erase(&n->inodes, hi->wd);
	if (on_host)
		HOST((host_hostfs_unwatch(n->fd, hi->wd), 0));
	WRITE_ONCE(hi->wd, -1);
	n->count--;
}

static bool watched(const struct inode *inode)
{
	return READ_ONCE(inode->i_fsnotify_mask) ||
	       time_before(jiffies, hostfs_i(inode)->watched + SETTLE);
}

/* Under n->lock, which keeps the inodes from going. */
static void make_room(struct hostfs_notify *n)
{
	struct inode *inode;
	unsigned long wd;

	xa_for_each(&n->inodes, wd, inode)
		if (!watched(inode))
			unwatch(n, inode, true);
}

/* Under n->lock. */
static int watch(struct hostfs_notify *n, struct inode *inode,
		 const struct host_hostfs_at *at)
{
	struct hostfs_inode *hi = hostfs_i(inode);
	int wd = n->count < WATCHES ?
		 HOST(host_hostfs_watch(n->hsb->host, at, n->fd)) : -ENOSPC;

	if (wd < 0)
		return wd;
	if (xa_err(xa_store(&n->inodes, wd, inode, GFP_NOFS))) {
		HOST((host_hostfs_unwatch(n->fd, wd), 0));
		return -ENOMEM;
	}
	hi->watched = jiffies;
	n->count++;
	WRITE_ONCE(hi->wd, wd);
	return 0;
}

static void watch_with_room(struct hostfs_notify *n, struct inode *inode,
			    const struct host_hostfs_at *at)
{
	int err = 0;

	mutex_lock(&n->lock);
	if (hostfs_i(inode)->wd < 0)
		err = watch(n, inode, at);
	if (err == -ENOSPC) {
		make_room(n);
		err = watch(n, inode, at);
	}
	if (err == -ENOSPC && !n->full) {
		pr_warn("hostfs: %s: notify: no room for more than %u watches: raise fs.inotify.max_user_watches of the host, if it is less than %u\n",
			n->hsb->path, n->count, WATCHES);
		n->full = true;
	}
	mutex_unlock(&n->lock);
}

void hostfs_notify_begin(struct inode *inode)
{
	struct hostfs_notify *n = notify_of(inode);
	struct hostfs_where w;
	struct dentry *dentry;

	if (!n || READ_ONCE(hostfs_i(inode)->wd) >= 0)
		return;
	dentry = d_find_any_alias(inode);
	if (!dentry)
		return;
	if (!hostfs_lock_where(&w, dentry)) {
		watch_with_room(n, inode, &w.at);
		hostfs_unlock_where(&w, dentry);
	}
	dput(dentry);
}

void hostfs_notify_evict(struct inode *inode)
{
	struct hostfs_notify *n = notify_of(inode);

	if (!n || READ_ONCE(hostfs_i(inode)->wd) < 0)
		return;
	mutex_lock(&n->lock);
	unwatch(n, inode, true);
	mutex_unlock(&n->lock);
}

/* ---- changes ---- */

static void look_anew_at(struct dentry *dentry)
{
	unsigned long timeout = hostfs_sb(dentry->d_sb)->timeout;

	WRITE_ONCE(dentry->d_time, jiffies - timeout - 1);
	if (d_really_is_positive(dentry))
		hostfs_look_anew(d_inode(dentry));
}

/* Both halves of a move have the same one. */
static u32 guest_cookie(struct hostfs_notify *n, u32 host)
{
	if (!host)
		return 0;
	if (host != n->host_cookie) {
		n->host_cookie = host;
		n->cookie = fsnotify_get_cookie();
	}
	return n->cookie;
}

static void tell_dir(struct hostfs_notify *n, struct inode *dir,
		     struct inode *child, const struct qstr *name, u32 mask,
		     u32 cookie)
{
	u32 isdir = mask & FS_ISDIR;

	if (!child)
		child = dir;
	if (mask & OF_NAMES)
		fsnotify((mask & OF_NAMES) | isdir, child, FSNOTIFY_EVENT_INODE,
			 dir, name, NULL, guest_cookie(n, cookie));
	if (mask & OF_DATA)
		fsnotify((mask & OF_DATA) | isdir | FS_EVENT_ON_CHILD, child,
			 FSNOTIFY_EVENT_INODE, dir, name, n->nobody, 0);
}

static void take_name(struct hostfs_notify *n, struct inode *dir,
		      const struct inotify_event *e)
{
	struct qstr name = QSTR_INIT(e->name, strnlen(e->name, e->len));
	struct dentry *alias = d_find_any_alias(dir), *dentry;
	struct inode *child = NULL;

	if (!alias)
		return;
	dentry = d_hash_and_lookup(alias, &name);
	if (!IS_ERR_OR_NULL(dentry))
		child = d_inode(dentry);
	if (!is_own_name(n, dir, &name) &&
	    ((e->mask & OF_NAMES) || !child || !is_own(n, child))) {
		hostfs_look_anew(dir);
		if (!IS_ERR_OR_NULL(dentry))
			look_anew_at(dentry);
		tell_dir(n, dir, child, &name, e->mask, e->cookie);
	}
	if (!IS_ERR_OR_NULL(dentry))
		dput(dentry);
	dput(alias);
}

/* Of the watched file or directory itself. */
static void take_self(struct hostfs_notify *n, struct inode *inode, u32 mask)
{
	struct dentry *alias = d_find_any_alias(inode);

	hostfs_look_anew(inode);
	if (alias && !IS_ROOT(alias))
		look_anew_at(alias);
	dput(alias);
	if (mask & (OF_DATA | FS_MOVE_SELF))
		fsnotify_inode(inode, mask & (OF_DATA | FS_MOVE_SELF | FS_ISDIR));
	if (mask & FS_DELETE_SELF) {
		clear_nlink(inode);
		fsnotify_inoderemove(inode);
	}
}

/* The queue ran over: what has been lost is not known. */
static void take_overflow(struct hostfs_notify *n)
{
	struct inode *inode;
	unsigned long wd;

	pr_warn_ratelimited("hostfs: %s: notify: the host changed more than it has told\n",
			    n->hsb->path);
	mutex_lock(&n->lock);
	xa_for_each(&n->inodes, wd, inode)
		hostfs_look_anew(inode);
	mutex_unlock(&n->lock);
}

/* Of whom it is, held; NULL: of nobody who is to know. */
static struct inode *whose(struct hostfs_notify *n,
			   const struct inotify_event *e)
{
	struct inode *inode;

	mutex_lock(&n->lock);
	inode = xa_load(&n->inodes, e->wd);
	if (inode)
		inode = igrab(inode);
	if (inode && ((e->mask & IN_IGNORED) || !watched(inode))) {
		unwatch(n, inode, !(e->mask & IN_IGNORED));
		mutex_unlock(&n->lock);
		iput(inode);
		return NULL;
	}
	mutex_unlock(&n->lock);
	return inode;
}

static void take(struct hostfs_notify *n, const struct inotify_event *e)
{
	struct inode *inode;

	if (e->mask & IN_Q_OVERFLOW) {
		take_overflow(n);
		return;
	}
	inode = whose(n, e);
	if (!inode)
		return;
	if (e->len)
		take_name(n, inode, e);
	else if (!is_own(n, inode))
		take_self(n, inode, e->mask);
	iput(inode);
}

static void take_all(struct hostfs_notify *n, s64 len)
{
	const struct inotify_event *e;
	s64 at;

	for (at = 0; len - at >= (s64)sizeof(*e); at += sizeof(*e) + e->len) {
		e = (const struct inotify_event *)(n->buf + at);
		if (e->len > len - at - sizeof(*e))
			return;
		take(n, e);
	}
}

static void drain(struct work_struct *work)
{
	struct hostfs_notify *n = container_of(work, struct hostfs_notify, work);
	s64 len;

	spin_lock(&n->own_lock);
	n->drains++;
	spin_unlock(&n->own_lock);
	while ((len = HOST(host_hostfs_changes(n->fd, n->buf,
					       sizeof(n->buf)))) > 0) {
		take_all(n, len);
		cond_resched();
	}
	forget_own(n, false);
	um_event_arm(n->irq, HOST_EVENT_IN);
}

static irqreturn_t interrupt(int irq, void *data)
{
	struct hostfs_notify *n = data;

	schedule_work(&n->work);
	return IRQ_HANDLED;
}

/* ---- with the mount ---- */

static int start_host(struct hostfs_notify *n)
{
	int fd = HOST(host_hostfs_notify());

	if (fd < 0)
		return fd;
	n->fd = fd;
	n->irq = um_event_irq(fd, interrupt, "hostfs", n);
	if (n->irq >= 0) {
		um_event_arm(n->irq, HOST_EVENT_IN);
		return 0;
	}
	HOST((host_hostfs_close(fd), 0));
	return n->irq;
}

int hostfs_notify_start(struct super_block *sb)
{
	struct hostfs_notify *n = kvzalloc(sizeof(*n), GFP_KERNEL);
	int err;

	if (!n)
		return -ENOMEM;
	n->hsb = hostfs_sb(sb);
	n->drains = 2;		/* own_tick of 0 is long ago */
	mutex_init(&n->lock);
	xa_init(&n->inodes);
	INIT_WORK(&n->work, drain);
	spin_lock_init(&n->own_lock);
	n->nobody = new_inode(sb);
	err = n->nobody ? start_host(n) : -ENOMEM;
	if (err) {
		iput(n->nobody);
		kvfree(n);
		return err;
	}
	n->hsb->notify = n;
	return 0;
}

void hostfs_notify_stop(struct super_block *sb)
{
	struct hostfs_notify *n = hostfs_sb(sb)->notify;

	if (!n)
		return;
	spin_lock(&n->own_lock);
	n->stopped = true;
	spin_unlock(&n->own_lock);
	um_event_free(n->irq, n);
	cancel_work_sync(&n->work);
	forget_own(n, true);
	iput(n->nobody);
	n->nobody = NULL;
}

/* After the last inode has gone. */
void hostfs_notify_free(struct hostfs_notify *n)
{
	if (!n)
		return;
	HOST((host_hostfs_close(n->fd), 0));
	xa_destroy(&n->inodes);
	kvfree(n);
}
