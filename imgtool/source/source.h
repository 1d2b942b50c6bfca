/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sources of a build, read one after the other into one tree.
 *
 * An archive's data go to the image as they come. A directory's files are
 * only noted (inode->ref), and copied when the tree is complete, so a source
 * stays open until the image is written.
 */
#ifndef IMGTOOL_SOURCE_SOURCE_H
#define IMGTOOL_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "imgtool/ext4/volume.h"
#include "imgtool/source/idmap.h"
#include "imgtool/tree/tree.h"

struct fakeroot;
struct target;

/* A directory of a source with files that will be copied. */
struct source_dir {
	struct source_dir *next;
	struct source *source;
	uint64_t dev; /* where the files must still be then */
	char path[];  /* from the source's root, "" for that */
};

struct source {
	struct source *next;
	struct source_dir *dirs;
	const char *name; /* as the user gave it */
	int fd;		  /* of the directory or archive */
	bool part;	  /* the archive is only a part of it: */
	uint64_t start, size;
	bool complete;	/* it is known otherwise that nothing was cut off */
	char *own_name; /* memory of the name, or NULL */
	char *full;	/* see source_path_buffer() */
	pid_t program;	/* that writes it, or 0 */
	bool failed;	/* that has failed, and it was said */
};

/* What is done to everything that comes in. */
struct import {
	struct tree *tree;
	struct volume *volume;

	const char **excludes;
	size_t exclude_count;

	bool set_owner; /* everything gets this owner */
	uint32_t uid, gid;
	struct idmap uids, gids; /* else these are applied */
	struct fakeroot *fakeroot; /* what directories say they own; or NULL */

	bool clamp; /* no time may be later than this */
	int64_t latest;

	const char *contents_dir; /* where manifests find files, or NULL */

	bool layered; /* the archive is a layer with whiteouts */

	struct source *sources; /* for import_end() */
};

/* Read the source NAME ("-": standard input). Returns 0, or -1: reported. */
int source_read(struct import *import, const char *name);

/* Is standard input meant? */
bool source_is_stdin(const char *name);

/* Close all sources. */
void source_close_all(struct import *import);

/*
 * A file of a source directory, to be copied. Returns a file descriptor, or -1
 * with errno, for source_file_failed(), which reports it and returns -1.
 */
int source_open_file(const struct file_ref *ref);
int source_file_failed(const struct file_ref *ref);

/* Its name for messages, until the next call about a file. */
const char *source_file_name(const struct file_ref *ref);

/* FD has been copied: is it still the file that was meant, of SIZE bytes, and was
 * it so all the time? Returns 0, or -1: reported. */
int source_check_file(const struct file_ref *ref, int fd, uint64_t size);

/* Below: between the files of source/. */

int source_read_directory(struct import *import, struct source *source);

/* Room for a path of PATH_LONGEST bytes and one more name, with the name of the
 * source and a byte before it in memory. */
char *source_path_buffer(struct source *source);

/* What a file has while it is the same and not written to. */
uint64_t source_file_key(const struct stat *st);

int source_read_archive(struct import *import, struct source *source);

/* The file system of an image; takes the target over. */
int source_read_image(struct import *import, struct target *target);

/* A device table (table:FILE). */
int source_read_table(struct import *import, struct source *source);

/* An mtree(5) manifest (mtree:FILE), with import->contents_dir, or the folder
 * that it is in. */
int source_read_mtree(struct import *import, struct source *source);

/* A container image, which is a directory or an archive. */
int source_read_container(struct import *import, struct source *source,
			  bool is_directory);

/* Is it one? 1, 0, or -1: reported, it is no archive at all. What cannot be
 * read twice is none. */
int source_is_container(struct source *source, bool is_directory);

/* A source that FD is; takes FD. NAME must stay valid. */
struct source *source_add(struct import *import, const char *name, int fd);

/* A source that is SIZE bytes of FD from START on; takes NAME and FD. */
struct source *import_add_part(struct import *import, char *name, int fd,
			       uint64_t start, uint64_t size);

/* From now on, leave out what matches PATTERN, which must stay valid. */
void import_exclude(struct import *import, const char *pattern);

/* Is this path (from the root) excluded by the user? */
bool import_excludes(const struct import *import, const char *path);

/* Apply owner, id maps (to ACLs, too) and latest time to an inode that came in
 * with all its attributes. Once for each. */
void import_adjust(const struct import *import, struct inode *inode);

/* Only the latest time. */
void import_clamp(const struct import *import, struct inode *inode);

/* Set an extended attribute; PATH is for messages. -1: reported. */
int import_xattr(struct inode *inode, const char *path, const char *name,
		 const void *value, size_t size);

#endif
