/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine's agent: init of the guest that imgtool starts to read and write
 * file systems with (../proto.h). It comes in an initrd, with the modules that
 * the file system needs.
 *
 *	main.c	 start, modules, the loop
 *	mount.c	 the file system
 *	files.c	 from paths to descriptors
 *	look.c	 attributes, directories
 *	read.c	 data, symlinks, extended attributes
 *	change.c the same, and names, to be changed
 *	clock.c	 a clock that stands still, for that
 *
 * One process, one thread, one request after the other.
 *
 * `umkit-engine --native FD DIRECTORY` serves a directory of the host, for
 * tests: no mounts, no power off.
 */
#ifndef ENGINE_AGENT_H
#define ENGINE_AGENT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "imgtool/engine/proto.h"

struct request {
	struct engine_request head;
	char *path; /* ends with NUL */
	char *data;
};

/* Answer with SIZE bytes of RESULT 0, or with an error. */
void answer(const struct request *request, const void *data, size_t size);
void answer_more(const struct request *request, const void *data, size_t size);
void answer_error(const struct request *request, int err, const char *text);

/* 0 or -errno. */
static inline void answer_done(const struct request *request, int result)
{
	if (result < 0)
		answer_error(request, result, "");
	else
		answer(request, "", 0);
}

/* Room of ENGINE_REPLY_MOST bytes, for whoever answers. */
extern char room[ENGINE_REPLY_MOST];

/* ---- mount.c ---- */

void serve_mount(const struct request *request);

/* Native mode: the root is a directory. 0 or -errno. */
int mount_native(const char *directory);

/* The root of what is mounted, or -1. */
extern int mount_root;

/* fsync() of a file is not enough to have it, whatever its names: all is to be
 * written. */
extern bool mount_sync_all;

/* Everything is on the disk, and nothing is mounted any more. 0 or -errno. */
int mount_end(void);

/* ---- files.c: descriptors, or -errno; they belong to files.c ---- */

/* An O_PATH descriptor of PATH, without following symlinks. */
int file_find(const char *path);

/* One that data can be read from; regular files only. */
int file_open(const char *path);

/* NAME in a directory, which is no path: or -1 with errno. The caller closes it. */
int file_open_in(int dir, const char *name);

/* The same to write to. */
int file_open_write(const char *path);

/* The directory that PATH is in, and its last name in *NAME. */
int file_parent(const char *path, const char **name);

/* For calls that want a name: of what file_find() gave, or of NAME in it. A
 * static buffer. */
const char *file_name(int fd, const char *name);

/* What was kept open is not what it was. */
void files_forget(void);

/* Handles: a number, or -errno. */
int file_handle(const char *path);
void file_handle_close(uint64_t number);

/* All of them, too. */
void files_end(void);

/* ---- clock.c: nothing happens where the clock is not held ---- */

/* From now on it is SEC, as far as that can be. */
void clock_hold(int64_t sec);

/* Put it back, before a change. */
void clock_again(void);

/*
 * NAME in DIR has been made: has it the time it should have? If not, it has
 * been removed with FLAG (of unlinkat), and is to be made once more. *TRIES is 0
 * at first.
 */
bool clock_missed(int dir, const char *name, int flag, int *tries);

/*
 * A file got NAME in DIR by renaming, which may have given DIR a time of birth:
 * that can be mended only by renaming the file once more, to OTHER and back. 0, or
 * -errno: it is named OTHER now.
 */
int clock_renamed(int dir, const char *name, char other[NAME_MAX + 1]);

/* Around a change: what it is going to touch is found before it, and mended
 * after it, where the clock has gone on meanwhile. */
void clock_before(const struct request *request);
void clock_after(const struct request *request);

/* ---- look.c, read.c ---- */

/* NAME in DIR, or with "" DIR itself. 0 or -errno. */
int look(int dir, const char *name, struct engine_attr *attr);

/* ... but attr->flags. */
int look_without_flags(int dir, const char *name, struct engine_attr *attr);

void serve_stat(const struct request *request);
void serve_readdir(const struct request *request);
void serve_usage(const struct request *request);
void serve_read(const struct request *request);
void serve_read_files(const struct request *request);
void serve_seek(const struct request *request);
void serve_readlink(const struct request *request);
void serve_xattrs(const struct request *request);
void serve_open(const struct request *request);
void serve_close(const struct request *request);

/* ---- change.c ---- */

void serve_mknod(const struct request *request);
void serve_mkdir(const struct request *request);
void serve_symlink(const struct request *request);
void serve_link(const struct request *request);
void serve_rename(const struct request *request);
void serve_unlink(const struct request *request);
void serve_rmdir(const struct request *request);
void serve_clear(const struct request *request);
void serve_write(const struct request *request);
void serve_truncate(const struct request *request);
void serve_allocate(const struct request *request);
void serve_sync(const struct request *request);
void serve_setattr(const struct request *request);
void serve_setxattr(const struct request *request);
void serve_delxattr(const struct request *request);
void serve_trim(const struct request *request);

#endif
