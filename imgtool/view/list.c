/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool ls, tree, find, du. */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/size.h"
#include "imgtool/view/verbs.h"
#include "imgtool/view/view.h"

enum { OPT_NAME = OPTION_LONG_ONLY, OPT_TYPE, OPT_DEPTH, OPT_BYTES };

const struct verb_option verb_ls_options[] = {
	{ "long", 'l', NULL, "mode, links, owner, size and time, too" },
	{ "directory", 'd', NULL, "the directory itself, not what is in it" },
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VIEW_OPTION_JSON,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

const struct verb_option verb_tree_options[] = {
	{ "depth", OPT_DEPTH, "N", "not deeper than that" },
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VIEW_OPTION_JSON,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

const struct verb_option verb_find_files_options[] = {
	{ "name", OPT_NAME, "PATTERN", "whose name matches" },
	{ "type", OPT_TYPE, "T", "of type f, d, l, c, b, p or s" },
	{ "depth", OPT_DEPTH, "N", "not deeper than that" },
	{ "long", 'l', NULL, "mode, links, owner, size and time, too" },
	{ "null", '0', NULL, "end names with a NUL, and print them as they are" },
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VIEW_OPTION_JSON,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

const struct verb_option verb_du_options[] = {
	{ "summarize", 's', NULL, "only the sum" },
	{ "bytes", OPT_BYTES, NULL, "exact numbers of bytes" },
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VIEW_OPTION_JSON,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

struct list {
	struct view view;
	const char *image, *pattern;
	bool lines, self, null, json, summarize, bytes;
	char type;
	uint64_t depth;
	struct json out;
	int status;

	/* tree: does the directory of that depth go on? du: its sum */
	uint64_t *sums;
	size_t sums_capacity;
	uint64_t *linked; /* du: inodes that were counted, a hash table */
	size_t linked_count, linked_size;
};

static int take_depth(struct list *list, const char *value)
{
	char *end;

	list->depth = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end)
		return verb_usage_error(value, "not a number");
	return 0;
}

static int take_option(struct list *list, int id, const char *value)
{
	switch (id) {
	case 'l':
		list->lines = true;
		return 0;
	case 'd':
		list->self = true;
		return 0;
	case 's':
		list->summarize = true;
		return 0;
	case '0':
		list->null = true;
		return 0;
	case OPT_BYTES:
		list->bytes = true;
		return 0;
	case OPT_NAME:
		list->pattern = value;
		return 0;
	case OPT_TYPE:
		if (strlen(value) != 1 || !strchr("fdlcbps", *value))
			return verb_usage_error(value, "not a type; it is one "
						"of f d l c b p s");
		list->type = *value == 'f' ? '-' : *value;
		return 0;
	case OPT_DEPTH:
		return take_depth(list, value);
	case OPT_IMAGE:
		list->image = value;
		return 0;
	case OPT_JSON:
		list->json = true;
		return 0;
	}
	return STATUS_USAGE;
}

/* Read the options; run ONE for each operand. Returns the exit status. */
static int for_each(int argc, char **argv, int (*one)(struct list *list,
						      bool many))
{
	struct list list = { .depth = UINT64_MAX };
	struct verb_args args;
	const char *value;
	int c, i, status;

	verb_args_start(&args, argc, argv, 0);
	while ((c = verb_args_next(&args, &value)) > 0)
		if ((status = take_option(&list, c, value)))
			return status;
	if (c < 0)
		return args.status;
	if (!args.argc && !list.image)
		return verb_usage_error(NULL, "no image given");
	list.out.out = stdout;
	if (list.json)
		json_begin(&list.out, NULL, '[');
	for (i = 0; i < (args.argc ?: 1); i++) {
		if (view_open(&list.view, list.image,
			      args.argc ? args.argv[i] : "/",
			      !list.self) < 0) {
			list.status = -1;
			continue;
		}
		list.view.fs.no_flags = true;
		if (one(&list, args.argc > 1) < 0)
			list.status = -1;
		view_close(&list.view);
	}
	if (list.json) {
		json_end(&list.out, ']');
		json_done(&list.out);
	}
	free(list.sums);
	free(list.linked);
	return list.status < 0 ? STATUS_FAILED : STATUS_OK;
}

static void print_name(const struct list *list, const char *name)
{
	if (list->null)
		fputs(name, stdout);
	else
		view_print_name(name);
}

/* "drwxr-xr-x   2 0 0 4096 2023-11-14 22:13:20 " */
static void print_long(const struct fs_attr *attr)
{
	char mode[11], time[64], size[32];

	view_mode(attr->mode, mode);
	view_time(&attr->mtime, time);
	/* without the fraction */
	time[strcspn(time, ".")] = 0;
	if (strchr(time, 'T'))
		*strchr(time, 'T') = ' ';
	if (S_ISCHR(attr->mode) || S_ISBLK(attr->mode))
		snprintf(size, sizeof(size), "%u,%u", attr->major,
			 attr->minor);
	else
		snprintf(size, sizeof(size), "%" PRIu64, attr->size);
	printf("%s %3u %5u %5u %10s %s ", mode, attr->nlink, attr->uid,
	       attr->gid, size, time);
}

static void print_target(struct list *list, uint64_t ino)
{
	char target[FS_LINK_LONGEST + 1];

	if (fs_readlink(&list->view.fs, ino, target) == 0) {
		fputs(" -> ", stdout);
		view_print_name(target);
	}
}

/* One file, as ls and find show it. */
static int print_file(struct list *list, const char *name, const char *path,
		      const struct fs_attr *attr)
{
	int r;

	if (list->json) {
		json_begin(&list->out, NULL, '{');
		json_string(&list->out, "path", path);
		json_attr(&list->out, attr);
		r = json_more(&list->out, &list->view.fs, attr->ino, attr);
		json_end(&list->out, '}');
		return r < 0 ? fs_error(&list->view.fs,
					view_name(&list->view, path), r) : 0;
	}
	if (list->lines)
		print_long(attr);
	print_name(list, name);
	if (list->lines && S_ISLNK(attr->mode))
		print_target(list, attr->ino);
	putchar(list->null ? 0 : '\n');
	return 0;
}

static int ls_enter(void *context, const struct visit *visit)
{
	struct list *list = context;

	if (visit->depth == 0 && S_ISDIR(visit->attr->mode) && !list->self)
		return 0;
	if (print_file(list, visit->depth ? visit->name : visit->path,
		       visit->path, visit->attr) < 0)
		list->status = -1;
	return 1;
}

static int ls_one(struct list *list, bool many)
{
	struct walk walk = { .enter = ls_enter, .context = list };

	if (many && !list->json && !list->self &&
	    S_ISDIR(list->view.attr.mode)) {
		view_print_name(view_name(&list->view, list->view.path));
		puts(":");
	}
	return view_walk(&list->view, &walk);
}

int verb_ls(int argc, char **argv)
{
	return for_each(argc, argv, ls_one);
}

static uint64_t *sum_at(struct list *list, size_t depth)
{
	size_t i = list->sums_capacity;

	if (depth >= i) {
		list->sums_capacity = 2 * depth + 64;
		list->sums = reallocarray(list->sums, list->sums_capacity,
					  sizeof(uint64_t));
		if (!list->sums)
			abort();
		for (; i < list->sums_capacity; i++)
			list->sums[i] = 0;
	}
	return &list->sums[depth];
}

static void print_branch(struct list *list, const struct visit *visit)
{
	size_t i;

	/* here the sums say where a line goes on downwards */
	*sum_at(list, visit->depth) = !visit->last;
	for (i = 1; i < visit->depth; i++)
		fputs(list->sums[i] ? "|   " : "    ", stdout);
	if (visit->depth)
		fputs(visit->last ? "`-- " : "|-- ", stdout);
	view_print_name(visit->depth ? visit->name : visit->path);
	if (S_ISLNK(visit->attr->mode))
		print_target(list, visit->attr->ino);
	putchar('\n');
}

static int tree_enter(void *context, const struct visit *visit)
{
	struct list *list = context;

	if (!list->json)
		print_branch(list, visit);
	else if (print_file(list, visit->path, visit->path, visit->attr) < 0)
		list->status = -1;
	return visit->depth >= list->depth;
}

static int tree_one(struct list *list, bool many)
{
	struct walk walk = { .enter = tree_enter, .context = list };

	return view_walk(&list->view, &walk);
}

int verb_tree(int argc, char **argv)
{
	return for_each(argc, argv, tree_one);
}

static int find_enter(void *context, const struct visit *visit)
{
	struct list *list = context;
	char mode[11];

	view_mode(visit->attr->mode, mode);
	if ((!list->type || mode[0] == list->type) &&
	    (!list->pattern || !fnmatch(list->pattern, visit->name, 0)) &&
	    print_file(list, visit->path, visit->path, visit->attr) < 0)
		list->status = -1;
	return visit->depth >= list->depth;
}

static int find_one(struct list *list, bool many)
{
	struct walk walk = { .enter = find_enter, .context = list };

	return view_walk(&list->view, &walk);
}

int verb_find_files(int argc, char **argv)
{
	return for_each(argc, argv, find_one);
}

/* Has this hard-linked inode been counted? It is from now on. */
static bool was_counted(struct list *list, uint64_t ino)
{
	size_t i, old = list->linked_size;
	uint64_t *table = list->linked;

	if (2 * list->linked_count >= old) {
		list->linked_size = old ? 2 * old : 1024;
		list->linked = mem_zalloc(list->linked_size * 8);
		list->linked_count = 0;
		for (i = 0; i < old; i++)
			if (table[i])
				was_counted(list, table[i]);
		free(table);
	}
	for (i = ino % list->linked_size; list->linked[i];
	     i = (i + 1) % list->linked_size)
		if (list->linked[i] == ino)
			return true;
	list->linked[i] = ino;
	list->linked_count++;
	return false;
}

static void print_sum(struct list *list, uint64_t bytes, const char *path)
{
	char text[16];

	if (list->json) {
		json_begin(&list->out, NULL, '{');
		json_string(&list->out, "path", path);
		json_number(&list->out, "allocated", bytes);
		json_end(&list->out, '}');
		return;
	}
	if (list->bytes)
		printf("%" PRIu64 "\t", bytes);
	else
		printf("%s\t", size_format(bytes, text));
	view_print_name(path);
	putchar('\n');
}

static int du_enter(void *context, const struct visit *visit)
{
	struct list *list = context;
	uint64_t bytes = visit->attr->blocks * 512;

	if (S_ISDIR(visit->attr->mode)) {
		*sum_at(list, visit->depth) = bytes;
		return 0;
	}
	if (visit->attr->nlink > 1 && was_counted(list, visit->attr->ino))
		return 0;
	if (visit->depth)
		*sum_at(list, visit->depth - 1) += bytes;
	else
		print_sum(list, bytes, visit->path);
	return 0;
}

static int du_leave(void *context, const struct visit *visit)
{
	struct list *list = context;
	uint64_t bytes = *sum_at(list, visit->depth);

	if (!visit->depth || !list->summarize)
		print_sum(list, bytes, visit->path);
	if (visit->depth)
		*sum_at(list, visit->depth - 1) += bytes;
	return 0;
}

static int du_one(struct list *list, bool many)
{
	struct walk walk = { du_enter, du_leave, list };

	/* another operand may be another image, with other inodes */
	free(list->linked);
	list->linked = NULL;
	list->linked_count = list->linked_size = 0;
	return view_walk(&list->view, &walk);
}

int verb_du(int argc, char **argv)
{
	return for_each(argc, argv, du_one);
}
