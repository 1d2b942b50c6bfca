// SPDX-License-Identifier: GPL-2.0
/* Names: every call with every kind of path; links; renaming. */
#include "hostfs_posix.h"

#include <sys/socket.h>
#include <sys/un.h>

/* ---- every call, every kind of path ---- */

static int top;
static bool used = true;

/* A new directory with one of each kind, unless the last is as it was. */
static void enter(void)
{
	static int count;
	char dir[20];

	snprintf(dir, sizeof(dir), "%d", used ? ++count : count);
	if ((used && mkdir(dir, 0755)) || chdir(dir))
		die("a directory for one call");
	if (!used)
		return;
	used = false;
	make("file", "content", 0644, 0, 0);
	make("file2", "content2", 0644, 0, 0);
	make("dir", NULL, 0755, 0, 0);
	make("dir2", NULL, 0755, 0, 0);
	make("full", NULL, 0755, 0, 0);
	make("full/x", "in", 0644, 0, 0);
	if (symlink("file", "link") || symlink("dir", "dlink") ||
	    symlink("nothing", "dangling") || symlink("loop2", "loop") ||
	    symlink("loop", "loop2") || mkfifo("fifo", 0644))
		die("links");
}

static void leave(const char *call, const char *path, long ret)
{
	note("%s of %s = %s", call, path,
	     ret == -1 ? strerrorname_np(errno) : "done");
	used = ret != -1;
	if (used)
		show_dir(".");
	if (fchdir(top))
		die("back");
}

/* Each change in a directory like all others. */
#define TRY(call)                          \
	do {                               \
		enter();                   \
		errno = 0;                 \
		leave(#call, shown, call); \
	} while (0)

static void try_names(const char *shown, const char *p)
{
	TRY(mkdir(p, 0755));
	TRY(rmdir(p));
	TRY(mkfifo(p, 0644));
	TRY(mknod(p, S_IFREG | 0600, 0));
	TRY(symlink("text", p));
	TRY(link(p, "new"));
	TRY(linkat(AT_FDCWD, p, AT_FDCWD, "new", AT_SYMLINK_FOLLOW));
	TRY(link("file2", p));
	TRY(unlink(p));
	TRY(rename(p, "new"));
	TRY(rename(p, "full"));
	TRY(rename("file2", p));
	TRY(rename("dir2", p));
	TRY(rename("link", p));
	TRY(closed(open(p, O_RDWR | O_CREAT | O_NONBLOCK, 0640)));
	TRY(closed(open(p, O_WRONLY | O_CREAT | O_EXCL, 0640)));
	TRY(closed(open(p, O_WRONLY | O_TRUNC | O_NONBLOCK)));
	TRY(truncate(p, 3));
	TRY(chmod(p, 0700));
}

/* These leave everything as it is. */
#define LOOK(call) (errno = 0, look(#call, shown, call))

static void look(const char *call, const char *path, long ret)
{
	note("%s of %s = %s", call, path,
	     ret == -1 ? strerrorname_np(errno) : "done");
}

static void try_looks(const char *shown, const char *p)
{
	char text[100];
	struct stat st;

	enter();
	LOOK(stat(p, &st));
	LOOK(lstat(p, &st));
	LOOK(access(p, R_OK));
	LOOK(readlink(p, text, sizeof(text)));
	LOOK(closed(open(p, O_RDONLY | O_NONBLOCK)));
	LOOK(closed(open(p, O_RDWR | O_NONBLOCK)));
	LOOK(closed(open(p, O_RDONLY | O_DIRECTORY)));
	LOOK(closed(open(p, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)));
	LOOK(closed(open(p, O_PATH | O_NOFOLLOW)));
	LOOK(closed(open(p, O_RDWR | O_TMPFILE, 0600)));
	LOOK(closed(open(p, O_RDONLY | O_TMPFILE, 0600)));
	LOOK(chown(p, -1, -1));
	LOOK(lchown(p, -1, -1));
	LOOK(utimensat(AT_FDCWD, p, NULL, 0));
	LOOK(utimensat(AT_FDCWD, p, NULL, AT_SYMLINK_NOFOLLOW));
	LOOK(chdir(p));
	if (fchdir(top))
		die("back");
}

void test_paths(void)
{
	static const char *const paths[] = {
		"",	      "none",	"none/",   "none/x",   "file",
		"file/",      "file/x", "dir",	   "dir/",     "dir/.",
		"dir/..",     "dir/x",	"dir/x/",  "full",     "full/",
		".",	      "..",	"link",	   "link/",    "link/x",
		"dlink",      "dlink/", "dlink/x", "dangling", "dangling/",
		"dangling/x", "loop",	"loop/",   "loop/x",   "fifo",
		"fifo/x",
	};
	size_t i;

	top = open(".", O_RDONLY | O_DIRECTORY);
	if (top < 0)
		die("the current directory");
	for (i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		try_names(*paths[i] ? paths[i] : "\"\"", paths[i]);
		try_looks(*paths[i] ? paths[i] : "\"\"", paths[i]);
	}
	try_names("<255>", name255);
	try_looks("<255>", name255);
	try_names("<256>", name256);
	try_looks("<256>", name256);
	try_names("<4095>", path4095);
	try_looks("<4095>", path4095);
	try_names("<4096>", path4096);
	try_looks("<4096>", path4096);
	try_names("<bad address>", (const char *)8);
	try_looks("<bad address>", (const char *)8);
	close(top);
}

/* ---- links and their counts, symbolic links, what is removed ---- */

static void test_unlinked(void)
{
	char buf[20] = "";
	struct stat st;
	int fd;

	make("open", "before", 0644, 0, 0);
	fd = FD(open("open", O_RDWR));
	TIMES("open", link("open", "open2"));
	R(unlink("open"));
	TIMES("open2", access("open", F_OK));
	R(unlink("open2"));
	R(fstat(fd, &st));
	note("links %lu", (unsigned long)st.st_nlink);
	R(pwrite(fd, "after", 5, 6));
	R(pread(fd, buf, sizeof(buf), 0));
	note("has %s", buf);
	R(fchmod(fd, 0600));
	R(ftruncate(fd, 3));
	R(fstat(fd, &st));
	note("mode %o size %lld", st.st_mode, (long long)st.st_size);
	R(linkat(fd, "", AT_FDCWD, "again", AT_EMPTY_PATH));
	make("open", "other", 0644, 0, 0);
	R(pread(fd, buf, 3, 0));
	close(fd);
	show_dir(".");
}

static void test_socket(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = "sock"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	R(bind(fd, (void *)&addr, sizeof(addr)));
	R(bind(fd, (void *)&addr, sizeof(addr)));
	show("sock");
	R(open("sock", O_RDONLY));
	R(listen(fd, 1));
	close(fd);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	R(connect(fd, (void *)&addr, sizeof(addr)));
	R(rename("sock", "sock2"));
	R(link("sock2", "sock3"));
	show("sock3");
	R(unlink("sock2"));
	R(unlink("sock3"));
	close(fd);
}

void test_links(void)
{
	char text[10];
	int i;

	make("dir", NULL, 0755, 0, 0);
	make("file", "x", 0644, 0, 0);
	TIMES("file", link("file", "hard"));
	TIMES(".", link("file", "hard2"));
	TIMES("file", unlink("hard"));
	TIMES("dir", link("file", "dir/hard"));
	TIMES("dir", mkdir("dir/sub", 0755));
	TIMES("dir", symlink("x", "dir/link"));
	TIMES("dir", mkfifo("dir/fifo", 0644));
	TIMES("dir", rmdir("dir/sub"));
	TIMES("dir", unlink("dir/link"));
	TIMES("dir", rmdir("dir"));
	show_dir("dir");
	R(link("dir", "dirhard"));
	R(link("file", "/proc/x"));
	R(symlink("", "empty"));
	R(symlink(path4095, "long"));
	R(symlink(path4096, "long"));
	R(symlink(name255, "mid"));
	R(readlink("mid", text, sizeof(text)));
	R(readlink("mid", text, 0));
	TIMES("mid", link("mid", "mid2"));
	show("mid2");
	R(chmod("mid", 0600));
	R(fchmodat(AT_FDCWD, "mid", 0600, AT_SYMLINK_NOFOLLOW));
	R(symlink("0", "40"));
	for (i = 0; i < 40; i++) {
		char a[4], b[4];

		snprintf(a, sizeof(a), "%d", i);
		snprintf(b, sizeof(b), "%d", i + 1);
		if (i < 39 && symlink(b, a))
			die(a);
	}
	R(symlink("file", "39"));
	R(access("0", F_OK));
	R(access("1", F_OK));
	R(unlink("dir/hard/x"));
	R(rmdir("dir"));
	test_unlinked();
	test_socket();
}

/* ---- renaming ---- */

#define RENAME2(from, to, flags) \
	R(renameat2(AT_FDCWD, from, AT_FDCWD, to, flags))

static void test_rename_flags(void)
{
	make("a", "a", 0644, 0, 0);
	make("b", "bb", 0600, 0, 0);
	make("d", NULL, 0755, 0, 0);
	make("d/in", "in", 0644, 0, 0);
	RENAME2("a", "b", RENAME_NOREPLACE);
	RENAME2("a", "a", RENAME_NOREPLACE);
	RENAME2("a", "c", RENAME_NOREPLACE);
	RENAME2("c", "b", RENAME_EXCHANGE);
	show_dir(".");
	RENAME2("c", "none", RENAME_EXCHANGE);
	RENAME2("none", "c", RENAME_EXCHANGE);
	RENAME2("c", "d", RENAME_EXCHANGE);
	show_dir(".");
	show_dir("c");
	RENAME2("c", "c/in", RENAME_EXCHANGE);
	RENAME2("c/in", "c", RENAME_EXCHANGE);
	RENAME2("d", "b", RENAME_EXCHANGE | RENAME_NOREPLACE);
	RENAME2("d", "b", 1 << 7);
	TIMES("c", renameat2(AT_FDCWD, "c/in", AT_FDCWD, "d", RENAME_EXCHANGE));
	RENAME2("b", "/proc/x", RENAME_NOREPLACE);
	show_dir(".");
}

void test_rename(void)
{
	int fd;

	make("from", "from", 0644, 0, 0);
	make("to", "to it", 0600, 0, 0);
	make("d1", NULL, 0755, 0, 0);
	make("d2", NULL, 0755, 0, 0);
	make("d1/sub", NULL, 0755, 0, 0);
	make("d1/sub/x", "x", 0755, 0, 0);
	R(link("to", "keep"));
	fd = FD(open("to", O_RDWR));
	TIMES("from", rename("from", "from2"));
	TIMES("keep", rename("from2", "to"));
	show_dir(".");
	R(write(fd, "old", 3));
	close(fd);
	show_dir(".");
	R(link("to", "same"));
	R(rename("to", "same"));
	show_dir(".");
	TIMES("d1", rename("d1/sub", "d2/sub"));
	show_dir("d1");
	show_dir("d2");
	R(access("d2/sub/../sub/x", F_OK));
	R(rename("d2", "d2/sub/d2"));
	R(rename("d2", "d2"));
	R(rename("d2/sub", "d2"));
	R(rename("d1", "d2"));
	TIMES("d2", rename("d2/sub", "d1"));
	show_dir("d1");
	show_dir("d2");
	R(rename("d1", "to"));
	R(rename("to", "d1"));
	R(rename("to", "/proc/x"));
	R(rename("to", name255));
	R(rename(name255, "to"));
	R(rename("to", name256));
	if (mkdir("flags", 0755) || chdir("flags"))
		die("flags");
	test_rename_flags();
	if (chdir(".."))
		die("back");
}
