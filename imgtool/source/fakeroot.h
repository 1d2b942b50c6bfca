/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state file of fakeroot(1): lines like
 * "dev=fd00,ino=1234,mode=100644,uid=0,gid=0,nlink=1,rdev=0", where dev, mode
 * and rdev are hexadecimal, octal and hexadecimal.
 */
#ifndef IMGTOOL_SOURCE_FAKEROOT_H
#define IMGTOOL_SOURCE_FAKEROOT_H

#include <sys/stat.h>

struct fakeroot;

/* Read the file NAME into new *STATE. Returns 0, or -1: reported. */
int fakeroot_read(struct fakeroot **state, const char *name);

/*
 * Change what stat(2) said about a file to what fakeroot says. STATE may be
 * NULL. -1: reported, the entry is about another kind of file (the state
 * file belongs to another tree).
 */
int fakeroot_apply(struct fakeroot *state, const char *path, struct stat *st);

/* Has any file matched? STATE may be NULL: true. */
int fakeroot_was_used(const struct fakeroot *state);

void fakeroot_free(struct fakeroot *state);

#endif
