/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copying trees. Two kinds of source and two kinds of sink, of which every
 * pair works: directories of the host, and images.
 *
 * A source walks over its tree and calls copy_visit() for everything, and
 * copy_leave() behind the contents of a directory. The sink then takes data,
 * holes, symlink targets and attributes from the node it was given.
 *
 * Names come from images and are hostile. A sink on the host works by
 * directory descriptors, follows no symlink below the directory it was given,
 * and gives every file a temporary name first.
 */
#ifndef IMGTOOL_EDIT_COPY_H
#define IMGTOOL_EDIT_COPY_H

#include "imgtool/edit/edit.h"

struct copy_node {
	const struct copy_source *source;
	const char *path;    /* for messages */
	const char *name;    /* "": the directory that is copied to itself */
	size_t depth;	     /* 0: an operand */
	struct fs_attr attr;
	uint64_t device;     /* that attr.ino is of */
	int fd;		     /* of a file of the host */
};

/* Results of what follows: 0 or -errno, like struct fs_ops. */
struct copy_source {
	ssize_t (*read)(const struct copy_node *node, uint64_t offset,
			void *data, size_t length);
	int (*data)(const struct copy_node *node, uint64_t offset,
		    uint64_t *start, uint64_t *end);
	int (*readlink)(const struct copy_node *node, char *target);
	int (*xattrs)(const struct copy_node *node, fs_xattr_fn *fn,
		      void *context);
	struct fs *fs; /* of an image */
};

struct copy;

/* 0, -1: reported, go on; -2: reported, there is no use in going on. */
struct copy_sink {
	/* A directory: make it or find it, and go in. */
	int (*enter)(struct copy *copy, const struct copy_node *node);
	/* Its contents are there. */
	int (*leave)(struct copy *copy, const struct copy_node *node);
	/* Anything else. */
	int (*add)(struct copy *copy, const struct copy_node *node);
	/* Another name for what add() was called for: then its copy_link. */
	int (*link)(struct copy *copy, const struct copy_node *node,
		    uint64_t id);
	void *private;
};

struct copy {
	bool recursive;
	bool preserve; /* owner, set-id bits, times, attributes */
	bool links;    /* hard links */
	const struct copy_sink *sink;
	uint64_t last_id; /* what add() made, as link() wants it; 0: nothing */
	struct copy_links *seen; /* copy.c */
	int status; /* -1: something was reported */
};

/* Results: 0; 1: do not go into this directory; -1: stop. */
int copy_visit(struct copy *copy, const struct copy_node *node);
int copy_leave(struct copy *copy, const struct copy_node *node);

/* Is an attribute of that name copied? */
bool copy_keeps_xattr(const char *name);

/* Walk over a path of the host, or an open image. The tree's root gets NAME.
 * Returns 0 or -1: stop. What goes wrong is reported, and in copy->status. */
int copy_from_host(struct copy *copy, const char *path, const char *name);
int copy_from_image(struct copy *copy, struct view *view, const char *name);

/* What had this id has been replaced or written over: a sink's ids may be used
 * anew. */
void copy_replaced(struct copy *copy, uint64_t id);

void copy_free(struct copy *copy);

/*
 * A sink in an image: EDIT, in directory DIR. If FILE is not 0, it is the
 * inode that a single file is written to.
 */
struct copy_sink *sink_image_new(struct edit *edit, uint64_t dir,
				 uint64_t file);
void sink_image_free(struct copy_sink *sink);

/* A sink in the directory DIRFD, which is taken over; PATH is its name. */
struct copy_sink *sink_host_new(int dirfd, const char *path);
void sink_host_free(struct copy_sink *sink);

/* The file that VIEW has found to a descriptor that may be a pipe or a device.
 * 0 or -1: reported. */
int copy_to_stream(struct view *view, int fd, const char *name);

/* From here on, signals that would end the program only make interrupted()
 * true. When all is written, interrupted_end() lets them do their work. */
void interrupted_begin(void);
bool interrupted(void);
void interrupted_end(void);

#endif
