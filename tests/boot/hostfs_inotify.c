// SPDX-License-Identifier: GPL-2.0
/*
 * inotify on a hostfs mount with -o notify: hostfs_inotify DIR. Watches DIR,
 * its file "watched" and its directory "sub" for all changes and prints what it
 * is told, one per line: which of them, what, and the name. Starts with changes
 * of its own, which are to be told once; then prints "ready" and goes on until
 * a file "end" has been closed.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK(what) ((what) ? (void)0 : die(#what, __LINE__))

static void die(const char *what, int line)
{
	fprintf(stderr, "hostfs_inotify:%d: %s: not so: %s\n", line, what,
		strerror(errno));
	exit(1);
}

static const struct {
	unsigned int bit;
	const char *name;
} kinds[] = {
	{ IN_CREATE, "create" },	{ IN_DELETE, "delete" },
	{ IN_MOVED_FROM, "from" },	{ IN_MOVED_TO, "to" },
	{ IN_MODIFY, "modify" },	{ IN_ATTRIB, "attrib" },
	{ IN_CLOSE_WRITE, "close" },	{ IN_DELETE_SELF, "delete-self" },
	{ IN_MOVE_SELF, "move-self" },	{ IN_IGNORED, "ignored" },
	{ IN_Q_OVERFLOW, "overflow" },
};

static const char *const watches[] = { ".", "watched", "sub" };
static unsigned int cookie;	/* of the last "from" */

static void print(const struct inotify_event *e)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (e->mask & kinds[i].bit)
			printf("%s %s%s %s\n",
			       e->wd > 0 ? watches[e->wd - 1] : "-",
			       kinds[i].name, e->mask & IN_ISDIR ? "/" : "",
			       e->len ? e->name : "");
	if (e->mask & IN_MOVED_FROM)
		cookie = e->cookie;
	if ((e->mask & IN_MOVED_TO) && (!cookie || e->cookie != cookie))
		printf("another cookie\n");
	fflush(stdout);
}

static void own_changes(void)
{
	int fd = open("own", O_CREAT | O_EXCL | O_RDWR, 0644);

	CHECK(fd >= 0 && write(fd, "own", 3) == 3 && !close(fd));
	CHECK(!chmod("own", 0600));
	CHECK(!link("own", "own-link"));
	CHECK(!rename("own", "own-2"));
	CHECK(!unlink("own-2"));
	CHECK(!unlink("own-link"));
	CHECK(!mkdir("own-dir", 0755));
	CHECK(!rmdir("own-dir"));
	fd = open("watched", O_WRONLY | O_TRUNC);
	CHECK(fd >= 0 && write(fd, "own", 3) == 3 && !close(fd));
}

int main(int argc, char **argv)
{
	char buf[4096] __attribute__((aligned(8)));
	int fd = inotify_init1(IN_CLOEXEC), i;

	CHECK(argc == 2 && fd >= 0 && !chdir(argv[1]));
	for (i = 0; i < 3; i++)
		CHECK(inotify_add_watch(fd, watches[i],
					IN_ALL_EVENTS & ~(IN_OPEN | IN_ACCESS |
							  IN_CLOSE_NOWRITE)) ==
		      i + 1);
	own_changes();
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf)), at = 0;

		CHECK(n > 0);
		while (at < n) {
			const struct inotify_event *e = (void *)(buf + at);

			print(e);
			if ((e->mask & IN_CLOSE_WRITE) && e->len &&
			    !strcmp(e->name, "end"))
				return 0;
			at += sizeof(*e) + e->len;
		}
	}
}
