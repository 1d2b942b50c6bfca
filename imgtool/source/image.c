/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Another image as source: its tree as the verbs that read show it, with all
 * attributes. The image is as little trusted as an archive.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/ext4/data.h"
#include "imgtool/msg.h"
#include "imgtool/source/source.h"
#include "imgtool/tree/path.h"
#include "imgtool/tree/pool.h"
#include "imgtool/view/view.h"

#define PIECE (1 << 20)
#define BUCKETS 4096

/* An inode with more names to come. By the first of them: what stands there
 * is looked up again, since a damaged directory may have a name twice. */
struct link {
	struct link *next;
	uint64_t ino;
	char path[];
};

/* What an inode can be that ours cannot. */
static const struct {
	uint32_t flag;
	const char *what;
} lost_flags[] = {
	{ 0x10, "immutable" },
	{ 0x20, "append-only" },
	{ 0x100000, "protected by fs-verity" },
	{ 0x40000000, "folding case" },
};

#define LOST_FLAGS (sizeof(lost_flags) / sizeof(lost_flags[0]))
#define FLAG_ENCRYPTED 0x800

struct intake {
	struct import *import;
	struct view view;
	unsigned long lost[LOST_FLAGS]; /* how many, and the first of them */
	char *first_lost[LOST_FLAGS];
	struct link *links[BUCKETS];
	char path[PATH_LONGEST + 1]; /* of the inode being read */
	char *buffer;
};

static int failed(const struct intake *in, int err)
{
	return fs_error(&in->view.fs,
			view_name(&in->view, *in->path ? in->path : "/"), err);
}

static int read_part(struct intake *in, struct data_stream *stream,
		     uint64_t ino, uint64_t at, uint64_t end)
{
	ssize_t n;

	while (at < end) {
		n = end - at < PIECE ? end - at : PIECE;
		n = fs_read(&in->view.fs, ino, at, in->buffer, n);
		if (n <= 0)
			return failed(in, n < 0 ? n : -EUCLEAN);
		if (data_write(stream, at, in->buffer, n) < 0)
			return -1;
		at += n;
	}
	return 0;
}

static int read_data(struct intake *in, const struct fs_attr *attr,
		     struct inode *inode)
{
	struct data_stream stream;
	uint64_t start, end = 0;
	int r;

	data_begin(&stream, in->import->volume, inode, in->path,
		   attr->blocks * 512 < attr->size ? 0 : attr->size);
	while (end < attr->size) {
		r = fs_data(&in->view.fs, attr->ino, end, &start, &end);
		if (r < 0)
			return failed(in, r);
		if (end > attr->size)
			end = attr->size;
		if (start >= end)
			break;
		if (read_part(in, &stream, attr->ino, start, end) < 0)
			return -1;
	}
	return data_end(&stream, attr->size);
}

static int read_kind(struct intake *in, const struct fs_attr *attr,
		     struct inode *inode)
{
	char target[FS_LINK_LONGEST + 1];
	int r;

	switch (attr->mode & S_IFMT) {
	case S_IFREG:
		return read_data(in, attr, inode);
	case S_IFLNK:
		r = fs_readlink(&in->view.fs, attr->ino, target);
		if (r < 0 || !*target)
			return failed(in, r < 0 ? r : -EUCLEAN);
		inode->target = pool_strdup(target);
		inode->size = strlen(target);
		return 0;
	case S_IFCHR:
	case S_IFBLK:
		if (attr->major >= 1u << 12 || attr->minor >= 1u << 20)
			return failed(in, -EUCLEAN);
		inode->major = attr->major;
		inode->minor = attr->minor;
		return 0;
	case S_IFDIR:
	case S_IFIFO:
	case S_IFSOCK:
		return 0;
	}
	return failed(in, -EUCLEAN);
}

/* What takes an attribute. */
struct taker {
	struct intake *in;
	struct inode *inode;
	bool refused;
};

static int take_xattr(void *context, const char *name, const void *value,
		      size_t size)
{
	struct taker *taker = context;

	if (import_xattr(taker->inode, taker->in->path, name, value, size) < 0)
		taker->refused = true;
	return taker->refused;
}

static void take_stamps(struct inode *inode, const struct fs_attr *attr)
{
	const struct fs_time *from[STAMPS] = {
		[STAMP_MODIFIED] = &attr->mtime,
		[STAMP_ACCESSED] = &attr->atime,
		[STAMP_CHANGED] = &attr->ctime,
		[STAMP_CREATED] = attr->has_crtime ? &attr->crtime :
						     &attr->mtime,
	};
	unsigned int i;

	inode_set_times(inode, (struct stamp){ attr->mtime.sec,
					       attr->mtime.nsec });
	for (i = 0; i < STAMPS; i++)
		inode_set_stamp(inode, i, (struct stamp){ from[i]->sec,
							  from[i]->nsec });
}

static struct inode *read_inode(struct intake *in, const struct fs_attr *attr)
{
	struct inode *inode = inode_new(attr->mode & (S_IFMT | 07777));
	struct taker taker = { in, inode, false };
	int r;

	inode->uid = attr->uid;
	inode->gid = attr->gid;
	take_stamps(inode, attr);
	r = fs_xattrs(&in->view.fs, attr->ino, take_xattr, &taker);
	if (r < 0)
		failed(in, r);
	if (r < 0 || taker.refused || read_kind(in, attr, inode) < 0) {
		inode_free(inode);
		return NULL;
	}
	import_adjust(in->import, inode);
	return inode;
}

static struct inode *find_link(struct intake *in, uint64_t ino)
{
	const struct link *link = in->links[ino % BUCKETS];
	const struct entry *e;

	while (link && link->ino != ino)
		link = link->next;
	e = link ? path_lookup(in->import->tree, link->path) : NULL;
	return e && !S_ISDIR(e->inode->mode) ? e->inode : NULL;
}

static void remember_link(struct intake *in, uint64_t ino)
{
	struct link *link = mem_alloc(sizeof(*link) + strlen(in->path) + 1);

	link->ino = ino;
	strcpy(link->path, in->path);
	link->next = in->links[ino % BUCKETS];
	in->links[ino % BUCKETS] = link;
}

/* Flags that are not kept; without its key, an encrypted file is nothing. */
static int check_flags(struct intake *in, const struct fs_attr *attr)
{
	size_t i;

	if (attr->flags & FLAG_ENCRYPTED)
		return msg_error(view_name(&in->view, in->path), "is "
				 "encrypted, which an image that is made here "
				 "cannot have; use --exclude");
	for (i = 0; i < LOST_FLAGS; i++)
		if (attr->flags & lost_flags[i].flag && !in->lost[i]++)
			in->first_lost[i] = mem_strdup(*in->path ? in->path :
						       "/");
	return 0;
}

static void end_lost(struct intake *in, bool tell)
{
	size_t i;

	for (i = 0; i < LOST_FLAGS; i++) {
		if (tell && in->lost[i])
			msg_warning(in->view.target.file, "%lu inodes are %s, "
				    "like %s, which is not kept", in->lost[i],
				    lost_flags[i].what, in->first_lost[i]);
		free(in->first_lost[i]);
	}
}

static int enter(void *context, const struct visit *visit)
{
	const struct fs_attr *attr = visit->attr;
	bool linked = attr->nlink > 1 && !S_ISDIR(attr->mode);
	struct intake *in = context;
	struct tree *tree = in->import->tree;
	struct inode *inode, *dir;
	const char *problem, *name;

	problem = path_normalise(visit->path, in->path);
	if (problem)
		return msg_error(view_name(&in->view, visit->path), "%s",
				 problem);
	if (*in->path && import_excludes(in->import, in->path))
		return 1;
	inode = linked ? find_link(in, attr->ino) : NULL;
	if (!inode) {
		if (check_flags(in, attr) < 0)
			return -1;
		inode = read_inode(in, attr);
		if (!inode)
			return -1;
		if (linked)
			remember_link(in, attr->ino);
	}
	if (!*in->path) {
		inode_take_attributes(tree->root, inode);
		inode_free(inode);
		return 0;
	}
	dir = path_parent(tree, in->path, &name);
	tree_put(tree, dir, name, strlen(name), inode);
	return 0;
}

static int read_tree(struct intake *in)
{
	struct walk walk = { .enter = enter, .context = in };
	int r;

	in->view.ino = in->view.fs.root;
	r = fs_stat(&in->view.fs, in->view.ino, &in->view.attr);
	if (r < 0)
		return failed(in, r);
	if (!S_ISDIR(in->view.attr.mode))
		return failed(in, -EUCLEAN);
	return view_walk(&in->view, &walk);
}

int source_read_image(struct import *import, struct target *target)
{
	struct intake *in = mem_zalloc(sizeof(*in));
	struct link *link;
	size_t i;
	int r;

	in->import = import;
	in->buffer = mem_alloc(PIECE);
	r = view_open_image(&in->view, target);
	if (r == 0) {
		r = read_tree(in);
		end_lost(in, r == 0);
		view_close(&in->view);
	}
	for (i = 0; i < BUCKETS; i++) {
		while ((link = in->links[i])) {
			in->links[i] = link->next;
			free(link);
		}
	}
	free(in->buffer);
	free(in);
	return r;
}
