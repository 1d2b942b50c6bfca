/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A directory as source. Directories wait on a stack for their turn, with no
 * file descriptor kept, so depth costs memory only. Of the times, only the
 * modification time is taken: reading changes the access time, and the other
 * two are changed by any copy, so that equal trees would give unequal images.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "imgtool/ext4/disk.h"
#include "imgtool/msg.h"
#include "imgtool/source/at.h"
#include "imgtool/source/fakeroot.h"
#include "imgtool/source/source.h"
#include "imgtool/tree/path.h"
#include "imgtool/tree/pool.h"

#define FIRST_LINK_BUCKETS 1024

/* A directory that is still to be read. */
struct waiting {
	struct waiting *next;
	struct inode *dir;
	char path[]; /* from the source's root; "" for that */
};

/* An inode of the source with more names to come, which holds it: a name that is
 * listed twice, since it came to another file meanwhile, may have been its only
 * one until now. */
struct link {
	struct link *next;
	dev_t dev;
	ino_t ino;
	struct inode *inode;
};

struct scan {
	struct import *import;
	struct source *source;
	struct waiting *stack;
	struct link **links;
	size_t link_buckets, link_count; /* the first is a power of two */
	const struct waiting *now; /* the directory being read */
	struct source_dir *dir;    /* the same for its files; NULL: none yet */
	int dir_fd;
	char *full; /* name of the entry being read, with the source's name */
	char *path; /* its end: the path from the source's root */
	size_t parent; /* length of the path of the directory being read */
};

static void push(struct scan *scan, const char *path, struct inode *dir)
{
	struct waiting *w = mem_alloc(sizeof(*w) + strlen(path) + 1);

	strcpy(w->path, path);
	w->dir = dir;
	w->next = scan->stack;
	scan->stack = w;
}

static int failed(const struct scan *scan)
{
	/* It was a directory, and no symlink was on the way. */
	if (errno == ELOOP || errno == ENOTDIR)
		return msg_error(scan->full, "was changed while it was read");
	return msg_errno(scan->full, errno, "cannot be read");
}

static struct link **find_link(const struct scan *scan, dev_t dev, ino_t ino)
{
	uint64_t h = (ino ^ (uint64_t)dev << 40) * 0x9e3779b97f4a7c15;
	struct link **at = &scan->links[h >> 32 & (scan->link_buckets - 1)];

	while (*at && ((*at)->ino != ino || (*at)->dev != dev))
		at = &(*at)->next;
	return at;
}

/* Twice the buckets. */
static void grow_links(struct scan *scan)
{
	struct link **old = scan->links, *link, *next, **at;
	size_t count = scan->link_buckets, i;

	scan->link_buckets *= 2;
	scan->links = mem_zalloc(scan->link_buckets * sizeof(*old));
	for (i = 0; i < count; i++) {
		for (link = old[i]; link; link = next) {
			next = link->next;
			at = find_link(scan, link->dev, link->ino);
			link->next = NULL;
			*at = link;
		}
	}
	free(old);
}

static void remember_link(struct scan *scan, const struct stat *st,
			  struct inode *inode)
{
	struct link *link = mem_zalloc(sizeof(*link));

	if (scan->link_count++ == scan->link_buckets)
		grow_links(scan);
	link->dev = st->st_dev;
	link->ino = st->st_ino;
	link->inode = inode;
	inode_hold(inode);
	*find_link(scan, link->dev, link->ino) = link;
}

static int read_value(struct scan *scan, struct inode *inode, const char *file,
		      const char *name)
{
	static char value[XATTR_SIZE_MAX];
	ssize_t size = at_getxattr(scan->dir_fd, file, scan->full, name, value,
				   sizeof(value));

	if (size < 0 && errno == ENODATA)
		return 0;
	if (size < 0)
		return msg_errno(scan->full, errno,
				 "attribute %s cannot be read", name);
	return import_xattr(inode, scan->full, name, value, size);
}

static int read_xattrs(struct scan *scan, struct inode *inode, const char *file)
{
	static char names[XATTR_LIST_MAX];
	ssize_t size = at_listxattr(scan->dir_fd, file, scan->full, names,
				    sizeof(names));
	const char *name;

	if (size < 0 && (errno == ENOTSUP || errno == ENOSYS))
		return 0;
	if (size < 0)
		return failed(scan);
	for (name = names; name < names + size; name += strlen(name) + 1)
		if (read_value(scan, inode, file, name) < 0)
			return -1;
	return 0;
}

static void add_part(struct inode *inode, uint64_t from, uint64_t to)
{
	uint64_t first = from >> BLOCK_BITS, end = blocks_of(to);
	const struct extents *extents = &inode->extents;
	const struct extent *last;

	if (extents->count) {
		last = &extents_list(extents)[extents->count - 1];
		if (first < (uint64_t)last->logical + last->count)
			first = last->logical + last->count;
	}
	if (first < end)
		extents_add(&inode->extents, first, 0, end - first);
}

/* Which parts of a file with holes have data. */
static int read_parts(struct scan *scan, struct inode *inode, const char *name)
{
	off_t from, to = 0;
	int fd;

	fd = at_open(scan->dir_fd, name, 0);
	if (fd < 0)
		return failed(scan);
	while ((uint64_t)to < inode->size) {
		from = lseek(fd, to, SEEK_DATA);
		if (from < 0 && errno == ENXIO) /* there are no more */
			break;
		if (from < 0) {
			failed(scan);
			close(fd);
			return -1;
		}
		to = lseek(fd, from, SEEK_HOLE);
		if (to < 0 || (uint64_t)to > inode->size)
			to = inode->size;
		if (from < to)
			add_part(inode, from, to);
	}
	close(fd);
	return 0;
}

static struct file_ref *make_ref(struct scan *scan, const struct stat *st,
				 const char *name)
{
	struct source_dir *dir = scan->dir;
	struct file_ref *ref;

	/* A file that is a mount point has a device of its own. */
	if (!dir || dir->dev != st->st_dev) {
		dir = mem_alloc(sizeof(*dir) + strlen(scan->now->path) + 1);
		strcpy(dir->path, scan->now->path);
		dir->source = scan->source;
		dir->dev = st->st_dev;
		dir->next = scan->source->dirs;
		scan->source->dirs = scan->dir = dir;
	}
	ref = pool_alloc(offsetof(struct file_ref, name) + strlen(name) + 1);
	ref->dir = dir;
	ref->key = source_file_key(st);
	strcpy(ref->name, name);
	return ref;
}

static int read_file(struct scan *scan, struct inode *inode,
		     const struct stat *st, const char *name)
{
	const struct profile *profile = scan->import->volume->profile;

	inode->size = st->st_size;
	if (inode->size > profile->file_longest)
		return msg_error(scan->full, "is longer than a file can be in "
				 "%s", profile->fs);
	inode->ref = make_ref(scan, st, name);
	if ((uint64_t)st->st_blocks * 512 < inode->size)
		return read_parts(scan, inode, name);
	if (inode->size)
		add_part(inode, 0, inode->size);
	return 0;
}

static int read_symlink(struct scan *scan, struct inode *inode,
			const char *name)
{
	char target[PATH_MAX + 1];
	ssize_t n = readlinkat(scan->dir_fd, name, target, sizeof(target));

	if (n < 0)
		return failed(scan);
	if (n == 0 || n >= PATH_MAX)
		return msg_error(scan->full, "symlink target is %s",
				 n ? "too long" : "empty");
	target[n] = 0;
	inode->target = pool_strdup(target);
	inode->size = strlen(target);
	return 0;
}

static int read_kind(struct scan *scan, struct inode *inode,
		     const struct stat *st, const char *name)
{
	if (S_ISREG(st->st_mode))
		return read_file(scan, inode, st, name);
	if (S_ISLNK(st->st_mode))
		return read_symlink(scan, inode, name);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		inode->major = major(st->st_rdev);
		inode->minor = minor(st->st_rdev);
	}
	return 0;
}

/* The inode for what STAT and NAME (NULL: the root) describe, or NULL. */
static struct inode *read_inode(struct scan *scan, struct stat *st,
				const char *name)
{
	struct stamp time = { st->st_mtim.tv_sec, st->st_mtim.tv_nsec };
	struct inode *inode;

	if (fakeroot_apply(scan->import->fakeroot, scan->full, st) < 0)
		return NULL;
	inode = inode_new(st->st_mode);
	inode->uid = st->st_uid;
	inode->gid = st->st_gid;
	inode_set_times(inode, time);
	if ((name && read_kind(scan, inode, st, name) < 0) ||
	    read_xattrs(scan, inode, name ?: ".") < 0) {
		inode_free(inode);
		return NULL;
	}
	import_adjust(scan->import, inode);
	return inode;
}

/* The image that is about to be replaced is not a part of itself. */
static bool is_output(const struct scan *scan, const struct stat *st)
{
	const struct output *out = scan->import->volume->out;
	struct stat mine;

	if (out->old_ino && st->st_ino == out->old_ino &&
	    st->st_dev == out->old_dev)
		return true;
	return out->temporary && !fstat(out->fd, &mine) &&
	       st->st_ino == mine.st_ino && st->st_dev == mine.st_dev;
}

static int read_entry(struct scan *scan, struct inode *dir, const char *name)
{
	struct tree *tree = scan->import->tree;
	struct link *link = NULL;
	struct inode *inode;
	struct stat st;
	bool linked;

	if (fstatat(scan->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(scan);
	if (is_output(scan, &st))
		return 0;
	linked = st.st_nlink > 1 && !S_ISDIR(st.st_mode);
	if (linked)
		link = *find_link(scan, st.st_dev, st.st_ino);
	inode = link ? link->inode : read_inode(scan, &st, name);
	if (!inode)
		return -1;
	if (linked && !link)
		remember_link(scan, &st, inode);
	inode = tree_put(tree, dir, name, strlen(name), inode);
	if (S_ISDIR(st.st_mode))
		push(scan, scan->path, inode);
	return 0;
}

/* Set path and full for the directory PATH. */
static void set_dir(struct scan *scan, const char *path)
{
	scan->parent = strlen(path);
	memcpy(scan->path, path, scan->parent + 1);
	/* What is before it is a slash, or the end for the root itself. */
	scan->path[-1] = *path ? '/' : 0;
}

/* Set path and full for NAME in that directory. */
static int set_name(struct scan *scan, const char *name)
{
	char *to = scan->path + scan->parent;
	size_t length = strlen(name);

	scan->path[-1] = '/';
	if (scan->parent)
		*to++ = '/';
	memcpy(to, name, length + 1);
	if (to + length > scan->path + PATH_LONGEST)
		return msg_error(scan->full, "path is longer than 4095 bytes");
	return 0;
}

static int read_names(struct scan *scan, const struct waiting *w, DIR *stream)
{
	struct dirent *d;

	for (;;) {
		errno = 0;
		d = readdir(stream);
		if (!d && errno) {
			set_dir(scan, w->path);
			return failed(scan);
		}
		if (!d)
			return 0;
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (set_name(scan, d->d_name) < 0)
			return -1;
		if (import_excludes(scan->import, scan->path))
			continue;
		if (read_entry(scan, w->dir, d->d_name) < 0)
			return -1;
	}
}

static int read_dir(struct scan *scan, const struct waiting *w)
{
	DIR *stream;
	int fd, r;

	set_dir(scan, w->path);
	fd = at_open(scan->source->fd, *w->path ? w->path : ".", O_DIRECTORY);
	if (fd < 0)
		return failed(scan);
	stream = fdopendir(fd);
	if (!stream) {
		close(fd);
		return failed(scan);
	}
	scan->now = w;
	scan->dir = NULL;
	scan->dir_fd = fd;
	r = read_names(scan, w, stream);
	closedir(stream);
	return r;
}

static int read_root(struct scan *scan)
{
	struct tree *tree = scan->import->tree;
	struct inode *inode;
	struct stat st;

	/* A source may be given as a symlink: what it points to is meant. */
	set_dir(scan, "");
	set_name(scan, ".");
	scan->dir_fd = scan->source->fd;
	if (fstat(scan->source->fd, &st) < 0)
		return failed(scan);
	inode = read_inode(scan, &st, NULL);
	if (!inode)
		return -1;
	inode_take_attributes(tree->root, inode);
	inode_free(inode);
	push(scan, "", tree->root);
	return 0;
}

static void free_scan(struct scan *scan)
{
	struct waiting *w;
	struct link *link;
	size_t i;

	while ((w = scan->stack)) {
		scan->stack = w->next;
		free(w);
	}
	for (i = 0; i < scan->link_buckets; i++) {
		while ((link = scan->links[i])) {
			scan->links[i] = link->next;
			tree_let_go(scan->import->tree, link->inode);
			free(link);
		}
	}
	free(scan->links);
	free(scan);
}

int source_read_directory(struct import *import, struct source *source)
{
	struct scan *scan = mem_zalloc(sizeof(*scan));
	struct waiting *w;
	int r;

	scan->import = import;
	scan->source = source;
	scan->link_buckets = FIRST_LINK_BUCKETS;
	scan->links = mem_zalloc(FIRST_LINK_BUCKETS * sizeof(*scan->links));
	scan->path = source_path_buffer(source);
	scan->full = source->full;
	r = read_root(scan);
	while (r == 0 && (w = scan->stack)) {
		scan->stack = w->next;
		r = read_dir(scan, w);
		free(w);
	}
	free_scan(scan);
	return r;
}
