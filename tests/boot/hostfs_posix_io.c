// SPDX-License-Identifier: GPL-2.0
/* Open files: flags, sizes, ranges, directories that are read. */
#include "hostfs_posix.h"

#include <dirent.h>
#include <linux/falloc.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/wait.h>

/* ---- open ---- */

/* What is run cannot be written, under none of its names, but replaced. */
static void test_running(char *const argv[])
{
	char buf[1];
	int go[2], ran[2], status;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) || pipe2(ran, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (!pid) {
		dup2(go[0], 0);
		execve("prog", argv, argv + 2);
		_exit(99);
	}
	/* exec closes it */
	close(ran[1]);
	if (pid < 0 || read(ran[0], buf, 1))
		die("prog does not run");
	OPENS(open("prog", O_WRONLY));
	OPENS(open("prog", O_RDWR | O_TRUNC));
	OPENS(open("prog", O_RDONLY));
	R(truncate("prog", 1));
	R(link("prog", "prog-2"));
	OPENS(open("prog-2", O_WRONLY | O_APPEND));
	make("prog-3", "x", 0644, 0, 0);
	R(rename("prog-3", "prog"));
	OPENS(open("prog", O_WRONLY));
	R(rename("prog-2", "prog"));
	close(go[1]);
	close(go[0]);
	R(waitpid(pid, &status, 0) != pid || status);
	close(ran[0]);
	OPENS(open("prog", O_WRONLY));
}

/* What is being written cannot be run. */
static void test_busy(void)
{
	char prog[] = "prog", wait[] = "wait";
	char *const argv[] = {prog, wait, NULL}, *const none[] = {NULL};
	int fd, copy;

	fd = open("/proc/self/exe", O_RDONLY);
	copy = open("prog", O_CREAT | O_WRONLY, 0755);
	if (fd < 0 || copy < 0)
		die("prog");
	while (sendfile(copy, fd, NULL, 1 << 20) > 0)
		;
	close(fd);
	R(execve("prog", argv, none));
	close(copy);
	R(chmod("prog", 0644));
	R(execve("prog", argv, none));
	R(execve(".", argv, none));
	R(chmod("prog", 0755));
	test_running(argv);
}

void test_open(void)
{
	char buf[20] = "";
	int fd, fd2;

	fd = FD(open("new", O_CREAT | O_EXCL | O_RDWR, 0444));
	R(write(fd, "0123456789", 10));
	fd2 = FD(open("new", O_RDONLY));
	R(write(fd2, "x", 1));
	R(read(fd2, buf, 4));
	TIMES("new", write(fd, "abc", 3));
	R(read(fd2, buf, 20));
	close(fd2);
	R(lseek(fd, 0, SEEK_SET));
	close(fd);
	show("new");
	R(chmod("new", 0644));
	fd = FD(open("new", O_WRONLY | O_APPEND));
	R(read(fd, buf, 1));
	R(lseek(fd, 0, SEEK_SET));
	R(write(fd, "end", 3));
	R(lseek(fd, 0, SEEK_CUR));
	R(pwrite(fd, "end", 3, 1));
	show("new");
	TIMES("new", closed(open("new", O_WRONLY | O_TRUNC)));
	show("new");
	R(write(fd, "end", 3));
	show("new");
	close(fd);
	OPENS(open("new", O_CREAT | O_EXCL | O_RDWR, 0644));
	OPENS(open("new", O_CREAT | O_DIRECTORY | O_RDWR, 0644));
	TIMES("new", closed(open("new", O_CREAT | O_RDWR, 0600)));
	TIMES(".", closed(open("new", O_CREAT | O_RDWR, 0600)));
	TIMES(".", closed(open("new2", O_CREAT | O_RDWR, 0600)));
	TIMES("new2", closed(open("new2", O_TRUNC | O_RDWR)));
	R(symlink("made", "link"));
	OPENS(open("link", O_CREAT | O_EXCL | O_RDWR, 0644));
	OPENS(open("link", O_CREAT | O_NOFOLLOW | O_RDWR, 0644));
	fd = FD(open("link", O_CREAT | O_RDWR, 07777));
	show_dir(".");
	R(close(fd));
	fd = FD(open(".", O_TMPFILE | O_RDWR, 0640));
	R(write(fd, "tmp", 3));
	R(linkat(fd, "", AT_FDCWD, "linked", AT_EMPTY_PATH));
	close(fd);
	show("linked");
	fd = FD(open(".", O_TMPFILE | O_EXCL | O_RDWR, 0640));
	R(linkat(fd, "", AT_FDCWD, "linked2", AT_EMPTY_PATH));
	close(fd);
	OPENS(open(".", O_TMPFILE | O_RDONLY, 0640));
	fd = FD(open(".", O_RDONLY));
	R(read(fd, buf, 1));
	R(pwrite(fd, buf, 1, 0));
	R(ftruncate(fd, 0));
	R(fsync(fd));
	close(fd);
	test_busy();
}

/* ---- sizes ---- */

static void test_limit(int fd)
{
	const struct rlimit limit = {5000, RLIM_INFINITY},
			    no_limit = {RLIM_INFINITY, RLIM_INFINITY};
	char buf[200] = "";

	signal(SIGXFSZ, SIG_IGN);
	R(setrlimit(RLIMIT_FSIZE, &limit));
	R(ftruncate(fd, 5001));
	R(ftruncate(fd, 5000));
	R(pwrite(fd, buf, 200, 4900));
	R(pwrite(fd, buf, 1, 5000));
	R(fallocate(fd, 0, 0, 5001));
	R(setrlimit(RLIMIT_FSIZE, &no_limit));
}

static void test_big(int fd)
{
	char buf[10] = "";
	struct stat st;

	R(ftruncate(fd, 5ll << 30));
	R(pwrite(fd, "far", 3, (5ll << 30) + 1));
	R(fstat(fd, &st));
	note("size %lld", (long long)st.st_size);
	R(pread(fd, buf, 3, (5ll << 30) + 1));
	note("read %s", buf);
	R(pread(fd, buf, 3, 1ll << 40));
	R(ftruncate(fd, -1));
	R(ftruncate(fd, INT64_MAX));
	R(pwrite(fd, "x", 1, -1));
	R(pread(fd, buf, 1, -1));
	R(lseek(fd, -1, SEEK_SET));
	R(lseek(fd, 0, 77));
	R(ftruncate(fd, 0));
}

/* Too far for most file systems: the host's may say so only when it gets the
 * data. */
static void test_far(void)
{
	int fd = FD(open("far", O_CREAT | O_RDWR, 0600));
	bool refused = pwrite(fd, "x", 1, 1ll << 62) != 1, kept;
	char c = 0;

	refused |= fsync(fd) != 0;
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	kept = pread(fd, &c, 1, 1ll << 62) == 1 && c == 'x';
	refused |= close(fd) != 0;
	note("a write at 1 << 62 is %s", refused ? "refused"
					 : kept	 ? "kept"
						 : "lost");
}

void test_size(void)
{
	char buf[20] = "", *map;
	int fd;

	make("file", "0123456789", 0644, 0, 0);
	fd = FD(open("file", O_RDWR));
	TIMES("file", ftruncate(fd, 5));
	TIMES("file", ftruncate(fd, 5));
	TIMES("file", truncate("file", 5));
	TIMES("file", truncate("file", 8));
	TIMES("file", fallocate(fd, 0, 0, 20));
	TIMES("file", fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 40));
	TIMES("file", pwrite(fd, "", 0, 0));
	TIMES("file", pwrite(fd, "x", 1, 7));
	TIMES("file", fsync(fd));
	show("file");
	R(read(fd, buf, 20));
	note("has %.5s %d %c", buf, buf[5] | buf[6] | buf[8], buf[7]);
	test_limit(fd);
	test_big(fd);
	R(ftruncate(fd, 5000));
	map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("mmap");
	TIMES("file",
	      (map[4999] = 'm', map[5000] = 'n', msync(map, 8192, MS_SYNC)));
	R(pread(fd, buf, 3, 4999));
	note("has %c", buf[0]);
	R(ftruncate(fd, 6000));
	R(pread(fd, buf, 2, 4999));
	note("has %c %d", buf[0], buf[1]);
	munmap(map, 8192);
	close(fd);
	test_far();
	fd = FD(open("file", O_RDONLY));
	R(ftruncate(fd, 0));
	R(fallocate(fd, 0, 0, 1));
	R((long)mmap(NULL, 1, PROT_WRITE, MAP_SHARED, fd, 0));
	close(fd);
	fd = FD(open("file", O_WRONLY));
	R((long)mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0));
	close(fd);
}

/* ---- holes and ranges ---- */

#define BLOCK 65536

static void show_map(int fd)
{
	off_t pos = 0, end = lseek(fd, 0, SEEK_END);
	char buf[BLOCK];

	for (; pos < end; pos += BLOCK) {
		ssize_t n = pread(fd, buf, BLOCK, pos);

		note("  %lld: %zd bytes, %02x %02x", (long long)pos / BLOCK, n,
		     buf[0] & 255, buf[n > 0 ? n - 1 : 0] & 255);
	}
}

static void seeks(int fd)
{
	R(lseek(fd, 0, SEEK_DATA));
	R(lseek(fd, 0, SEEK_HOLE));
	R(lseek(fd, BLOCK, SEEK_DATA));
	R(lseek(fd, 2 * BLOCK, SEEK_HOLE));
	R(lseek(fd, 3 * BLOCK + 1, SEEK_DATA));
	R(lseek(fd, 3 * BLOCK + 1, SEEK_HOLE));
	R(lseek(fd, 4 * BLOCK, SEEK_DATA));
	R(lseek(fd, 8 * BLOCK, SEEK_DATA));
	R(lseek(fd, 8 * BLOCK, SEEK_HOLE));
	R(lseek(fd, -1, SEEK_DATA));
}

void test_ranges(void)
{
	char buf[BLOCK];
	int fd, to;

	fd = FD(open("holes", O_CREAT | O_RDWR, 0644));
	R(lseek(fd, 0, SEEK_DATA));
	R(lseek(fd, 0, SEEK_HOLE));
	memset(buf, 'a', BLOCK);
	R(pwrite(fd, buf, BLOCK, 2 * BLOCK));
	R(pwrite(fd, buf, BLOCK, 3 * BLOCK));
	R(ftruncate(fd, 8 * BLOCK));
	seeks(fd);
	TIMES("holes", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 2 * BLOCK, BLOCK));
	seeks(fd);
	R(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		    3 * BLOCK + 7, 20));
	R(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, BLOCK));
	R(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 0));
	R(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, -1, 1));
	/* a file system of so large files does it: not to be read, then */
	if (R(fallocate(fd, 0, INT64_MAX - 1, 1)) == 0 &&
	    ftruncate(fd, 8 * BLOCK))
		die("as before");
	R(fallocate(fd, 0, INT64_MAX - 1, 5));
	R(pread(fd, buf, 30, 3 * BLOCK));
	note("%d %d %d %d", buf[6], buf[7], buf[26], buf[27]);
	show_map(fd);
	to = FD(open("copy", O_CREAT | O_RDWR, 0644));
	R(lseek(fd, 0, SEEK_SET));
	TIMES("copy", copy_file_range(fd, NULL, to, NULL, 5 * BLOCK, 0));
	show_map(to);
	R(copy_file_range(fd, NULL, to, NULL, 1, 1));
	R(copy_file_range(to, &(loff_t){0}, to, &(loff_t){10}, 20, 0));
	R(copy_file_range(to, &(loff_t){100 * BLOCK}, to, NULL, 20, 0));
	close(to);
	close(fd);
}

/* What some file systems have not at all: a file each. */

static int blocks(const char *name)
{
	int fd = FD(open(name, O_CREAT | O_RDWR, 0644));
	char buf[BLOCK];
	int i;

	for (i = 0; i < 4; i++) {
		memset(buf, 'a' + i, BLOCK);
		if (pwrite(fd, buf, BLOCK, i * BLOCK) != BLOCK)
			die(name);
	}
	return fd;
}

void test_zero(void)
{
	int fd = blocks("file");

	TIMES("file",
	      fallocate(fd, FALLOC_FL_ZERO_RANGE, 3 * BLOCK, 3 * BLOCK));
	show_map(fd);
	R(fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 5 * BLOCK,
		    3 * BLOCK));
	R(fallocate(fd, FALLOC_FL_ZERO_RANGE, 100, 200));
	show_map(fd);
	close(fd);
}

void test_collapse(void)
{
	int fd = blocks("file");

	TIMES("file", fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, BLOCK, BLOCK));
	show_map(fd);
	TIMES("file", fallocate(fd, FALLOC_FL_INSERT_RANGE, BLOCK, 2 * BLOCK));
	show_map(fd);
	R(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 1, BLOCK));
	R(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 100 * BLOCK));
	close(fd);
}

/* ---- reading directories ---- */

#define MANY 2500

static void count_names(DIR *dir, unsigned char *seen, const char *what)
{
	int n, twice = 0, all = 0, other = 0;
	struct dirent *e;

	while ((e = readdir(dir))) {
		if (sscanf(e->d_name, "f%d", &n) == 1 && n >= 0 && n < MANY) {
			twice += seen[n]++;
			all++;
		} else {
			other++;
		}
	}
	note("%s: %d names, %d twice, %d others", what, all, twice, other);
}

static void test_types(void)
{
	struct dirent **list;
	struct stat st;
	int i, n;

	if (mkdir("types", 0755) || chdir("types") || mkdir("d", 0755) ||
	    symlink("x", "l") || mkfifo("p", 0644))
		die("types");
	make("f", "f", 0644, 0, 0);
	n = scandir(".", &list, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (lstat(list[i]->d_name, &st))
			die(list[i]->d_name);
		note("%s has %s type and %s inode number", list[i]->d_name,
		     list[i]->d_type == DT_UNKNOWN	     ? "no"
		     : list[i]->d_type == IFTODT(st.st_mode) ? "its"
							     : "another",
		     st.st_ino == list[i]->d_ino ? "its" : "another");
	}
	if (chdir(".."))
		die("back");
}

void test_readdir(void)
{
	unsigned char seen[MANY] = {};
	char name[20];
	long pos[MANY + 3];
	struct dirent *e;
	int i, n = 0, wrong = 0;
	DIR *dir;

	test_types();
	if (mkdir("many", 0755))
		die("many");
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many/f%d", i);
		make(name, "", 0644, 0, 0);
	}
	dir = opendir("many");
	count_names(dir, seen, "all");
	rewinddir(dir);
	do {
		pos[n++] = telldir(dir);
	} while ((e = readdir(dir)) && n < MANY + 3);
	/* what follows an offset is the same again, from the last one on */
	for (i = n - 2; i >= 0; i -= 97) {
		seekdir(dir, pos[i]);
		e = readdir(dir);
		wrong += !e || telldir(dir) != pos[i + 1];
	}
	note("%d offsets, %d of them wrong", n, wrong);
	/* half of it goes while it is read: the others are there once each */
	memset(seen, 0, sizeof(seen));
	rewinddir(dir);
	for (i = 0; i < 10 && (e = readdir(dir)); i++)
		if (sscanf(e->d_name, "f%d", &n) == 1)
			seen[n]++;
	for (i = 0; i < MANY; i += 2) {
		snprintf(name, sizeof(name), "many/f%d", i);
		if (unlink(name))
			die(name);
	}
	while ((e = readdir(dir)))
		if (sscanf(e->d_name, "f%d", &n) == 1)
			seen[n]++;
	for (wrong = 0, i = 1; i < MANY; i += 2)
		wrong += seen[i] != 1;
	note("while it shrinks: %d wrong", wrong);
	memset(seen, 0, sizeof(seen));
	rewinddir(dir);
	count_names(dir, seen, "half");
	closedir(dir);
	R(rmdir("many"));
	dir = opendir("types");
	R(chdir("types") || unlink("f") || unlink("l") || unlink("p") ||
	  rmdir("d") || chdir(".."));
	R(rmdir("types"));
	note("removed: %s", readdir(dir) ? "not empty" : "empty");
	OPENS(openat(dirfd(dir), "x", O_CREAT | O_RDWR, 0600));
	R(mkdirat(dirfd(dir), "x", 0700));
	OPENS(openat(dirfd(dir), ".", O_RDONLY));
	OPENS(openat(dirfd(dir), ".", O_TMPFILE | O_RDWR, 0600));
	closedir(dir);
}
