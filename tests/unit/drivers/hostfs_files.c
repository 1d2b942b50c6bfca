// SPDX-License-Identifier: GPL-2.0
/*
 * The host side of hostfs: open files, their locks, changes that others make,
 * directories that go elsewhere. Mostly for the sanitizers; the rest is tested
 * from within a guest.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include "../../../hostfs/abi/host_hostfs.h"
#include "check.h"

static struct host_hostfs *root;

static struct host_hostfs_at in_root(const char *name)
{
	return (struct host_hostfs_at){ .dir = "", .name = name, .fd = -1 };
}

static int make_file(const char *name)
{
	struct host_hostfs_at at = in_root(name);
	struct host_hostfs_stat st;
	int fd = host_hostfs_create(root, &at, 0644, getuid(), getgid(), &st);

	CHECK(fd >= 0 && S_ISREG(st.mode) && st.nlink == 1);
	return fd;
}

/* Vectors, whole and cut short, by the end of the file and by a limit. */
static void check_io(void)
{
	char a[5000], b[3000], c[100], all[8100];
	const struct host_iov iov[] = {
		{ a, sizeof(a) }, { b, sizeof(b) }, { c, sizeof(c) } };
	struct rlimit limit, was;
	int fd = make_file("io"), i;

	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	memset(c, 'c', sizeof(c));
	CHECK_INT(host_hostfs_writev(fd, iov, 3, 10), 8100);
	CHECK_INT(pread(fd, all, 8100, 10), 8100);
	CHECK(!memcmp(all, a, 5000) && !memcmp(all + 5000, b, 3000) &&
	      !memcmp(all + 8000, c, 100));
	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	/* the end is in each of the three */
	for (i = 8100; i > 0; i -= 1350) {
		CHECK(!ftruncate(fd, 10 + i));
		CHECK_INT(host_hostfs_readv(fd, iov, 3, 10), i);
		CHECK(a[0] == 'a' && (i <= 5000 || b[i - 5001 < 2999 ?
						      i - 5001 : 2999] == 'b'));
	}
	CHECK_INT(host_hostfs_readv(fd, iov, 3, 100000), 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	limit = (struct rlimit){ 6000, was.rlim_max };
	setrlimit(RLIMIT_FSIZE, &limit);
	CHECK_INT(host_hostfs_writev(fd, iov, 3, 0), 6000);
	CHECK_INT(host_hostfs_writev(fd, iov, 3, 6000), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &was);
	CHECK_INT(host_hostfs_sync(fd, false), 0);
	CHECK_INT(host_hostfs_sync(fd, true), 0);
	host_hostfs_close(fd);
	CHECK_INT(host_hostfs_readv(fd, iov, 3, 0), -EBADF);
	CHECK_INT(host_hostfs_writev(fd, iov, 3, 0), -EBADF);
	CHECK_INT(host_hostfs_sync(fd, true), -EBADF);
}

static void check_ranges(void)
{
	int from = make_file("from"), to = make_file("to");
	char buf[10] = "";
	int err;

	CHECK_INT(host_hostfs_fallocate(from, 0, 0, 200000), 0);
	CHECK(pwrite(from, "data", 4, 100000) == 4);
	err = host_hostfs_fallocate(from, FALLOC_FL_PUNCH_HOLE |
				    FALLOC_FL_KEEP_SIZE, 0, 65536);
	CHECK(!err || err == -EOPNOTSUPP);
	CHECK(host_hostfs_seek(from, 0, SEEK_DATA) >= 0);
	CHECK(host_hostfs_seek(from, 0, SEEK_HOLE) >= 0);
	CHECK_INT(host_hostfs_seek(from, 200000, SEEK_DATA), -ENXIO);
	CHECK_INT(host_hostfs_copy(from, 100000, to, 7, 4), 4);
	CHECK(pread(to, buf, 4, 7) == 4 && !strcmp(buf, "data"));
	err = host_hostfs_clone(from, 0, to, 0, 4096);
	CHECK(!err || err == -EOPNOTSUPP || err == -EINVAL || err == -ENOTTY);
	CHECK_INT(host_hostfs_fallocate(from, 0, 0, 0), -EINVAL);
	host_hostfs_close(from);
	host_hostfs_close(to);
}

static void check_locks(void)
{
	struct host_hostfs_at at = in_root("io");
	struct host_hostfs_range r;
	int one = host_hostfs_open(root, &at, HOST_HOSTFS_READ |
				   HOST_HOSTFS_WRITE, NULL);
	int two = host_hostfs_open(root, &at, HOST_HOSTFS_READ |
				   HOST_HOSTFS_WRITE, NULL);

	CHECK(one >= 0 && two >= 0);
	CHECK_INT(host_hostfs_lock(one, HOST_HOSTFS_EXCLUSIVE, 10, INT64_MAX), 0);
	CHECK_INT(host_hostfs_lock(two, HOST_HOSTFS_SHARED, 20, 30), -EAGAIN);
	CHECK_INT(host_hostfs_lock(two, HOST_HOSTFS_SHARED, 0, 9), 0);
	r = (struct host_hostfs_range){ .type = HOST_HOSTFS_SHARED, .end = 100 };
	CHECK_INT(host_hostfs_test_lock(two, &r), 0);
	CHECK(r.type == HOST_HOSTFS_EXCLUSIVE && r.start == 10 &&
	      r.end == INT64_MAX);
	CHECK_INT(host_hostfs_lock(one, HOST_HOSTFS_UNLOCKED, 0, INT64_MAX), 0);
	r = (struct host_hostfs_range){ .type = HOST_HOSTFS_SHARED, .end = 100 };
	CHECK_INT(host_hostfs_test_lock(one, &r), 0);
	CHECK_INT(r.type, HOST_HOSTFS_UNLOCKED);
	CHECK_INT(host_hostfs_flock(one, HOST_HOSTFS_EXCLUSIVE), 0);
	CHECK_INT(host_hostfs_flock(two, HOST_HOSTFS_SHARED), -EAGAIN);
	CHECK_INT(host_hostfs_flock(one, HOST_HOSTFS_UNLOCKED), 0);
	CHECK_INT(host_hostfs_flock(two, HOST_HOSTFS_SHARED), 0);
	host_hostfs_close(one);
	host_hostfs_close(two);
}

static void check_listing(void)
{
	struct host_hostfs_at at = in_root(NULL);
	struct host_hostfs_statfs sf;
	char buf[400];
	int fd = host_hostfs_open(root, &at, HOST_HOSTFS_READ, NULL), n = 0;
	s64 got;

	CHECK(fd >= 0);
	while ((got = host_hostfs_readdir(fd, buf, sizeof(buf))) > 0)
		n++;
	CHECK(!got && n > 0);
	CHECK_INT(host_hostfs_seek(fd, 0, SEEK_SET), 0);
	CHECK(host_hostfs_readdir(fd, buf, sizeof(buf)) > 0);
	host_hostfs_close(fd);
	CHECK_INT(host_hostfs_statfs(root, &sf), 0);
	CHECK(sf.namelen == 255 && sf.bsize);
}

static void check_notify(void)
{
	struct host_hostfs_at dir = in_root(NULL), none = in_root("none");
	char buf[4096] __attribute__((aligned(8)));
	const struct inotify_event *e = (void *)buf;
	int notify = host_hostfs_notify(), wd;

	CHECK(notify >= 0);
	wd = host_hostfs_watch(root, &dir, notify);
	CHECK(wd >= 0);
	CHECK_INT(host_hostfs_watch(root, &none, notify), -ENOENT);
	CHECK_INT(host_hostfs_changes(notify, buf, sizeof(buf)), -EAGAIN);
	CHECK(!mkdir("in/seen", 0700));
	CHECK(host_hostfs_changes(notify, buf, sizeof(buf)) > 0);
	CHECK(e->wd == wd && e->mask == (IN_CREATE | IN_ISDIR) &&
	      !strcmp(e->name, "seen"));
	host_hostfs_unwatch(notify, wd);
	host_hostfs_close(notify);
}

/* A file without a name gets one, with all of it being the file's own. */
static void check_tmpfile(void)
{
	struct host_hostfs_at dir = in_root(NULL), to = in_root("given");
	struct host_hostfs_at from = in_root(NULL);
	struct host_hostfs_stat st;
	int fd = host_hostfs_tmpfile(root, &dir, 04600, getuid(), getgid(), &st);

	if (fd == -EOPNOTSUPP)
		return;
	CHECK(fd >= 0 && st.nlink == 0 && (st.mode & 07777) == 04600);
	from.fd = fd;
	CHECK_INT(host_hostfs_link(root, &from, &to), 0);
	CHECK_INT(host_hostfs_link(root, &from, &to), -EEXIST);
	to.dev = st.dev;
	to.ino = st.ino;
	CHECK_INT(host_hostfs_unlink(root, &to, false), 0);
	host_hostfs_close(fd);
}

static void get_stat(struct host_hostfs_at *at, int want)
{
	struct host_hostfs_stat st;

	CHECK_INT(host_hostfs_stat(root, at, &st), want);
}

/* One that is kept open and goes out of the root; one that goes and comes
 * back; one that goes elsewhere in it. */
static void check_moved(void)
{
	struct host_hostfs_stat a, b;
	struct host_hostfs_at at = in_root("a"), in_a, in_b;

	CHECK(!mkdir("in/a", 0700) && !mkdir("in/b", 0700));
	CHECK(!mkdir("in/a/f", 0700) && !mkdir("in/b/f", 0700));
	CHECK_INT(host_hostfs_stat(root, &at, &a), 0);
	at = in_root("b");
	CHECK_INT(host_hostfs_stat(root, &at, &b), 0);
	in_a = (struct host_hostfs_at){ .dir = "a", .dir_dev = a.dev,
		.dir_ino = a.ino, .name = "f", .fd = -1 };
	in_b = (struct host_hostfs_at){ .dir = "b", .dir_dev = b.dev,
		.dir_ino = b.ino, .name = "f", .fd = -1 };
	get_stat(&in_a, 0);
	get_stat(&in_b, 0);
	CHECK(!rename("in/a", "a") && !rename("in/b", "in/c"));
	usleep(2200000);
	get_stat(&in_a, -ESTALE);
	get_stat(&in_b, -ESTALE);
	in_b.dir = "c";
	get_stat(&in_b, 0);
	CHECK(!rename("a", "in/a"));
	get_stat(&in_a, 0);
	/* another one of that name */
	CHECK(!rename("in/a", "a") && !mkdir("in/a", 0700));
	usleep(2200000);
	get_stat(&in_a, -ESTALE);
}

int main(void)
{
	char dir[] = "hostfs_files.XXXXXX", command[64];

	if (!mkdtemp(dir) || chdir(dir) || mkdir("in", 0755))
		return 99;
	host_hostfs_init();
	CHECK_INT(host_hostfs_mount(NULL, "in", 0, &root), 0);
	check_io();
	check_ranges();
	check_locks();
	check_listing();
	check_notify();
	check_tmpfile();
	check_moved();
	host_hostfs_unmount(root);
	snprintf(command, sizeof(command), "cd .. && rm -rf %s", dir);
	CHECK(!system(command));
	return check_failures ? 1 : 0;
}
