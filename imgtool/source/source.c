/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "imgtool/image/kind.h"
#include "imgtool/image/target.h"
#include "imgtool/msg.h"
#include "imgtool/source/source.h"
#include "imgtool/tree/path.h"
#include "imgtool/tree/xattr.h"

struct source *source_add(struct import *import, const char *name, int fd)
{
	struct source *source = mem_zalloc(sizeof(*source));

	source->name = name;
	source->fd = fd;
	source->next = import->sources;
	import->sources = source;
	return source;
}

struct source *import_add_part(struct import *import, char *name, int fd,
			       uint64_t start, uint64_t size)
{
	struct source *source = source_add(import, name, fd);

	source->own_name = name;
	source->part = true;
	source->start = start;
	source->size = size;
	return source;
}

enum kind { KIND_ANY, KIND_CONTAINER, KIND_TABLE, KIND_MTREE };

/* What the user says that *NAME is, by a word in front that is taken off. */
static enum kind named_kind(const char **name)
{
	static const struct {
		const char *prefix;
		enum kind kind;
	} kinds[] = {
		{ "oci:", KIND_CONTAINER },
		{ "table:", KIND_TABLE },
		{ "mtree:", KIND_MTREE },
	};
	size_t i, n;

	if (!access(*name, F_OK))
		return KIND_ANY;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		n = strlen(kinds[i].prefix);
		if (!strncmp(*name, kinds[i].prefix, n)) {
			*name += n;
			return kinds[i].kind;
		}
	}
	return KIND_ANY;
}

bool source_is_stdin(const char *name)
{
	named_kind(&name);
	return !strcmp(name, "-");
}

/* A manifest that says so itself. */
static bool is_mtree(int fd, const struct stat *st)
{
	char start[6];

	return S_ISREG(st->st_mode) && pread(fd, start, 6, 0) == 6 &&
	       !memcmp(start, "#mtree", 6);
}

static int read_stdin(struct import *import, enum kind kind)
{
	struct source *source;
	int fd;

	if (isatty(STDIN_FILENO))
		return msg_error("-", "standard input is a terminal, not an "
				 "archive");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return msg_errno("-", errno, "standard input cannot be read");
	source = source_add(import, "-", fd);
	if (kind == KIND_TABLE)
		return source_read_table(import, source);
	if (kind == KIND_MTREE)
		return source_read_mtree(import, source);
	if (kind == KIND_CONTAINER)
		return source_read_container(import, source, false);
	return source_read_archive(import, source);
}

static int read_image(struct import *import, const char *name)
{
	struct target target;

	if (target_parse(&target, name, true) < 0)
		return -1;
	if (!target.path)
		return source_read_image(import, &target);
	target_free(&target);
	return msg_error(name, "names a part of an image; a source is the "
			 "whole of one");
}

/* "image:NAME", or the partition of one. */
static bool names_image(const char **name)
{
	struct target target;
	bool found;

	if (!access(*name, F_OK))
		return false;
	if (!strncmp(*name, "image:", 6)) {
		*name += 6;
		return true;
	}
	if (target_parse(&target, *name, false) < 0)
		return false;
	found = target.partition;
	target_free(&target);
	return found;
}

/* What is open, and is no image. */
static int read_open(struct import *import, const char *name, int fd,
		     const struct stat *st, enum kind kind)
{
	struct source *source = source_add(import, name, fd);
	bool is_directory = S_ISDIR(st->st_mode);
	int container = kind == KIND_CONTAINER;

	if (kind == KIND_TABLE)
		return source_read_table(import, source);
	if (kind == KIND_MTREE || (kind == KIND_ANY && is_mtree(fd, st)))
		return source_read_mtree(import, source);
	if (!container)
		container = source_is_container(source, is_directory);
	if (container < 0)
		return -1;
	if (container)
		return source_read_container(import, source, is_directory);
	if (is_directory)
		return source_read_directory(import, source);
	return source_read_archive(import, source);
}

int source_read(struct import *import, const char *name)
{
	enum kind kind = named_kind(&name);
	const char *other;
	char head[KIND_HEAD];
	struct stat st;
	ssize_t n;
	int fd;

	if (names_image(&name))
		return read_image(import, name);
	if (!strcmp(name, "-"))
		return read_stdin(import, kind);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return msg_errno(name, errno, "cannot be opened");
	if (kind == KIND_ANY && S_ISREG(st.st_mode)) {
		n = pread(fd, head, sizeof(head), 0);
		other = n > 0 ? kind_of_file(head, (size_t)n) : NULL;
		if (other || kind_is_disk(fd)) {
			close(fd);
			return other ? kind_refuse(name, other) :
				       read_image(import, name);
		}
	}
	return read_open(import, name, fd, &st, kind);
}

/* A program that still writes is not needed any more. */
static void end_early(struct source *source)
{
	if (source->program <= 0)
		return;
	kill(source->program, SIGTERM);
	while (waitpid(source->program, NULL, 0) < 0 && errno == EINTR)
		;
	source->program = 0;
}

void source_close_all(struct import *import)
{
	struct source_dir *dir;
	struct source *source;

	while ((source = import->sources)) {
		import->sources = source->next;
		while ((dir = source->dirs)) {
			source->dirs = dir->next;
			free(dir);
		}
		close(source->fd);
		end_early(source);
		free(source->own_name);
		free(source->full);
		free(source);
	}
}

void import_exclude(struct import *import, const char *pattern)
{
	import->excludes = reallocarray(import->excludes,
					import->exclude_count + 1,
					sizeof(char *));
	if (!import->excludes)
		abort();
	import->excludes[import->exclude_count++] = pattern;
}

bool import_excludes(const struct import *import, const char *path)
{
	size_t i;

	for (i = 0; i < import->exclude_count; i++)
		if (path_matches(import->excludes[i], path))
			return true;
	return false;
}

static void clamp(const struct import *import, struct stamp *stamp)
{
	if (stamp->sec > import->latest ||
	    (stamp->sec == import->latest && stamp->nsec)) {
		stamp->sec = import->latest;
		stamp->nsec = 0;
	}
}

void import_clamp(const struct import *import, struct inode *inode)
{
	struct stamp stamp;
	unsigned int i;

	if (!import->clamp)
		return;
	if (!inode->extra) { /* all times are one */
		stamp = inode_stamp(inode, STAMP_MODIFIED);
		clamp(import, &stamp);
		inode_set_times(inode, stamp);
		return;
	}
	for (i = 0; i < STAMPS; i++) {
		stamp = inode_stamp(inode, i);
		clamp(import, &stamp);
		inode_set_stamp(inode, i, stamp);
	}
}

void import_adjust(const struct import *import, struct inode *inode)
{
	if (import->set_owner) {
		inode->uid = import->uid;
		inode->gid = import->gid;
	} else {
		inode->uid = idmap_apply(&import->uids, inode->uid);
		inode->gid = idmap_apply(&import->gids, inode->gid);
	}
	if (import->uids.count || import->gids.count)
		idmap_apply_acls(&import->uids, &import->gids, inode_xattrs(inode));
	import_clamp(import, inode);
}

int import_xattr(struct inode *inode, const char *path, const char *name,
		 const void *value, size_t size)
{
	struct xattr *list = inode_xattrs(inode);
	enum xattr_result result = xattrs_set(&list, name, value, size);

	inode_set_xattrs(inode, list);
	switch (result) {
	case XATTR_TAKEN:
		break;
	case XATTR_IGNORED:
		msg_warning(path, "%s: ext4 has no such attribute; left out",
			    name);
		break;
	case XATTR_INVALID:
		return msg_error(path, "%s: not a valid attribute", name);
	}
	return 0;
}
