// SPDX-License-Identifier: GPL-2.0
/*
 * Changes by one process while others ask for what is there, which may bring
 * answers of the host from before the change:
 *
 *	hostfs_order DIR ROUNDS
 *
 * What was set is what the next look shows, by whatever name, and what was
 * written has its length.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASKERS 3

#define CHECK(cond)                                                       \
	do {                                                              \
		if (!(cond)) {                                            \
			printf("round %d, line %d: %s: %s\n", round_,     \
			       __LINE__, #cond, strerror(errno));         \
			exit(1);                                          \
		}                                                         \
	} while (0)

static int round_;

/* Each way of asking is another one to the file system. */
static void ask(int who)
{
	struct statx sx;
	int fd;

	for (;;) {
		statx(AT_FDCWD, "file", AT_STATX_FORCE_SYNC, STATX_ALL, &sx);
		statx(AT_FDCWD, ".", AT_STATX_FORCE_SYNC, STATX_ALL, &sx);
		if (who == 1) {
			fd = open("file", O_RDONLY);
			close(fd);
		} else if (who == 2) {
			/* a new name of a file that is known */
			unlink("other");
			link("file", "other");
		}
	}
}

static struct stat look(const char *name)
{
	struct stat st;

	CHECK(!stat(name, &st));
	return st;
}

static void change(void)
{
	mode_t mode = round_ % 2 ? 0640 : 0604;
	const struct timespec ts[2] = {{round_, 0}, {round_, 1}};
	nlink_t links = look("in").st_nlink;
	int fd;

	CHECK(!chmod("file", mode));
	CHECK((look("file").st_mode & 07777) == mode);
	CHECK(!chown("file", round_ + 1, round_ + 2));
	CHECK(look("file").st_uid == (uid_t)round_ + 1);
	CHECK(!truncate("file", round_));
	CHECK(look("file").st_size == round_);
	fd = open("file", O_WRONLY | O_APPEND);
	CHECK(fd >= 0);
	CHECK(write(fd, "0123456789", 10) == 10);
	CHECK(look("file").st_size == round_ + 10);
	CHECK(!close(fd));
	CHECK(look("file").st_size == round_ + 10);
	CHECK(!utimensat(AT_FDCWD, "file", ts, 0));
	CHECK(look("file").st_mtime == round_);
	CHECK(!link("in", "in-2") && look("in").st_nlink == links + 1);
	CHECK(!unlink("in-2") && look("in").st_nlink == links);
	CHECK(!mkdir("dir", 0755) && !access("dir", F_OK) && !rmdir("dir"));
	CHECK(access("dir", F_OK) && errno == ENOENT);
}

int main(int argc, char **argv)
{
	int rounds, i, fd;
	pid_t pid[ASKERS];

	if (argc != 3 || chdir(argv[1]))
		return 2;
	rounds = atoi(argv[2]);
	fd = open("file", O_CREAT | O_RDWR, 0644);
	CHECK(fd >= 0 && !close(fd));
	fd = open("in", O_CREAT | O_RDWR, 0644);
	CHECK(fd >= 0 && !close(fd));
	for (i = 0; i < ASKERS; i++) {
		pid[i] = fork();
		if (!pid[i])
			ask(i);
		CHECK(pid[i] > 0);
	}
	for (round_ = 0; round_ < rounds; round_++)
		change();
	for (i = 0; i < ASKERS; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	printf("%d rounds\n", rounds);
	return 0;
}
