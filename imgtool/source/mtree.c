/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A manifest as mtree(5) has it, laid over the tree like any other source: an
 * entry changes what is there in what it says, and makes what is not there.
 * A regular file that no source has needs contents=, or size=0.
 *
 * libarchive has a reader for it, which is not used: it opens any file of the
 * host that a manifest names (or none), takes what is not given from files of
 * that name in the current directory, drops flags in silence, and cannot tell
 * whether an attribute was given, which changing a tree needs.
 *
 * Names: one without a slash is in the current directory, which a directory
 * becomes that is so named, until a line "..". One with a slash counts from
 * the root, and changes no current directory.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/source/mtree.h"
#include "imgtool/tree/path.h"

/* Room for a path, a target and contents= with every byte escaped. */
#define LINE_LONGEST (64 << 10)
#define BLANK	     " \t\r"

int mtree_bad(const struct mtree *m, const char *object, const char *reason,
	      ...)
{
	va_list args;
	char *text;

	va_start(args, reason);
	if (vasprintf(&text, reason, args) < 0)
		text = NULL;
	va_end(args);
	msg_error(m->source->name, "line %lu: %s%s%s", m->number, object ?: "",
		  object ? ": " : "", text ?: reason);
	free(text);
	return -1;
}

/* The next word of *LINE, or NULL. What a # begins is a comment. */
static char *next_word(char **line)
{
	char *word = *line + strspn(*line, BLANK);

	if (!*word || *word == '#')
		return NULL;
	*line = word + strcspn(word, BLANK);
	if (**line)
		*(*line)++ = 0;
	return word;
}

static int read_keys(struct mtree *m, char *line, char *value[MTREE_KEYS])
{
	const char *problem;
	enum mtree_key key;
	char *word, *text;

	while ((word = next_word(&line))) {
		key = mtree_key(word, &text);
		if (key == MTREE_UNKNOWN)
			return mtree_bad(m, word,
					 "not a keyword that is known");
		problem = key == MTREE_LINK || key == MTREE_CONTENTS ||
					  key == MTREE_UNAME ||
					  key == MTREE_GNAME
				  ? mtree_unescape(text)
				  : NULL;
		if (problem)
			return mtree_bad(m, word, "%s", problem);
		value[key] = text;
	}
	return 0;
}

static int read_set(struct mtree *m, char *line)
{
	char *value[MTREE_KEYS] = {NULL};
	int i;

	if (read_keys(m, line, value) < 0)
		return -1;
	for (i = 0; i < MTREE_KEYS; i++) {
		if (!value[i])
			continue;
		free(m->inherited[i]);
		m->inherited[i] = mem_strdup(value[i]);
	}
	return 0;
}

static int read_unset(struct mtree *m, char *line)
{
	enum mtree_key key;
	char *word, *text;
	int i;

	while ((word = next_word(&line))) {
		key = mtree_key(word, &text);
		if (key == MTREE_UNKNOWN && strcmp(word, "all"))
			return mtree_bad(m, word,
					 "not a keyword that is known");
		for (i = 0; i < MTREE_KEYS; i++) {
			if (key != MTREE_UNKNOWN && key != (unsigned int)i)
				continue;
			free(m->inherited[i]);
			m->inherited[i] = NULL;
		}
	}
	return 0;
}

/* A user's name goes before a number that was inherited, too. */
static void inherit(struct mtree *m)
{
	bool no_uid = m->value[MTREE_UNAME] && !m->value[MTREE_UID];
	bool no_gid = m->value[MTREE_GNAME] && !m->value[MTREE_GID];
	int i;

	for (i = 0; i < MTREE_KEYS; i++)
		if (!m->value[i] && !(i == MTREE_UID && no_uid) &&
		    !(i == MTREE_GID && no_gid))
			m->value[i] = m->inherited[i];
}

static int leave_dir(struct mtree *m)
{
	char *slash = strrchr(m->dir, '/');

	if (!m->depth)
		return mtree_bad(m, "..", "there is no directory to leave");
	m->depth--;
	*(slash ?: m->dir) = 0;
	return 0;
}

/* Sets m->path. *RELATIVE: a directory becomes the current one. */
static int read_name(struct mtree *m, char *name, bool *relative)
{
	const char *problem = mtree_unescape(name);
	char *whole;

	*relative = !strchr(name, '/');
	whole = *relative ? mem_printf("%s/%s", m->dir, name)
			  : mem_strdup(name);
	problem = problem ?: path_normalise(whole, m->path);
	free(whole);
	if (problem)
		return mtree_bad(m, name, "%s", problem);
	if (*relative && *m->dir && !strcmp(name, "."))
		return mtree_bad(m, name,
				 "only the outermost directory can be "
				 "called so");
	return 0;
}

static int read_entry(struct mtree *m, char *name, char *rest)
{
	bool relative;
	uint32_t type;

	if (read_name(m, name, &relative) < 0)
		return -1;
	memset(m->value, 0, sizeof(m->value));
	if (read_keys(m, rest, m->value) < 0)
		return -1;
	inherit(m);
	if (mtree_apply(m, &type) < 0)
		return -1;
	if (relative && type == S_IFDIR) {
		strcpy(m->dir, m->path);
		m->depth++;
	}
	return 0;
}

static int read_line(struct mtree *m, char *line)
{
	char *word = next_word(&line);

	if (!word)
		return 0;
	if (!strcmp(word, "/set"))
		return read_set(m, line);
	if (!strcmp(word, "/unset"))
		return read_unset(m, line);
	if (!strcmp(word, ".."))
		return leave_dir(m);
	return read_entry(m, word, line);
}

/* One line, with those that continue it. 1: there is one; 0: none; -1. */
static int get_line(struct mtree *m, char *line)
{
	size_t used = 0;
	int c;

	m->number++;
	while ((c = getc_unlocked(m->file)) != EOF) {
		if (c == '\n' && used && line[used - 1] == '\\') {
			used--;
			m->number++;
			continue;
		}
		if (c == '\n')
			break;
		if (!c)
			return mtree_bad(m, NULL,
					 "has a NUL, which no manifest has");
		if (used == LINE_LONGEST)
			return mtree_bad(m, NULL, "is longer than 64 KiB");
		line[used++] = c;
	}
	line[used] = 0;
	if (c == EOF && ferror(m->file))
		return mtree_bad(m, NULL, "cannot be read");
	return c != EOF || used;
}

static void warn(const struct mtree *m)
{
	if (m->flags)
		msg_warning(m->source->name,
			    "%lu entries have flags, like %s, "
			    "which are not kept",
			    m->flags, m->flags_seen);
	if (m->links)
		msg_warning(m->source->name,
			    "%lu entries are hard links, like "
			    "%s; a manifest does not say to what: they become "
			    "files of their own",
			    m->links, m->links_seen);
}

int source_read_mtree(struct import *import, struct source *source)
{
	struct mtree *m = mem_zalloc(sizeof(*m));
	char *line = mem_alloc(LINE_LONGEST + 1), *slash, *folder;
	int i, r = 1;

	m->import = import;
	m->source = source;
	folder = mem_strdup(source->name);
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = 0;
	m->contents_dir = import->contents_dir ?: slash ? folder : ".";
	m->file = fdopen(dup(source->fd), "r");
	if (!m->file)
		r = msg_error(source->name, "cannot be read");
	while (r > 0) {
		r = get_line(m, line);
		if (r > 0 && read_line(m, line) < 0)
			r = -1;
	}
	if (r == 0)
		warn(m);
	if (m->file)
		fclose(m->file);
	for (i = 0; i < MTREE_KEYS; i++)
		free(m->inherited[i]);
	free(m->last_name[0]);
	free(m->last_name[1]);
	free(m->flags_seen);
	free(m->links_seen);
	free(folder);
	free(line);
	free(m);
	return r;
}
