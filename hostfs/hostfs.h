/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest side of hostfs.
 *
 * An inode has no descriptor of the host unless it is open in the guest: then
 * one for reading and one for writing (which may be the same), which all
 * openers share. One that is read only and of which all pages are there gets it
 * when it is needed, at the latest within a second (lazy.c). Pages are dirty only while the inode is open for writing:
 * the last close writes them back. So writeback always has its descriptor,
 * whatever has become of the file's name and mode.
 *
 * Attributes and names are believed for attr_timeout; the host is asked after
 * that, and at every open. What was changed there drops the pages.
 */
#ifndef HOSTFS_HOSTFS_H
#define HOSTFS_HOSTFS_H

#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <linux/xattr.h>

#include "abi/host_hostfs.h"

#define HOSTFS_SUPER_MAGIC	0x00c0ffee
#define HOSTFS_DEVS		256	/* host devices below one mount */

/* Ids here, and on the host; none of either in two ranges. */
#define HOSTFS_IDRANGES		32

struct hostfs_idrange {
	u32 guest, host, count;
};

struct hostfs_idmap {
	unsigned int n;			/* 0: all are the same */
	struct hostfs_idrange range[HOSTFS_IDRANGES];
};

struct hostfs_sb {
	struct host_hostfs *host;
	unsigned long timeout;		/* jiffies */
	unsigned int timeout_ms;
	unsigned int given;		/* which options, as bits */
	bool append, ro;
	bool records;			/* ownership=xattr */
	bool want_notify;
	bool born_stays;		/* btime of a file never changes */
	struct hostfs_notify *notify;	/* NULL: without that option */
	const char *jail;		/* path is below it, or NULL */
	const char *bind;		/* hostfs_bind= it is from, or NULL */
	struct hostfs_idmap uids, gids;
	struct hostfs_idmap *more_ids;	/* while parsing: the last option's */
	char *path;			/* as given, for /proc/mounts */
	atomic64_t changes;		/* that the guest has made: its clock */
	spinlock_t lock;		/* devs, created, lazy */
	u64 devs[HOSTFS_DEVS];
	unsigned int ndevs;
	struct inode *created;		/* has a descriptor, but no opener yet */
	struct list_head lazy;		/* open without a descriptor; lock */
	struct delayed_work lazy_work;
};

struct hostfs_inode {
	struct inode vfs;
	u64 dev, ino;			/* the host's */
	unsigned long checked;		/* jiffies: the host was asked */
	bool fresh;			/* and nothing is newer than its answer */
	/* under inode->i_lock, as changes to it are: hostfs_now() when data and
	 * i_size, and when attributes were last changed by the guest */
	u64 wrote_at, changed_at;
	unsigned int changing;		/* changes that run */
	unsigned int dropping;		/* who drop pages of old */
	bool wrote;			/* changes on the host may be our own */
	u64 seen_size;			/* the host's, when last asked */
	struct timespec64 seen_mtime, seen_ctime;
	struct timespec64 btime;
	bool has_btime;
	u64 born;			/* the same, as host_hostfs_at has it */
	struct mutex lock;		/* the rest */
	int rfd, wfd;			/* -1: none */
	int lfd;			/* locks; may be one of these */
	bool wfd_reads;
	unsigned int opens;
	struct list_head lazy;		/* hostfs_sb.lazy; its lock */
	char *link;			/* its text; set once */
	bool link_old;			/* and not it any more */
	/* ctime when the host last opened it for reading */
	struct timespec64 read_ctime;
	atomic_t writers;
	struct mutex locking;		/* guest's and host's locks; before lock */
	int wd;				/* notify.c: the host's watch, or -1 */
	unsigned long watched;		/* jiffies */
	atomic_t own;			/* operations of the guest that run */
	u64 own_tick;			/* when the last one ended */
};

static inline struct hostfs_inode *hostfs_i(const struct inode *inode)
{
	return container_of(inode, struct hostfs_inode, vfs);
}

static inline struct hostfs_sb *hostfs_sb(const struct super_block *sb)
{
	return sb->s_fs_info;
}

static inline struct host_hostfs *hostfs_host(const struct inode *inode)
{
	return hostfs_sb(inode->i_sb)->host;
}

/* Calls the host. It would not notice interrupts anyway; switching them on
 * again takes what came meanwhile. */
#define HOST(call)						\
({								\
	unsigned long flags_;					\
	typeof(call) ret_;					\
								\
	local_irq_save(flags_);					\
	ret_ = (call);						\
	local_irq_restore(flags_);				\
	ret_;							\
})

/* Where a file is, for the host; see where.c. */
struct hostfs_where {
	struct host_hostfs_at at;
	char *path;
	struct name_snapshot name;
	bool big, has_name;
};

/* where.c */
/* Of an existing file: its descriptor, or name and identity. */
int hostfs_where(struct hostfs_where *w, struct dentry *dentry);
/* Of a name, whoever has it. */
int hostfs_where_name(struct hostfs_where *w, struct dentry *dentry);
void hostfs_where_done(struct hostfs_where *w);
/* Calls by one name of the inode after the other until it is not ESTALE, which
 * also is what there is to say of one without names. */
int hostfs_by_any_name(struct inode *inode,
		       int (*call)(struct dentry *dentry, void *data),
		       void *data);
/* hostfs_where() under the inode's lock, which stays held if that is 0. */
int hostfs_lock_where(struct hostfs_where *w, struct dentry *dentry);
void hostfs_unlock_where(struct hostfs_where *w, struct dentry *dentry);

/* inode.c */
/* For the order of what the host says and what the guest does. */
u64 hostfs_now(const struct super_block *sb);
/* asked: hostfs_now() before st was asked for. */
struct inode *hostfs_iget(struct super_block *sb,
			  const struct host_hostfs_stat *st, u64 asked);
u64 hostfs_ino(struct super_block *sb, u64 dev, u64 ino);
/* Takes over what the host said. False: not, for the guest has changed
 * attributes since, or does so now. flushed: all was written back between. */
bool hostfs_fill(struct inode *inode, const struct host_hostfs_stat *st,
		 u64 asked, bool flushed);
/* Around a change of attributes, of a directory's names: those that the host
 * says meanwhile may be from before it. */
void hostfs_begin(struct inode *inode);
void hostfs_end(struct inode *inode);
/* The host has changed attributes. */
void hostfs_look_anew(struct inode *inode);
/* Data are newer than what the host says: a write up to end, a truncation. */
void hostfs_touch(struct inode *inode);
void hostfs_wrote(struct inode *inode, loff_t end);
/* Asks the host. flush: after all was written back. */
int hostfs_refresh(struct dentry *dentry, bool flush);
bool hostfs_expired(const struct inode *inode);
int hostfs_getattr(struct mnt_idmap *idmap, const struct path *path,
		   struct kstat *stat, u32 mask, unsigned int flags);
/* The host may give a removed file's number to a new one. Directories are held
 * open on the host while they are used. 0: not known. */
static inline u64 hostfs_born(const struct super_block *sb,
			      const struct host_hostfs_stat *st)
{
	return st->has_btime && !S_ISDIR(st->mode) && hostfs_sb(sb)->born_stays ?
	       host_hostfs_born(&st->btime) : 0;
}

static inline bool hostfs_same(const struct inode *inode,
			       const struct host_hostfs_stat *st)
{
	const struct hostfs_inode *hi = hostfs_i(inode);
	u64 born = hostfs_born(inode->i_sb, st);

	return hi->ino == st->ino && hi->dev == st->dev &&
	       (inode->i_mode & S_IFMT) == (st->mode & S_IFMT) &&
	       (!hi->born || !born || hi->born == born);
}

/* super.c */
struct fs_context;
int hostfs_fill_super(struct super_block *sb, struct fs_context *fc);
void hostfs_free_sb(struct hostfs_sb *hsb);
void hostfs_kill_sb(struct super_block *sb);
int hostfs_init_cache(void);

/* idmap.c */
/* Adds the ranges of text, or -EINVAL. */
int hostfs_idmap_parse(struct hostfs_idmap *map, char *text);
void hostfs_idmap_show(struct seq_file *m, const char *name,
		       const struct hostfs_idmap *map);
/* An owner as the guest sees it: the overflow id where it has none. */
u32 hostfs_id_in(const struct hostfs_idmap *map, u32 host);
/* As the host is to have it, or false. */
bool hostfs_id_out(const struct hostfs_idmap *map, u32 guest, u32 *host);

/* pages.c */
void hostfs_zero_tail(struct inode *inode, loff_t from, loff_t to);

/* through.c */
/* How much of a read is to go from the host to the program, past the page cache:
 * all that the file has of it, or 0. */
size_t hostfs_through(struct kiocb *iocb, struct iov_iter *to);
ssize_t hostfs_read_through(struct kiocb *iocb, struct iov_iter *to, size_t left);
/* After generic_write_checks(), under the inode's lock: past the page cache or
 * into it. */
ssize_t hostfs_write(struct kiocb *iocb, struct iov_iter *from);

/* setattr.c */
int hostfs_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
		   struct iattr *attr);
/* The same, without a look at the ACL. */
int hostfs_change(struct mnt_idmap *idmap, struct dentry *dentry,
		  struct iattr *attr);

/* make.c */
int hostfs_create(struct mnt_idmap *idmap, struct inode *dir,
		  struct dentry *dentry, umode_t mode, bool excl);
int hostfs_mkdir(struct mnt_idmap *idmap, struct inode *dir,
		 struct dentry *dentry, umode_t mode);
int hostfs_mknod(struct mnt_idmap *idmap, struct inode *dir,
		 struct dentry *dentry, umode_t mode, dev_t rdev);
int hostfs_symlink(struct mnt_idmap *idmap, struct inode *dir,
		   struct dentry *dentry, const char *target);
int hostfs_tmpfile(struct mnt_idmap *idmap, struct inode *dir,
		   struct file *file, umode_t mode);

/* acl.c */
struct posix_acl *hostfs_get_acl(struct inode *inode, int type, bool rcu);
int hostfs_set_acl(struct mnt_idmap *idmap, struct dentry *dentry,
		   struct posix_acl *acl, int type);
/* Of a new file; acl NULL: nothing. */
int hostfs_put_acl(const struct hostfs_sb *hsb, const struct host_hostfs_at *at,
		   const struct posix_acl *acl, int type);
/* Whether the mounted directory can have them. */
bool hostfs_has_acls(const struct hostfs_sb *hsb);

/* xattr.c */
/* Attributes of hostfs itself on the host, with ownership=xattr: owner, and
 * under the guest's names those that only the host's root might set. */
#define HOSTFS_OURS	XATTR_USER_PREFIX "umkit."
s64 hostfs_call_xattr(struct dentry *dentry, const struct host_hostfs_xattr *x);
ssize_t hostfs_listxattr(struct dentry *dentry, char *list, size_t size);

/* lock.c */
int hostfs_lock(struct file *file, int cmd, struct file_lock *fl);
int hostfs_flock(struct file *file, int cmd, struct file_lock *fl);

/* notify.c */
struct hostfs_own;
int hostfs_notify_start(struct super_block *sb);
void hostfs_notify_stop(struct super_block *sb);
void hostfs_notify_free(struct hostfs_notify *n);
/* Perhaps someone is about to watch it. */
void hostfs_notify_begin(struct inode *inode);
void hostfs_notify_evict(struct inode *inode);
/* Around the guest's own changes: of a name (begin gives NULL where nobody
 * watches), of a file. */
struct hostfs_own *hostfs_own_name(struct dentry *dentry);
void hostfs_own_name_done(struct hostfs_own *own);
void hostfs_own_begin(struct inode *inode);
void hostfs_own_end(struct inode *inode);

/* lazy.c */
/* Whether a file that is opened for reading may do without a descriptor, as far
 * as the pages go; the host has yet to be asked, hostfs_lazy_still() then. */
bool hostfs_lazy_maybe(struct inode *inode);
bool hostfs_lazy_still(struct inode *inode);
/* Open without a descriptor, or no more; under the inode's lock. */
void hostfs_lazy_add(struct inode *inode);
void hostfs_lazy_del(struct inode *inode);
/* An open file's descriptor to read from, or to work on in other ways. */
int hostfs_need_fd(struct inode *inode, struct file *file);
/* Before the host might deny it: dentry is about to be removed or such. */
void hostfs_lazy_end(struct dentry *dentry);
/* dentry, the last name, is about to go: if there are others than `users` who
 * have found it, they may be about to open it, and get a descriptor. Whether
 * there is a new one; hostfs_hold_end() if the name stays after all. */
bool hostfs_hold(struct dentry *dentry, int users);
void hostfs_hold_end(struct inode *inode);
void hostfs_lazy_init(struct hostfs_sb *hsb);

/* file.c */
/* Another descriptor; under the inode's lock. */
int hostfs_open_host(struct inode *inode, struct dentry *dentry, u32 access,
		     struct host_hostfs_stat *st);
int hostfs_read_fd(struct inode *inode);
/* Sees to it that there is one; under the inode's lock. st: if it was opened
 * just now, what it is; else st->ino stays. */
int hostfs_get_read_fd(struct inode *inode, struct dentry *dentry,
		       struct host_hostfs_stat *st);
void hostfs_close_fds(struct inode *inode);
void hostfs_keep_created(struct inode *inode, int fd);
void hostfs_forget_created(struct inode *inode);

extern const struct dentry_operations hostfs_dentry_operations;
extern const struct inode_operations hostfs_dir_inode_operations;
extern const struct inode_operations hostfs_file_inode_operations;
extern const struct inode_operations hostfs_link_inode_operations;
extern const struct file_operations hostfs_file_operations;
extern const struct file_operations hostfs_dir_operations;
extern const struct address_space_operations hostfs_aops;
extern const struct xattr_handler * const hostfs_xattr_handlers[];

#endif
