/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool cp. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/edit/copy.h"
#include "imgtool/edit/verbs.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "imgtool/view/verbs.h"

enum { OPT_FROM = OPTION_LONG_ONLY, OPT_TO };

const struct verb_option verb_cp_options[] = {
	{ "recursive", 'r', NULL, "directories and all in them, symlinks as "
				  "such" },
	{ "preserve", 'p', NULL, "keep owner, mode, times, attributes" },
	{ "archive", 'a', NULL, "both, and hard links" },
	{ "from", OPT_FROM, "IMG", "sources are paths in exactly this file" },
	{ "to", OPT_TO, "IMG", "the target is a path in exactly this file" },
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

/* An operand: a path of the host, or one in an image. */
struct place {
	const char *text;
	struct target target;
	bool in_image;
};

struct cp {
	struct copy copy;
	struct place to;
	struct edit edit;	/* if the target is in an image */
	struct copy_sink *sink; /* for all operands, if there are several */
	uint64_t dir;		/* of the image that it is in */
	bool several;
};

/* A file of the host that has a colon in its name is a file of the host. */
static void find_place(struct place *place, const char *text,
		       const char *exact)
{
	memset(place, 0, sizeof(*place));
	place->text = text;
	if (exact)
		target_exact(&place->target, exact, 0, text);
	else if (target_parse(&place->target, text, false) < 0)
		return;
	place->in_image = place->target.path;
	if (!place->in_image)
		target_free(&place->target);
}

/* ------------------------------------------------------------ the sources */

static bool same_image(const struct target *a, const struct target *b)
{
	struct stat x, y;

	return !stat(a->file, &x) && !stat(b->file, &y) &&
	       x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* From the image that is written to: through the same handle. */
static int copy_inside(struct cp *cp, const struct place *from,
		       const char *name, uint64_t dir)
{
	struct view *view = &cp->edit.view;
	int r = fs_resolve(&view->fs, from->target.path, !cp->copy.recursive,
			   &view->ino);

	if (r == 0)
		r = fs_stat(&view->fs, view->ino, &view->attr);
	if (r == 0 && S_ISDIR(view->attr.mode) && cp->copy.recursive)
		r = edit_check_outside(&cp->edit, dir, view->ino);
	if (r == -EINVAL)
		return msg_error(from->text, "cannot be copied into itself");
	if (r < 0)
		return fs_error(&view->fs, from->text, r);
	view->path = mem_printf("/%s", from->target.path +
				strspn(from->target.path, "/"));
	r = copy_from_image(&cp->copy, view, name);
	free(view->path);
	view->path = NULL;
	return r;
}

static int copy_one(struct cp *cp, struct place *from, const char *name,
		    uint64_t dir)
{
	struct view view;
	int r;

	if (!from->in_image)
		return copy_from_host(&cp->copy, from->text, name);
	if (cp->to.in_image && same_image(&from->target, &cp->to.target)) {
		if (from->target.partition == cp->to.target.partition)
			return copy_inside(cp, from, name, dir);
		return msg_error(from->text, "is on another partition of the "
				 "image that is written to; copy to the host "
				 "first");
	}
	if (view_open_target(&view, &from->target, !cp->copy.recursive) < 0) {
		cp->copy.status = -1;
		return 0;
	}
	view.fs.no_flags = true;
	view_expect(&view);
	r = copy_from_image(&cp->copy, &view, name);
	view_close(&view);
	return r;
}

/* The name that a source has of its own; "": none. */
static void own_name(const struct place *from, char name[FS_NAME_LONGEST + 1])
{
	if (!edit_last_name(from->in_image ? from->target.path : from->text,
			    name))
		*name = 0;
}

/* -------------------------------------------------------- into an image */

/* Open the target for NAME, which may turn out to be another one. */
static int open_image(struct cp *cp, char name[FS_NAME_LONGEST + 1])
{
	struct edit_where where;
	const char *path = cp->to.target.path;
	uint64_t dir, file = 0;
	int r = edit_find(&cp->edit, path, &where);

	if (r == 0 && where.ino && S_ISLNK(where.attr.mode)) {
		r = fs_resolve(&cp->edit.view.fs, path, true, &file) ?:
		    fs_stat(&cp->edit.view.fs, file, &where.attr);
		where.ino = file;
	}
	if (r == 0 && cp->several &&
	    (!where.ino || !S_ISDIR(where.attr.mode)))
		r = -ENOTDIR;
	if (r < 0) {
		edit_error(&cp->edit, path, r);
		return -1;
	}
	dir = where.dir;
	if (where.ino && S_ISDIR(where.attr.mode)) {
		dir = where.ino;
		file = 0;
	} else {
		strcpy(name, where.name);
	}
	cp->sink = sink_image_new(&cp->edit, dir, file);
	cp->copy.sink = cp->sink;
	cp->dir = dir;
	return 0;
}

static int into_image(struct cp *cp, struct place *from)
{
	char name[FS_NAME_LONGEST + 1];

	own_name(from, name);
	if (!cp->sink && open_image(cp, name) < 0)
		return -1;
	return copy_one(cp, from, name, cp->dir);
}

/* --------------------------------------------------------- to the host */

/* A pipe, a terminal, /dev/null: written to, not replaced. */
static int to_stream(struct cp *cp, struct place *from)
{
	struct view view;
	int fd, r;

	fd = open(cp->to.text, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return msg_errno(cp->to.text, errno, "cannot be opened");
	/* (on a terminal, what comes tells) */
	if (isatty(fd))
		progress_end();
	r = view_open_target(&view, &from->target, true);
	if (r == 0) {
		r = S_ISREG(view.attr.mode) ?
		    copy_to_stream(&view, fd, cp->to.text) :
		    msg_error(from->text, "is a %s, not a file",
			      view_type(view.attr.mode));
		view_close(&view);
	}
	close(fd);
	return r;
}

static int open_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		msg_errno(path, errno, "cannot be opened");
	return fd;
}

/*
 * The directory and the name for a copy that is to be PATH, which is no
 * directory. Symlinks in PATH are the user's own, and followed.
 */
static int open_place(const char *path, char name[FS_NAME_LONGEST + 1])
{
	char *real = realpath(path, NULL), *copy, *slash;
	int fd;

	copy = real ?: mem_strdup(path);
	for (slash = copy + strlen(copy); slash > copy + 1 && slash[-1] == '/';)
		*--slash = 0;
	slash = strrchr(copy, '/');
	if (!edit_last_name(copy, name) || !*name) {
		free(copy);
		return msg_error(path, "is no name for a file");
	}
	if (slash)
		slash[slash == copy] = 0;
	fd = open_directory(slash ? copy : ".");
	free(copy);
	return fd;
}

/* Open the target for NAME, which may turn out to be another one. */
static int open_host(struct cp *cp, bool is_dir, char name[FS_NAME_LONGEST + 1])
{
	const char *path = cp->to.text;
	int fd = is_dir ? open_directory(path) : open_place(path, name);

	if (fd < 0)
		return -1;
	cp->sink = sink_host_new(fd, path);
	cp->copy.sink = cp->sink;
	return 0;
}

static int to_host(struct cp *cp, struct place *from)
{
	char name[FS_NAME_LONGEST + 1];
	const char *path = cp->to.text;
	struct stat st;
	bool there = !stat(path, &st);

	own_name(from, name);
	if (cp->sink)
		return copy_one(cp, from, name, 0);
	if (cp->several && (!there || !S_ISDIR(st.st_mode)))
		return msg_error(path, "is no directory");
	if (there && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return to_stream(cp, from);
	if (open_host(cp, there && S_ISDIR(st.st_mode), name) < 0)
		return -1;
	return copy_one(cp, from, name, 0);
}

/* ---------------------------------------------------------------- the verb */

static int take_options(struct cp *cp, struct verb_args *args, int argc,
			char **argv, const char **from, const char **to)
{
	const char *value;
	int c;

	verb_args_start(args, argc, argv, 0);
	while ((c = verb_args_next(args, &value)) > 0) {
		switch (c) {
		case 'a':
			cp->copy.links = true;
			cp->copy.recursive = true;
			cp->copy.preserve = true;
			break;
		case 'r':
			cp->copy.recursive = true;
			break;
		case 'p':
			cp->copy.preserve = true;
			break;
		case OPT_FROM:
			*from = value;
			break;
		case OPT_TO:
			*to = value;
			break;
		}
	}
	return c;
}

/* -1: there is no use in going on. */
static int copy_operand(struct cp *cp, const char *text, const char *exact)
{
	struct place from;
	int r;

	find_place(&from, text, exact);
	if (!from.in_image && !cp->to.in_image) {
		msg_error(text, "is not in an image, and neither is the "
			  "target; cp(1) copies such files");
		r = -1;
	} else {
		r = cp->to.in_image ? into_image(cp, &from) :
				      to_host(cp, &from);
	}
	target_free(&from.target);
	if (r < 0)
		cp->copy.status = -1;
	return r;
}

int verb_cp(int argc, char **argv)
{
	const char *from = NULL, *to = NULL;
	struct verb_args args;
	struct cp cp = { 0 };
	struct target target;
	int i, r = 0;

	if (take_options(&cp, &args, argc, argv, &from, &to) < 0)
		return args.status;
	if (args.argc < 2)
		return verb_usage_error(NULL, "needs what to copy, and where to");
	cp.several = args.argc > 2;
	find_place(&cp.to, args.argv[args.argc - 1], to);
	interrupted_begin();
	if (cp.to.in_image) {
		target_exact(&target, cp.to.target.file,
			     cp.to.target.partition, cp.to.target.path);
		r = edit_open(&cp.edit, &target);
	}
	if (r < 0)
		cp.copy.status = -1;
	progress_begin(cp.to.text);
	for (i = 0; r == 0 && i < args.argc - 1; i++)
		r = copy_operand(&cp, args.argv[i], from);
	progress_end();
	copy_free(&cp.copy);
	if (cp.sink)
		(cp.to.in_image ? sink_image_free : sink_host_free)(cp.sink);
	if (cp.to.in_image && (i || r == 0) && edit_close(&cp.edit) < 0)
		cp.copy.status = -1;
	target_free(&cp.to.target);
	interrupted_end();
	return cp.copy.status < 0 ? STATUS_FAILED : STATUS_OK;
}
