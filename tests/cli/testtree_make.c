// SPDX-License-Identifier: GPL-2.0
/* testtree make: see testtree.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "testtree.h"

#define MANY 100000

static void put(const char *path, off_t at, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	if (fd < 0)
		die(path);
	if (pwrite(fd, text, strlen(text), at) < 0)
		fprintf(stderr, "%s: left out: %s\n", path, strerror(errno));
	close(fd);
}

static void stamp(const char *path, time_t sec, long nsec)
{
	struct timespec times[2] = {{sec, nsec}, {sec, nsec}};

	if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW))
		fprintf(stderr, "%s: time: %s\n", path, strerror(errno));
}

static void attribute(const char *path, const char *name, size_t size)
{
	static char value[BLOCK];
	size_t i;

	for (i = 0; i < size; i++)
		value[i] = i * 7 + size;
	/* some file systems have less room */
	while (lsetxattr(path, name, value, size, 0) && errno == ENOSPC && size)
		size /= 2;
}

static void raw_attribute(const char *path, const char *name,
			  const unsigned char *value, size_t size)
{
	if (lsetxattr(path, name, value, size, 0))
		fprintf(stderr, "%s: %s: %s\n", path, name, strerror(errno));
}

static void make_names(void)
{
	char name[300];
	int c, n = 0;

	mkdir("names", 0755);
	memset(name, 'n', sizeof(name));
	memcpy(name, "names/", 6);
	name[6 + 255] = 0;
	put(name, 0, "long");
	for (c = 1; c < 256; c++) {
		if (c == '/')
			continue;
		n = snprintf(name, sizeof(name), "names/%c-%d", c, c);
		if (n > 0)
			put(name, 0, name);
	}
	put("names/\xff\xfe\xfd", 0, "not UTF-8");
	put("names/ spaces at both ends ", 0, "");
}

static void make_deep(void)
{
	char path[4096] = "deep", *end = path + 4;
	int i;

	mkdir(path, 0755);
	for (i = 0; i < 900; i++, end += 2) {
		strcpy(end, "/d");
		if (mkdir(path, 0755))
			die("deep");
	}
	strcpy(end, "/file");
	put(path, 0, "bottom");
}

static void make_kinds(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	char target[4096];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	mkdir("kinds", 0755);
	mkfifo("kinds/fifo", 0620);
	strcpy(un.sun_path, "kinds/socket");
	if (fd < 0 || bind(fd, (struct sockaddr *)&un, sizeof(un)))
		perror("kinds/socket");
	close(fd);
	mknod("kinds/char", S_IFCHR | 0600, makedev(1, 3));
	mknod("kinds/large", S_IFCHR | 0666, makedev(300, 70000));
	mknod("kinds/block", S_IFBLK | 0640, makedev(8, 17));
	mknod("kinds/blocklarge", S_IFBLK | 0640, makedev(4095, 1048575));
	memset(target, 't', sizeof(target));
	if (symlink("nowhere", "kinds/short"))
		die("symlink");
	target[59] = 0;
	symlink(target, "kinds/short59");
	target[59] = 't';
	target[60] = 0;
	symlink(target, "kinds/long60");
	target[60] = 't';
	target[4094] = 0;
	symlink(target, "kinds/long4094");
	if (lchown("kinds/short", 70000, 4294967294u))
		perror("kinds/short");
	stamp("kinds/short", 12345, 678900000);
}

static void make_modes(void)
{
	char name[40];
	int i;

	mkdir("modes", 01777);
	chmod("modes", 01777);
	for (i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "modes/%d", i);
		put(name, 0, name);
		if (chown(name, i * 100000, 4294967294u - i) && errno != EPERM)
			die(name);
		/* the owner must be able to read it, who may not be root */
		chmod(name, 1 << i | 0400);
	}
	mkdir("modes/dir", 02770);
	chmod("modes/dir", 02770);
}

static void make_links(void)
{
	char name[40];
	int i;

	mkdir("links", 0755);
	mkdir("links/farm", 0755);
	put("links/one", 0, "linked");
	for (i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "links/farm/%d", i);
		if (link("links/one", name))
			break;
	}
	if (symlink("one", "links/symlink") ||
	    linkat(AT_FDCWD, "links/symlink", AT_FDCWD, "links/again", 0))
		perror("link of a symlink");
	if (link("kinds/fifo", "links/fifo"))
		perror("link of a fifo");
}

static void make_times(void)
{
	static const struct {
		const char *name;
		time_t sec;
		long nsec;
	} times[] = {
		{"times/first", -2147483648, 0},
		{"times/negative", -1, 999999999},
		{"times/before", -86400, 1},
		{"times/zero", 0, 0},
		{"times/nano", 1000000000, 123456789},
		{"times/after2038", 2147483648, 500000000},
		{"times/after2106", 4294967296, 1},
		{"times/last", 15032385535, 999999999},
	};
	size_t i;

	mkdir("times", 0755);
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		put(times[i].name, 0, "");
		stamp(times[i].name, times[i].sec, times[i].nsec);
	}
	stamp("times", -5, 5);
}

static void make_sparse(void)
{
	int i;

	mkdir("sparse", 0755);
	put("sparse/tera", 0, "begin");
	put("sparse/tera", (off_t)700 << 30, "middle");
	if (truncate("sparse/tera", (off_t)1 << 40))
		perror("sparse/tera");
	put("sparse/past4g", ((off_t)9 << 29) + 12345, "past 4 GiB");
	put("sparse/past4g", ((off_t)1 << 32) - 3, "across");
	put("sparse/nothing", 0, "");
	if (truncate("sparse/nothing", 123456789))
		perror("sparse/nothing");
	for (i = 0; i < 600; i++)
		put("sparse/parts", (off_t)i * 5 * BLOCK, "part");
}

static void make_contents(void)
{
	static const int sizes[] = {0,
				    1,
				    59,
				    60,
				    61,
				    156,
				    4095,
				    4096,
				    4097,
				    1 << 20,
				    (1 << 20) + 1,
				    9 << 20};
	char name[40], *data = malloc(10 << 20);
	size_t i, at;
	int fd;

	mkdir("contents", 0755);
	for (at = 0; at < 10 << 20; at++)
		data[at] = at * 2654435761u >> 13;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		snprintf(name, sizeof(name), "contents/%d", sizes[i]);
		fd = open(name, O_WRONLY | O_CREAT, 0644);
		if (fd < 0 || write(fd, data, sizes[i]) != sizes[i])
			die(name);
		close(fd);
	}
	free(data);
}

static void make_attributes(void)
{
	static const unsigned char acl[] =
		{
			2,    0,    0,	  0, 1,	   0,	 7,    0,    0xff,
			0xff, 0xff, 0xff, 2, 0,	   5,	 0,    0x70, 0x11,
			1,    0,    4,	  0, 4,	   0,	 0xff, 0xff, 0xff,
			0xff, 0x10, 0,	  5, 0,	   0xff, 0xff, 0xff, 0xff,
			0x20, 0,    0,	  0, 0xff, 0xff, 0xff, 0xff,
		},
				   cap[] = {
					   1, 0, 0, 2, 0, 4, 0, 0, 0, 0,
					   0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
				   };
	char name[260] = "user.";
	int i;

	mkdir("attributes", 0755);
	put("attributes/acl", 0, "x");
	raw_attribute("attributes/acl", "system.posix_acl_access", acl,
		      sizeof(acl));
	mkdir("attributes/acldir", 0755);
	raw_attribute("attributes/acldir", "system.posix_acl_default", acl,
		      sizeof(acl));
	put("attributes/cap", 0, "x");
	raw_attribute("attributes/cap", "security.capability", cap,
		      sizeof(cap));
	put("attributes/empty", 0, "x");
	attribute("attributes/empty", "user.empty", 0);
	put("attributes/small", 0, "x");
	attribute("attributes/small", "user.small", 1);
	attribute("attributes/small", "trusted.t", 20);
	attribute("attributes/small", "security.test", 3);
	put("attributes/block", 0, "x");
	attribute("attributes/block", "user.block", 1000);
	put("attributes/same", 0, "x");
	attribute("attributes/same", "user.block", 1000);
	put("attributes/most", 0, "x");
	attribute("attributes/most", "user.most", 3900);
	put("attributes/name", 0, "x");
	memset(name + 5, 'a', 250);
	lsetxattr("attributes/name", name, "long", 4, 0);
	put("attributes/number", 0, "x");
	for (i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "user.number%d", i);
		attribute("attributes/number", name, i % 5);
	}
	mkdir("attributes/dir", 0755);
	attribute("attributes/dir", "user.dir", 300);
}

static void make_many(void)
{
	char name[40];
	int i;

	if (mkdir("many", 0755) || chdir("many"))
		die("many");
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		if (mknod(name, S_IFREG | 0644, 0))
			die(name);
	}
}

void make_tree(const char *dir)
{
	umask(022);
	if ((mkdir(dir, 0755) && errno != EEXIST) || chdir(dir))
		die(dir);
	make_names();
	make_deep();
	make_kinds();
	make_modes();
	make_links();
	make_sparse();
	make_contents();
	make_attributes();
	make_times();
	make_many();
}
