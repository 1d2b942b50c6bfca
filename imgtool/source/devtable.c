/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device table as genext2fs, mkfs.jffs2 and others read it, a line each:
 *
 *	NAME TYPE MODE UID GID MAJOR MINOR START INC COUNT
 *
 * with "-" for 0 and # for comments. Types f and d change what is there (d
 * makes it, too), c, b and p make nodes. COUNT > 0 makes NAME0... from START
 * on, INC apart in the minor number.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/source/source.h"
#include "imgtool/tree/path.h"
#include "imgtool/tree/xattr.h"

#define COUNT_MOST 65536
#define FIELDS 8

struct row {
	char path[PATH_LONGEST + 1];
	uint32_t type; /* S_IFREG and so on */
	/* mode, uid, gid, major, minor, start, inc, count */
	uint32_t n[FIELDS];
};

static uint32_t type_of(const char *word)
{
	if (word[1])
		return 0;
	switch (word[0]) {
	case 'f': return S_IFREG;
	case 'd': return S_IFDIR;
	case 'c': return S_IFCHR;
	case 'b': return S_IFBLK;
	case 'p': return S_IFIFO;
	}
	return 0;
}

static bool parse_number(const char *word, int base, uint32_t *n)
{
	unsigned long value;
	char *end;

	if (!strcmp(word, "-")) {
		*n = 0;
		return true;
	}
	if (!isdigit((unsigned char)*word))
		return false;
	value = strtoul(word, &end, base);
	*n = value;
	return !*end && value < UINT32_MAX;
}

/* NULL, or what is wrong with the line. */
static const char *parse_row(char *line, struct row *row)
{
	char *save, *name = strtok_r(line, " \t\n", &save), *word;
	const char *problem;
	int i;

	word = strtok_r(NULL, " \t\n", &save);
	if (!word || !(row->type = type_of(word)))
		return "the type is not one of f d c b p";
	problem = path_normalise(name, row->path);
	if (problem)
		return problem;
	memset(row->n, 0, sizeof(row->n));
	for (i = 0; i < FIELDS; i++) {
		word = strtok_r(NULL, " \t\n", &save);
		if (!word && i > 2)
			break;
		if (!word || !parse_number(word, i ? 10 : 8, &row->n[i]))
			return "not NAME TYPE MODE UID GID MAJOR MINOR START "
			       "INC COUNT";
	}
	if (strtok_r(NULL, " \t\n", &save))
		return "has more than ten fields";
	if (row->n[0] > 07777 || row->n[7] > COUNT_MOST)
		return "its mode or count is too large";
	return NULL;
}

static const char *put_node(struct import *import, const struct row *row,
			    const char *path, uint64_t minor)
{
	bool device = row->type == S_IFCHR || row->type == S_IFBLK;
	struct tree *tree = import->tree;
	struct entry *e = path_lookup(tree, path);
	struct inode *inode, *dir;
	const char *name;

	if (import_excludes(import, path))
		return NULL;
	if (device && (row->n[3] >= 1u << 12 || minor >= 1u << 20))
		return "device number is out of range";
	inode = !*path ? tree->root : e ? e->inode : NULL;
	if (inode && (inode->mode & S_IFMT) != row->type)
		inode = NULL;
	if (!inode && (row->type == S_IFREG || !*path))
		return "there is no such file in the sources";
	if (!inode) {
		inode = inode_new(row->type);
		inode->made = true;
		dir = path_parent(tree, path, &name);
		inode = tree_put(tree, dir, name, strlen(name), inode);
	}
	inode->mode = row->type | row->n[0];
	xattrs_chmod(inode_xattrs(inode), row->n[0]);
	inode->uid = row->n[1];
	inode->gid = row->n[2];
	if (device) {
		inode->major = row->n[3];
		inode->minor = minor;
	}
	return NULL;
}

static const char *put_row(struct import *import, const struct row *row)
{
	const char *problem = NULL;
	uint64_t minor = row->n[4];
	char name[PATH_LONGEST + 32], path[PATH_LONGEST + 1];
	uint32_t i;

	if (!row->n[7])
		return put_node(import, row, row->path, minor);
	for (i = 0; i < row->n[7] && !problem; i++) {
		snprintf(name, sizeof(name), "%s%llu", row->path,
			 (unsigned long long)row->n[5] + i);
		problem = path_normalise(name, path) ?:
			  put_node(import, row, path, minor);
		minor += row->n[6];
	}
	return problem;
}

int source_read_table(struct import *import, struct source *source)
{
	struct row *row = mem_alloc(sizeof(*row));
	FILE *file = fdopen(dup(source->fd), "r");
	const char *problem = NULL;
	unsigned long number = 0;
	size_t room = 0, at;
	char *line = NULL;
	int r = 0;

	if (!file)
		r = msg_error(source->name, "cannot be read");
	while (r == 0 && getline(&line, &room, file) >= 0) {
		number++;
		at = strspn(line, " \t\n");
		if (!line[at] || line[at] == '#')
			continue;
		problem = parse_row(line, row) ?: put_row(import, row);
		if (problem)
			r = msg_error(source->name, "line %lu: %s", number,
				      problem);
	}
	if (r == 0 && ferror(file))
		r = msg_error(source->name, "cannot be read");
	if (file)
		fclose(file);
	free(line);
	free(row);
	return r;
}
