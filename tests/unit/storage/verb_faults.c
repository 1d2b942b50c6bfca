// SPDX-License-Identifier: GPL-2.0
/*
 * imgtool's verbs on COW files, in which the N-th call to the host fails, for
 * every N: the verb has failed and says so, or all of it was done. What the
 * COW file shows is the same whatever happens, or it is refused until the verb
 * is run again; run again, the verb finishes. Nothing is left behind, and
 * nothing hangs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../imgtool/msg.h"
#include "../../../imgtool/verb.h"
#include "../../../ubd/format/cow_header.h"
#include "../drivers/check.h"
#include "faulty.h"
#include "verb_files.h"

const struct verb verbs[] = {
	{ "cow", "", "", verb_cow, verb_cow_options, NULL },
	{ "convert", "", "", verb_convert, verb_convert_options, NULL },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

struct trial {
	const char *name;
	const char *args[8];
	enum files files;
	int good;		/* exit status */
	bool changes;		/* cow itself */
	const char *raw;	/* is made, and then has what cow shows; */
	const char *cow;	/* ...or shows it */
	bool (*done)(void);	/* what else is so then; or NULL */
};

/* What the program under test tells: kinds of calls that failed. */
static struct {
	u32 hit;
} *seen;

static bool is_committed(void)
{
	return file_is("base", want, BYTES);
}

static bool has_kept_time(void)
{
	struct stat st;

	/* no other run can know what it was */
	return !stat("cow", &st) && (st.st_mtime == 1000000000 ||
				     (seen->hit & FAULT_TIMES));
}

static bool is_repaired(void)
{
	struct stat st;

	return !stat("cow", &st) && st.st_size == 12288 + BYTES &&
	       has_kept_time();
}

static bool is_over_base2(void)
{
	/* so this does not matter to it any more */
	return !truncate("base", 1);
}

static bool is_made(void)
{
	struct stat st;

	return !stat("raw", &st) &&
	       st.st_size == 2 * COW_ALIGN_NEW + BYTES;
}

static const struct trial trials[] = {
	{ "upgrade", { "cow", "upgrade", "cow" }, FILES_OLD, 0, true, NULL,
	  NULL, NULL },
	{ "compact", { "cow", "compact", "cow" }, FILES_COW, 0, true, NULL,
	  NULL, has_kept_time },
	{ "check", { "cow", "check", "--repair", "cow" }, FILES_DAMAGED, 1,
	  true, NULL, NULL, is_repaired },
	{ "rebase", { "cow", "rebase", "cow", "base2" }, FILES_COW, 0, true,
	  NULL, NULL, is_over_base2 },
	{ "commit", { "cow", "commit", "cow" }, FILES_COW, 0, true, NULL,
	  NULL, is_committed },
	{ "flatten", { "cow", "flatten", "cow", "raw" }, FILES_COW, 0, false,
	  "raw", NULL, NULL },
	{ "flatten, old", { "cow", "flatten", "cow", "raw" }, FILES_OLD, 0,
	  false, "raw", NULL, NULL },
	{ "convert", { "convert", "-q", "cow", "was" }, FILES_COW, 0, false,
	  "was", NULL, NULL },
	{ "convert to COW", { "convert", "-q", "--backing", "base2", "cow",
	  "was" }, FILES_COW, 0, false, NULL, "was", NULL },
	{ "create", { "cow", "create", "raw", "base" }, FILES_COW, 0, false,
	  NULL, NULL, is_made },
};

static const struct way {
	int err;
	bool on, shorten;
	u32 kinds;
} ways[] = {
	{ EIO, false, false, FAULT_ALL },
	{ EIO, true, false, FAULT_ALL },
	{ EIO, false, true, FAULT_ALL },
	{ ENOSPC, false, false, FAULT_ALL },
	{ ENOSPC, true, true, FAULT_WRITE | FAULT_ROOM },
	{ EINTR, false, true, FAULT_READ | FAULT_WRITE },
};

static void redirect(const char *name, int to)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	if (fd < 0 || dup2(fd, to) < 0)
		_exit(99);
	close(fd);
}

static void run_verb(const struct trial *t, const struct way *w, int call)
{
	char *argv[9] = { NULL };
	const struct verb *verb;
	int argc = 0, status;

	redirect("out", STDOUT_FILENO);
	redirect("err", STDERR_FILENO);
	alarm(60);
	for (; t->args[argc]; argc++)
		argv[argc] = strdup(t->args[argc]);
	verb = verb_find(argv[0]);
	msg_set_verb(verb->name);
	atomic_store(&faulty.shorten, w && w->shorten);
	if (w)
		faulty_fail(w->kinds, call, w->on, w->err);
	status = verb->function(argc, argv);
	seen->hit |= atomic_load(&faulty.hit);
	fflush(stdout);
	_exit(status);
}

/* Its exit status; -1: it was killed. */
static int run(const struct trial *t, const struct way *w, int call)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid)
		run_verb(t, w, call);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void show(const char *name)
{
	char text[600];
	int fd = open(name, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));

	fprintf(stderr, "%s: %.*s\n", name, n > 0 ? (int)n : 0, text);
	if (fd >= 0)
		close(fd);
}

static bool has_text(const char *name)
{
	struct stat st;

	return !stat(name, &st) && st.st_size > 10;
}

static void check_done(const struct trial *t)
{
	const char *why;

	CHECK(!t->done || t->done());
	if (t->raw)
		CHECK(file_is(t->raw, want, BYTES));
	if (!CHECK(file_shows(t->cow ? t->cow : "cow", &why)))
		fprintf(stderr, "\t%s\n", why);
	CHECK(t->changes || file_untouched("cow"));
}

/* It has failed: all is as it was, or cow waits for the next run. */
static void check_failed(const struct trial *t)
{
	const char *why;

	if (!t->changes)
		CHECK(file_untouched("cow"));
	CHECK(!file_exists("raw"));
	CHECK(file_is("was", "was", 3));
	if (!file_shows("cow", &why) &&
	    !CHECK(t->done == is_committed && strstr(why, "cut off")))
		fprintf(stderr, "\t%s\n", why);
	if (t->done != is_committed)
		CHECK(file_untouched("base"));
}

/* False: there is no call with that number. */
static bool one(const struct trial *t, const struct way *w, int call)
{
	const char *strange;
	int status, again;
	bool hit;

	files_make(t->files);
	seen->hit = 0;
	status = run(t, w, call);
	hit = seen->hit;
	CHECK(status >= 0 && status < 99);
	if (!hit || w->err == EINTR)
		CHECK_INT(status, t->good);
	if (seen->hit & FAULT_SYNC)
		CHECK(status != t->good);
	if (status == t->good) {
		check_done(t);
	} else {
		CHECK(has_text("err") || has_text("out"));
		check_failed(t);
		again = run(t, NULL, 0);
		if (!CHECK(again == t->good || (!again && is_repaired())))
			show("err");
		check_done(t);
	}
	strange = files_strange();
	if (!CHECK(!strange))
		fprintf(stderr, "\t%s is left\n", strange);
	return hit;
}

static void test(const struct trial *t, const struct way *w)
{
	int call, before = check_failures;

	for (call = 1; one(t, w, call) && check_failures == before; call++)
		;
	if (check_failures != before) {
		fprintf(stderr, "so: %s, call %d, %s%s%s\n", t->name, call,
			strerror(w->err), w->on ? ", for ever" : "",
			w->shorten ? ", short" : "");
		show("err");
		show("out");
	}
	CHECK(call > 2);
	if (w == &ways[0])
		printf("%s: %d calls\n", t->name, call - 1);
}

int main(void)
{
	size_t t, w;

	atomic_store(&faulty.lazy, true);
	seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED)
		return 1;
	files_begin();
	for (t = 0; t < sizeof(trials) / sizeof(trials[0]); t++)
		for (w = 0; w < sizeof(ways) / sizeof(ways[0]); w++)
			test(&trials[t], &ways[w]);
	files_end();
	return check_failures != 0;
}
