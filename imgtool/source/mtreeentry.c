/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/ext4/data.h"
#include "imgtool/mode.h"
#include "imgtool/msg.h"
#include "imgtool/source/mtree.h"
#include "imgtool/tree/path.h"
#include "imgtool/tree/pool.h"
#include "imgtool/tree/xattr.h"

static int bad_value(const struct mtree *m, enum mtree_key key,
		     const char *problem)
{
	char *object = mem_printf("%s=%s", mtree_key_name(key), m->value[key]);
	int r = mtree_bad(m, object, "%s", problem);

	free(object);
	return r;
}

static bool on(const struct mtree *m, enum mtree_key key)
{
	return m->value[key];
}

/* ----------------------------------------------------------- attributes */

static uint32_t map_id(const struct mtree *m, bool group, uint32_t id)
{
	const struct import *import = m->import;

	if (import->set_owner)
		return group ? import->gid : import->uid;
	return idmap_apply(group ? &import->gids : &import->uids, id);
}

/* The number of a user or group on this host; -1: there is none. */
static int64_t look_up(struct mtree *m, bool group, const char *name)
{
	const struct passwd *user;
	const struct group *it;
	int64_t id;

	if (!strcmp(name, "root") || (group && !strcmp(name, "wheel")))
		return 0;
	if (m->last_name[group] && !strcmp(m->last_name[group], name))
		return m->last_id[group];
	if (group) {
		it = getgrnam(name);
		id = it ? (int64_t)it->gr_gid : -1;
	} else {
		user = getpwnam(name);
		id = user ? (int64_t)user->pw_uid : -1;
	}
	if (id >= 0) {
		free(m->last_name[group]);
		m->last_name[group] = mem_strdup(name);
		m->last_id[group] = id;
	}
	return id;
}

static int take_id(struct mtree *m, bool group, uint32_t *to)
{
	enum mtree_key number = group ? MTREE_GID : MTREE_UID;
	enum mtree_key name = group ? MTREE_GNAME : MTREE_UNAME;
	const char *problem;
	int64_t found;
	uint64_t id;

	if (on(m, number)) {
		problem = mtree_number(m->value[number], UINT32_MAX - 1, &id);
		if (problem)
			return bad_value(m, number, problem);
	} else if (on(m, name)) {
		found = look_up(m, group, m->value[name]);
		if (found < 0)
			return bad_value(
				m, name,
				group ? "this host has no such group; give "
					"gid="
				      : "this host has no such user; "
					"give uid=");
		id = found;
	} else {
		return 0;
	}
	*to = map_id(m, group, id);
	return 0;
}

static int take_mode(struct mtree *m, struct inode *inode)
{
	uint32_t mode;

	if (!on(m, MTREE_MODE))
		return 0;
	if (mode_parse(m->value[MTREE_MODE], inode->mode & S_IFMT, &mode) < 0)
		return bad_value(m, MTREE_MODE, "not a mode");
	if (!S_ISLNK(inode->mode)) {
		inode->mode = (inode->mode & S_IFMT) | mode;
		xattrs_chmod(inode_xattrs(inode), mode);
	}
	return 0;
}

static int take_time(struct mtree *m, struct inode *inode)
{
	const char *problem;
	struct stamp time;

	if (!on(m, MTREE_TIME))
		return 0;
	problem = mtree_time(m->value[MTREE_TIME], &time);
	if (problem)
		return bad_value(m, MTREE_TIME, problem);
	inode_set_times(inode, time);
	inode->made = false;
	return 0;
}

static void note(unsigned long *count, char **seen, const char *path)
{
	if (!(*count)++)
		*seen = mem_strdup(*path ? path : "/");
}

static int take_attributes(struct mtree *m, struct inode *inode)
{
	const char *flags = m->value[MTREE_FLAGS];

	if (take_id(m, false, &inode->uid) < 0 ||
	    take_id(m, true, &inode->gid) < 0 || take_mode(m, inode) < 0 ||
	    take_time(m, inode) < 0)
		return -1;
	import_clamp(m->import, inode);
	if (flags && *flags && strcmp(flags, "none") && strcmp(flags, "0"))
		note(&m->flags, &m->flags_seen, flags);
	return 0;
}

/* --------------------------------------------------------------- kinds */

static int take_link(struct mtree *m, struct inode *inode)
{
	const char *target = m->value[MTREE_LINK];

	if (!target)
		return inode->target ? 0
				     : mtree_bad(m, m->path,
						 "is a symlink "
						 "without link=");
	if (!*target || strlen(target) > PATH_LONGEST)
		return bad_value(m, MTREE_LINK, "not a symlink's target");
	pool_free_text(inode->target);
	inode->target = pool_strdup(target);
	inode->size = strlen(target);
	return 0;
}

static int take_device(struct mtree *m, struct inode *inode, bool fresh)
{
	const char *problem;

	if (!on(m, MTREE_DEVICE))
		return fresh ? mtree_bad(m, m->path,
					 "is a device without device=")
			     : 0;
	problem = mtree_device(m->value[MTREE_DEVICE], &inode->major,
			       &inode->minor);
	return problem ? bad_value(m, MTREE_DEVICE, problem) : 0;
}

static int take_contents(struct mtree *m, struct inode *inode, int fd,
			 const struct stat *st, bool fresh)
{
	struct stamp time = {st->st_mtim.tv_sec, st->st_mtim.tv_nsec};

	if (fresh)
		inode->mode = S_IFREG | (st->st_mode & 07777);
	else if (data_release(m->import->volume, inode) < 0)
		return -1;
	inode_drop_ref(inode);
	inode_set_times(inode, time);
	inode->made = false;
	return mtree_copy_contents(m->import, inode, fd, st,
				   m->value[MTREE_CONTENTS]);
}

static int check_size(struct mtree *m, const struct inode *inode)
{
	const char *problem;
	uint64_t size;

	if (!on(m, MTREE_SIZE))
		return 0;
	problem = mtree_number(m->value[MTREE_SIZE], INT64_MAX, &size);
	if (problem)
		return bad_value(m, MTREE_SIZE, problem);
	if (size != inode->size)
		return mtree_bad(m, m->path, "has %llu bytes, not size=%llu",
				 (unsigned long long)inode->size,
				 (unsigned long long)size);
	return 0;
}

/* Is there something to make a regular file of? FD: its contents, or -1. */
static int open_file(struct mtree *m, bool fresh, int *fd, struct stat *st)
{
	const char *contents = m->value[MTREE_CONTENTS];
	const char *size = m->value[MTREE_SIZE];

	*fd = -1;
	if (!contents && (!fresh || (size && !strcmp(size, "0"))))
		return 0;
	if (contents) {
		*fd = mtree_open_contents(m->contents_dir, contents, st);
		if (*fd >= 0)
			return 0;
		if (*fd != -ENOENT)
			return -1;
	}
	if (on(m, MTREE_OPTIONAL))
		return 1;
	if (contents)
		return bad_value(m, MTREE_CONTENTS, "there is no such file");
	return mtree_bad(m, m->path,
			 "there is no such file in the sources, and no "
			 "contents=");
}

/* All that the entry says, into INODE. */
static int fill(struct mtree *m, struct inode *inode, bool fresh, int fd,
		const struct stat *st)
{
	uint64_t links;
	int r = 0;

	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		if (fd >= 0)
			r = take_contents(m, inode, fd, st, fresh);
		if (r == 0)
			r = check_size(m, inode);
		if (fresh && on(m, MTREE_NLINK) &&
		    !mtree_number(m->value[MTREE_NLINK], UINT32_MAX, &links) &&
		    links > 1)
			note(&m->links, &m->links_seen, m->path);
		break;
	case S_IFLNK:
		r = take_link(m, inode);
		break;
	case S_IFCHR:
	case S_IFBLK:
		r = take_device(m, inode, fresh);
		break;
	}
	return r < 0 ? -1 : take_attributes(m, inode);
}

static uint32_t first_mode(uint32_t type)
{
	return type == S_IFDIR ? 0755 : type == S_IFLNK ? 0777 : 0644;
}

static int put(struct mtree *m, struct inode *inode, uint32_t type)
{
	struct tree *tree = m->import->tree;
	bool fresh = !inode || (inode->mode & S_IFMT) != type;
	struct inode *dir;
	const char *name;
	struct stat st;
	int r, fd = -1;

	if (!*m->path && fresh)
		return mtree_bad(m, "/", "is a directory, and stays one");
	if (type == S_IFREG && (r = open_file(m, fresh, &fd, &st)))
		return r < 0 ? -1 : 0;
	if (fresh) {
		inode = inode_new(type | first_mode(type));
		inode->made = true;
		inode->uid = map_id(m, false, 0);
		inode->gid = map_id(m, true, 0);
	}
	r = fill(m, inode, fresh, fd, &st);
	if (fd >= 0)
		close(fd);
	if (!fresh)
		return r;
	if (r < 0) {
		inode_free(inode);
		return -1;
	}
	dir = path_parent(tree, m->path, &name);
	tree_put(tree, dir, name, strlen(name), inode);
	return 0;
}

int mtree_apply(struct mtree *m, uint32_t *type)
{
	struct tree *tree = m->import->tree;
	struct entry *e = *m->path ? path_lookup(tree, m->path) : NULL;
	struct inode *inode = !*m->path ? tree->root : e ? e->inode : NULL;
	const char *problem;

	*type = inode ? inode->mode & S_IFMT : S_IFREG;
	if (on(m, MTREE_TYPE)) {
		problem = mtree_type(m->value[MTREE_TYPE], type);
		if (problem)
			return bad_value(m, MTREE_TYPE, problem);
	}
	if (*m->path && import_excludes(m->import, m->path))
		return 0;
	if (inode && on(m, MTREE_NOCHANGE))
		return 0;
	return put(m, inode, *type);
}
