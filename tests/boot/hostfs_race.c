// SPDX-License-Identifier: GPL-2.0
/*
 * Names that change under the guest, and a tripwire:
 *
 *	hostfs_race host JAIL OUTSIDE SECONDS
 *	hostfs_race guest DIR SIZE
 *	hostfs_race handles|deep DIR
 *
 * The host's swaps directories and files of JAIL for links to OUTSIDE and moves
 * directories up and down, as fast as it can, from when JAIL/started is there;
 * then it makes JAIL/stop. It fails if anybody opened, read, changed or listed
 * OUTSIDE or a file in it meanwhile. The guest's does all it can through these
 * names until then; it fails if a file of SIZE, which are those of OUTSIDE, is
 * seen. "handles" opens a directory's handle, and 20,000 like it; "deep"
 * is about paths longer than PATH_MAX.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RACERS 3

static const char *outside;
static off_t secret_size;
static long *turns;

static void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

/* ---- the host's side ---- */

static int events(int trip)
{
	char buf[4096] __attribute__((aligned(8)));
	int n = 0;
	ssize_t len;

	while ((len = read(trip, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + len;) {
			struct inotify_event *e = (void *)p;

			printf("event %x %s\n", e->mask, e->len ? e->name : "");
			p += sizeof(*e) + e->len;
			n++;
		}
	return n;
}

static void swap(const char *a, const char *b)
{
	if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) &&
	    errno != ENOENT)
		die(a);
}

static void race(int who)
{
	for (;; turns[who]++)
		switch (who) {
		case 0:
			swap("dir", "dirlink");
			break;
		case 1:
			swap("file", "filelink");
			break;
		default:
			/* from below three directories to the top, and back */
			rename("a/b/c", "c");
			swap("a/b", "ablink");
			swap("a/b", "ablink");
			rename("c", "a/b/c");
		}
}

static int host(int seconds)
{
	char secret[4096];
	pid_t pid[RACERS];
	int i, fd, n;
	int trip = inotify_init1(IN_NONBLOCK);

	snprintf(secret, sizeof(secret), "%s/c", outside);
	if (trip < 0 || inotify_add_watch(trip, outside, IN_ALL_EVENTS) < 0 ||
	    inotify_add_watch(trip, secret, IN_ALL_EVENTS) < 0)
		die("inotify");
	/* it does work */
	snprintf(secret, sizeof(secret), "%s/secret", outside);
	fd = open(secret, O_RDONLY);
	if (fd < 0 || close(fd) || events(trip) < 2)
		die("tripwire");
	while (access("started", F_OK))
		usleep(10000);
	for (i = 0; i < RACERS; i++) {
		pid[i] = fork();
		if (pid[i] < 0)
			die("fork");
		if (pid[i] == 0)
			race(i);
	}
	sleep(seconds);
	for (i = 0; i < RACERS; i++) {
		if (waitpid(pid[i], NULL, WNOHANG))
			die("a racer ended");
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
		printf("racer %d: %ld turns\n", i, turns[i]);
	}
	fd = open("stop", O_CREAT | O_WRONLY, 0644);
	close(fd);
	n = events(trip);
	printf("%d events outside\n", n);
	return n != 0;
}

/* ---- the guest's side ---- */

static void seen(const struct stat *st, const char *name)
{
	if (st->st_size == secret_size) {
		printf("%s: a file of outside\n", name);
		fflush(stdout);
		_exit(1);
	}
}

static void use_file(const char *name, int flags)
{
	struct stat st;
	char buf[100];
	int fd;

	if (stat(name, &st) == 0 || lstat(name, &st) == 0)
		seen(&st, name);
	/* it may be a fifo of another of us */
	fd = open(name, flags | O_NONBLOCK, 0644);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0)
		seen(&st, name);
	if ((flags & O_ACCMODE) != O_WRONLY)
		turns[0] += read(fd, buf, 100) > 0;
	if ((flags & O_ACCMODE) != O_RDONLY)
		turns[1] += write(fd, "x", 1) > 0;
	close(fd);
}

static void use_dir(const char *name)
{
	static const char *const names[] = {"secret", "inner", "new", ".."};
	char path[100], to[100];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", name, names[i]);
		use_file(path, O_RDONLY);
		if (i == 3)
			break;
		use_file(path, O_WRONLY | O_CREAT);
		chmod(path, 0600);
		truncate(path, 10);
		snprintf(to, sizeof(to), "%s/moved", name);
		if (rename(path, to) == 0)
			rename(to, path);
		link(path, to);
		unlink(to);
		mknod(to, S_IFIFO | 0600, 0);
		unlink(to);
		if (mkdir(to, 0755) == 0)
			turns[2]++;
		rmdir(to);
	}
}

static void attack(int who)
{
	while (access("stop", F_OK))
		switch (who) {
		case 0:
			use_dir("dir");
			use_dir("dirlink");
			break;
		case 1:
			use_file("file", O_RDWR);
			use_file("filelink", O_RDWR);
			use_file("file", O_RDWR | O_CREAT);
			break;
		case 2:
			use_dir("a/b/c");
			use_dir("a/b/c/../../..");
			use_dir("c/../..");
			use_dir("ablink/c");
			break;
		default:
			/* the directory goes elsewhere while we are in it */
			if (chdir("a/b/c") == 0 || chdir("dir") == 0) {
				use_dir(".");
				use_dir("..");
				use_dir("../..");
				use_dir("../../../..");
			}
			if (chdir("/mnt"))
				die("/mnt");
		}
}

static int guest(void)
{
	int i, status, bad = 0, fd;

	/* of a fifo whose reader, another of us, has gone */
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < 4; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0) {
			attack(i);
			_exit(0);
		}
	}
	fd = open("started", O_CREAT | O_WRONLY, 0644);
	close(fd);
	while (wait(&status) > 0) {
		if (status)
			printf("guest: wait status %#x\n", status);
		bad |= status;
	}
	printf("guest: %ld reads, %ld writes, %ld directories\n", turns[0],
	       turns[1], turns[2]);
	return bad != 0;
}

/* A handle leads to a file of the mount or to none. */
static int handles(void)
{
	struct {
		struct file_handle h;
		unsigned char data[MAX_HANDLE_SZ];
	} h = {.h.handle_bytes = MAX_HANDLE_SZ}, other;
	int top = open(".", O_RDONLY), id, i, fd, good = 0;
	struct stat st, mine;

	if (top < 0 || fstat(top, &mine))
		die("start");
	if (name_to_handle_at(AT_FDCWD, ".", &h.h, &id, 0)) {
		printf("no handles: %s\n", strerror(errno));
		h.h.handle_bytes = 8;
		h.h.handle_type = 1;
		memset(h.data, 0, 8);
	}
	for (i = 0; i < 20000; i++) {
		other = h;
		if (i) {
			other.data[random() % other.h.handle_bytes] = random();
			other.data[random() % other.h.handle_bytes] ^= random();
			other.h.handle_type = i % 7 ? h.h.handle_type : i % 256;
		}
		fd = open_by_handle_at(top, &other.h, O_RDONLY);
		if (fd < 0)
			continue;
		good++;
		if (fstat(fd, &st) || st.st_dev != mine.st_dev ||
		    faccessat(fd, "secret", F_OK, 0) == 0)
			die("a handle leads elsewhere");
		close(fd);
	}
	printf("%d handles opened\n", good);
	return 0;
}

/* Down to where no path leads, and up again from there. */
static int deep(void)
{
	char name[201], up[50 * 3 + 20] = "", buf[5] = "";
	int i, fd;

	memset(name, 'd', 200);
	name[200] = 0;
	for (i = 0; i < 40; i++) {
		if (mkdir(name, 0755) || chdir(name))
			die("deep");
		strcat(up, "../");
	}
	fd = open("file", O_CREAT | O_RDWR, 0644);
	if (fd < 0 || write(fd, "deep", 4) != 4 || fsync(fd) ||
	    rename("file", "file2") || pread(fd, buf, 4, 0) != 4 || close(fd) ||
	    access("file2", W_OK))
		die("deep file");
	strcat(up, "../outside/secret");
	for (i = 0; i < 3; i++)
		if (open(up + 3 * i, O_RDONLY) >= 0 ||
		    truncate(up + 3 * i, 0) == 0)
			die("got out");
	return 0;
}

int main(int argc, char **argv)
{
	turns = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (turns == MAP_FAILED || argc < 3 || chdir(argv[2]))
		die("start");
	if (!strcmp(argv[1], "host") && argc == 5) {
		outside = argv[3];
		return host(atoi(argv[4]));
	}
	if (!strcmp(argv[1], "guest") && argc == 4) {
		secret_size = atol(argv[3]);
		return guest();
	}
	if (!strcmp(argv[1], "deep"))
		return deep();
	if (!strcmp(argv[1], "handles"))
		return handles();
	return 2;
}
