/* SPDX-License-Identifier: GPL-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "imgtool/view/view.h"

/* One form of a path: absolute, no empty or "." parts. ".." stays. */
static char *clean_path(const char *path)
{
	char *out = mem_alloc(strlen(path) + 2), *to = out;
	size_t n;

	for (; *path; path += n) {
		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (!n || (n == 1 && *path == '.'))
			continue;
		*to++ = '/';
		memcpy(to, path, n);
		to += n;
	}
	if (to == out)
		*to++ = '/';
	*to = 0;
	return out;
}

int view_open_image(struct view *view, struct target *target)
{
	memset(view, 0, sizeof(*view));
	view->target = *target;
	memset(target, 0, sizeof(*target));
	view->disk.fd = -1;
	if (disk_open(&view->disk, view->target.file, false) < 0 ||
	    disk_choose(&view->disk, view->target.partition) < 0 ||
	    fs_open(&view->fs, &view->disk) < 0) {
		view_close(view);
		return -1;
	}
	view->path = clean_path(view->target.path ?: "/");
	return 0;
}

int view_open_target(struct view *view, struct target *target, bool follow)
{
	int r;

	if (view_open_image(view, target) < 0)
		return -1;
	r = fs_resolve(&view->fs, view->target.path ?: "/", follow,
		       &view->ino);
	if (r == 0)
		r = fs_stat(&view->fs, view->ino, &view->attr);
	if (r < 0) {
		fs_error(&view->fs, view_name(view, view->path), r);
		view_close(view);
	}
	return r < 0 ? -1 : 0;
}

int view_open(struct view *view, const char *exact, const char *operand,
	      bool follow)
{
	struct target target;

	if (exact)
		target_exact(&target, exact, 0, operand);
	else if (target_parse(&target, operand, true) < 0)
		return -1;
	return view_open_target(view, &target, follow);
}

void view_expect(struct view *view)
{
	struct fs_usage u;

	if (view->ino == view->fs.root && fs_usage(&view->fs, &u) == 0)
		progress_expect((u.blocks - u.free_blocks) * u.block_size);
}

void view_close(struct view *view)
{
	fs_close(&view->fs);
	disk_close(&view->disk);
	target_free(&view->target);
	free(view->path);
	view->path = NULL;
}

const char *view_name(const struct view *view, const char *path)
{
	static char *name;

	free(name);
	name = mem_printf("%s:%s", view->target.file, path);
	return name;
}

void view_mode(uint32_t mode, char *out)
{
	static const char types[] = "?pc?d?b?-?l?s???";
	int i;

	out[0] = types[mode >> 12 & 15];
	for (i = 0; i < 9; i++)
		out[1 + i] = mode >> (8 - i) & 1 ? "rwx"[i % 3] : '-';
	if (mode & S_ISUID)
		out[3] = mode & S_IXUSR ? 's' : 'S';
	if (mode & S_ISGID)
		out[6] = mode & S_IXGRP ? 's' : 'S';
	if (mode & S_ISVTX)
		out[9] = mode & S_IXOTH ? 't' : 'T';
	out[10] = 0;
}

const char *view_type(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symlink";
	case S_IFCHR:
		return "char";
	case S_IFBLK:
		return "block";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	}
	return "unknown";
}

void view_time(const struct fs_time *t, char *out)
{
	time_t sec = t->sec;
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	gmtime_r(&sec, &tm);
	snprintf(out, 64, "%04d-%02d-%02dT%02d:%02d:%02d.%09uZ",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		 tm.tm_min, tm.tm_sec, t->nsec);
}

void view_print_name(const char *name)
{
	char *safe = msg_visible(name, "\\");

	fputs(safe, stdout);
	free(safe);
}
