// SPDX-License-Identifier: GPL-2.0
/*
 * Extended attributes on a mount with ownership=xattr: hostfs_xattrs DIR. Those
 * of all name spaces, on all kinds of file, and not those of hostfs itself; and
 * ACLs. hostfs_xattrs DIR acl: ACLs only, on any file system that has them;
 * hostfs_xattrs DIR noacl: on one that has none.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CHECK(what) ((what) ? (void)0 : die(#what, __LINE__))

static void die(const char *what, int line)
{
	fprintf(stderr, "hostfs_xattrs:%d: %s: not so: %s\n", line, what,
		strerror(errno));
	exit(1);
}

static int set(const char *file, const char *name, const char *value)
{
	return lsetxattr(file, name, value, strlen(value), 0) ? errno : 0;
}

static int get(const char *file, const char *name, const char *value)
{
	char buf[100] = "";
	ssize_t n = lgetxattr(file, name, buf, sizeof(buf) - 1);

	return n < 0 ? errno : strcmp(buf, value) ? -1 : 0;
}

/* How many names the list has; each must be one of those given. */
static int count(const char *file, const char *known)
{
	char list[1000];
	ssize_t n = llistxattr(file, list, sizeof(list)), at = 0;
	int found = 0;

	CHECK(n >= 0 && n <= llistxattr(file, NULL, 0));
	for (; at < n; at += strlen(list + at) + 1, found++)
		CHECK(strstr(known, list + at));
	return found;
}

static void every_kind(void)
{
	static const char *const files[] = { "x-file", "x-dir", "x-link",
					     "x-dev", "x-fifo" };
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		CHECK(!count(files[i], ""));
		CHECK(!set(files[i], "trusted.a", "trust"));
		CHECK(!set(files[i], "security.b", "secure"));
		CHECK(!get(files[i], "trusted.a", "trust"));
		CHECK(!get(files[i], "security.b", "secure"));
		CHECK(count(files[i], "trusted.a security.b") == 2);
		CHECK(!lremovexattr(files[i], "trusted.a"));
		CHECK(get(files[i], "trusted.a", "") == ENODATA);
		CHECK(count(files[i], "security.b") == 1);
	}
}

static void own_names(void)
{
	char name[300] = "trusted.";

	CHECK(get("x-file", "user.umkit.owner", "") == ENODATA);
	CHECK(set("x-file", "user.umkit.owner", "104755 0 0 0:0") == EPERM);
	CHECK(set("x-file", "user.umkit.security.b", "x") == EPERM);
	CHECK(removexattr("x-file", "user.umkit.owner") && errno == EPERM);
	CHECK(!set("x-file", "user.umkit", "free"));
	CHECK(!get("x-file", "user.umkit", "free"));
	CHECK(set("x-link", "user.c", "x") == EPERM);
	CHECK(set("x-dev", "user.c", "x") == EPERM);
	memset(name + 8, 'n', 247);
	CHECK(set("x-file", name, "x"));
	CHECK(lsetxattr("x-file", "trusted.n", "x", 1, XATTR_REPLACE) &&
	      errno == ENODATA);
	CHECK(!lsetxattr("x-file", "trusted.n", "x", 1, XATTR_CREATE));
	CHECK(lsetxattr("x-file", "trusted.n", "x", 1, XATTR_CREATE) &&
	      errno == EEXIST);
}

/* ---- ACLs ---- */

#define ACCESS	"system.posix_acl_access"
#define DEFAULT	"system.posix_acl_default"

/* u::rw-, u:5:rwx, g::---, m::MASK, o::--- */
struct acl {
	unsigned int version;
	struct {
		unsigned short tag, perm;
		unsigned int id;
	} entry[5];
};

static struct acl acl(unsigned short mask)
{
	return (struct acl){ 2, {
		{ 1, 6, -1 }, { 2, 7, 5 }, { 4, 0, -1 }, { 16, mask, -1 },
		{ 32, 0, -1 } } };
}

static int has_acl(const char *file, const char *name, unsigned short mask)
{
	struct acl a = acl(mask), b;

	return getxattr(file, name, &b, sizeof(b)) == sizeof(b) &&
	       !memcmp(&a, &b, sizeof(a));
}

static int mode(const char *file)
{
	struct stat st;

	CHECK(!stat(file, &st));
	return st.st_mode & 07777;
}

/* May that user write to it? */
static int may_write(unsigned int uid, const char *file)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(setgid(uid) || setuid(uid) || open(file, O_WRONLY) < 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	return !status;
}

static void access_acl(void)
{
	struct acl a = acl(6);
	int fd = open("acl", O_CREAT | O_EXCL | O_RDWR, 0644);

	CHECK(fd >= 0 && getxattr("acl", ACCESS, NULL, 0) < 0 && errno == ENODATA);
	CHECK(!may_write(5, "acl"));
	CHECK(!setxattr("acl", ACCESS, &a, sizeof(a), 0));
	CHECK(has_acl("acl", ACCESS, 6) && mode("acl") == 0660);
	CHECK(count("acl", ACCESS) == 1);
	CHECK(may_write(5, "acl") && !may_write(6, "acl"));
	CHECK(!chmod("acl", 0640));
	CHECK(has_acl("acl", ACCESS, 4) && !may_write(5, "acl"));
	CHECK(!removexattr("acl", ACCESS) && !count("acl", ""));
	CHECK(setxattr("acl", DEFAULT, &a, sizeof(a), 0) && errno == EACCES);
	CHECK(setxattr("acl", ACCESS, "bad", 3, 0) && errno == EINVAL);
	close(fd);
}

/* Default ones are handed down, and the umask does not count then. */
static void default_acl(void)
{
	struct acl a = acl(7);
	int fd;

	umask(077);
	CHECK(!mkdir("acls", 0755));
	CHECK(!setxattr("acls", DEFAULT, &a, sizeof(a), 0));
	CHECK(!mkdir("acls/dir", 0777) && mode("acls/dir") == 0670);
	CHECK(has_acl("acls/dir", DEFAULT, 7) && has_acl("acls/dir", ACCESS, 7));
	fd = open("acls/file", O_CREAT | O_EXCL | O_RDWR, 0666);
	CHECK(fd >= 0 && has_acl("acls/file", ACCESS, 6));
	CHECK(mode("acls/file") == 0660);
	close(fd);
	CHECK(!mknod("acls/fifo", S_IFIFO | 0666, 0));
	CHECK(has_acl("acls/fifo", ACCESS, 6));
	CHECK(!symlink("x", "acls/link"));
	fd = open("acls", O_TMPFILE | O_RDWR, 0666);
	CHECK(fd >= 0 && fgetxattr(fd, ACCESS, &a, sizeof(a)) == sizeof(a));
	close(fd);
	fd = open("plain", O_CREAT | O_EXCL | O_RDWR, 0666);
	CHECK(fd >= 0 && mode("plain") == 0600);
	close(fd);
	umask(0);
}

static int no_acl(void)
{
	struct acl a = acl(6);
	int fd = open("noacl", O_CREAT | O_EXCL | O_RDWR, 0644);

	CHECK(fd >= 0 && !close(fd));
	CHECK(setxattr("noacl", ACCESS, &a, sizeof(a), 0) && errno == EOPNOTSUPP);
	CHECK(setxattr(".", DEFAULT, &a, sizeof(a), 0) && errno == EOPNOTSUPP);
	CHECK(getxattr("noacl", ACCESS, &a, sizeof(a)) < 0 && errno == EOPNOTSUPP);
	CHECK(mode("noacl") == 0644 && !count("noacl", ""));
	return 0;
}

int main(int argc, char **argv)
{
	struct stat st;
	int fd;

	CHECK(argc >= 2 && !chdir(argv[1]));
	umask(0);
	if (argc > 2 && !strcmp(argv[2], "noacl"))
		return no_acl();
	if (argc > 2) {
		access_acl();
		default_acl();
		return 0;
	}
	/* open for writing, though its mode lets nobody write */
	fd = open("x-file", O_CREAT | O_EXCL | O_RDWR, 0444);
	CHECK(fd >= 0 && write(fd, "data", 4) == 4);
	CHECK(!mkdir("x-dir", 0500));
	CHECK(!symlink("target", "x-link"));
	CHECK(!mknod("x-dev", S_IFCHR | 0600, 0x1234));
	CHECK(!mknod("x-fifo", S_IFIFO | 0600, 0));
	every_kind();
	CHECK(!set("x-file", "user.c", "mine") && !get("x-file", "user.c", "mine"));
	own_names();
	CHECK(!fchown(fd, 12, 13) && !fchmod(fd, 07444));
	CHECK(!fstat(fd, &st) && st.st_uid == 12 && st.st_mode == (S_IFREG | 07444));
	close(fd);
	fd = open(".", O_TMPFILE | O_RDWR, 0400);
	CHECK(fd >= 0 && !fchown(fd, 5, 5));
	CHECK(!fstat(fd, &st) && st.st_uid == 5 && (st.st_mode & 07777) == 0400);
	CHECK(!linkat(AT_FDCWD, "x-dev", AT_FDCWD, "x-dev2", 0));
	CHECK(!stat("x-dev2", &st) && st.st_rdev == 0x1234 && st.st_nlink == 2);
	access_acl();
	default_acl();
	return 0;
}
