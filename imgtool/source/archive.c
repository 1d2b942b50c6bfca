/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An archive as source, read once from front to back.
 *
 * Its author is not trusted: every name is normalised, every size checked,
 * nothing is looked up outside the tree. Hard links are resolved against the
 * whole tree (a layer may link to a file of an earlier source); a link whose
 * target is not there yet waits until the archive ends.
 */
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/ext4/data.h"
#include "imgtool/msg.h"
#include "imgtool/source/attributes.h"
#include "imgtool/source/reader.h"
#include "imgtool/source/source.h"
#include "imgtool/source/whiteout.h"
#include "imgtool/tree/path.h"
#include "imgtool/tree/pool.h"

/* Linux has 12 and 20 bits for device numbers. */
#define MAJOR_END (1u << 12)
#define MINOR_END (1u << 20)

#define LINK_ROUNDS 40

/* A hard link whose target has not come yet. */
struct pending {
	struct pending *next;
	char *path, *target;
};

struct intake {
	struct import *import;
	struct reader reader;
	struct pending *pending, **pending_end;
	struct whiteouts whiteouts;
	bool ended; /* there is nothing behind the entry, see reader.h */
	char path[PATH_LONGEST + 1];   /* of the entry */
	char target[PATH_LONGEST + 1]; /* of a hard link */
};

static int refuse(const struct intake *in, const char *path,
		  const char *reason)
{
	char *object = mem_printf("%s: %s", in->reader.source->name, path);

	msg_error(object, "%s", reason);
	free(object);
	return -1;
}

/* Put INODE at the entry's path. */
static void put(struct intake *in, struct inode *inode)
{
	struct tree *tree = in->import->tree;
	struct inode *dir;
	const char *name;

	if (!*in->path) {
		inode_take_attributes(tree->root, inode);
		inode_free(inode);
		return;
	}
	dir = path_parent(tree, in->path, &name);
	tree_put(tree, dir, name, strlen(name), inode);
}

/* Read the entry's data into INODE, which has none. */
static int read_data(struct intake *in, struct archive_entry *entry,
		     struct inode *inode)
{
	uint64_t size = archive_entry_size_is_set(entry) ?
			archive_entry_size(entry) : 0;
	struct data_stream stream;
	la_int64_t offset;
	const void *data;
	size_t length;
	int r;

	data_begin(&stream, in->import->volume, inode, in->path,
		   archive_entry_sparse_count(entry) ? 0 : size);
	for (;;) {
		r = archive_read_data_block(in->reader.archive, &data, &length,
					    &offset);
		in->ended = r != ARCHIVE_OK && stream.position == size &&
			    reader_lacks_padding(&in->reader);
		if (r == ARCHIVE_EOF || in->ended)
			break;
		if (r != ARCHIVE_OK)
			return reader_failed(&in->reader, in->path);
		if (data_write(&stream, offset, data, length) < 0)
			return -1;
	}
	if (!archive_entry_size_is_set(entry))
		size = stream.position;
	return data_end(&stream, size);
}

static int read_symlink(struct intake *in, struct archive_entry *entry,
			struct inode *inode)
{
	const char *target = archive_entry_symlink(entry);

	if (!target || !*target)
		return refuse(in, in->path, "symlink without a target");
	if (strlen(target) > PATH_LONGEST)
		return refuse(in, in->path, "symlink target is too long");
	inode->target = pool_strdup(target);
	inode->size = strlen(target);
	return 0;
}

static int read_device(struct intake *in, struct archive_entry *entry,
		       struct inode *inode)
{
	dev_t major = archive_entry_rdevmajor(entry);
	dev_t minor = archive_entry_rdevminor(entry);

	if (major >= MAJOR_END || minor >= MINOR_END)
		return refuse(in, in->path, "device number is out of range");
	inode->major = major;
	inode->minor = minor;
	return 0;
}

static int read_kind(struct intake *in, struct archive_entry *entry,
		     struct inode *inode)
{
	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		return read_data(in, entry, inode);
	case S_IFLNK:
		return read_symlink(in, entry, inode);
	case S_IFCHR:
	case S_IFBLK:
		return read_device(in, entry, inode);
	case S_IFDIR:
	case S_IFIFO:
	case S_IFSOCK:
		return 0;
	}
	return refuse(in, in->path, "is of a kind that ext4 does not have");
}

static int read_entry(struct intake *in, struct archive_entry *entry)
{
	uint32_t mode = archive_entry_mode(entry) & (S_IFMT | 07777);
	struct inode *inode;

	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	/* Linux knows no other mode for symlinks, whatever tars say. */
	if (S_ISLNK(mode))
		mode |= 0777;
	if (!*in->path && !S_ISDIR(mode))
		return refuse(in, "/", "is not a directory");
	inode = inode_new(mode);
	if (attributes_from_entry(in->import, in->path, entry, inode) < 0 ||
	    read_kind(in, entry, inode) < 0) {
		inode_free(inode);
		return -1;
	}
	put(in, inode);
	return 0;
}

static void wait_for_target(struct intake *in)
{
	struct pending *p = mem_zalloc(sizeof(*p));

	p->path = mem_strdup(in->path);
	p->target = mem_strdup(in->target);
	*in->pending_end = p;
	in->pending_end = &p->next;
}

/* Link PATH to TARGET. 1 if there is no target, -1: reported. */
static int make_link(struct intake *in, const char *path, const char *target,
		     struct inode **inode)
{
	struct tree *tree = in->import->tree;
	struct entry *to = path_lookup(tree, target);
	struct inode *dir;
	const char *name;

	if (!to)
		return 1;
	if (!strcmp(path, target)) {
		*inode = to->inode;
		return 0;
	}
	/* Making parents may take the target away. */
	dir = path_parent(tree, path, &name);
	to = path_lookup(tree, target);
	if (!to)
		return 1;
	if (S_ISDIR(to->inode->mode))
		return refuse(in, path, "hard link to a directory");
	*inode = tree_put(tree, dir, name, strlen(name), to->inode);
	return 0;
}

/* A link may bring the data (cpio has them on the last name). */
static int refill(struct intake *in, struct archive_entry *entry,
		  struct inode *inode)
{
	if (!S_ISREG(inode->mode))
		return refuse(in, in->path,
			      "hard link with data to what is not a file");
	if (data_release(in->import->volume, inode) < 0)
		return -1;
	inode_drop_ref(inode);
	return read_data(in, entry, inode);
}

static int read_link(struct intake *in, struct archive_entry *entry,
		     const char *target)
{
	bool has_data = archive_entry_size_is_set(entry) &&
			archive_entry_size(entry) > 0;
	const char *problem = path_normalise(target, in->target);
	struct inode *inode;
	int r;

	if (problem)
		return refuse(in, target, problem);
	if (!*in->path || !*in->target)
		return refuse(in, in->path, "hard link to a directory");
	if (import_excludes(in->import, in->target))
		return refuse(in, in->path, "is a hard link to an excluded "
			      "file; exclude both or none");
	r = make_link(in, in->path, in->target, &inode);
	if (r < 0)
		return -1;
	if (r > 0 && has_data)
		return read_entry(in, entry);
	if (r > 0)
		wait_for_target(in);
	return r == 0 && has_data ? refill(in, entry, inode) : 0;
}

static void pending_free(struct pending *p)
{
	free(p->path);
	free(p->target);
	free(p);
}

/* One round through what waits, which is the other way round after it. Returns
 * whether it helped, or -1: reported. */
static int resolve_some(struct intake *in)
{
	struct pending *p, *todo = in->pending;
	struct inode *inode;
	int helped = 0, r = 0;

	in->pending = NULL;
	while ((p = todo)) {
		todo = p->next;
		if (r >= 0)
			r = make_link(in, p->path, p->target, &inode);
		if (r == 0) {
			helped = 1;
			pending_free(p);
		} else {
			p->next = in->pending;
			in->pending = p;
		}
	}
	return r < 0 ? -1 : helped;
}

/*
 * What waited, again and again while that helps: a target may be a link that
 * waits itself. Chains in either direction take two rounds, however long they are;
 * only one made for it takes many.
 */
static int resolve_pending(struct intake *in)
{
	int rounds, helped = 1;
	struct pending *first;
	char *reason;

	for (rounds = 0; in->pending && helped && rounds < LINK_ROUNDS; rounds++) {
		helped = resolve_some(in);
		if (helped < 0)
			return -1;
	}
	if (!in->pending)
		return 0;
	first = in->pending;
	while (rounds % 2 && first->next)
		first = first->next;
	reason = mem_printf("hard link to %s, which is %s", first->target,
			    helped ? "behind too many links that come later" :
				     "nowhere");
	refuse(in, first->path, reason);
	free(reason);
	return -1;
}

static int read_one(struct intake *in, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry), *problem;
	const char *target = archive_entry_hardlink(entry);

	if (!name)
		return reader_failed(&in->reader, NULL);
	problem = path_normalise(name, in->path);
	if (problem)
		return refuse(in, name, problem);
	if (*in->path && import_excludes(in->import, in->path))
		return 0;
	if (in->import->layered &&
	    whiteouts_take(&in->whiteouts, in->import->tree, in->path))
		return 0;
	return target ? read_link(in, entry, target) : read_entry(in, entry);
}

static int read_all(struct intake *in)
{
	struct archive *a = in->reader.archive;
	struct archive_entry *entry;
	int r;

	while (!in->ended) {
		r = archive_read_next_header(a, &entry);
		if (r == ARCHIVE_EOF)
			break;
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return reader_failed(&in->reader, NULL);
		if (r == ARCHIVE_WARN)
			msg_warning(in->reader.source->name, "%s",
				    archive_error_string(a) ?: "odd header");
		if (read_one(in, entry) < 0)
			return -1;
	}
	if (reader_check_end(&in->reader) < 0)
		return -1;
	if (resolve_pending(in) < 0)
		return -1;
	whiteouts_apply(&in->whiteouts, in->import->tree);
	return 0;
}

int source_read_archive(struct import *import, struct source *source)
{
	struct intake *in = mem_zalloc(sizeof(*in));
	struct pending *p;
	int r;

	in->import = import;
	in->pending_end = &in->pending;
	r = reader_open(&in->reader, source);
	if (r == 0) {
		r = read_all(in);
		reader_close(&in->reader);
	}
	while ((p = in->pending)) {
		in->pending = p->next;
		pending_free(p);
	}
	whiteouts_free(&in->whiteouts);
	free(in);
	return r;
}
