/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdio.h>
#include <limits.h>
#include <string.h>

#include "imgtool/check/checker.h"
#include "imgtool/engine/engine.h"
#include "imgtool/msg.h"
#include "imgtool/view/ext.h"

/* As many symlinks as the kernel follows in one path. */
#define LINKS_MOST 40

int fs_open(struct fs *fs, struct disk *disk)
{
	memset(fs, 0, sizeof(*fs));
	fs->disk = disk;
	if (!engine_wanted(disk))
		return ext_open(fs);
	if (!engine_open)
		return msg_error(disk->name, "this program has no engine");
	return engine_open(fs);
}

void fs_close(struct fs *fs)
{
	if (fs->ops)
		fs->ops->close(fs);
	memset(fs, 0, sizeof(*fs));
}

struct wanted {
	const char *name;
	uint64_t ino;
};

static int compare(void *context, const char *name, uint64_t ino)
{
	struct wanted *wanted = context;

	if (strcmp(name, wanted->name))
		return 0;
	wanted->ino = ino;
	return 1;
}

int fs_lookup(struct fs *fs, uint64_t dir, const char *name, uint64_t *ino)
{
	struct wanted wanted = { .name = name };
	int r;

	if (fs->ops->lookup)
		return fs->ops->lookup(fs, dir, name, ino);
	r = fs_readdir(fs, dir, compare, &wanted);
	if (r < 0)
		return r;
	*ino = wanted.ino;
	return r ? 0 : -ENOENT;
}

struct resolve {
	uint64_t stack[PATH_MAX / 2 + 1]; /* directories from the root on */
	size_t depth;
	char rest[2 * PATH_MAX + 2]; /* what is still to be walked */
	int links;
};

/* Put the target of a symlink in front of what is left. */
static int push_link(struct fs *fs, struct resolve *r, uint64_t ino)
{
	char target[FS_LINK_LONGEST + 1];
	size_t n, left = strlen(r->rest);
	int err;

	if (++r->links > LINKS_MOST)
		return -ELOOP;
	err = fs_readlink(fs, ino, target);
	if (err < 0)
		return err;
	n = strlen(target);
	if (!n)
		return -ENOENT;
	if (n + left >= sizeof(r->rest))
		return -ENAMETOOLONG;
	/* the rest is empty or begins with a slash */
	memmove(r->rest + n, r->rest, left + 1);
	memcpy(r->rest, target, n);
	if (*target == '/')
		r->depth = 0;
	return 0;
}

/* Take the next name off the rest. False: there is none. */
static bool next_name(struct resolve *r, char *name, int *err)
{
	size_t skip = strspn(r->rest, "/"), n = strcspn(r->rest + skip, "/");

	*err = 0;
	if (!n)
		return false;
	if (n > FS_NAME_LONGEST) {
		*err = -ENAMETOOLONG;
		return false;
	}
	memcpy(name, r->rest + skip, n);
	name[n] = 0;
	memmove(r->rest, r->rest + skip + n, strlen(r->rest + skip + n) + 1);
	return true;
}

static int step(struct fs *fs, struct resolve *r, const char *name, bool follow)
{
	struct fs_attr attr;
	uint64_t ino;
	int err;

	if (!strcmp(name, ".."))
		r->depth -= r->depth > 0;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	err = fs_lookup(fs, r->stack[r->depth], name, &ino);
	if (err < 0)
		return err;
	err = fs_stat(fs, ino, &attr);
	if (err < 0)
		return err;
	if (S_ISLNK(attr.mode) && (follow || *r->rest))
		return push_link(fs, r, ino);
	if (r->depth + 1 >= PATH_MAX / 2)
		return -ENAMETOOLONG;
	r->stack[++r->depth] = ino;
	return 0;
}

int fs_resolve(struct fs *fs, const char *path, bool follow, uint64_t *ino)
{
	static struct resolve r;
	char name[FS_NAME_LONGEST + 1];
	struct fs_attr attr;
	int err;

	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	strcpy(r.rest, path);
	r.depth = r.links = 0;
	r.stack[0] = fs->root;
	while (next_name(&r, name, &err)) {
		err = step(fs, &r, name, follow);
		if (err < 0)
			return err;
	}
	if (err < 0)
		return err;
	*ino = r.stack[r.depth];
	/* "file/" is a directory or nothing */
	if (*r.rest && !(err = fs_stat(fs, *ino, &attr)) &&
	    !S_ISDIR(attr.mode))
		err = -ENOTDIR;
	return err;
}

const char *fs_strerror(int err)
{
	switch (err < 0 ? -err : err) {
	case ENOENT:
		return "no such file in the image";
	case EUCLEAN:
		return "the file system is damaged here";
	case EIO:
		return "the image ends too early or cannot be read";
	case EOPNOTSUPP:
		return "is stored in a way that cannot be read here";
	case ENODATA:
		return "no such attribute";
	case FS_GONE:
		return "the engine's guest has ended";
	}
	return strerror(err < 0 ? -err : err);
}

int fs_error(const struct fs *fs, const char *object, int err)
{
	if (err == -FS_GONE)
		return -1;
	return msg_error(object, "%s%s", fs_strerror(err),
			 err == -EUCLEAN && fs && checker_repairs(fs->type) ?
			 "; imgtool fsck --repair may help" : "");
}

struct xattr {
	const char *name;
	uint8_t *value;
	size_t size;
};

static int take_xattr(void *context, const char *name, const void *value,
		       size_t size)
{
	struct xattr *w = context;

	if (strcmp(name, w->name))
		return 0;
	w->value = mem_dup(value, size);
	w->size = size;
	return 1;
}

int fs_xattr(struct fs *fs, uint64_t ino, const char *name, uint8_t **value,
	     size_t *size)
{
	struct xattr w = { .name = name };
	int r = fs_xattrs(fs, ino, take_xattr, &w);

	*value = w.value;
	*size = w.size;
	return r;
}
