// SPDX-License-Identifier: GPL-2.0
/*
 * How a file is reached, and why nothing else is.
 *
 * A mount owns one O_PATH descriptor, its root. Directories below are opened
 * from it by openat2() with RESOLVE_BENEATH, NO_SYMLINKS and NO_MAGICLINKS,
 * and the last ones used are kept open (O_PATH, too), under their identity:
 * device and inode. One that is another by now is ESTALE. So is one that has
 * been moved by others, perhaps out of the root, at most two seconds later. A
 * path longer than the host takes is walked in pieces; the identity check covers
 * all of it.
 *
 * All else is done by *at() calls on one component below such a descriptor,
 * with links not followed. So a rename or a symbolic link that is swapped in
 * from outside at any time changes which file is meant at most within the
 * directory; no path of more than one component is ever given to a call that
 * knows no RESOLVE flags.
 */
#define _GNU_SOURCE 1
#define ALLOW_SECTION "host_allow_files"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <host/allow.h>
#include <host/lockdown.h>

#include "root.h"

HOST_ALLOW(openat2);
HOST_ALLOW(statx);
HOST_ALLOW(close);
HOST_ALLOW(futex);

#define CHUNK	2048		/* bytes of a path given to one call */
#define WALK_AGAIN	1000	/* ms: are directories kept open where they were? */

#define CONFINED (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

static int open_at(int dir, const char *path, u64 flags, u64 resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC,
				.resolve = resolve };
	int fd, tries = 0;

	do {
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
	} while (fd < 0 && (errno == EINTR || (errno == EAGAIN && tries++ < 64)));
	return fd < 0 ? -errno : fd;
}

void host_hostfs_set_readonly(struct host_hostfs *root, bool readonly)
{
	root->flags = readonly ? root->flags | HOST_HOSTFS_RDONLY :
				 root->flags & ~HOST_HOSTFS_RDONLY;
}

bool hostfs_readonly(const struct host_hostfs *root)
{
	return root->flags & HOST_HOSTFS_RDONLY;
}

/* ---- attributes ---- */

static void take_time(struct host_hostfs_time *to,
		      const struct statx_timestamp *from)
{
	to->sec = from->tv_sec;
	to->nsec = from->tv_nsec;
}

int hostfs_statx(int fd, const char *name, struct host_hostfs_stat *st)
{
	struct statx sx;

	if (statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT |
		  AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &sx))
		return -errno;
	memset(st, 0, sizeof(*st));
	st->dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	st->ino = sx.stx_ino;
	st->size = sx.stx_size;
	st->blocks = sx.stx_blocks;
	st->mode = sx.stx_mode;
	st->nlink = sx.stx_nlink;
	st->uid = sx.stx_uid;
	st->gid = sx.stx_gid;
	st->rdev_major = sx.stx_rdev_major;
	st->rdev_minor = sx.stx_rdev_minor;
	st->has_btime = !!(sx.stx_mask & STATX_BTIME);
	take_time(&st->atime, &sx.stx_atime);
	take_time(&st->mtime, &sx.stx_mtime);
	take_time(&st->ctime, &sx.stx_ctime);
	take_time(&st->btime, &sx.stx_btime);
	return 0;
}

bool hostfs_is(const struct host_hostfs_at *at,
	       const struct host_hostfs_stat *st)
{
	return st->dev == at->dev && st->ino == at->ino &&
	       (!at->born || !st->has_btime ||
		at->born == host_hostfs_born(&st->btime));
}

/* ---- directories ---- */

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

/* The next piece of *path, at most CHUNK bytes of whole components. */
static int next_chunk(const char **path, char *chunk)
{
	size_t n = strlen(*path);

	if (n >= CHUNK) {
		for (n = CHUNK - 1; n && (*path)[n] != '/'; n--)
			;
		if (!n)
			return -ENAMETOOLONG;
	}
	memcpy(chunk, *path, n);
	chunk[n] = '\0';
	*path += n;
	*path += strspn(*path, "/");
	return 0;
}

static int walk_path(int root, const char *path)
{
	char chunk[CHUNK];
	int fd = -1, next, err;

	path += strspn(path, "/");
	do {
		err = next_chunk(&path, chunk);
		next = err ? err : open_at(fd < 0 ? root : fd,
					   chunk[0] ? chunk : ".",
					   O_PATH | O_DIRECTORY, CONFINED);
		if (fd >= 0)
			close(fd);
		fd = next;
	} while (fd >= 0 && *path);
	return fd;
}

static bool find_open(struct host_hostfs *root, const struct host_hostfs_at *at,
		      struct hostfs_hold *hold)
{
	int i;

	for (i = 0; i < HOSTFS_DIRS; i++) {
		struct hostfs_dir *d = &root->dirs[i];

		if (d->fd < 0 || d->ino != at->dir_ino || d->dev != at->dir_dev)
			continue;
		d->used = ++root->tick;
		d->busy++;
		*hold = (struct hostfs_hold){ .slot = d, .fd = d->fd };
		return true;
	}
	return false;
}

/* Slots from HOSTFS_DIRS_OWN on that hold a descriptor, of all mounts. */
static atomic_int dirs_shared;

static bool is_shared(const struct host_hostfs *root, const struct hostfs_dir *d)
{
	return d - root->dirs >= HOSTFS_DIRS_OWN;
}

static bool may_fill(const struct host_hostfs *root, const struct hostfs_dir *d)
{
	return d->fd >= 0 || !is_shared(root, d) ||
	       atomic_load(&dirs_shared) < HOSTFS_DIRS_ALL;
}

/* Keeps fd for later calls, in place of the one unused for longest; returns
 * the descriptor to close, or -1. */
static int keep_open(struct host_hostfs *root, const struct host_hostfs_at *at,
		     struct hostfs_hold *hold)
{
	struct hostfs_dir *d, *best = NULL;
	int i, old;

	for (i = 0; i < HOSTFS_DIRS; i++) {
		d = &root->dirs[i];
		if (!d->busy && (!best || d->used < best->used) &&
		    may_fill(root, d))
			best = d;
	}
	if (!best)
		return -1;
	old = best->fd;
	if (old < 0 && is_shared(root, best))
		atomic_fetch_add(&dirs_shared, 1);
	*best = (struct hostfs_dir){
		.dev = at->dir_dev, .ino = at->dir_ino, .used = ++root->tick,
		.walked = now_ms(), .fd = hold->fd, .busy = 1 };
	hold->slot = best;
	hold->close = false;
	return old;
}

/* The directory's path, now. */
static int walk(struct host_hostfs *root, const struct host_hostfs_at *at)
{
	struct host_hostfs_stat st;
	int fd = walk_path(root->fd, at->dir), err;

	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ?
		       -ESTALE : fd;
	err = hostfs_statx(fd, "", &st);
	if (!err && (st.dev != at->dir_dev || st.ino != at->dir_ino))
		err = -ESTALE;
	if (err)
		close(fd);
	return err ? err : fd;
}

/* One that was moved is not where its path says, and may be outside by now. */
static int walk_again(struct host_hostfs *root, const struct host_hostfs_at *at,
		      struct hostfs_hold *hold)
{
	u64 now = now_ms();
	int fd;

	if (now - hold->slot->walked < WALK_AGAIN)
		return 0;
	fd = walk(root, at);
	if (fd >= 0) {
		close(fd);
		hold->slot->walked = now;
		return 0;
	}
	/* it may be the guest that moves it just now */
	if (now - hold->slot->walked < 2 * WALK_AGAIN)
		return 0;
	pthread_mutex_lock(&root->lock);
	hold->slot->ino = 0;		/* to be found no more */
	hold->slot->used = 0;
	hold->slot->busy--;
	pthread_mutex_unlock(&root->lock);
	return fd;
}

int hostfs_get(struct host_hostfs *root, const struct host_hostfs_at *at,
	       struct hostfs_hold *hold)
{
	bool found;
	int old;

	if (!at->dir[0]) {
		*hold = (struct hostfs_hold){ .fd = root->fd };
		return 0;
	}
	pthread_mutex_lock(&root->lock);
	found = find_open(root, at, hold);
	pthread_mutex_unlock(&root->lock);
	if (found)
		return walk_again(root, at, hold);
	*hold = (struct hostfs_hold){ .fd = walk(root, at), .close = true };
	if (hold->fd < 0)
		return hold->fd;
	pthread_mutex_lock(&root->lock);
	old = keep_open(root, at, hold);
	pthread_mutex_unlock(&root->lock);
	if (old >= 0)
		close(old);
	return 0;
}

void hostfs_put(struct host_hostfs *root, struct hostfs_hold *hold)
{
	if (hold->slot) {
		pthread_mutex_lock(&root->lock);
		hold->slot->busy--;
		pthread_mutex_unlock(&root->lock);
	} else if (hold->close) {
		close(hold->fd);
	}
}

/* ---- files ---- */

int hostfs_check_name(const char *name)
{
	if (!name[0] || strchr(name, '/') || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return -EINVAL;
	return strlen(name) > 255 ? -ENAMETOOLONG : 0;
}

int hostfs_get_for_change(struct host_hostfs *root,
			  const struct host_hostfs_at *at,
			  struct hostfs_hold *hold)
{
	int err = at->name ? hostfs_check_name(at->name) : -EINVAL;

	if (!err && hostfs_readonly(root))
		err = -EROFS;
	return err ? err : hostfs_get(root, at, hold);
}

int hostfs_open_node(int dir, const char *name)
{
	return open_at(dir, name, O_PATH | O_NOFOLLOW,
		       RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
}

/* Whoever it is. */
static int open_any(struct host_hostfs *root, const struct host_hostfs_at *at)
{
	struct hostfs_hold hold;
	int fd, err = at->name ? hostfs_check_name(at->name) : 0;

	if (!err)
		err = hostfs_get(root, at, &hold);
	if (err)
		return err;
	fd = hostfs_open_node(hold.fd, at->name ? at->name : ".");
	hostfs_put(root, &hold);
	return fd == -ENOENT && at->ino ? -ESTALE : fd;
}

int hostfs_node(struct host_hostfs *root, const struct host_hostfs_at *at)
{
	struct host_hostfs_stat st;

	if (at->fd >= 0)
		return at->fd;
	return at->ino ? hostfs_node_stat(root, at, &st) : open_any(root, at);
}

int hostfs_node_stat(struct host_hostfs *root, const struct host_hostfs_at *at,
		     struct host_hostfs_stat *st)
{
	int fd, err;

	if (at->fd >= 0) {
		err = hostfs_statx(at->fd, "", st);
		return err ? err : at->fd;
	}
	fd = open_any(root, at);
	if (fd < 0)
		return fd;
	err = hostfs_statx(fd, "", st);
	if (!err && at->ino && !hostfs_is(at, st))
		err = -ESTALE;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

void hostfs_node_put(const struct host_hostfs_at *at, int fd)
{
	if (fd != at->fd)
		close(fd);
}

const char *hostfs_fd_path(int fd, char *path)
{
	snprintf(path, HOSTFS_FD_PATH, "/proc/self/fd/%d", fd);
	return path;
}

/* ---- mounts ---- */

void host_hostfs_init(void)
{
	umask(0);	/* the guest's modes are meant as they are */
	lockdown_allow_files();
}

static int open_root(const char *jail, const char *path)
{
	int outer, fd;

	if (!jail)
		return open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	outer = open_at(AT_FDCWD, jail, O_PATH | O_DIRECTORY, 0);
	if (outer < 0)
		return outer;
	path += strspn(path, "/");
	fd = open_at(outer, *path ? path : ".", O_PATH | O_DIRECTORY,
		     RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
	close(outer);
	return fd == -EXDEV ? -EACCES : fd;
}

int host_hostfs_mount(const char *jail, const char *path, u32 flags,
		      struct host_hostfs **out)
{
	struct host_hostfs *root = calloc(1, sizeof(*root));
	int i, err;

	if (!root)
		return -ENOMEM;
	root->flags = flags;
	pthread_mutex_init(&root->lock, NULL);
	for (i = 0; i < HOSTFS_DIRS; i++)
		root->dirs[i].fd = -1;
	root->fd = err = open_root(jail, path);
	if (root->fd >= 0)
		err = hostfs_records(root) ? hostfs_records_init(root) : 0;
	if (err) {
		if (root->fd >= 0)
			close(root->fd);
		free(root);
		return err;
	}
	*out = root;
	return 0;
}

void host_hostfs_unmount(struct host_hostfs *root)
{
	int i;

	for (i = 0; i < HOSTFS_DIRS; i++) {
		if (root->dirs[i].fd < 0)
			continue;
		if (is_shared(root, &root->dirs[i]))
			atomic_fetch_sub(&dirs_shared, 1);
		close(root->dirs[i].fd);
	}
	close(root->fd);
	free(root);
}
