/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool edit: a file of an image in the editor of the person who calls. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "imgtool/edit/copy.h"
#include "imgtool/edit/session.h"
#include "imgtool/edit/verbs.h"
#include "imgtool/msg.h"
#include "imgtool/view/verbs.h"

const struct verb_option verb_edit_options[] = {
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

/* A copy for the editor, alone in a directory of its own. */
struct scratch {
	char *dir, *file;
};

/* The file's own name, for the editor to know its kind by, tamed. */
static int make_scratch(struct scratch *scratch, const char *name)
{
	char *p;

	scratch->dir = mem_printf("%s/imgtool-edit.XXXXXX",
				  getenv("TMPDIR") ?: "/tmp");
	if (!mkdtemp(scratch->dir)) {
		msg_errno(scratch->dir, errno, "cannot be made");
		free(scratch->dir);
		return -1;
	}
	scratch->file = mem_printf("%s/%s", scratch->dir, name);
	for (p = scratch->file + strlen(scratch->dir) + 1; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
			*p = '_';
	return 0;
}

static void drop_scratch(struct scratch *scratch)
{
	unlink(scratch->file);
	if (rmdir(scratch->dir))
		msg_warning(scratch->dir, "the editor has left something here");
	free(scratch->file);
	free(scratch->dir);
}

static int copy_out(struct view *view, const struct edit_where *where,
		    const char *file)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = 0;

	if (fd < 0)
		return msg_errno(file, errno, "cannot be made");
	if (where->ino) {
		view->ino = where->ino;
		r = copy_to_stream(view, fd, file);
	}
	if (close(fd) && r == 0)
		r = msg_errno(file, errno, "cannot be written");
	return r;
}

static void become_editor(const char *editor, const char *file)
{
	char *command = mem_printf("exec %s \"$1\"", editor);

	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	execl("/bin/sh", "sh", "-c", command, "sh", file, (char *)NULL);
	_exit(127);
}

/* Returns 0 when the editor has ended well, or -1: reported. */
static int run_editor(const char *file)
{
	const char *editor = getenv("VISUAL") ?: getenv("EDITOR") ?: "vi";
	struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt, quit;
	int status = -1;
	pid_t child;

	/* ^C is the editor's as long as it runs */
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	fflush(stdout);
	child = fork();
	if (child == 0)
		become_editor(editor, file);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	if (child > 0 && status == 0)
		return 0;
	return msg_error(editor, "the editor failed; nothing was changed");
}

/* Is FILE not what is in the image? */
static bool differs(struct session *session, const struct edit_where *where,
		    const char *file)
{
	struct fs *fs = &session->edit.view.fs;
	char old[4096], new[4096];
	FILE *f = fopen(file, "re");
	uint64_t at = 0;
	ssize_t n;
	size_t m;
	bool same = f && where->ino;

	do {
		m = same ? fread(new, 1, sizeof(new), f) : 0;
		n = same ? fs_read(fs, where->ino, at, old, sizeof(old)) : 0;
		same = same && n == (ssize_t)m && !memcmp(old, new, m);
		at += m;
	} while (same && m);
	if (f)
		fclose(f);
	return !same;
}

static int copy_in(struct session *session, const struct edit_where *where,
		   const struct edit_where *name, const char *file)
{
	struct copy copy = { .preserve = false };
	struct copy_sink *sink = sink_image_new(&session->edit, name->dir,
						where->ino);
	int r;

	chmod(file, 0644); /* of a new file */
	copy.sink = sink;
	r = copy_from_host(&copy, file, name->name);
	sink_image_free(sink);
	copy_free(&copy);
	return r < 0 || copy.status < 0 ? -1 : 0;
}

static int edit_one(struct session *session)
{
	struct edit_where where, name;
	struct scratch scratch;
	int r = edit_find(&session->edit, session->path, &name);

	if (r < 0)
		return r;
	where = name;
	if (name.ino)
		r = session_find(session, session->path, true, &where);
	if (r == 0 && where.ino && !S_ISREG(where.attr.mode))
		return S_ISDIR(where.attr.mode) ? -EISDIR : -EINVAL;
	if (r < 0 || make_scratch(&scratch, name.name) < 0)
		return r < 0 ? r : -1;
	session->edit.view.path = mem_strdup(session->path);
	r = copy_out(&session->edit.view, &where, scratch.file);
	free(session->edit.view.path);
	session->edit.view.path = NULL;
	r = r ?: run_editor(scratch.file);
	if (r == 0 && differs(session, &where, scratch.file)) {
		r = copy_in(session, &where, &name, scratch.file);
		if (r < 0)
			return msg_error(scratch.file, "is what you wrote; it "
					 "could not be put into the image");
	}
	drop_scratch(&scratch);
	return r;
}

int verb_edit(int argc, char **argv)
{
	struct session session = { 0 };
	const struct verb_setting settings[] = {
		{ OPT_IMAGE, .value = &session.exact }, { 0 },
	};
	struct verb_args args;
	int r;

	if (verb_args_read(&args, argc, argv, settings) < 0)
		return args.status;
	if (args.argc != 1)
		return verb_usage_error(NULL, "needs one file, as IMG:PATH");
	if (session_use(&session, args.argv[0]) == 0) {
		r = edit_one(&session);
		if (r < 0)
			session_failed(&session, session.path, r);
	}
	return session_end(&session);
}
