// SPDX-License-Identifier: GPL-2.0
/*
 * File operations and their errors, for comparison between file systems:
 *
 *	hostfs_posix DIR owner|all|readonly
 *
 * Each call makes one line, with its result or errno and no number that may
 * differ between runs (descriptor, inode, time). The output on one file
 * system is the expectation for another one; nothing is judged here.
 *
 * "owner" leaves out what an ordinary user of the host cannot do for the
 * guest's root; "readonly" is for a directory where "all" or "owner" was run
 * before.
 */
#include "hostfs_posix.h"

#include <dirent.h>
#include <grp.h>
#include <stdarg.h>
#include <time.h>

const char *section;
char name255[256], name256[257], path4095[4096], path4096[4097];

static int tick_fd;

void die(const char *what)
{
	printf("%s: cannot go on: %s: %s\n", section, what, strerror(errno));
	exit(1);
}

static void head(const char *text)
{
	printf("%s", section);
	if (geteuid())
		printf(" (%u)", geteuid());
	printf(": %s", text);
}

long report(const char *call, long ret)
{
	int err = errno;

	head(call);
	if (ret == -1)
		printf(" = %s\n", strerrorname_np(err));
	else
		printf(" = %ld\n", ret);
	errno = err;
	return ret;
}

int report_fd(const char *call, int fd)
{
	int err = errno;

	head(call);
	printf(" = %s\n", fd < 0 ? strerrorname_np(err) : "fd");
	errno = err;
	return fd;
}

long closed(int fd)
{
	return fd < 0 ? fd : close(fd);
}

void note(const char *format, ...)
{
	va_list ap;

	head("");
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

/* ---- what files are like ---- */

static char type_of(mode_t mode)
{
	return S_ISREG(mode)	? 'f'
	       : S_ISDIR(mode)	? 'd'
	       : S_ISLNK(mode)	? 'l'
	       : S_ISFIFO(mode) ? 'p'
	       : S_ISCHR(mode)	? 'c'
	       : S_ISBLK(mode)	? 'b'
				: 's';
}

/* The size of a directory is the file system's own matter. */
static void print_one(int dir, const char *name)
{
	const char *shown = strlen(name) < 255 ? name : "<255>";
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) {
		printf(" %s %s", shown, strerrorname_np(errno));
		return;
	}
	printf(" %s %c%04o %u:%u x%lu", shown, type_of(st.st_mode),
	       st.st_mode & 07777, st.st_uid, st.st_gid,
	       (unsigned long)st.st_nlink);
	if (!S_ISDIR(st.st_mode))
		printf(" %lld", (long long)st.st_size);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		printf(" dev %lx", (unsigned long)st.st_rdev);
}

void show(const char *path)
{
	head("  is");
	print_one(AT_FDCWD, path);
	putchar('\n');
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void show_dir(const char *path)
{
	struct dirent **list;
	int dir = open(path, O_RDONLY | O_DIRECTORY);
	int i, n = dir < 0 ? -1 : scandir(path, &list, NULL, by_name);

	head("  has");
	if (n < 0)
		printf(" %s", strerrorname_np(errno));
	for (i = 0; i < n; i++) {
		if (strcmp(list[i]->d_name, "..")) {
			putchar(';');
			print_one(dir, list[i]->d_name);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	if (dir >= 0)
		close(dir);
	putchar('\n');
}

/* ---- times ---- */

static bool later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec
				      : a->tv_nsec > b->tv_nsec;
}

/* Until the file system's clock has moved on from the file's ctime. */
void times_before(const char *path, struct stat *st)
{
	static const struct timespec old[2] = {{1000000000, 5},
					       {1000000001, 7}};
	const struct timespec wait = {0, 1000000};
	uid_t uid = geteuid();
	struct stat tick;

	if (seteuid(0))
		die("as root");
	if (utimensat(AT_FDCWD, path, old, AT_SYMLINK_NOFOLLOW) ||
	    lstat(path, st))
		die(path);
	do {
		nanosleep(&wait, NULL);
		if (fchmod(tick_fd, 0600) || fstat(tick_fd, &tick))
			die("tick");
	} while (!later(&tick.st_ctim, &st->st_ctim));
	if (seteuid(uid))
		die("as before");
}

void times_after(const char *path, const struct stat *before)
{
	struct stat st;

	if (lstat(path, &st))
		note("  %s: %s", path, strerrorname_np(errno));
	else
		note("  %s: mtime %s, ctime %s", path,
		     later(&st.st_mtim, &before->st_mtim) ? "new" : "old",
		     later(&st.st_ctim, &before->st_ctim) ? "new" : "old");
}

/* ---- users, files ---- */

void as(uid_t uid, gid_t group)
{
	if (seteuid(0) || setegid(group) || setgroups(0, NULL) || seteuid(uid))
		die("as another user");
}

void make(const char *path, const char *text, mode_t mode, uid_t uid, gid_t gid)
{
	size_t len = text ? strlen(text) : 0;
	int fd;

	if (!text && mkdir(path, 0700))
		die(path);
	fd = open(path, text ? O_CREAT | O_EXCL | O_WRONLY : O_RDONLY, 0600);
	if (fd < 0 || (text && write(fd, text, len) != (ssize_t)len) ||
	    ((uid || gid) && fchown(fd, uid, gid)) || fchmod(fd, mode))
		die(path);
	close(fd);
}

static void run(const char *name, void (*test)(void))
{
	section = name;
	umask(022);
	if (mkdir(name, 0755) || chdir(name))
		die("its directory");
	test();
	as(0, 0);
	fflush(stdout);
	if (chdir(".."))
		die("back");
}

static void names(void)
{
	memset(name255, 'n', 255);
	memset(name256, 'n', 256);
	memset(path4096, '/', 4096);
	memset(path4095, '/', 4095);
	memcpy(path4096, "./", 2);
	memcpy(path4095, "./", 2);
	path4096[4095] = path4095[4094] = 'p';
}

static void all(void)
{
	run("chown", test_chown);
	run("access", test_access);
	run("sticky", test_sticky);
	run("suid", test_suid);
	run("nodes", test_nodes);
	run("xattrs-root", test_root_xattrs);
}

int main(int argc, char **argv)
{
	char c;

	section = "start";
	if (argc == 2 && !strcmp(argv[1], "wait"))	/* test_running() */
		return read(0, &c, 1);
	if (argc != 3)
		return 2;
	setlinebuf(stdout);
	names();
	umask(022);
	if (chdir(argv[1]))
		die(argv[1]);
	if (!strcmp(argv[2], "readonly")) {
		section = "readonly";
		test_readonly();
		return 0;
	}
	tick_fd = open("tick", O_CREAT | O_RDWR, 0600);
	if (tick_fd < 0)
		die("tick");
	run("paths", test_paths);
	run("links", test_links);
	run("rename", test_rename);
	run("open", test_open);
	run("size", test_size);
	run("ranges", test_ranges);
	run("zero", test_zero);
	run("collapse", test_collapse);
	run("times", test_times);
	run("readdir", test_readdir);
	run("modes", test_modes);
	run("xattrs", test_xattrs);
	if (!strcmp(argv[2], "all"))
		all();
	return 0;
}
