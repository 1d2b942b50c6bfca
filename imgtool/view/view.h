/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the verbs that read share: the image of an operand, walking a tree,
 * and printing names and JSON.
 */
#ifndef IMGTOOL_VIEW_VIEW_H
#define IMGTOOL_VIEW_VIEW_H

#include <stdio.h>

#include "imgtool/verb.h"
#include "imgtool/view/fs.h"

struct view {
	struct target target;
	struct disk disk;
	struct fs fs;
	char *path; /* in the image: absolute, without trailing slashes */
	uint64_t ino;
	struct fs_attr attr;
};

/*
 * Open the image that OPERAND names, and find its path (following a symlink
 * at its end if FOLLOW). With EXACT, OPERAND is a path in that file. Returns
 * 0, or -1: reported.
 */
int view_open(struct view *view, const char *exact, const char *operand,
	      bool follow);

/* The same for a target that has been parsed; takes it over. */
int view_open_target(struct view *view, struct target *target, bool follow);

/* Only the image and its file system: no path is looked up. */
int view_open_image(struct view *view, struct target *target);

/* All of it is going to be read: progress_expect() of that, where a whole file
 * system is meant. */
void view_expect(struct view *view);

void view_close(struct view *view);

/* The name of PATH for messages: IMG:PATH. In memory that is reused. */
const char *view_name(const struct view *view, const char *path);

/* What a walk visits. */
struct visit {
	const char *path; /* from the image's root on, absolute */
	const char *name; /* its last part; "" for the root */
	size_t depth;	  /* 0: where the walk began */
	bool last;	  /* of its directory */
	const struct fs_attr *attr;
};

struct walk {
	/* Return 0; 1 to stay out of a directory; -1 (reported) to end. */
	int (*enter)(void *context, const struct visit *visit);
	/* A directory is done; may be NULL. */
	int (*leave)(void *context, const struct visit *visit);
	void *context;
};

/*
 * Visit everything from the view's path on, directories before their
 * contents, names in the order of their bytes. What is damaged is reported
 * and left out; a directory that is met twice is damaged. Returns 0, or -1
 * when something was reported.
 */
int view_walk(struct view *view, const struct walk *walk);

/* "drwxr-xr-x"; OUT has 11 bytes. */
void view_mode(uint32_t mode, char *out);

/* "file", "directory", "symlink", ... */
const char *view_type(uint32_t mode);

/* "2023-11-14T22:13:20.000000000Z"; OUT has 64 bytes. */
void view_time(const struct fs_time *time, char *out);

/* A name for a person: what could move the cursor is shown as \ooo. */
void view_print_name(const char *name);

/* JSON, one token after the other. Bytes that are not UTF-8 become the half
 * surrogates \udc80 to \udcff, as Python's surrogateescape has it. */
struct json {
	FILE *out;
	bool comma; /* there is something in front */
};

void json_begin(struct json *json, const char *key, char bracket);
void json_end(struct json *json, char bracket);
void json_string(struct json *json, const char *key, const char *value);
void json_bytes(struct json *json, const char *key, const void *value,
		size_t size);
void json_number(struct json *json, const char *key, uint64_t value);
void json_bool(struct json *json, const char *key, bool value);
/* The document is complete: a new line. */
void json_done(struct json *json);

/* The fields of an inode, into an object that has begun. */
void json_attr(struct json *json, const struct fs_attr *attr);

/* Its symlink target and attributes. Returns 0 or -errno. */
int json_more(struct json *json, struct fs *fs, uint64_t ino,
	      const struct fs_attr *attr);

#endif
