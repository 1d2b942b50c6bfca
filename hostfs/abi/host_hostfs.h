/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wall of the host file system: directories of the host, for mounting.
 *
 * A file is named by its directory and one component in it (struct
 * host_hostfs_at). The host side reaches the directory without following any
 * symbolic link, below the root of the mount, and refuses a name that is not
 * one plain component. Where `ino` is given, a file that is another one by now
 * is ESTALE.
 *
 * Calls return 0, or what is said at them, or -errno. All may block the vcpu
 * for as long as the host's file system takes; call them with interrupts off.
 */
#ifndef HOSTFS_ABI_HOST_HOSTFS_H
#define HOSTFS_ABI_HOST_HOSTFS_H

#include <abi/types.h>
#include <abi/iov.h>

struct host_hostfs;		/* a mounted directory */

struct host_hostfs_time {
	s64 sec;
	u32 nsec;
	u32 pad;
};

struct host_hostfs_stat {
	u64 dev, ino;		/* the host's */
	u64 size, blocks;	/* bytes, units of 512 */
	u32 mode, nlink, uid, gid;
	u32 rdev_major, rdev_minor;
	u32 has_btime;
	u32 has_record;		/* mode, owner and device are from there */
	struct host_hostfs_time atime, mtime, ctime, btime;
};

static inline u64 host_hostfs_born(const struct host_hostfs_time *t)
{
	return (u64)t->sec * 1000000000u + t->nsec;
}

struct host_hostfs_at {
	u64 dir_dev, dir_ino;	/* the directory */
	const char *dir;	/* its path below the root, "" for the root:
				 * "a/b", of any length */
	const char *name;	/* NULL: the directory itself */
	u64 dev, ino;		/* who it must be; ino 0: anyone, or nobody: */
	u64 born;		/* and its btime in ns, for the number may be
				 * another file's by now; 0: not known */
	s32 fd;			/* >= 0: an open descriptor of the file, and
				 * nothing above but root matters */
};

#define HOST_HOSTFS_NOBODY	(~0ull)

#define HOST_HOSTFS_RDONLY	1u
/* Type, mode, owner and device of files are in an extended attribute. */
#define HOST_HOSTFS_RECORDS	2u

/* Opens a directory for mounting: `path` below `jail` (no `..`, absolute link
 * or magic link leads out of it), or any directory where jail is NULL.
 * HOST_HOSTFS_RECORDS: EOPNOTSUPP if its file system has no user attributes. */
int host_hostfs_mount(const char *jail, const char *path, u32 flags,
		      struct host_hostfs **out);
void host_hostfs_unmount(struct host_hostfs *root);
/* From now on nothing is changed, or things may be. Not for open files. */
void host_hostfs_set_readonly(struct host_hostfs *root, bool readonly);

/* Once, before any other call and before host_lockdown(), if the guest may mount
 * any directory at all: the lockdown then allows what that takes. */
void host_hostfs_init(void);

int host_hostfs_stat(struct host_hostfs *root, const struct host_hostfs_at *at,
		     struct host_hostfs_stat *st);

/* Opens for I/O; only a regular file or a directory is (else EOPNOTSUPP). st:
 * what it is, or NULL. */
#define HOST_HOSTFS_READ	1u
#define HOST_HOSTFS_WRITE	2u
int host_hostfs_open(struct host_hostfs *root, const struct host_hostfs_at *at,
		     u32 access,
		     struct host_hostfs_stat *st);	/* the descriptor */
/* A new file without a name in the directory `at`: the descriptor. */
int host_hostfs_tmpfile(struct host_hostfs *root,
			const struct host_hostfs_at *at, u32 mode, u32 uid,
			u32 gid, struct host_hostfs_stat *st);
void host_hostfs_close(int fd);

/* A new regular file at->name, open for reading and writing whatever its mode:
 * the descriptor. */
int host_hostfs_create(struct host_hostfs *root,
		       const struct host_hostfs_at *at, u32 mode, u32 uid,
		       u32 gid, struct host_hostfs_stat *st);
/* Makes `at->name`, of the type in mode; owner where the host allows it. A
 * symbolic link's text is target. */
int host_hostfs_make(struct host_hostfs *root, const struct host_hostfs_at *at,
		     u32 mode, u32 uid, u32 gid, u32 rdev_major,
		     u32 rdev_minor, const char *target,
		     struct host_hostfs_stat *st);
int host_hostfs_unlink(struct host_hostfs *root,
		       const struct host_hostfs_at *at, bool dir);
/* from->fd >= 0: a file of host_hostfs_tmpfile() gets a name */
int host_hostfs_link(struct host_hostfs *root,
		     const struct host_hostfs_at *from,
		     const struct host_hostfs_at *to);
/* ESTALE if from, or what to replaces, is not who it must be. */
int host_hostfs_rename(struct host_hostfs *root,
		       const struct host_hostfs_at *from,
		       const struct host_hostfs_at *to, u32 flags);
/* Length of the text, not ended by NUL. */
int host_hostfs_readlink(struct host_hostfs *root,
			 const struct host_hostfs_at *at, char *buf, u32 size);

#define HOST_HOSTFS_MODE	1u
#define HOST_HOSTFS_UID		2u
#define HOST_HOSTFS_GID		4u
#define HOST_HOSTFS_SIZE	8u
#define HOST_HOSTFS_ATIME	16u
#define HOST_HOSTFS_MTIME	32u

/* With HOST_HOSTFS_RECORDS, mode, uid and gid are also those a file without
 * a record gets that is given one. */
struct host_hostfs_attr {
	u32 what, mode, uid, gid;
	u64 size;
	struct host_hostfs_time atime, mtime;
};

/* With no bit in what, only ctime is new, as by chown of neither id. */
int host_hostfs_setattr(struct host_hostfs *root,
			const struct host_hostfs_at *at,
			const struct host_hostfs_attr *attr);

/* Extended attributes: the length got, or 0. Size 0 asks for the length of
 * what GET or LIST would give. */
enum {
	HOST_HOSTFS_XATTR_GET,
	HOST_HOSTFS_XATTR_LIST,		/* names, each ended by NUL */
	HOST_HOSTFS_XATTR_SET,
	HOST_HOSTFS_XATTR_REMOVE,
};

struct host_hostfs_xattr {
	u32 op;
	u32 flags;			/* XATTR_CREATE, XATTR_REPLACE */
	const char *name;
	void *value;
	u64 size;
};

s64 host_hostfs_xattr(struct host_hostfs *root, const struct host_hostfs_at *at,
		      const struct host_hostfs_xattr *x);

/* ---- open files ---- */

/* Bytes moved; a read is short only at the end of the file. */
s64 host_hostfs_readv(int fd, const struct host_iov *iov, u32 niov, u64 pos);
s64 host_hostfs_writev(int fd, const struct host_iov *iov, u32 niov, u64 pos);
int host_hostfs_sync(int fd, bool data_only);
int host_hostfs_fallocate(int fd, u32 mode, u64 pos, u64 len);
s64 host_hostfs_copy(int from, u64 from_pos, int to, u64 to_pos, u64 len);
/* Shares blocks; EOPNOTSUPP where the file system does not. */
int host_hostfs_clone(int from, u64 from_pos, int to, u64 to_pos, u64 len);
/* whence: SEEK_SET (directories), SEEK_DATA, SEEK_HOLE */
s64 host_hostfs_seek(int fd, u64 pos, u32 whence);
/* Entries as struct linux_dirent64; bytes, 0 at the end. */
s64 host_hostfs_readdir(int fd, void *buf, u64 size);

/* Locks, of the open file: EAGAIN where another one has it; never waits. */
enum {
	HOST_HOSTFS_UNLOCKED,
	HOST_HOSTFS_SHARED,
	HOST_HOSTFS_EXCLUSIVE,
};

struct host_hostfs_range {
	u32 type, pad;
	u64 start, end;		/* of bytes, both inclusive */
};

int host_hostfs_lock(int fd, u32 type, u64 start, u64 end);
/* What keeps fd from the lock *r, or HOST_HOSTFS_UNLOCKED. */
int host_hostfs_test_lock(int fd, struct host_hostfs_range *r);
int host_hostfs_flock(int fd, u32 type);

/* ---- changes that others make ---- */

/* An inotify instance: its descriptor, ready when there are changes; closed by
 * host_hostfs_close(). */
int host_hostfs_notify(void);
/* Watches a file: the number that its changes have. ENOSPC: no more of them. */
int host_hostfs_watch(struct host_hostfs *root, const struct host_hostfs_at *at,
		      int notify);
void host_hostfs_unwatch(int notify, int wd);
/* Whole struct inotify_event of the host; EAGAIN: no more now. What the caller
 * changed itself is among them, from before that call returned. */
s64 host_hostfs_changes(int notify, void *buf, u64 size);

struct host_hostfs_statfs {
	u64 type;		/* statfs(2) */
	u64 bsize, blocks, bfree, bavail, files, ffree, namelen;
};
int host_hostfs_statfs(struct host_hostfs *root, struct host_hostfs_statfs *sf);

#endif
