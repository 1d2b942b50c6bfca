/* SPDX-License-Identifier: GPL-2.0 */
/*
 * imgtool mount: images through FUSE, by libfuse's low-level interface.
 *
 * A mount is read by many threads at once. Nothing in an image changes while
 * it is mounted (it is locked) but by the kernel that has it mounted, which may
 * keep all it is told as long as it likes. Read-only, we keep no state per open
 * file or per inode; tree.h tells of mounts that can be written to.
 */
#ifndef IMGTOOL_MOUNT_MOUNT_H
#define IMGTOOL_MOUNT_MOUNT_H

#define FUSE_USE_VERSION 312

#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <fuse_lowlevel.h>

#include "imgtool/verb.h"

/* How long the kernel may keep what it was told: for ever. */
#define MOUNT_TIMEOUT 1e9

struct mount_how {
	const char *image;   /* for the table of mounts */
	const char *point;   /* where */
	const char *options; /* more of FUSE's, with commas; or NULL */
	bool allow_other;
	bool foreground;
	int ready; /* in the background already: who waits for the mount */
	bool writable;
	bool any_backing; /* a COW file's header may name any file */
};

/*
 * Mount, go into the background unless how->foreground, and serve until
 * somebody unmounts or a signal ends us. Threads must not be started before:
 * the function of OPS called init is the place. Returns 0, or -1: reported.
 */
int mount_serve(const struct mount_how *how,
		const struct fuse_lowlevel_ops *ops, void *context);

/*
 * ioctl on the mount point: the process that serves it. Whoever unmounts can
 * wait for its end, when the image is free for others.
 */
#define MOUNT_IOC_SERVER _IOR('u', 0xf1, int32_t)

/* Answers any ioctl that a kind of mount does not know. */
void mount_ioctl(fuse_req_t req, unsigned int cmd, size_t room);

/*
 * Go into the background before there is anything that would not survive it,
 * such as a guest; who called us waits for the mount. False: that is us, with
 * what to return in *RESULT (which is 0 else).
 */
bool mount_go_ahead(struct mount_how *how, int *result);

/* stat() of a mount point. 0, or -1: reported. */
int mount_look(const char *point, struct stat *st);

/* May others than who mounted see it? Their rights count then. */
bool mount_is_shared(const struct mount_how *how);

/* The two kinds of mount: the tree of files, the plain bytes. 0, or -1:
 * reported. */
int mount_tree(struct mount_how *how, const char *operand);
int mount_raw(struct mount_how *how, const char *file);

int verb_mount(int argc, char **argv);
extern const struct verb_option verb_mount_options[];
int verb_umount(int argc, char **argv);
extern const struct verb_option verb_umount_options[];

#endif
