/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keyed by device and inode number, so valid for the uncopied tree only. Two
 * things betray a state file of another tree: nothing matches, or an entry
 * names another kind of file than the one that is there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/source/fakeroot.h"

struct fake {
	unsigned long long dev, ino, rdev;
	unsigned int mode, uid, gid;
};

struct fakeroot {
	struct fake *list; /* in order of ino, then dev */
	size_t count, capacity;
	int used;
};

static int compare(const void *a, const void *b)
{
	const struct fake *x = a, *y = b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return x->dev < y->dev ? -1 : x->dev > y->dev;
}

static int parse_line(struct fakeroot *state, const char *line)
{
	unsigned long nlink;
	struct fake f;

	if (sscanf(line, "dev=%llx,ino=%llu,mode=%o,uid=%u,gid=%u,nlink=%lu,"
		   "rdev=%llu", &f.dev, &f.ino, &f.mode, &f.uid, &f.gid,
		   &nlink, &f.rdev) != 7)
		return -1;
	state->list = mem_grow(state->list, state->count, &state->capacity,
			       sizeof(f));
	state->list[state->count++] = f;
	return 0;
}

static int read_lines(struct fakeroot *state, FILE *file, const char *name)
{
	unsigned long number = 1;
	char line[512];

	for (; fgets(line, sizeof(line), file); number++)
		if (parse_line(state, line) < 0)
			return msg_error(name, "line %lu is not one of a "
					 "fakeroot state file", number);
	if (ferror(file))
		return msg_errno(name, errno, "cannot be read");
	return 0;
}

int fakeroot_read(struct fakeroot **state, const char *name)
{
	FILE *file = fopen(name, "re");
	int r;

	if (!file)
		return msg_errno(name, errno, "cannot be opened");
	*state = mem_zalloc(sizeof(**state));
	r = read_lines(*state, file, name);
	fclose(file);
	if ((*state)->count)
		qsort((*state)->list, (*state)->count, sizeof(struct fake),
		      compare);
	return r;
}

/* fakeroot keeps device nodes as regular files. */
static int same_kind(const struct fake *f, const struct stat *st)
{
	if (S_ISREG(st->st_mode) &&
	    (S_ISCHR(f->mode) || S_ISBLK(f->mode)))
		return 1;
	return (f->mode & S_IFMT) == (st->st_mode & S_IFMT);
}

int fakeroot_apply(struct fakeroot *state, const char *path, struct stat *st)
{
	struct fake key = { .dev = st->st_dev, .ino = st->st_ino }, *f;

	if (!state || !state->count)
		return 0;
	f = bsearch(&key, state->list, state->count, sizeof(key), compare);
	if (!f)
		return 0;
	if (!same_kind(f, st))
		return msg_error(path, "is not what the fakeroot state file "
				 "says; that belongs to another tree");
	state->used = 1;
	st->st_mode = f->mode & (S_IFMT | 07777);
	st->st_uid = f->uid;
	st->st_gid = f->gid;
	st->st_rdev = f->rdev;
	return 0;
}

int fakeroot_was_used(const struct fakeroot *state)
{
	return !state || state->used;
}

void fakeroot_free(struct fakeroot *state)
{
	if (state)
		free(state->list);
	free(state);
}
