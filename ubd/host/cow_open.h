/* SPDX-License-Identifier: GPL-2.0 */
/* Opening and making COW files on the host, with what they lie on. */
#ifndef UBD_HOST_COW_OPEN_H
#define UBD_HOST_COW_OPEN_H

#include "../format/cow_header.h"
#include "../format/format.h"

struct cow_opening {
	const char *file;	/* for messages, and where it is */
	const char *backing;	/* to take instead of the header's; or NULL */
	bool writable;
	bool below;		/* it is a backing itself */
	bool no_lock;
	bool direct;		/* past the page cache, and its backings too */
	bool any_backing;	/* the header may name files anywhere */
	bool any_mtime;		/* the backing may have been changed */
	bool change_backing;	/* open it for writing, locked against all */
	char note[256];		/* worth a line, or "" */
	char err[512];		/* on failure: "FILE: reason" */
	/* called for each backing, the uppermost first; or NULL */
	void (*found)(void *arg, int fd, const char *path);
	void *arg;
};

/*
 * The image of COW file fd of `bytes` bytes, over its backing, which is locked
 * for reading and may itself be a COW file. A backing that only the header
 * names must be a regular file or block device in the COW file's own
 * directory, unless any_backing is set. Files of a kind that can't be written
 * are refused when writable is set. Takes over fd, also on failure. 0 or
 * -errno with o->err.
 */
int cow_open(int fd, u64 bytes, struct cow_opening *o, struct image **out);

/* Names may come from a header: they are not to talk to the terminal. */
void cow_printable(char *s);

struct cow_backing {
	struct image *img;	/* whole sectors; plain bytes, or a COW file's */
	int fd;			/* the file itself, for its times; holds the lock */
	bool plain, device;
	char path[4096];	/* absolute, no links */
};

/*
 * Only the backing of a COW file fd with header h, checked as cow_open() does.
 * Both img and fd are the caller's to close. 0 or -errno with o->err.
 */
int cow_open_backing(int fd, const struct cow_header *h,
		     struct cow_opening *o, struct cow_backing *out);

/*
 * Makes an empty COW file over a backing, which appears under its name only
 * when it is complete. align: COW_ALIGN, or a larger power of two. -EEXIST if
 * there is one. 0 or -errno with a message "FILE: reason" in err.
 */
int cow_make(const char *file, const char *backing, u32 align, char *err,
	     size_t size);

/* The two steps of that: the header of a COW file over a backing, and an empty
 * file fd made one of that header. 0 or -errno; the first with a message. */
int cow_plan_over(const char *backing, u32 align, struct cow_header *h,
		  char *err, size_t size);
int cow_fill(int fd, const struct cow_header *h);

#endif
