/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool mkdir, rm, mv, ln. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/edit/copy.h"
#include "imgtool/edit/session.h"
#include "imgtool/edit/verbs.h"
#include "imgtool/msg.h"
#include "imgtool/view/verbs.h"

const struct verb_option verb_mkdir_options[] = {
	{ "parents", 'p', NULL, "make parents, too; no error if it is there" },
	{ "mode", 'm', "MODE", "permissions (0755)" },
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

const struct verb_option verb_rm_options[] = {
	{ "recursive", 'r', NULL, "directories and all in them, too" },
	{ "force", 'f', NULL, "no error if it is not there" },
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

const struct verb_option verb_mv_options[] = {
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

const struct verb_option verb_ln_options[] = {
	{ "symbolic", 's', NULL, "make a symlink; TARGET is only a text" },
	{ "force", 'f', NULL, "replace what is there" },
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

struct names {
	struct session session;
	bool parents, recursive, force, symbolic;
	const char *mode;
};

static int take_options(struct names *names, struct verb_args *args, int argc,
			char **argv)
{
	const struct verb_setting settings[] = {
		{ 'p', .flag = &names->parents },
		{ 'r', .flag = &names->recursive },
		{ 'f', .flag = &names->force },
		{ 's', .flag = &names->symbolic },
		{ 'm', .value = &names->mode },
		{ OPT_IMAGE, .value = &names->session.exact },
		{ 0 },
	};

	return verb_args_read(args, argc, argv, settings);
}

/* ----------------------------------------------------------------- mkdir */

static int make_one(struct names *names, const char *path, uint32_t mode,
		    bool may_exist)
{
	struct edit *edit = &names->session.edit;
	struct edit_where where;
	uint64_t ino;
	int r = edit_find(edit, path, &where);

	if (r < 0)
		return r;
	if (where.ino && may_exist)
		r = session_find(&names->session, path, true, &where) ?:
		    S_ISDIR(where.attr.mode) ? 0 : -EEXIST;
	else if (where.ino)
		r = -EEXIST;
	else
		r = edit_mkdir(edit, where.dir, where.name, mode, &ino);
	return r;
}

/* Every part of the path, from the left on. */
static int make_parents(struct names *names, const char *path)
{
	char *part = mem_strdup(path), *p = part + strspn(part, "/");
	int r = 0;

	while (r == 0 && *(p += strcspn(p, "/"))) {
		*p = 0;
		r = make_one(names, part, 0755, true);
		*p = '/';
		p += strspn(p, "/");
		if (!*p)
			p[-1] = 0; /* slashes at the end */
	}
	free(part);
	return r;
}

int verb_mkdir(int argc, char **argv)
{
	struct names names = { .mode = "0755" };
	struct verb_args args;
	uint32_t mode;
	int i, r;

	if (take_options(&names, &args, argc, argv) < 0)
		return args.status;
	if (!args.argc)
		return verb_usage_error(NULL, "no directory given, as IMG:PATH");
	if (mode_parse(names.mode, S_IFDIR | 0777, &mode) < 0)
		return verb_usage_error(names.mode, "is no mode");
	for (i = 0; i < args.argc; i++) {
		if (session_use(&names.session, args.argv[i]) < 0)
			continue;
		r = names.parents ? make_parents(&names, names.session.path) :
				    0;
		if (r == 0)
			r = make_one(&names, names.session.path, mode,
				     names.parents);
		if (r < 0)
			session_failed(&names.session, names.session.path, r);
	}
	return session_end(&names.session);
}

/* -------------------------------------------------------------------- rm */

/* A directory is cleared when those in it are: by then they are empty. */
static int remove_enter(void *context, const struct visit *visit)
{
	return interrupted() ? msg_error(NULL, "interrupted") : 0;
}

static int remove_leave(void *context, const struct visit *visit)
{
	struct session *session = context;
	int r = edit_clear_dir(&session->edit, visit->attr->ino);

	return r < 0 ? edit_error(&session->edit, visit->path, r) : 0;
}

static int remove_tree(struct names *names, const struct edit_where *where)
{
	struct session *session = &names->session;
	struct walk walk = { remove_enter, remove_leave, session };
	int r = session_walk(session, session->path, where, &walk);

	/* reported by then */
	if (r < 0)
		return -1;
	return edit_rmdir(&session->edit, where->dir, where->name, where->ino);
}

static int remove_one(struct names *names)
{
	struct edit *edit = &names->session.edit;
	struct edit_where where;
	int r = session_find(&names->session, names->session.path, false,
			     &where);

	if (r == -ENOENT && names->force)
		return 0;
	if (r < 0)
		return r;
	if (!where.dir)
		return -EBUSY;
	if (!S_ISDIR(where.attr.mode))
		return edit_unlink(edit, where.dir, where.name, where.ino);
	return names->recursive ? remove_tree(names, &where) : -EISDIR;
}

int verb_rm(int argc, char **argv)
{
	struct names names = { 0 };
	struct verb_args args;
	int i, r;

	if (take_options(&names, &args, argc, argv) < 0)
		return args.status;
	if (!args.argc)
		return verb_usage_error(NULL, "no file given, as IMG:PATH");
	for (i = 0; i < args.argc; i++) {
		if (session_use(&names.session, args.argv[i]) < 0)
			continue;
		r = remove_one(&names);
		if (r == -EISDIR)
			r = msg_error(args.argv[i], "is a directory; -r "
				      "removes it");
		if (r < 0)
			session_failed(&names.session, names.session.path, r);
	}
	return session_end(&names.session);
}

/* ----------------------------------------------------------- mv and ln */

/*
 * The place that PATH means for something called NAME: in it, if it is a
 * directory.
 */
static int find_place(struct names *names, const char *path, const char *name,
		      struct edit_where *place)
{
	int r = session_find(&names->session, path, true, place);

	if (r == 0 && S_ISDIR(place->attr.mode))
		return edit_find_in(&names->session.edit, place->ino, name,
				    place);
	/* a symlink that leads nowhere is a name, too */
	return r == 0 || r == -ENOENT ?
	       edit_find(&names->session.edit, path, place) : r;
}

static int move_one(struct names *names, const char *to, bool into)
{
	struct edit_where from, place;
	int r = session_find(&names->session, names->session.path, false,
			     &from);

	if (r == 0 && !from.dir)
		r = -EBUSY;
	if (r == 0)
		r = find_place(names, to, from.name, &place);
	if (r == 0 && into && place.dir == from.dir &&
	    !strcmp(place.name, from.name))
		return 0;
	if (r < 0)
		return r;
	r = edit_rename(&names->session.edit, &from, &place);
	if (r == -EINVAL)
		return msg_error(view_name(&names->session.edit.view,
					   names->session.path),
				 "cannot be moved into itself");
	return r;
}

/* With several things to put there, the last operand must be a directory. */
static int check_directory(struct names *names, const char *path)
{
	struct edit_where where;
	int r = session_find(&names->session, path, true, &where);

	return r ?: S_ISDIR(where.attr.mode) ? 0 : -ENOTDIR;
}

/* The path of the last operand, in the image of the first. */
static char *take_last(struct names *names, struct verb_args *args,
		       int first)
{
	char *path = NULL;
	int i, r;

	if (session_use(&names->session, args->argv[first]) < 0)
		return NULL;
	for (i = first + 1; i < args->argc; i++) {
		if (session_same(&names->session, args->argv[i]) < 0) {
			names->session.status = -1;
			return NULL;
		}
	}
	session_use(&names->session, args->argv[args->argc - 1]);
	path = mem_strdup(names->session.path);
	r = args->argc - first > 2 ? check_directory(names, path) : 0;
	if (r < 0) {
		session_failed(&names->session, path, r);
		free(path);
		return NULL;
	}
	return path;
}

int verb_mv(int argc, char **argv)
{
	struct names names = { 0 };
	struct verb_args args;
	char *to;
	int i, r;

	if (take_options(&names, &args, argc, argv) < 0)
		return args.status;
	if (args.argc < 2)
		return verb_usage_error(NULL, "needs what to move, and where to");
	to = take_last(&names, &args, 0);
	for (i = 0; to && i < args.argc - 1; i++) {
		if (session_use(&names.session, args.argv[i]) < 0)
			continue;
		r = move_one(&names, to, args.argc > 2);
		if (r < 0)
			session_failed(&names.session, names.session.path, r);
	}
	free(to);
	return session_end(&names.session);
}

/* Make room at PLACE for a link. */
static int clear_place(struct names *names, const struct edit_where *place)
{
	if (!place->dir)
		return -EEXIST;
	if (!place->ino)
		return 0;
	if (!names->force)
		return -EEXIST;
	if (S_ISDIR(place->attr.mode))
		return -EISDIR;
	return edit_unlink(&names->session.edit, place->dir, place->name,
			   place->ino);
}

static int link_symbolic(struct names *names, const char *target,
			 const char *to)
{
	char name[FS_NAME_LONGEST + 1];
	struct edit_where place;
	uint64_t ino;
	int r;

	if (!edit_last_name(target, name))
		strcpy(name, "link");
	r = find_place(names, to, name, &place) ?: clear_place(names, &place);
	return r ?: edit_symlink(&names->session.edit, place.dir, place.name,
				 target, &ino);
}

static int link_hard(struct names *names, const char *to)
{
	struct edit_where from, place;
	int r = session_find(&names->session, names->session.path, false,
			     &from);

	if (r == 0 && S_ISDIR(from.attr.mode))
		return -EISDIR;
	if (r == 0)
		r = find_place(names, to, from.name, &place);
	if (r == 0 && place.ino == from.ino)
		return names->force ? 0 : -EEXIST;
	return r ?: clear_place(names, &place) ?:
	       edit_hard_link(&names->session.edit, place.dir, place.name,
			      from.ino);
}

int verb_ln(int argc, char **argv)
{
	struct names names = { 0 };
	struct verb_args args;
	char *to;
	int r;

	if (take_options(&names, &args, argc, argv) < 0)
		return args.status;
	if (args.argc != 2)
		return verb_usage_error(NULL, "needs a target and the new name");
	to = take_last(&names, &args, names.symbolic ? 1 : 0);
	if (to && names.symbolic) {
		r = link_symbolic(&names, args.argv[0], to);
		if (r < 0)
			session_failed(&names.session, to, r);
	} else if (to && session_use(&names.session, args.argv[0]) == 0) {
		r = link_hard(&names, to);
		if (r < 0)
			session_failed(&names.session, r == -EEXIST ? to :
				       names.session.path, r);
	}
	free(to);
	return session_end(&names.session);
}
