/* SPDX-License-Identifier: GPL-2.0 */
/* Inside the host side of hostfs: how a file is reached. */
#ifndef HOSTFS_HOST_ROOT_H
#define HOSTFS_HOST_ROOT_H

#include <pthread.h>

#include "../abi/host_hostfs.h"

#define HOSTFS_DIRS	128	/* directories kept open, at most: */
#define HOSTFS_DIRS_OWN	6	/* those of each mount, and the rest */
#define HOSTFS_DIRS_ALL	122	/* of all mounts together */

struct hostfs_dir {
	u64 dev, ino;
	u64 used;		/* tick of the last use */
	u64 walked;		/* ms: when its path led to it */
	int fd;			/* O_PATH */
	int busy;		/* calls that use it now */
};

struct host_hostfs {
	int fd;			/* O_PATH of the directory mounted */
	u32 flags;
	u32 owner;		/* of the directory, on the host */
	u64 tick;
	pthread_mutex_t lock;	/* dirs, never held over a host call that waits */
	struct hostfs_dir dirs[HOSTFS_DIRS];
};

/* A directory held for one call: give it back with hostfs_put(). */
struct hostfs_hold {
	struct hostfs_dir *slot;	/* NULL: fd is closed, or the root's */
	int fd;
	bool close;
};

/* The directory of `at`. 0 or -errno. */
int hostfs_get(struct host_hostfs *root, const struct host_hostfs_at *at,
	       struct hostfs_hold *hold);
void hostfs_put(struct host_hostfs *root, struct hostfs_hold *hold);

/* The same, of a name that is to be changed. */
int hostfs_get_for_change(struct host_hostfs *root,
			  const struct host_hostfs_at *at,
			  struct hostfs_hold *hold);

/* -EINVAL unless name is one plain component. */
int hostfs_check_name(const char *name);

/* An O_PATH descriptor of the file itself, never of what a link leads to;
 * its identity has been checked. To be closed, unless it is at->fd. */
int hostfs_node(struct host_hostfs *root, const struct host_hostfs_at *at);
/* The same, with what hostfs_statx() says of it. */
int hostfs_node_stat(struct host_hostfs *root, const struct host_hostfs_at *at,
		     struct host_hostfs_stat *st);
/* Of whoever has that name in the directory held. */
int hostfs_open_node(int dir, const char *name);
void hostfs_node_put(const struct host_hostfs_at *at, int fd);

/* "/proc/self/fd/N": the one way from an O_PATH descriptor to I/O */
#define HOSTFS_FD_PATH	32
const char *hostfs_fd_path(int fd, char *path);

/* statx() of fd itself (name "") or of a name below it, links not followed */
int hostfs_statx(int fd, const char *name, struct host_hostfs_stat *st);
/* Whether it is who it must be. */
bool hostfs_is(const struct host_hostfs_at *at,
	       const struct host_hostfs_stat *st);

/* owner.c */
bool hostfs_records(const struct host_hostfs *root);
int hostfs_records_init(struct host_hostfs *root);
/* What a new file's mode is to be on the host. */
u32 hostfs_host_mode(const struct host_hostfs *root, u32 mode);
/* hostfs_statx() of fd itself, then what its record says. */
int hostfs_look(const struct host_hostfs *root, int fd,
		struct host_hostfs_stat *st);
/* Mode, owner and device of st become the record of fd. */
int hostfs_put_record(int fd, const struct host_hostfs_stat *st);

bool hostfs_readonly(const struct host_hostfs *root);

#endif
