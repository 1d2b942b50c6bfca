// SPDX-License-Identifier: GPL-2.0
/*
 * The host side of hostfs: nothing outside of the directory is reached while
 * names in it are swapped for symbolic links and back at full speed.
 *
 * HOSTFS_SECONDS is for how long (1).
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../../hostfs/abi/host_hostfs.h"
#include "check.h"

static atomic_bool stop;
static struct host_hostfs *root;
static u64 outside_ino;

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* Swaps directory d and file d/f's neighbour for links that lead out. */
static void *swap_names(void *unused)
{
	(void)unused;
	while (!atomic_load(&stop)) {
		renameat2(AT_FDCWD, "in/d", AT_FDCWD, "in/link", RENAME_EXCHANGE);
		renameat2(AT_FDCWD, "in/f", AT_FDCWD, "in/flink", RENAME_EXCHANGE);
		renameat2(AT_FDCWD, "in/f", AT_FDCWD, "in/fifo", RENAME_EXCHANGE);
		renameat2(AT_FDCWD, "in/new", AT_FDCWD, "in/way", RENAME_EXCHANGE);
	}
	return NULL;
}

static struct host_hostfs_at in_root(const char *name)
{
	return (struct host_hostfs_at){ .dir = "", .name = name, .fd = -1 };
}

static void try_file(const char *name)
{
	struct host_hostfs_at at = in_root(name);
	struct host_hostfs_attr attr = {
		.what = HOST_HOSTFS_MODE | HOST_HOSTFS_SIZE, .mode = 0600,
		.size = 3,
	};
	const struct host_hostfs_xattr x = {
		.op = HOST_HOSTFS_XATTR_SET, .name = "user.x",
		.value = (void *)"y", .size = 1,
	};
	char text[8] = "";
	struct host_iov iov = { text, sizeof(text) - 1 };
	int fd = host_hostfs_open(root, &at, HOST_HOSTFS_READ | HOST_HOSTFS_WRITE, NULL);

	if (fd >= 0) {
		host_hostfs_readv(fd, &iov, 1, 0);
		CHECK(!strstr(text, "out"));
		host_hostfs_close(fd);
	}
	host_hostfs_setattr(root, &at, &attr);
	host_hostfs_xattr(root, &at, &x);
}

static void try_below(const struct host_hostfs_stat *dir, const char *path)
{
	struct host_hostfs_at at = {
		.dir = path, .dir_dev = dir->dev, .dir_ino = dir->ino,
		.name = "secret", .fd = -1,
	};
	struct host_hostfs_stat st;

	if (!host_hostfs_stat(root, &at, &st))
		CHECK(st.ino != outside_ino);
	at.name = "made";
	if (!host_hostfs_make(root, &at, S_IFREG | 0600, getuid(), getgid(), 0,
			      0, NULL, &st))
		host_hostfs_unlink(root, &at, false);
}

/* Names swapped while they are made get neither owner nor mode. */
static void try_make(void)
{
	static const u32 types[] = { S_IFREG, S_IFDIR, S_IFIFO, S_IFSOCK };
	struct host_hostfs_at at = in_root("new");
	struct host_hostfs_stat st;
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(*types); i++) {
		host_hostfs_make(root, &at, types[i] | 06777, 1234, 1234, 0, 0,
				 NULL, &st);
		unlink("in/new");
		rmdir("in/new");
		unlink("in/way");
		rmdir("in/way");
		CHECK(!symlink("../out", "in/way") || errno == EEXIST);
	}
}

static void race(int seconds)
{
	struct host_hostfs_at at = in_root("d");
	struct host_hostfs_stat dir;
	time_t end = time(NULL) + seconds;
	long rounds = 0;
	pthread_t t;

	CHECK_INT(host_hostfs_stat(root, &at, &dir), 0);
	pthread_create(&t, NULL, swap_names, NULL);
	do {
		struct host_hostfs_stat other = dir;

		try_file("f");
		try_make();
		try_below(&dir, "d");
		/* one that is never found open: walked each time */
		other.ino++;
		try_below(&other, "d");
		at = in_root("d");
		host_hostfs_stat(root, &at, &other);
		try_below(&other, "d");
	} while (++rounds % 64 || time(NULL) < end);
	atomic_store(&stop, true);
	pthread_join(t, NULL);
}

static void check_names(void)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "/", "../out" };
	struct host_hostfs_stat st;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct host_hostfs_at at = in_root(bad[i]);

		CHECK_INT(host_hostfs_stat(root, &at, &st), -EINVAL);
		CHECK_INT(host_hostfs_open(root, &at, HOST_HOSTFS_READ, NULL), -EINVAL);
		CHECK_INT(host_hostfs_unlink(root, &at, false), -EINVAL);
	}
}

static struct host_hostfs_at known(const char *name)
{
	struct host_hostfs_at at = in_root(name);
	struct host_hostfs_stat st;

	CHECK_INT(host_hostfs_stat(root, &at, &st), 0);
	at.dev = st.dev;
	at.ino = st.ino;
	return at;
}

/* Only who the guest means is renamed, replaced, or removed. */
static void check_identity(void)
{
	struct host_hostfs_at a, b, other, nobody = in_root("b");

	put("in/a", "a");
	put("in/b", "b");
	a = known("a");
	b = known("b");
	other = b;
	other.name = "a";
	nobody.ino = HOST_HOSTFS_NOBODY;
	CHECK_INT(host_hostfs_rename(root, &other, &b, 0), -ESTALE);
	other = a;
	other.name = "b";
	CHECK_INT(host_hostfs_rename(root, &a, &other, 0), -ESTALE);
	CHECK_INT(host_hostfs_rename(root, &a, &other, RENAME_EXCHANGE), -ESTALE);
	CHECK_INT(host_hostfs_rename(root, &a, &nobody, 0), -ESTALE);
	CHECK_INT(host_hostfs_rename(root, &a, &nobody, RENAME_NOREPLACE), -EEXIST);
	CHECK_INT(host_hostfs_unlink(root, &other, false), -ESTALE);
	CHECK_INT(host_hostfs_rename(root, &a, &b, RENAME_EXCHANGE), 0);
	CHECK_INT(host_hostfs_rename(root, &a, &b, 0), -ESTALE);
	a = known("a");
	b = known("b");
	CHECK_INT(host_hostfs_rename(root, &a, &b, 0), 0);
	CHECK_INT(host_hostfs_rename(root, &a, &b, 0), -ESTALE);
	b = known("b");
	nobody.name = "a";
	CHECK_INT(host_hostfs_rename(root, &b, &nobody, 0), 0);
	CHECK_INT(host_hostfs_rename(root, &nobody, &b, 0), -ESTALE);
	unlink("in/a");
}

static void check_kinds(void)
{
	struct host_hostfs_at at = in_root("fifo");

	/* would wait for ever if it were opened */
	CHECK_INT(host_hostfs_open(root, &at, HOST_HOSTFS_READ, NULL), -EOPNOTSUPP);
	at = in_root("link");
	CHECK_INT(host_hostfs_open(root, &at, HOST_HOSTFS_READ, NULL), -EOPNOTSUPP);
	at = (struct host_hostfs_at){ .dir = "link", .name = "secret", .fd = -1 };
	CHECK_INT(host_hostfs_open(root, &at, HOST_HOSTFS_READ, NULL), -ESTALE);
	at.dir = "..";
	CHECK(host_hostfs_open(root, &at, HOST_HOSTFS_READ, NULL) < 0);
	at.dir = "d/../..";
	CHECK(host_hostfs_open(root, &at, HOST_HOSTFS_READ, NULL) < 0);
}

static void check_readonly(void)
{
	struct host_hostfs_at at = in_root("f"), new = in_root("new");
	struct host_hostfs_attr attr = { .what = HOST_HOSTFS_MODE };
	const struct host_hostfs_xattr x = {
		.op = HOST_HOSTFS_XATTR_REMOVE, .name = "user.a",
	};
	struct host_hostfs *ro;
	struct host_hostfs_stat st;

	CHECK_INT(host_hostfs_mount(NULL, "in", HOST_HOSTFS_RDONLY, &ro), 0);
	CHECK_INT(host_hostfs_open(ro, &at, HOST_HOSTFS_WRITE, NULL), -EROFS);
	CHECK_INT(host_hostfs_create(ro, &new, 0600, 0, 0, &st), -EROFS);
	CHECK_INT(host_hostfs_make(ro, &new, S_IFDIR, 0, 0, 0, 0, NULL, &st), -EROFS);
	CHECK_INT(host_hostfs_unlink(ro, &at, false), -EROFS);
	CHECK_INT(host_hostfs_rename(ro, &at, &new, 0), -EROFS);
	CHECK_INT(host_hostfs_link(ro, &at, &new), -EROFS);
	CHECK_INT(host_hostfs_setattr(ro, &at, &attr), -EROFS);
	CHECK_INT(host_hostfs_xattr(ro, &at, &x), -EROFS);
	new = in_root(NULL);
	CHECK_INT(host_hostfs_tmpfile(ro, &new, 0600, 0, 0, &st), -EROFS);
	host_hostfs_unmount(ro);
}

/* More directories than are kept open, and deeper than a path may be long. */
static void check_dirs(void)
{
	char path[300 * 25] = "", name[32];
	struct host_hostfs_stat st = { .dev = 0 };
	struct host_hostfs_at at = in_root("deep");
	int i;

	CHECK_INT(host_hostfs_make(root, &at, S_IFDIR | 0700, getuid(),
				   getgid(), 0, 0, NULL, &st), 0);
	strcpy(path, "deep");
	for (i = 0; i < 250; i++) {
		at = (struct host_hostfs_at){ .dir = path, .dir_dev = st.dev,
			.dir_ino = st.ino, .name = name, .fd = -1 };
		snprintf(name, sizeof(name), "directory-number-%d", i);
		CHECK_INT(host_hostfs_make(root, &at, S_IFDIR | 0700, getuid(),
					   getgid(), 0, 0, NULL, &st), 0);
		strcat(strcat(path, "/"), name);
	}
	at = (struct host_hostfs_at){ .dir = path, .dir_dev = st.dev,
		.dir_ino = st.ino, .fd = -1 };
	CHECK_INT(host_hostfs_stat(root, &at, &st), 0);
	i = open("/dev/null", O_RDONLY);
	CHECK(i < 160);
	close(i);
}

int main(void)
{
	const char *seconds = getenv("HOSTFS_SECONDS");
	char dir[] = "hostfs_races.XXXXXX", command[64];
	struct stat st;

	if (!mkdtemp(dir) || chdir(dir))
		return 99;
	mkdir("in", 0755);
	mkdir("in/d", 0755);
	mkdir("out", 0755);
	put("out/secret", "outside\n");
	put("in/f", "inside\n");
	CHECK(!symlink("../out", "in/link"));
	CHECK(!symlink("../out/secret", "in/flink"));
	CHECK(!mkfifo("in/fifo", 0644));
	stat("out/secret", &st);
	outside_ino = st.st_ino;
	host_hostfs_init();
	CHECK_INT(host_hostfs_mount("in", "/../out", 0, &root), -EACCES);
	CHECK_INT(host_hostfs_mount("in", "link", 0, &root), -EACCES);
	CHECK_INT(host_hostfs_mount("in", "/", 0, &root), 0);
	check_names();
	check_identity();
	check_kinds();
	check_readonly();
	race(seconds ? atoi(seconds) : 1);
	check_dirs();
	host_hostfs_unmount(root);
	CHECK(!stat("out/secret", &st));
	CHECK_INT(st.st_size, 8);
	CHECK_INT(st.st_mode & 07777, 0644);
	CHECK(!stat("out", &st));
	CHECK_INT(st.st_mode & 07777, 0755);
	CHECK_INT(st.st_uid, getuid());
	CHECK(access("out/made", F_OK) < 0);
	snprintf(command, sizeof(command), "cd .. && rm -rf %s", dir);
	CHECK(!system(command));
	return check_failures ? 1 : 0;
}
