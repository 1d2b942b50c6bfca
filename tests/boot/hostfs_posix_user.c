// SPDX-License-Identifier: GPL-2.0
/* What modes and owners allow to whom; devices; read-only mounts. */
#include "hostfs_posix.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* ---- what modes allow ---- */

static void tries(void)
{
	OPENS(open("rw", O_RDWR));
	OPENS(open("r", O_RDONLY));
	OPENS(open("r", O_WRONLY));
	OPENS(open("w", O_RDONLY));
	OPENS(open("w", O_WRONLY | O_TRUNC));
	OPENS(open("none", O_RDONLY));
	OPENS(open("none", O_WRONLY));
	R(truncate("r", 0));
	R(access("r", R_OK));
	R(faccessat(AT_FDCWD, "r", W_OK, AT_EACCESS));
	R(faccessat(AT_FDCWD, "r", X_OK, AT_EACCESS));
	R(utimensat(AT_FDCWD, "r", NULL, 0));
	OPENS(open("x", O_RDONLY));
	R(access("x/in", F_OK));
	OPENS(open("x/in", O_RDONLY));
	OPENS(open("x/new", O_CREAT | O_WRONLY, 0600));
	OPENS(open("rdir", O_RDONLY | O_DIRECTORY));
	OPENS(open("rdir/in", O_RDONLY));
	OPENS(open("ndir/in", O_RDONLY));
	R(unlink("ndir/in"));
	R(unlink("x/in"));
	R(mkdir("x/d", 0700));
	R(mkfifo("x/p", 0700));
	R(mknod("x/r", S_IFREG | 0600, 0));
	R(symlink("t", "x/l"));
	R(link("rw", "x/h"));
	R(rename("x/in", "x/in2"));
	R(rmdir("x/sub"));
	R(mkdir("wx/d", 0700));
	R(rename("wx/d", "x/d"));
	R(rename("wx/d", "wx/d2"));
	R(rmdir("wx/d2"));
	OPENS(open("wx", O_TMPFILE | O_RDWR, 0600));
	OPENS(open("wx", O_RDONLY));
	OPENS(open("x", O_TMPFILE | O_RDWR, 0600));
}

void test_access(void)
{
	uid_t uid;

	for (uid = 1000; uid <= 1002; uid++) {
		char dir[10];

		snprintf(dir, sizeof(dir), "%u", uid);
		make(dir, NULL, 0755, 0, 0);
		if (chdir(dir))
			die(dir);
		make("rw", "x", 0664, 1000, 1001);
		make("r", "x", 0440, 1000, 1001);
		make("w", "x", 0220, 1000, 1001);
		make("none", "x", 0, 1000, 1001);
		make("x", NULL, 0700, 1000, 1001);
		make("x/in", "x", 0640, 1000, 1001);
		make("x/sub", NULL, 0700, 1000, 1001);
		R(chmod("x", 0110));
		make("rdir", NULL, 0700, 1000, 1001);
		make("rdir/in", "x", 0640, 1000, 1001);
		R(chmod("rdir", 0440));
		make("ndir", NULL, 0700, 1000, 1001);
		make("ndir/in", "x", 0640, 1000, 1001);
		R(chmod("ndir", 0));
		make("wx", NULL, 0330, 1000, 1001);
		as(uid, uid);
		tries();
		as(0, 0);
		tries();
		if (chdir(".."))
			die("back");
	}
}

/* ---- sticky directories, group of new files ---- */

static void sticky_tries(void)
{
	R(unlink("tmp/theirs"));
	R(rename("tmp/theirs", "tmp/theirs2"));
	R(rename("tmp/mine", "tmp/theirs"));
	R(rename("tmp/mine", "tmp/mine2"));
	R(rename("tmp/mine2", "tmp/mine"));
	R(rmdir("tmp/theirdir"));
	R(rename("tmp/theirdir", "tmp/minedir"));
	R(rename("tmp/minedir", "tmp/theirdir"));
	R(link("tmp/theirs", "tmp/hard"));
	R(renameat2(AT_FDCWD, "tmp/mine", AT_FDCWD, "tmp/theirs",
		    RENAME_EXCHANGE));
	OPENS(open("tmp/new", O_CREAT | O_EXCL | O_RDWR, 0666));
	R(mkdir("tmp/newdir", 0777));
	R(symlink("x", "tmp/newlink"));
	R(mkfifo("tmp/newfifo", 0666));
	R(mknod("tmp/newnode", S_IFCHR | 0666, makedev(1, 3)));
	show_dir("tmp");
	R(unlink("tmp/mine"));
	R(rmdir("tmp/minedir"));
	R(unlink("tmp/new"));
}

void test_sticky(void)
{
	make("tmp", NULL, 01777, 0, 0);
	make("tmp/mine", "mine", 0644, 1000, 1000);
	make("tmp/theirs", "theirs", 0644, 1001, 1001);
	make("tmp/minedir", NULL, 0755, 1000, 1000);
	make("tmp/theirdir", NULL, 0755, 1001, 1001);
	as(1000, 1000);
	sticky_tries();
	as(0, 0);
	make("tmp/mine", "mine", 0644, 1000, 1000);
	R(chown("tmp", 1000, 1000));
	as(1000, 1000);
	sticky_tries();
	as(0, 0);
	/* a directory that gives its group */
	make("group", NULL, 02777, 5, 6);
	as(1000, 1000);
	OPENS(open("group/file", O_CREAT | O_RDWR, 02775));
	R(mkdir("group/dir", 0775));
	R(mkfifo("group/fifo", 0664));
	R(symlink("x", "group/link"));
	R(chmod("group/file", 02775));
	show_dir("group");
	as(0, 0);
	OPENS(open("group/root", O_CREAT | O_RDWR, 02775));
	show("group/root");
}

/* ---- set-user-id and set-group-id bits go when others write ---- */

static void suid_one(const char *what, mode_t mode, uid_t uid)
{
	int fd;

	note("%s", what);
	unlink("suid");
	make("suid", "text", mode, 1000, 1000);
	as(uid, uid);
	fd = FD(open("suid", O_RDWR));
	if (fd < 0)
		goto out;
	if (!strcmp(what, "write"))
		R(write(fd, "x", 1));
	else if (!strcmp(what, "truncate"))
		R(ftruncate(fd, 1));
	else if (!strcmp(what, "fallocate"))
		R(fallocate(fd, 0, 0, 100));
	else if (!strcmp(what, "open"))
		OPENS(open("suid", O_WRONLY | O_TRUNC));
	else
		R(copy_file_range(fd, NULL, fd, &(loff_t){10}, 2, 0));
	close(fd);
out:
	as(0, 0);
	show("suid");
}

/* So do capabilities, also where the last write found none to remove. */
static void test_caps(void)
{
	static const unsigned int caps[5] = {0x02000000, 0x400, 0, 0, 0};
	char buf[100];
	int fd;

	make("caps", "text", 0755, 0, 0);
	fd = open("caps", O_RDWR);
	R(write(fd, "x", 1));
	R(write(fd, "x", 1));
	R(fsetxattr(fd, "security.capability", caps, sizeof(caps), 0));
	R(fgetxattr(fd, "security.capability", buf, sizeof(buf)));
	R(write(fd, "x", 1));
	R(fgetxattr(fd, "security.capability", buf, sizeof(buf)));
	R(setxattr("caps", "security.capability", caps, sizeof(caps), 0));
	R(ftruncate(fd, 1));
	R(getxattr("caps", "security.capability", buf, sizeof(buf)));
	close(fd);
}

void test_suid(void)
{
	static const char *const whats[] = {"write", "truncate", "fallocate",
					    "open", "copy"};
	size_t i;

	make("place", NULL, 0777, 0, 0);
	if (chdir("place"))
		die("place");
	for (i = 0; i < sizeof(whats) / sizeof(*whats); i++) {
		suid_one(whats[i], 06777, 1001);
		suid_one(whats[i], 06766, 1001);
		suid_one(whats[i], 06777, 1000);
		suid_one(whats[i], 06777, 0);
	}
	test_caps();
	if (chdir(".."))
		die("back");
}

/* ---- devices ---- */

void test_nodes(void)
{
	char buf[10] = "";
	int fd;

	TIMES(".", mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	R(mknod("zero", S_IFCHR | 0600, makedev(1, 5)));
	R(mknod("big", S_IFBLK | 0640, makedev(4095, 1048575)));
	R(mknod("none", S_IFCHR | 0640, makedev(0, 0)));
	R(mknod("odd", S_IFCHR | 0640, makedev(300, 70000)));
	R(mknod("dir", S_IFDIR | 0640, 0));
	R(mknod("link", S_IFLNK | 0640, 0));
	R(mknod("bad", 0170000 | 0640, 0));
	R(mknod("plain", 0640, 0));
	R(mknod("sock", S_IFSOCK | 0640, 0));
	R(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	fd = FD(open("null", O_RDWR));
	R(write(fd, "gone", 4));
	R(read(fd, buf, 4));
	R(ftruncate(fd, 0));
	close(fd);
	fd = FD(open("zero", O_RDONLY));
	R(read(fd, buf, 4));
	close(fd);
	OPENS(open("odd", O_RDONLY));
	OPENS(open("big", O_RDONLY));
	OPENS(open("sock", O_RDONLY));
	OPENS(open("none", O_RDONLY | O_CREAT, 0600));
	R(truncate("null", 0));
	TIMES("null", chmod("null", 04600));
	TIMES("null", chown("null", 1000, 5));
	TIMES("null", link("null", "null2"));
	R(rename("null", "zero"));
	R(unlink("big"));
	show_dir(".");
	make("open", NULL, 0777, 0, 0);
	as(1000, 1000);
	R(mknod("open/x", S_IFCHR | 0600, makedev(1, 3)));
	OPENS(open("zero", O_RDWR));
	OPENS(open("none", O_RDWR));
	as(0, 0);
}

/* ---- read-only ---- */

void test_readonly(void)
{
	int fd;

	if (chdir("modes"))
		die("modes");
	fd = FD(open("f0", O_RDONLY));
	OPENS(open("f0", O_RDWR));
	OPENS(open("f0", O_RDONLY | O_TRUNC));
	OPENS(open("f0", O_RDONLY | O_CREAT, 0600));
	OPENS(open("f0", O_RDONLY | O_CREAT | O_EXCL, 0600));
	OPENS(open("new", O_RDONLY | O_CREAT, 0600));
	OPENS(open("new", O_RDONLY));
	OPENS(open(".", O_RDWR | O_TMPFILE, 0600));
	R(mkdir("new", 0755));
	R(mkdir("d0", 0755));
	R(mkfifo("new", 0644));
	R(mknod("new", S_IFCHR | 0644, makedev(1, 3)));
	R(symlink("x", "new"));
	R(link("f0", "new"));
	R(link("none", "new"));
	R(unlink("f0"));
	R(unlink("none"));
	R(rmdir("d0"));
	R(rmdir("none"));
	R(rename("f0", "new"));
	R(rename("none", "new"));
	R(chmod("f0", 0600));
	R(fchmod(fd, 0600));
	R(chown("f0", 0, 0));
	R(truncate("f0", 0));
	R(ftruncate(fd, 0));
	R(fallocate(fd, 0, 0, 10));
	R(utimensat(AT_FDCWD, "f0", NULL, 0));
	R(setxattr("f0", "user.a", "x", 1, 0));
	R(removexattr("f0", "user.a"));
	R(access("f0", W_OK));
	R(access("f0", R_OK));
	R(access("p0", W_OK));
	R(fsync(fd));
	close(fd);
	show_dir(".");
}
