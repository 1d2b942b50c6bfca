/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/edit/session.h"
#include "imgtool/msg.h"

static void close_image(struct session *session)
{
	if (session->open && edit_close(&session->edit) < 0)
		session->status = -1;
	session->open = false;
}

static int parse(struct session *session, const char *operand,
		 struct target *target)
{
	if (session->exact)
		target_exact(target, session->exact, 0, operand);
	else if (target_parse(target, operand, true) < 0)
		return -1;
	if (target->path)
		return 0;
	target_free(target);
	return msg_error(operand, "names no file in the image, as IMG:PATH");
}

static bool is_open(const struct session *session, const struct target *target)
{
	const struct target *open = &session->edit.view.target;

	return session->open && !strcmp(open->file, target->file) &&
	       open->partition == target->partition;
}

int session_use(struct session *session, const char *operand)
{
	struct target target;
	bool same;
	int r = 0;

	if (parse(session, operand, &target) < 0)
		goto failed;
	free(session->path);
	session->path = mem_strdup(target.path);
	same = is_open(session, &target);
	if (!same) {
		close_image(session);
		r = edit_open(&session->edit, &target);
		session->open = r == 0;
	}
	target_free(&target);
	if (r == 0)
		return 0;
failed:
	session->status = -1;
	return -1;
}

int session_same(struct session *session, const char *operand)
{
	struct target target;
	bool same;

	if (parse(session, operand, &target) < 0)
		return -1;
	same = is_open(session, &target);
	target_free(&target);
	if (same)
		return 0;
	return msg_error(operand, "is in another image; imgtool cp copies "
			 "between images");
}

void session_failed(struct session *session, const char *path, int err)
{
	edit_error(&session->edit, path, err);
	session->status = -1;
}

int session_end(struct session *session)
{
	close_image(session);
	free(session->path);
	return session->status < 0 ? STATUS_FAILED : STATUS_OK;
}

int session_find(struct session *session, const char *path, bool follow,
		 struct edit_where *where)
{
	struct edit *edit = &session->edit;
	int r = edit_find(edit, path, where);

	if (r == 0 && !where->ino)
		r = -ENOENT;
	if (r == 0 && follow && S_ISLNK(where->attr.mode)) {
		r = fs_resolve(&edit->view.fs, path, true, &where->ino);
		if (r == 0)
			r = fs_stat(&edit->view.fs, where->ino, &where->attr);
	}
	return r;
}

int session_walk(struct session *session, const char *path,
		 const struct edit_where *where, const struct walk *walk)
{
	struct view *view = &session->edit.view;
	size_t n = strlen(path);
	int r;

	path += strspn(path, "/");
	for (n = strlen(path); n && path[n - 1] == '/';)
		n--;
	view->path = mem_printf("/%.*s", (int)n, path);
	view->ino = where->ino;
	view->attr = where->attr;
	r = view_walk(view, walk);
	free(view->path);
	view->path = NULL;
	if (r < 0)
		session->status = -1;
	return r;
}
