// SPDX-License-Identifier: GPL-2.0
/* Modes, owners, times. */
#include "hostfs_posix.h"

#include <linux/limits.h>
#include <sys/xattr.h>

/* ---- as root, on one's own files ---- */

void test_modes(void)
{
	static const mode_t modes[] = {0,     0111,  0222,  0444,  0777,
				       01777, 02755, 04755, 07777, 0644};
	size_t i;
	int fd;

	make("file", "x", 0644, 0, 0);
	make("dir", NULL, 0755, 0, 0);
	R(mkfifo("fifo", 0666));
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		TIMES("file", chmod("file", modes[i]));
		R(chmod("dir", modes[i] | 0700));
		R(chmod("fifo", modes[i]));
		show_dir(".");
	}
	fd = FD(open("file", O_RDWR));
	R(fchmod(fd, 0600));
	R(chmod("file", 0444));
	R(write(fd, "y", 1));
	close(fd);
	fd = FD(open("file", O_PATH));
	R(fchmod(fd, 0600));
	close(fd);
	for (i = 0; i < 3; i++) {
		umask((const mode_t[]){0, 027, 0777}[i]);
		OPENS(open((const char *[]){"f0", "f1", "f2"}[i],
			   O_CREAT | O_RDWR, 07777));
		R(mkdir((const char *[]){"d0", "d1", "d2"}[i], 07777));
		R(mkfifo((const char *[]){"p0", "p1", "p2"}[i], 07777));
	}
	umask(022);
	show_dir(".");
	R(chmod("dir", 02755));
	R(mkdir("dir/in", 0700));
	make("dir/file", "", 0644, 0, 0);
	show_dir("dir");
}

static void show_times(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		die(path);
	note("  %lld.%09ld %lld.%09ld", (long long)st.st_atim.tv_sec,
	     st.st_atim.tv_nsec, (long long)st.st_mtim.tv_sec,
	     st.st_mtim.tv_nsec);
}

static void set_times(const char *path, time_t asec, long ansec, time_t msec,
		      long mnsec, int flags)
{
	const struct timespec ts[] = {{asec, ansec}, {msec, mnsec}};

	note("%s: %lld.%ld %lld.%ld", path, (long long)asec, ansec,
	     (long long)msec, mnsec);
	TIMES(path, utimensat(AT_FDCWD, path, ts, flags));
}

void test_times(void)
{
	const int no_follow = AT_SYMLINK_NOFOLLOW;
	int fd;

	make("file", "x", 0644, 0, 0);
	make("dir", NULL, 0755, 0, 0);
	R(symlink("file", "link"));
	set_times("file", 1, 2, 3, 999999999, 0);
	show_times("file");
	set_times("file", -5, 1, -6, 2, 0);
	show_times("file");
	set_times("file", 1ll << 32, 0, (1ll << 32) + 1, 1, 0);
	show_times("file");
	set_times("file", 0, UTIME_OMIT, 7, 8, 0);
	show_times("file");
	set_times("file", 9, 10, 0, UTIME_OMIT, 0);
	show_times("file");
	set_times("file", 9, UTIME_OMIT, 0, UTIME_OMIT, 0);
	set_times("file", 9, UTIME_NOW, 0, UTIME_OMIT, 0);
	set_times("file", 9, UTIME_OMIT, 0, UTIME_NOW, 0);
	set_times("file", 9, UTIME_NOW, 0, UTIME_NOW, 0);
	set_times("file", 9, 1000000000, 0, 1, 0);
	set_times("file", 9, -1, 0, 1, 0);
	set_times("file", 9, 1, 0, 1, 1);
	set_times("link", 11, 12, 13, 14, no_follow);
	show_times("link");
	set_times("dir", 15, 16, 17, 18, no_follow);
	show_times("dir");
	R(mkdir("dir/x", 0700));
	set_times("dir/x", 15, 16, 17, 18, no_follow);
	R(rmdir("dir/x"));
	/* what was written before does not change them later */
	fd = FD(open("file", O_RDWR));
	R(write(fd, "late", 4));
	R(futimens(fd, (const struct timespec[]){{19, 20}, {21, 22}}));
	R(close(fd));
	show_times("file");
	R(chmod("file", 0400));
	R(rename("file", "file2"));
	show_times("file2");
}

/* ---- owners ---- */

void test_chown(void)
{
	make("file", "x", 06755, 0, 0);
	make("dir", NULL, 06755, 0, 0);
	R(symlink("file", "link"));
	TIMES("file", chown("file", 1, 2));
	TIMES("file", chown("file", -1, -1));
	show("file");
	R(chown("file", 3, -1));
	R(chown("file", -1, 4));
	show("file");
	R(chown("dir", 5, 6));
	R(lchown("link", 7, 8));
	R(chown("link", 9, 10));
	show_dir(".");
	R(chmod("file", 02745));
	R(chown("file", 9, 10));
	show("file");
	R(chmod("file", 06755));
	R(chown("file", 65534, 70000));
	show("file");
	/* others than root */
	make("mine", "x", 06755, 1000, 1000);
	as(1000, 1000);
	TIMES("mine", chown("mine", 1000, 1000));
	show("mine");
	R(chown("mine", -1, -1));
	R(chown("mine", 1001, -1));
	R(chown("mine", -1, 1001));
	R(chown("mine", 0, 0));
	R(chown("file", -1, -1));
	R(chown("file", 1000, -1));
	R(chmod("file", 0600));
	R(lchown("link", -1, -1));
	R(utimensat(AT_FDCWD, "file", NULL, 0));
	R(chmod("mine", 07777));
	show("mine");
	as(0, 0);
	R(chown("mine", -1, 5));
	as(1000, 1000);
	R(chmod("mine", 02755));
	show("mine");
	as(0, 0);
	R(chmod("mine", 0666));
	as(1001, 1001);
	TIMES("mine", utimensat(AT_FDCWD, "mine", NULL, 0));
}

/* ---- extended attributes ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In what order they come is the file system's own matter. */
static void show_xattrs(const char *path)
{
	char list[4096], value[300], *name[50], *p;
	ssize_t n = llistxattr(path, list, sizeof(list)), len;
	int i, count = 0;

	if (n < 0) {
		note("  %s has %s", path, strerrorname_np(errno));
		return;
	}
	for (p = list; p < list + n && count < 50; p += strlen(p) + 1)
		name[count++] = p;
	qsort(name, count, sizeof(*name), by_text);
	note("  %s has %d", path, count);
	for (i = 0; i < count; i++) {
		len = lgetxattr(path, name[i], value, sizeof(value));
		note("  %.40s = %.*s", name[i], len < 0 ? 0 : (int)len, value);
	}
}

void test_xattrs(void)
{
	char buf[100] = "", name[XATTR_NAME_MAX + 2];
	static char big[70000];
	int fd;

	make("file", "x", 0644, 0, 0);
	make("dir", NULL, 0755, 0, 0);
	R(symlink("file", "link"));
	R(mkfifo("fifo", 0644));
	TIMES("file", setxattr("file", "user.a", "one", 3, 0));
	R(setxattr("file", "user.a", "two", 3, XATTR_CREATE));
	R(setxattr("file", "user.b", "two", 3, XATTR_REPLACE));
	R(setxattr("file", "user.b", "two", 3, XATTR_CREATE));
	R(setxattr("file", "user.a", "three", 5, XATTR_REPLACE));
	R(setxattr("file", "user.c", "x", 1, 4));
	R(setxattr("file", "user.empty", "", 0, 0));
	R(setxattr("dir", "user.d", "of a directory", 14, 0));
	show_xattrs("file");
	show_xattrs("dir");
	R(getxattr("file", "user.a", buf, sizeof(buf)));
	R(getxattr("file", "user.a", NULL, 0));
	R(getxattr("file", "user.a", buf, 3));
	R(getxattr("file", "user.none", buf, sizeof(buf)));
	R(getxattr("file", "user.", buf, sizeof(buf)));
	R(getxattr("file", "nospace.a", buf, sizeof(buf)));
	R(getxattr("file", "", buf, sizeof(buf)));
	R(getxattr("none", "user.a", buf, sizeof(buf)));
	R(setxattr("file", "user.", "x", 1, 0));
	R(setxattr("file", "nospace.a", "x", 1, 0));
	R(setxattr("file", "user.big", big, sizeof(big), 0));
	R(listxattr("file", buf, 3));
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	memcpy(name, "user.", 5);
	R(setxattr("file", name, "x", 1, 0));
	name[XATTR_NAME_MAX] = 0;
	R(setxattr("file", name, "long", 4, 0));
	show_xattrs("file");
	R(removexattr("file", name));
	TIMES("file", removexattr("file", "user.a"));
	R(removexattr("file", "user.a"));
	R(removexattr("file", "nospace.a"));
	/* of a link itself, of a fifo: none of a user's */
	R(setxattr("link", "user.via", "link", 4, 0));
	R(lsetxattr("link", "user.own", "x", 1, 0));
	R(lgetxattr("link", "user.own", buf, sizeof(buf)));
	R(setxattr("fifo", "user.own", "x", 1, 0));
	show_xattrs("link");
	show_xattrs("fifo");
	/* by a descriptor, of a file that has no name any more */
	fd = FD(open("file", O_RDONLY));
	R(unlink("file"));
	R(fsetxattr(fd, "user.late", "x", 1, 0));
	R(fgetxattr(fd, "user.late", buf, sizeof(buf)));
	R(flistxattr(fd, NULL, 0) > 0);
	R(fremovexattr(fd, "user.late"));
	close(fd);
	/* kept by a rename and a hard link, gone with the file */
	make("file", "x", 0644, 0, 0);
	R(setxattr("file", "user.k", "kept", 4, 0));
	R(rename("file", "moved"));
	R(link("moved", "hard"));
	show_xattrs("hard");
	make("file", "x", 0644, 0, 0);
	show_xattrs("file");
}

void test_root_xattrs(void)
{
	static const unsigned int caps[5] = {0x02000000, 0x400, 0, 0, 0};
	char buf[100] = "";

	make("file", "x", 0644, 1000, 1000);
	make("shut", "x", 0200, 1000, 1000);
	make("sticky", NULL, 01777, 0, 0);
	R(symlink("file", "link"));
	R(mkfifo("fifo", 0644));
	R(setxattr("file", "trusted.t", "one", 3, 0));
	R(lsetxattr("link", "trusted.t", "of the link", 11, 0));
	R(setxattr("fifo", "trusted.t", "of a fifo", 9, 0));
	R(setxattr("file", "security.capability", caps, sizeof(caps), 0));
	R(getxattr("file", "security.capability", buf, sizeof(buf)));
	R(setxattr("file", "security.capability", "bad", 3, 0));
	R(setxattr("file", "user.u", "mine", 4, 0));
	show_xattrs("link");
	show_xattrs("fifo");
	as(1000, 1000);
	show_xattrs("file");
	R(getxattr("file", "trusted.t", buf, sizeof(buf)));
	R(setxattr("file", "trusted.t", "x", 1, 0));
	R(removexattr("file", "trusted.t"));
	R(setxattr("file", "security.capability", caps, sizeof(caps), 0));
	R(setxattr("file", "user.u", "own", 3, 0));
	R(setxattr("shut", "user.u", "own", 3, 0));
	R(getxattr("shut", "user.u", buf, sizeof(buf)));
	R(setxattr("sticky", "user.u", "x", 1, 0));
	as(1001, 1001);
	R(getxattr("file", "user.u", buf, sizeof(buf)));
	R(setxattr("file", "user.u", "x", 1, 0));
	R(removexattr("file", "user.u"));
	R(getxattr("shut", "user.u", buf, sizeof(buf)));
	as(0, 0);
	R(removexattr("file", "trusted.t"));
	show_xattrs("file");
	R(chmod("file", 0444));
	R(setxattr("file", "user.u", "root", 4, 0));
	show_xattrs("file");
}
