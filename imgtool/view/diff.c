/* SPDX-License-Identifier: GPL-2.0 */
/*
 * imgtool diff: two trees side by side, in the order of names. The path from
 * the root to here is on the heap, because its depth is the images' choice.
 *
 * The exit status is diff(1)'s: 0 equal, 1 different, 2 something could not be
 * compared.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/view/children.h"
#include "imgtool/view/diff.h"
#include "imgtool/view/tar.h"
#include "imgtool/view/verbs.h"

enum { STATUS_EQUAL = 0, STATUS_DIFFERENT = 1, STATUS_TROUBLE = 2 };

enum { OPT_TIMES = OPTION_LONG_ONLY };

const struct verb_option verb_diff_options[] = {
	{ "times", 't', NULL, "compare modification times, too" },
	{ "quiet", OPTION_QUIET, NULL, "print no differences, only tell the status" },
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VIEW_OPTION_JSON,
	VERB_OPTIONS_END
};

struct frame {
	struct children children[2];
	size_t next[2];
	size_t path_length;
};

struct diffing {
	struct diff_side side[2];
	bool times, json, different, trouble;
	struct json out;
	struct frame *frames;
	size_t depth, capacity;
	struct inode_set seen[2]; /* directories that were entered */
	struct tar_links links[2]; /* the first names of files with several */
	char *path;		  /* below both operands' */
	size_t path_capacity;
};

/* The path in one of the images, in memory that is reused. */
static const char *path_in(const struct diffing *d, int side)
{
	const char *top = d->side[side].view.path;
	static char *path;

	free(path);
	path = mem_printf("%s%s", strcmp(top, "/") ? top : "", d->path);
	if (!*path) {
		free(path);
		path = mem_strdup("/");
	}
	return path;
}

static void failed(struct diffing *d, int side, int err)
{
	const struct view *view = &d->side[side].view;

	fs_error(&view->fs, view_name(view, path_in(d, side)), err);
	d->trouble = true;
}

static void set_path(struct diffing *d, size_t length, const char *name)
{
	size_t n = strlen(name);

	if (length + n + 2 > d->path_capacity) {
		d->path_capacity = 2 * (length + n + 2);
		d->path = realloc(d->path, d->path_capacity);
		if (!d->path)
			abort();
	}
	d->path[length] = '/';
	memcpy(d->path + length + 1, name, n + 1);
}

static void print_path(char sign, const char *path)
{
	printf("%c ", sign);
	view_print_name(*path ? path : "/");
}

static void put_side(struct diffing *d, int side, const char *key,
		     const struct fs_attr *attr)
{
	int r;

	json_begin(&d->out, key, '{');
	json_attr(&d->out, attr);
	r = json_more(&d->out, &d->side[side].view.fs, attr->ino, attr);
	json_end(&d->out, '}');
	if (r < 0)
		failed(d, side, r);
}

static void print_json(struct diffing *d, const char *change, unsigned int bits,
		       const struct fs_attr *const attr[2])
{
	unsigned int bit;

	json_begin(&d->out, NULL, '{');
	json_string(&d->out, "path", *d->path ? d->path : "/");
	json_string(&d->out, "change", change);
	json_begin(&d->out, "what", '[');
	for (bit = 1; bit <= bits; bit <<= 1)
		if (bits & bit)
			json_string(&d->out, NULL, diff_word(bit));
	json_end(&d->out, ']');
	if (attr[0])
		put_side(d, 0, "a", attr[0]);
	if (attr[1])
		put_side(d, 1, "b", attr[1]);
	json_end(&d->out, '}');
}

static void print_bit(unsigned int bit, const struct fs_attr *a,
		      const struct fs_attr *b)
{
	printf(" %s", diff_word(bit));
	if (bit == DIFF_TYPE)
		printf("(%s,%s)", view_type(a->mode), view_type(b->mode));
	else if (bit == DIFF_MODE)
		printf("(%04o,%04o)", a->mode & 07777, b->mode & 07777);
	else if (bit == DIFF_OWNER)
		printf("(%u:%u,%u:%u)", a->uid, a->gid, b->uid, b->gid);
	else if (bit == DIFF_LINKS && a->nlink != b->nlink)
		printf("(%u,%u)", a->nlink, b->nlink);
	else if (bit == DIFF_CONTENT && a->size != b->size)
		printf("(%" PRIu64 ",%" PRIu64 ")", a->size, b->size);
}

/* The file at the path is on one side only, or differs by BITS. */
static void report(struct diffing *d, unsigned int bits,
		   const struct fs_attr *const attr[2])
{
	unsigned int bit;

	d->different = true;
	if (msg_is_quiet())
		return;
	if (d->json) {
		print_json(d, !attr[0] ? "added" : !attr[1] ? "removed" :
			   "changed", bits, attr);
		return;
	}
	print_path(!attr[0] ? '+' : !attr[1] ? '-' : '~', d->path);
	if (bits)
		putchar(':');
	for (bit = 1; bit <= bits; bit <<= 1)
		if (bits & bit)
			print_bit(bit, attr[0], attr[1]);
	putchar('\n');
}

/* Go into what is a directory on at least one side. */
static void push(struct diffing *d, const struct fs_attr *const attr[2])
{
	struct frame *f;
	int i, r;

	d->frames = mem_grow(d->frames, d->depth, &d->capacity,
			     sizeof(struct frame));
	f = &d->frames[d->depth++];
	memset(f, 0, sizeof(*f));
	f->path_length = strlen(d->path);
	for (i = 0; i < 2; i++) {
		if (!attr[i] || !S_ISDIR(attr[i]->mode))
			continue;
		if (inode_set_add(&d->seen[i], attr[i]->ino)) {
			failed(d, i, -EUCLEAN);
			continue;
		}
		r = children_read(&f->children[i], &d->side[i].view.fs,
				  attr[i]->ino);
		if (r < 0)
			failed(d, i, r);
	}
}

/* The first path of a file in the walk, which may be this one. */
static const char *first_path(struct diffing *d, int side,
			      const struct fs_attr *attr)
{
	const char *first;

	if (!attr || S_ISDIR(attr->mode) || attr->nlink < 2)
		return d->path;
	first = tar_links_find(&d->links[side], attr->ino);
	if (!first)
		tar_links_add(&d->links[side], attr->ino, d->path);
	return first ?: d->path;
}

/* ATTR: NULL on the side where there is nothing. */
static void compare(struct diffing *d, const struct fs_attr *const attr[2])
{
	const char *first[2] = { first_path(d, 0, attr[0]),
				 first_path(d, 1, attr[1]) };
	struct diff_side *bad = NULL;
	int bits = 0;

	if (attr[0] && attr[1])
		bits = diff_inodes(&d->side[0], attr[0], &d->side[1], attr[1],
				   d->times, &bad);
	if (attr[0] && attr[1] && bits >= 0 && strcmp(first[0], first[1]))
		bits |= DIFF_LINKS;
	if (bits < 0)
		failed(d, bad - d->side, bits);
	else if (bits || !attr[0] || !attr[1])
		report(d, bits, attr);
	if ((attr[0] && S_ISDIR(attr[0]->mode)) ||
	    (attr[1] && S_ISDIR(attr[1]->mode)))
		push(d, attr);
}

/* The next name of a directory, of whichever side has it. */
static void step(struct diffing *d)
{
	struct frame *f = &d->frames[d->depth - 1];
	const struct fs_attr *attr[2] = { NULL, NULL };
	const struct child *child[2] = { NULL, NULL };
	struct fs_attr read[2];
	int i, r, order;

	for (i = 0; i < 2; i++)
		if (f->next[i] < f->children[i].count)
			child[i] = &f->children[i].list[f->next[i]];
	if (!child[0] && !child[1]) {
		children_free(&f->children[0]);
		children_free(&f->children[1]);
		d->depth--;
		return;
	}
	order = !child[0] ? 1 : !child[1] ? -1 :
		strcmp(child[0]->name, child[1]->name);
	if (order)
		child[order < 0] = NULL;
	d->path[f->path_length] = 0;
	set_path(d, f->path_length, (child[0] ?: child[1])->name);
	for (i = 0; i < 2; i++)
		f->next[i] += child[i] != NULL;
	for (i = 0; i < 2; i++) {
		if (!child[i])
			continue;
		attr[i] = &read[i];
		r = fs_stat(&d->side[i].view.fs, child[i]->ino, &read[i]);
		if (r < 0) {
			failed(d, i, r);
			return;
		}
	}
	compare(d, attr);
}

static void compare_trees(struct diffing *d)
{
	const struct fs_attr *attr[2] = { &d->side[0].view.attr,
					  &d->side[1].view.attr };

	d->path_capacity = 4096;
	d->path = mem_zalloc(d->path_capacity);
	compare(d, attr);
	/* whoever wants only the status need not wait for the rest */
	while (d->depth && !(msg_is_quiet() && (d->different || d->trouble)))
		step(d);
	while (d->depth--) {
		children_free(&d->frames[d->depth].children[0]);
		children_free(&d->frames[d->depth].children[1]);
	}
	free(d->frames);
	free(d->path);
	inode_set_free(&d->seen[0]);
	inode_set_free(&d->seen[1]);
	tar_links_free(&d->links[0]);
	tar_links_free(&d->links[1]);
}

/*
 * The backing of the COW file that is open as B, as A: what cow_open() has
 * found and judged. Bytes that only look like a COW file hold another number
 * of bytes than the file is long.
 */
static int open_backing(struct diff_side *a, const struct diff_side *b)
{
	const struct view *view = &b->view;
	struct target target;

	if (!view->disk.backing_count)
		return msg_error(view->target.file, "is no COW file; name two "
				 "images to compare");
	target_exact(&target, view->disk.backings[0].file,
		     view->target.partition, view->target.path);
	if (view_open_target(&a->view, &target, false) < 0)
		return -1;
	if (a->view.disk.file_size == view->disk.file_size)
		return 0;
	msg_error(a->view.target.file, "looks like a COW file, but is none");
	view_close(&a->view);
	return -1;
}

static int open_sides(struct diffing *d, struct verb_args *args)
{
	struct diff_side *a = &d->side[0], *b = &d->side[1];

	if (args->argc == 1) {
		if (view_open(&b->view, NULL, args->argv[0], false) < 0)
			return -1;
		if (open_backing(a, b) == 0)
			return 0;
		view_close(&b->view);
		return -1;
	}
	if (view_open(&a->view, NULL, args->argv[0], false) < 0)
		return -1;
	if (view_open(&b->view, NULL, args->argv[1], false) == 0)
		return 0;
	view_close(&a->view);
	return -1;
}

int verb_diff(int argc, char **argv)
{
	struct diffing d = { .out.out = stdout };
	const struct verb_setting settings[] = {
		{ 't', .flag = &d.times }, { OPT_JSON, .flag = &d.json }, { 0 },
	};
	struct verb_args args;
	int i;

	if (verb_args_read(&args, argc, argv, settings) < 0)
		return args.status;
	if (args.argc < 1 || args.argc > 2)
		return verb_usage_error(NULL, "takes two images, or one COW "
					"file");
	if (open_sides(&d, &args) < 0)
		return STATUS_TROUBLE;
	for (i = 0; i < 2; i++)
		d.side[i].buffer = mem_alloc(DIFF_CHUNK);
	if (d.json)
		json_begin(&d.out, NULL, '[');
	compare_trees(&d);
	if (d.json) {
		json_end(&d.out, ']');
		json_done(&d.out);
	}
	for (i = 0; i < 2; i++) {
		free(d.side[i].buffer);
		view_close(&d.side[i].view);
	}
	return d.trouble ? STATUS_TROUBLE :
	       d.different ? STATUS_DIFFERENT : STATUS_EQUAL;
}
