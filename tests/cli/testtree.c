// SPDX-License-Identifier: GPL-2.0
/*
 * testtree make DIR: make everything that a file system can have, below DIR.
 * What this file system or user cannot make is left out: the source is what
 * is there then.
 *
 * testtree list DIR: print it, a line for each name, in the order of names,
 * with every attribute, so that two trees are equal if their lists are. Of
 * contents there is a sum of the blocks that are not zero, so holes and zeroes
 * are the same. lost+found is left out.
 *
 * testtree debugfs DIR: the same as debugfs shows it, for names without
 * quotes, bars and control characters, less contents and the many files.
 *
 * testtree grow DIR: make the mounted file system as large as its disk, as
 * systemd-growfs does it.
 *
 * Static, so that a guest can run it with nothing else in the image.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "testtree.h"

void die(const char *what)
{
	perror(what);
	exit(1);
}

/* ------------------------------------------------------------------ list */

static char **names;
static size_t name_count, name_room;

static void print_escaped(const char *text)
{
	for (; *text; text++) {
		if (*text > ' ' && *text < 127 && *text != '\\')
			putchar(*text);
		else
			printf("\\%03o", (unsigned char)*text);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All paths below PATH, which is itself one. Grows while it is gone through. */
static void collect(void)
{
	struct dirent *d;
	struct stat st;
	size_t i;
	char *path;
	DIR *dir;

	for (i = 0; i < name_count || !i; i++) {
		const char *in = name_count ? names[i] : ".";

		if (!name_count) {
			names = malloc((name_room = 1024) * sizeof(*names));
			names[name_count++] = strdup(".");
		}
		if (lstat(in, &st))
			die(in);
		if (!S_ISDIR(st.st_mode))
			continue;
		dir = opendir(in);
		if (!dir)
			die(in);
		while ((d = readdir(dir))) {
			if (!strcmp(d->d_name, ".") ||
			    !strcmp(d->d_name, "..") ||
			    (!strcmp(d->d_name, "lost+found") && i == 0))
				continue;
			if (asprintf(&path, "%s/%s", in, d->d_name) < 0)
				die(in);
			if (name_count == name_room)
				names = realloc(names, (name_room *= 2) *
							       sizeof(*names));
			names[name_count++] = path;
		}
		closedir(dir);
	}
	qsort(names, name_count, sizeof(*names), by_name);
}

static uint64_t mix(uint64_t sum, const void *data, size_t size)
{
	const unsigned char *p = data;

	while (size--)
		sum = (sum ^ *p++) * 0x100000001b3;
	return sum;
}

static uint64_t sum_file(const char *path, uint64_t size)
{
	static char block[BLOCK], zero[BLOCK];
	int fd = open(path, O_RDONLY);
	uint64_t sum = 0xcbf29ce484222325;
	off_t at = 0, from;
	ssize_t n;

	if (fd < 0)
		die(path);
	while ((uint64_t)at < size) {
		from = lseek(fd, at, SEEK_DATA);
		if (from < 0 && errno == ENXIO)
			break;
		if (from > at)
			at = from / BLOCK * BLOCK;
		n = pread(fd, block, BLOCK, at);
		if (n < 0)
			die(path);
		if (!n)
			break;
		if (memcmp(block, zero, n)) {
			sum = mix(sum, &at, sizeof(at));
			sum = mix(sum, block, n);
		}
		at += BLOCK;
	}
	close(fd);
	return sum;
}

/* The first name of an inode with several. */
static const char *first_of(const struct stat *st, const char *path)
{
	static struct {
		ino_t ino;
		dev_t dev;
		const char *path;
	} seen[1000];
	static size_t count;
	size_t i;

	for (i = 0; i < count; i++)
		if (seen[i].ino == st->st_ino && seen[i].dev == st->st_dev)
			return seen[i].path;
	if (count < 1000) {
		seen[count].ino = st->st_ino;
		seen[count].dev = st->st_dev;
		seen[count++].path = path;
	}
	return path;
}

/* sorted; the names of attributes are NULL after that */
static size_t list_attributes(const char *path, char **list)
{
	static char text[65536];
	ssize_t size = llistxattr(path, text, sizeof(text));
	size_t n = 0;
	char *p;

	for (p = text; p < text + size; p += strlen(p) + 1)
		/* of FUSE and overlays */
		if (n < 1000 && strncmp(p, "trusted.overlay.", 16))
			list[n++] = p;
	qsort(list, n, sizeof(*list), by_name);
	return n;
}

static void print_attributes(const char *path)
{
	static unsigned char value[65536];
	char *list[1000];
	size_t count = list_attributes(path, list), i;
	ssize_t size, at;

	for (i = 0; i < count; i++) {
		size = lgetxattr(path, list[i], value, sizeof(value));
		if (size < 0)
			die(path);
		putchar(' ');
		print_escaped(list[i]);
		putchar('=');
		for (at = 0; at < size; at++)
			printf("%02x", value[at]);
	}
}

static void print_entry(const char *path)
{
	char target[4096];
	struct stat st;
	ssize_t n;

	if (lstat(path, &st))
		die(path);
	print_escaped(path);
	printf(" %06o %u:%u %lld.%09ld", st.st_mode, st.st_uid, st.st_gid,
	       (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	if (!S_ISDIR(st.st_mode)) {
		printf(" size=%lld links=%lu", (long long)st.st_size,
		       (unsigned long)st.st_nlink);
		if (st.st_nlink > 1) {
			printf(" first=");
			print_escaped(first_of(&st, path));
		}
	}
	if (S_ISREG(st.st_mode))
		printf(" sum=%016llx",
		       (unsigned long long)sum_file(path, st.st_size));
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		printf(" dev=%u:%u", major(st.st_rdev), minor(st.st_rdev));
	if (S_ISLNK(st.st_mode)) {
		n = readlink(path, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = 0;
		printf(" to=");
		print_escaped(target);
	}
	print_attributes(path);
	putchar('\n');
}

/* --------------------------------------------------------------- debugfs */

static const char *debugfs_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "regular";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symlink";
	case S_IFCHR:
		return "character special";
	case S_IFBLK:
		return "block special";
	case S_IFIFO:
		return "FIFO";
	}
	return "socket";
}

static void print_debugfs(const char *path)
{
	char *list[1000];
	size_t count, i;
	struct stat st;
	const char *p;
	int64_t sec;

	for (p = path; *p; p++)
		if (*p < ' ' || *p == '"' || *p == '|' || *p == 127)
			return;
	if (lstat(path, &st))
		die(path);
	sec = st.st_mtim.tv_sec;
	printf("%s|%s|%04o|%d|%d|", path + 1, debugfs_type(st.st_mode),
	       st.st_mode & 07777, (int)st.st_uid, (int)st.st_gid);
	if (!S_ISDIR(st.st_mode))
		printf("%llu|%lu", (unsigned long long)st.st_size,
		       (unsigned long)st.st_nlink);
	else
		printf("|");
	printf("|0x%08x:%08x", (unsigned int)sec,
	       (unsigned int)(st.st_mtim.tv_nsec << 2 |
			      (((sec - (int32_t)sec) >> 32) & 3)));
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		printf("|%02d:%02d", major(st.st_rdev), minor(st.st_rdev));
	printf("\n");
	count = list_attributes(path, list);
	for (i = 0; i < count; i++)
		printf("%s|%s (%zd)\n", path + 1, list[i],
		       lgetxattr(path, list[i], NULL, 0));
}

/* ------------------------------------------------------------------ grow */

#define RESIZE_FS _IOW('f', 16, uint64_t) /* ext4's */

static void grow(const char *dir)
{
	char path[60];
	uint64_t bytes, blocks;
	struct stat st;
	int fd, disk;

	if (stat(dir, &st))
		die(dir);
	snprintf(path, sizeof(path), "/testdisk");
	unlink(path);
	if (mknod(path, S_IFBLK | 0600, st.st_dev))
		die(path);
	disk = open(path, O_RDONLY);
	fd = open(dir, O_RDONLY);
	unlink(path);
	if (disk < 0 || fd < 0 || ioctl(disk, BLKGETSIZE64, &bytes))
		die(path);
	blocks = bytes / BLOCK;
	if (ioctl(fd, RESIZE_FS, &blocks))
		die(dir);
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 3)
		return 2;
	if (!strcmp(argv[1], "make")) {
		make_tree(argv[2]);
		return 0;
	}
	if (!strcmp(argv[1], "grow")) {
		grow(argv[2]);
		return 0;
	}
	if (chdir(argv[2]))
		die(argv[2]);
	collect();
	for (i = 0; i < name_count; i++) {
		if (!strcmp(argv[1], "list"))
			print_entry(names[i]);
		else if (strncmp(names[i], "./many/", 7) &&
			 strncmp(names[i], "./links/farm/", 13))
			print_debugfs(names[i]);
	}
	return fflush(stdout) ? 1 : 0;
}
