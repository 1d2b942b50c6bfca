/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of hostfs_posix share; see hostfs_posix.c. */
#ifndef HOSTFS_POSIX_H
#define HOSTFS_POSIX_H

#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* A call, and a line with its text, result and errno. */
#define R(call) (errno = 0, report(#call, (call)))

/* The same for what opens a descriptor; its number is not printed. */
#define FD(call) (errno = 0, report_fd(#call, (call)))

/* The same, and it is closed again. */
#define OPENS(call) ((void)closed((errno = 0, report_fd(#call, (call)))))

/* The same, then whether mtime and ctime of the file at path are new. */
#define TIMES(path, call)                     \
	do {                                  \
		struct stat before_;          \
                                              \
		times_before(path, &before_); \
		R(call);                      \
		times_after(path, &before_);  \
	} while (0)

/* Lines begin with this, and with the user if it is not root. */
extern const char *section;

long report(const char *call, long ret);
int report_fd(const char *call, int fd);
long closed(int fd);
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program: what has to work does not. */
void die(const char *what) __attribute__((noreturn));

/* A line with type, mode, owner, links and size of the file at path. */
void show(const char *path);

/* One line with the same of all entries of a directory, by name. */
void show_dir(const char *path);

void times_before(const char *path, struct stat *st);
void times_after(const char *path, const struct stat *before);

/* Go on as this user, in no other groups than group. */
void as(uid_t uid, gid_t group);

/* A file with this text (or NULL: a directory), mode and owner, at once */
void make(const char *path, const char *text, mode_t mode, uid_t uid,
	  gid_t gid);

extern char name255[256], name256[257], path4095[4096], path4096[4097];

/* What needs nothing but an owner's rights. */
void test_paths(void);
void test_links(void);
void test_rename(void);
void test_open(void);
void test_size(void);
void test_ranges(void);
void test_zero(void);
void test_collapse(void);
void test_times(void);
void test_readdir(void);
void test_modes(void);
void test_xattrs(void);

/* What needs users, root's powers, or devices. */
void test_chown(void);
void test_access(void);
void test_sticky(void);
void test_suid(void);
void test_nodes(void);
void test_root_xattrs(void);

/* On what is mounted read-only by now. */
void test_readonly(void);

#endif
