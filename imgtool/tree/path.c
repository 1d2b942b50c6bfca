/* SPDX-License-Identifier: GPL-2.0 */
#include <fnmatch.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/tree/path.h"

/* As many symlinks as Linux follows in one path. */
#define MAX_FOLLOW 40

const char *path_normalise(const char *path, char *out)
{
	size_t length, used = 0;

	for (; *path; path += length) {
		if (*path == '/') {
			length = 1;
			continue;
		}
		length = strcspn(path, "/");
		if (length == 1 && path[0] == '.')
			continue;
		if (length == 2 && path[0] == '.' && path[1] == '.')
			return "name has a \"..\" component";
		if (length > NAME_LONGEST)
			return "name is longer than 255 bytes";
		if (used + length + 1 > PATH_LONGEST)
			return "path is longer than 4095 bytes";
		if (used)
			out[used++] = '/';
		memcpy(out + used, path, length);
		used += length;
	}
	out[used] = 0;
	return NULL;
}

/*
 * The directory that TARGET means when it is read in DIR; NULL if there is
 * none. *BUDGET symlinks may be followed. Works through the components with
 * an own buffer instead of recursion: a symlink's target is put in front of
 * what is left.
 */
static struct inode *resolve(struct tree *tree, struct inode *dir,
			     const char *target)
{
	char rest[2 * PATH_LONGEST + 2];
	int budget = MAX_FOLLOW;
	struct entry *e;
	size_t n, link;
	char *p;

	if (strlen(target) > PATH_LONGEST)
		return NULL;
	p = rest + sizeof(rest) - strlen(target) - 1;
	strcpy(p, target);
	if (*p == '/')
		dir = tree->root;
	for (;;) {
		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (!n)
			return dir;
		if (n == 2 && p[0] == '.' && p[1] == '.')
			dir = dir->self ? dir->self->dir : tree->root;
		if (p[0] == '.' && (n == 1 || (n == 2 && p[1] == '.'))) {
			p += n;
			continue;
		}
		e = n > NAME_LONGEST ? NULL : tree_lookup(tree, dir, p, n);
		if (!e)
			return NULL;
		p += n;
		if (S_ISDIR(e->inode->mode)) {
			dir = e->inode;
			continue;
		}
		if (!S_ISLNK(e->inode->mode) || !budget--)
			return NULL;
		link = strlen(e->inode->target);
		if (link > (size_t)(p - rest))
			return NULL;
		p -= link;
		memcpy(p, e->inode->target, link);
		if (*p == '/')
			dir = tree->root;
	}
}

/* The directory that a parent component leads to, NULL if it leads to none. */
static struct inode *step(struct tree *tree, struct inode *dir,
			  const char *name, size_t length)
{
	struct entry *e = tree_lookup(tree, dir, name, length);

	if (!e)
		return NULL;
	if (S_ISDIR(e->inode->mode))
		return e->inode;
	if (S_ISLNK(e->inode->mode))
		return resolve(tree, dir, e->inode->target);
	return NULL;
}

struct inode *path_parent(struct tree *tree, const char *path,
			  const char **name)
{
	struct inode *dir = tree->root, *next;
	const char *slash;

	while ((slash = strchr(path, '/'))) {
		next = step(tree, dir, path, slash - path);
		if (!next) {
			next = inode_new(S_IFDIR | 0755);
			next->made = true;
			next->uid = tree->made_uid;
			next->gid = tree->made_gid;
			next = tree_put(tree, dir, path, slash - path, next);
		}
		dir = next;
		path = slash + 1;
	}
	*name = path;
	return dir;
}

struct entry *path_lookup(struct tree *tree, const char *path)
{
	struct inode *dir = tree->root;
	const char *slash;

	while (dir && (slash = strchr(path, '/'))) {
		dir = step(tree, dir, path, slash - path);
		path = slash + 1;
	}
	return dir ? tree_lookup(tree, dir, path, strlen(path)) : NULL;
}

bool path_matches(const char *pattern, const char *path)
{
	char part[PATH_LONGEST + 1];
	const char *end = path, *from = path;
	bool whole = strchr(pattern, '/');

	pattern += strspn(pattern, "/");
	while (*end) {
		end += strcspn(end, "/");
		memcpy(part, from, end - from);
		part[end - from] = 0;
		if (!fnmatch(pattern, part, FNM_PATHNAME))
			return true;
		end += *end == '/';
		if (!whole)
			from = end;
	}
	return false;
}
