// SPDX-License-Identifier: GPL-2.0
/*
 * Many names, and many processes at once, in a directory:
 *
 *	hostfs_large make DIR COUNT	COUNT names in DIR/many
 *	hostfs_large list DIR COUNT	DIR/many is read while it changes
 *	hostfs_large file DIR COUNT	writers and readers of one file
 *	hostfs_large names DIR COUNT	the same of one directory
 *
 * Whoever does COUNT things goes first; the others go on until these are done,
 * so nothing depends on how fast anybody is.
 */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 4
#define RECORD	6000 /* not a page, so that pages have two owners */
#define RECORDS 32

static int count;
static volatile int *left; /* workers that have not finished */

static void die(const char *what, const char *name)
{
	printf("%s: %s: %s\n", what, name, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static void wrong(const char *format, long a, long b)
{
	printf(format, a, b);
	fflush(stdout);
	_exit(1);
}

/* Runs work(i) in WORKERS processes, and watch(i) in as many others until all
 * of the former are done. */
static void at_once(void (*work)(int), void (*watch)(int))
{
	int i, status, bad = 0;

	*left = WORKERS;
	fflush(stdout);
	for (i = 0; i < 2 * WORKERS; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork", "");
		if (pid)
			continue;
		if (i < WORKERS) {
			work(i);
			__atomic_sub_fetch(left, 1, __ATOMIC_SEQ_CST);
		} else {
			do
				watch(i - WORKERS);
			while (*left > 0);
		}
		_exit(0);
	}
	while (wait(&status) > 0)
		if (status) {
			bad = 1;
			*left = 0;
		}
	if (bad)
		exit(1);
}

/* ---- a large directory ---- */

static void touch(const char *name)
{
	int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);

	if (fd < 0 || close(fd))
		die("make", name);
}

static void make_many(void)
{
	char name[40], first[40];
	int i;

	if (mkdir("many", 0755) || chdir("many"))
		die("mkdir", "many");
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "stays-%d", i);
		/* a file of ten names is made faster than ten files */
		if (i % 10 && link(first, name) == 0)
			continue;
		touch(name);
		strcpy(first, name);
	}
}

/* One pass: each name that nobody touches is there once. */
static void list_pass(int reader)
{
	static const size_t sizes[WORKERS] = {300, 4096, 32768, 1 << 20};
	char *buf = malloc(sizes[reader]), *seen = calloc(count, 1);
	int fd = open("many", O_RDONLY | O_DIRECTORY), i;
	long n, pos;

	if (fd < 0 || !buf || !seen)
		die("open", "many");
	while ((n = syscall(SYS_getdents64, fd, buf, sizes[reader])) > 0)
		for (pos = 0; pos < n;) {
			struct dirent64 *e = (void *)(buf + pos);

			pos += e->d_reclen;
			if (sscanf(e->d_name, "stays-%d", &i) != 1)
				continue;
			if (i < 0 || i >= count)
				wrong("listed: stays-%ld, which is not there\n",
				      i, 0);
			if (seen[i]++)
				wrong("stays-%ld: twice, buffer %ld\n", i,
				      sizes[reader]);
		}
	if (n < 0)
		die("getdents64", "many");
	for (i = 0; i < count; i++)
		if (!seen[i])
			wrong("stays-%ld: not listed, buffer %ld\n", i,
			      sizes[reader]);
	close(fd);
	free(buf);
	free(seen);
}

static void list_work(int reader)
{
	list_pass(reader);
	list_pass(reader);
}

/* Names come, change and go all over the place. */
static void list_change(int who)
{
	char name[60], other[60];
	int i;

	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "many/%ld-comes-%d-%d", random(),
			 who, i);
		snprintf(other, sizeof(other), "many/%ld-goes-%d-%d", random(),
			 who, i);
		touch(name);
		if (rename(name, other))
			die("rename", name);
		if (i % 4 && unlink(other))
			die("unlink", other);
	}
}

/* ---- one file ---- */

/* A word of a record is who wrote it where, and when; each reader sees the
 * words of one place in the order in which they were written. */
static uint64_t word(int record, long turn)
{
	return (uint64_t)(record + 1) << 48 | turn;
}

static void file_write(int who)
{
	int fd = open("file", O_RDWR), log = open("log", O_WRONLY | O_APPEND);
	int lock = open("counter", O_RDWR), i, j;
	uint64_t buf[RECORD / 8];
	struct flock l = {.l_type = F_WRLCK};
	char line[40], *map;

	map = mmap(NULL, RECORD * RECORDS, PROT_READ | PROT_WRITE, MAP_SHARED,
		   fd, 0);
	if (fd < 0 || log < 0 || lock < 0 || map == MAP_FAILED)
		die("open", "file");
	for (i = 1; i <= count; i++) {
		int r = i % (RECORDS / WORKERS) * WORKERS + who;
		long n;

		for (j = 0; j < RECORD / 8; j++)
			buf[j] = word(r, i);
		if (i % 3 == 0)
			memcpy(map + r * RECORD, buf, RECORD);
		else if (pwrite(fd, buf, RECORD, r * RECORD) != RECORD)
			die("pwrite", "file");
		n = snprintf(line, sizeof(line), "%d %d.\n", who, i);
		if (write(log, line, n) != n)
			die("append", "log");
		if (i % 50 == 0 && fsync(fd))
			die("fsync", "file");
		l.l_type = F_WRLCK;
		if (fcntl(lock, F_SETLKW, &l) ||
		    pread(lock, &n, sizeof(n), 0) != sizeof(n))
			die("lock", "counter");
		n++;
		l.l_type = F_UNLCK;
		if (pwrite(lock, &n, sizeof(n), 0) != sizeof(n) ||
		    fcntl(lock, F_SETLK, &l))
			die("unlock", "counter");
	}
}

static void file_read(int who)
{
	static uint64_t buf[RECORD / 8 * RECORDS], last[RECORD / 8 * RECORDS];
	int fd = open("file", O_RDONLY), i;

	if (fd < 0)
		die("open", "file");
	if (who == 3) /* not every one through the cache as it is */
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	if (pread(fd, buf, sizeof(buf), 0) != sizeof(buf))
		die("pread", "file");
	close(fd);
	for (i = 0; i < RECORD / 8 * RECORDS; i++) {
		if (buf[i] && buf[i] >> 48 != (uint64_t)(i / (RECORD / 8) + 1))
			wrong("word %ld: of record %ld\n", i, buf[i] >> 48);
		if (buf[i] < last[i])
			wrong("word %ld: older than before, %ld\n", i,
			      buf[i] << 16 >> 16);
		last[i] = buf[i];
	}
}

static void test_file(void)
{
	int fd = open("file", O_CREAT | O_RDWR, 0600), i, who, next[4] = {};
	long n = 0;
	FILE *log;

	if (fd < 0 || ftruncate(fd, RECORD * RECORDS) || close(fd))
		die("make", "file");
	fd = open("counter", O_CREAT | O_RDWR, 0600);
	if (fd < 0 || write(fd, &n, sizeof(n)) != sizeof(n))
		die("make", "counter");
	touch("log");
	at_once(file_write, file_read);
	if (pread(fd, &n, sizeof(n), 0) != sizeof(n) || n != WORKERS * count)
		wrong("counter: %ld, not %ld\n", n, WORKERS * count);
	log = fopen("log", "r");
	for (n = 0; fscanf(log, "%d %d.\n", &who, &i) == 2; n++)
		if (who < 0 || who >= WORKERS || i != ++next[who])
			wrong("log: line %ld of %ld\n", i, who);
	if (n != WORKERS * count)
		wrong("log: %ld lines, not %ld\n", n, WORKERS * count);
}

/* ---- one directory ---- */

static void names_write(int who)
{
	char name[40], other[40], link_[40];
	int i, fd;

	snprintf(link_, sizeof(link_), "names/link-%d", who);
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "names/new-%d-%d", who, i);
		snprintf(other, sizeof(other), "names/old-%d-%d", who, i % 10);
		fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
		if (fd < 0 || write(fd, name, 20) != 20 || close(fd))
			die("make", name);
		if (rename(name, other))
			die("rename", name);
		if (link(other, link_) || unlink(link_))
			die("link", link_);
		if (i % 3 == 0 && unlink(other))
			die("unlink", other);
	}
}

static void names_read(int who)
{
	DIR *dir = opendir("names");
	struct dirent *e;
	struct stat st;
	char buf[20];
	int fd;

	if (!dir)
		die("opendir", "names");
	while ((e = readdir(dir))) {
		if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW)) {
			if (errno != ENOENT)
				die("stat", e->d_name);
			continue;
		}
		if (!S_ISREG(st.st_mode) || who % 2)
			continue;
		fd = openat(dirfd(dir), e->d_name, O_RDONLY);
		if (fd < 0 && errno != ENOENT)
			die("open", e->d_name);
		if (fd < 0)
			continue;
		if (read(fd, buf, 20) == 20 && memcmp(buf, "names/new-", 10))
			wrong("names: not what was written\n", 0, 0);
		close(fd);
	}
	closedir(dir);
}

static void test_names(void)
{
	char name[40];
	int who, i, there;

	if (mkdir("names", 0755))
		die("mkdir", "names");
	at_once(names_write, names_read);
	for (who = 0; who < WORKERS; who++)
		for (i = count - 10; i < count; i++) {
			snprintf(name, sizeof(name), "names/old-%d-%d", who,
				 i % 10);
			there = unlink(name) == 0;
			if (there != (i % 3 != 0))
				wrong("names: %ld of %ld is not as it was left\n",
				      i, who);
		}
	if (rmdir("names"))
		die("rmdir", "names");
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	count = atoi(argv[3]);
	left = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (count < 10 || left == MAP_FAILED || chdir(argv[2]))
		die("start", argv[2]);
	if (!strcmp(argv[1], "make"))
		make_many();
	else if (!strcmp(argv[1], "list"))
		at_once(list_work, list_change);
	else if (!strcmp(argv[1], "file"))
		test_file();
	else if (!strcmp(argv[1], "names"))
		test_names();
	else
		return 2;
	return 0;
}
