/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool chmod, chown, touch, truncate, setfattr. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/edit/copy.h"
#include "imgtool/edit/session.h"
#include "imgtool/edit/verbs.h"
#include "imgtool/msg.h"
#include "imgtool/size.h"
#include "imgtool/view/verbs.h"

enum { OPT_SYMLINK = OPTION_LONG_ONLY };

#define XATTR_LONGEST 65536

#define OPTION_RECURSIVE                                                       \
	{ "recursive", 'R', NULL, "directories and all in them" }
#define OPTION_SYMLINK                                                         \
	{ "no-dereference", OPT_SYMLINK, NULL, "of a symlink, change itself" }

const struct verb_option verb_chmod_options[] = {
	OPTION_RECURSIVE,
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

const struct verb_option verb_chown_options[] = {
	OPTION_RECURSIVE,
	OPTION_SYMLINK,
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

const struct verb_option verb_touch_options[] = {
	{ "access", 'a', NULL, "change the time of access only" },
	{ "modified", 'm', NULL, "change the time of modification only" },
	{ "no-create", 'c', NULL, "make no file" },
	{ "date", 'd', "TIME", "a time (now): @SECONDS or 2024-05-06 07:08:09" },
	OPTION_SYMLINK,
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

const struct verb_option verb_truncate_options[] = {
	{ "size", 's', "SIZE", "the new size; +N and -N change it by N" },
	{ "no-create", 'c', NULL, "make no file" },
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

const struct verb_option verb_setfattr_options[] = {
	{ "name", 'n', "NAME", "set this attribute" },
	{ "value", 'v', "VALUE", "its value; 0xHEX and 0sBASE64 are bytes" },
	{ "remove", 'x', "NAME", "remove this attribute" },
	OPTION_SYMLINK,
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

struct attributes {
	struct session session;
	bool recursive, no_follow, no_create, access, modified;
	const char *date, *size, *name, *value, *remove;
	/* the work on one inode */
	int (*change)(struct attributes *a, uint64_t ino, bool symlink);
	const char *text; /* mode or owner */
	int64_t uid, gid;
	struct fs_time time;
	uint8_t *bytes;
	size_t length;
};

static int take_options(struct attributes *a, struct verb_args *args, int argc,
			char **argv)
{
	const struct verb_setting settings[] = {
		{ 'R', .flag = &a->recursive },
		{ OPT_SYMLINK, .flag = &a->no_follow },
		{ 'a', .flag = &a->access },
		{ 'm', .flag = &a->modified },
		{ 'c', .flag = &a->no_create },
		{ 'd', .value = &a->date },
		{ 's', .value = &a->size },
		{ 'n', .value = &a->name },
		{ 'v', .value = &a->value },
		{ 'x', .value = &a->remove },
		{ OPT_IMAGE, .value = &a->session.exact },
		{ 0 },
	};

	return verb_args_read(args, argc, argv, settings);
}

static int change_visit(void *context, const struct visit *visit)
{
	struct attributes *a = context;
	bool symlink = S_ISLNK(visit->attr->mode);
	int r = interrupted() ? -EINTR :
		a->change(a, visit->attr->ino, symlink);

	return r < 0 ? edit_error(&a->session.edit, visit->path, r) : 0;
}

static int change_one(struct attributes *a)
{
	struct walk walk = { .enter = change_visit, .context = a };
	struct edit_where where;
	int r = session_find(&a->session, a->session.path, !a->no_follow,
			     &where);

	if (r < 0)
		return r;
	if (a->recursive && S_ISDIR(where.attr.mode))
		return session_walk(&a->session, a->session.path, &where,
				    &walk);
	return a->change(a, where.ino, S_ISLNK(where.attr.mode));
}

static int change_all(struct attributes *a, struct verb_args *args, int first,
		      int (*one)(struct attributes *a))
{
	int i, r;

	for (i = first; i < args->argc; i++) {
		if (session_use(&a->session, args->argv[i]) < 0)
			continue;
		r = one(a);
		if (r < 0)
			session_failed(&a->session, a->session.path, r);
	}
	free(a->bytes);
	return session_end(&a->session);
}

/* ------------------------------------------------------- chmod and chown */

static int change_mode(struct attributes *a, uint64_t ino, bool symlink)
{
	struct edit_attr change = { .set = EDIT_SET_MODE };
	struct edit *edit = &a->session.edit;
	struct fs_attr attr;
	int r;

	if (symlink)
		return 0; /* has no permissions of its own */
	r = fs_stat(&edit->view.fs, ino, &attr);
	if (r < 0)
		return r;
	mode_parse(a->text, attr.mode, &change.mode);
	return edit_set_attr(edit, ino, &change);
}

int verb_chmod(int argc, char **argv)
{
	struct attributes a = { .change = change_mode };
	struct verb_args args;
	uint32_t mode;

	if (take_options(&a, &args, argc, argv) < 0)
		return args.status;
	if (args.argc < 2)
		return verb_usage_error(NULL, "needs a mode and a file");
	a.text = args.argv[0];
	if (mode_parse(a.text, 0, &mode) < 0)
		return verb_usage_error(a.text, "is no mode");
	return change_all(&a, &args, 1, change_one);
}

static int change_owner(struct attributes *a, uint64_t ino, bool symlink)
{
	struct edit_attr change = { .set = EDIT_SET_OWNER };
	struct edit *edit = &a->session.edit;
	struct fs_attr attr;
	int r = fs_stat(&edit->view.fs, ino, &attr);

	if (r < 0)
		return r;
	change.uid = a->uid >= 0 ? a->uid : attr.uid;
	change.gid = a->gid >= 0 ? a->gid : attr.gid;
	/* as the kernel: who gets a program does not get its set-id bits */
	if (S_ISREG(attr.mode)) {
		change.set |= EDIT_SET_MODE;
		change.mode = attr.mode & ~S_ISUID;
		if (attr.mode & S_IXGRP)
			change.mode &= ~S_ISGID;
	}
	return edit_set_attr(edit, ino, &change);
}

static int chown_one(struct attributes *a)
{
	if (owner_find(&a->session, a->text, &a->uid, &a->gid) < 0)
		return -1;
	return change_one(a);
}

int verb_chown(int argc, char **argv)
{
	struct attributes a = { .change = change_owner };
	struct verb_args args;

	if (take_options(&a, &args, argc, argv) < 0)
		return args.status;
	if (args.argc < 2)
		return verb_usage_error(NULL, "needs an owner and a file");
	a.text = args.argv[0];
	if (!strcmp(a.text, "") || !strcmp(a.text, ":"))
		return verb_usage_error(a.text, "is no owner");
	return change_all(&a, &args, 1, chown_one);
}

/* ---------------------------------------------------- touch and truncate */

/* An empty file of that name: 0, or 1 if it should not be made. */
static int make_file(struct attributes *a, uint64_t *ino)
{
	struct edit *edit = &a->session.edit;
	struct edit_where where;
	int r = edit_find(edit, a->session.path, &where);

	/* a symlink that leads nowhere */
	if (r == 0 && where.ino)
		r = -ENOENT;
	if (r < 0 || a->no_create)
		return r < 0 ? r : 1;
	r = edit_begin(edit) ?: edit_reserve(edit, 8) ?:
	    edit_new_file(edit, where.dir, where.name, S_IFREG | 0644, 0, 0,
			  ino);
	if (r < 0)
		return r;
	r = edit_enter(edit, where.dir, where.name, *ino);
	if (r < 0)
		edit_free_inode(edit, *ino);
	return r;
}

static int find_or_make(struct attributes *a, uint64_t *ino)
{
	struct edit_where where;
	int r = session_find(&a->session, a->session.path, !a->no_follow,
			     &where);

	*ino = where.ino;
	return r == -ENOENT ? make_file(a, ino) : r;
}

static int touch_one(struct attributes *a)
{
	struct edit *edit = &a->session.edit;
	const struct fs_time *time = a->date ? &a->time : &edit->now;
	struct edit_attr change = { .atime = *time, .mtime = *time };
	uint64_t ino;
	int r = find_or_make(a, &ino);

	if (r)
		return r < 0 ? r : 0;
	if (a->access || !a->modified)
		change.set |= EDIT_SET_ATIME;
	if (a->modified || !a->access)
		change.set |= EDIT_SET_MTIME;
	return edit_set_attr(edit, ino, &change);
}

int verb_touch(int argc, char **argv)
{
	struct attributes a = { 0 };
	struct verb_args args;

	if (take_options(&a, &args, argc, argv) < 0)
		return args.status;
	if (!args.argc)
		return verb_usage_error(NULL, "no file given, as IMG:PATH");
	if (a.date && when_parse(a.date, &a.time) < 0)
		return verb_usage_error(a.date, "is no time, as @SECONDS or "
					"2024-05-06 07:08:09");
	return change_all(&a, &args, 0, touch_one);
}

static int truncate_one(struct attributes *a)
{
	struct edit *edit = &a->session.edit;
	bool by = strchr("+-", *a->size);
	uint64_t ino, size, old;
	struct fs_attr attr;
	int r = find_or_make(a, &ino);

	if (r)
		return r < 0 ? r : 0;
	r = fs_stat(&edit->view.fs, ino, &attr);
	if (r < 0)
		return r;
	size_parse(a->size + by, &size);
	old = attr.size;
	if (*a->size == '+')
		size = __builtin_add_overflow(old, size, &size) ? UINT64_MAX :
								  size;
	else if (*a->size == '-')
		size = size < old ? old - size : 0;
	return edit_truncate(edit, ino, size);
}

int verb_truncate(int argc, char **argv)
{
	struct attributes a = { 0 };
	struct verb_args args;
	uint64_t size;

	if (take_options(&a, &args, argc, argv) < 0)
		return args.status;
	if (!a.size || !args.argc)
		return verb_usage_error(NULL, "needs --size and a file");
	if (!*a.size || size_parse(a.size + !!strchr("+-", *a.size), &size) < 0)
		return verb_usage_error(a.size, "is no size");
	return change_all(&a, &args, 0, truncate_one);
}

/* -------------------------------------------------------------- setfattr */

static int digit(const char *digits, char c)
{
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? p - digits : -1;
}

static int parse_hex(struct attributes *a, const char *text)
{
	static const char digits[] = "0123456789abcdef";
	int high, low;

	for (; *text; text += 2) {
		high = digit(digits, tolower((unsigned char)text[0]));
		low = digit(digits, tolower((unsigned char)text[1]));
		if (high < 0 || low < 0)
			return -EINVAL;
		a->bytes[a->length++] = high << 4 | low;
	}
	return 0;
}

static int parse_base64(struct attributes *a, const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	int n = 0, d;

	for (; (d = digit(digits, *text)) >= 0; text++) {
		bits = bits << 6 | d;
		n += 6;
		if (n >= 8) {
			n -= 8;
			a->bytes[a->length++] = bits >> n;
		}
	}
	text += strspn(text, "=");
	return *text ? -EINVAL : 0;
}

static int parse_value(struct attributes *a)
{
	const char *text = a->value ?: "";

	a->bytes = mem_alloc(strlen(text) + 1);
	if (!strncmp(text, "0x", 2) || !strncmp(text, "0X", 2))
		return parse_hex(a, text + 2);
	if (!strncmp(text, "0s", 2) || !strncmp(text, "0S", 2))
		return parse_base64(a, text + 2);
	a->length = strlen(text);
	memcpy(a->bytes, text, a->length);
	return 0;
}

/* Names that have a place in the file system. */
static bool is_xattr_name(const char *name)
{
	static const char *const prefixes[] = { "user.", "trusted.",
						"security." };
	size_t i, n;

	if (!strcmp(name, "system.posix_acl_access") ||
	    !strcmp(name, "system.posix_acl_default"))
		return true;
	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		n = strlen(prefixes[i]);
		if (!strncmp(name, prefixes[i], n))
			return name[n] && strlen(name + n) <= 255;
	}
	return false;
}

static int setfattr_one(struct attributes *a)
{
	const char *name = a->name ?: a->remove;
	struct edit_where where;
	int r = session_find(&a->session, a->session.path, !a->no_follow,
			     &where);

	return r ?: edit_set_xattr(&a->session.edit, where.ino, name,
				   a->name ? a->bytes : NULL, a->length);
}

int verb_setfattr(int argc, char **argv)
{
	struct attributes a = { 0 };
	struct verb_args args;
	const char *name;

	if (take_options(&a, &args, argc, argv) < 0)
		return args.status;
	if (!a.name == !a.remove || (a.remove && a.value))
		return verb_usage_error(NULL, "needs --name and --value, or "
					"--remove");
	if (!args.argc)
		return verb_usage_error(NULL, "no file given, as IMG:PATH");
	name = a.name ?: a.remove;
	if (!is_xattr_name(name))
		return verb_usage_error(name, "is no name of an attribute, as "
					"user.NAME");
	if (parse_value(&a) < 0 || a.length > XATTR_LONGEST) {
		free(a.bytes);
		return verb_usage_error(a.value, "is no value");
	}
	return change_all(&a, &args, 0, setfattr_one);
}
