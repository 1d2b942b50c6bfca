// SPDX-License-Identifier: GPL-2.0
/* The host side of hostfs: records of owner, mode and type, also bad ones. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../../../hostfs/abi/host_hostfs.h"
#include "check.h"

#define RECORD	"user.umkit.owner"

static struct host_hostfs *root;

static struct host_hostfs_at in_root(const char *name)
{
	return (struct host_hostfs_at){ .dir = "", .name = name, .fd = -1 };
}

static bool believed(const char *name, const char *record)
{
	char path[64];
	struct host_hostfs_at at = in_root(name);
	struct host_hostfs_stat st;

	snprintf(path, sizeof(path), "in/%s", name);
	CHECK(!setxattr(path, RECORD, record, strlen(record), 0));
	CHECK_INT(host_hostfs_stat(root, &at, &st), 0);
	return st.has_record;
}

static void check_records(void)
{
	static const char *const bad[] = {
		"", "x", "100644", "100644 0 0 0", "100644 0 0 0:0 ",
		"100644 0 0 0:0x", "644 0 0 0:0", "40755 0 0 0:0",
		"170644 0 0 0:0", "1100644 0 0 0:0", "100644 -1 0 0:0",
		"100644 0 4294967295 0:0", "60644 0 0 4096:0",
		"60644 0 0 0:1048576",
		"100644 0 0 0:00000000000000000000000000000000000000000000000"
		"0000000000000000000000000000000000000000000000000000000000",
	};
	size_t i;

	CHECK(!mknod("in/f", S_IFREG | 0600, 0) && !mkdir("in/d", 0700));
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!believed("f", bad[i]));
	CHECK(believed("f", "104755 1 2 0:0"));
	CHECK(believed("f", "60600 0 0 4095:1048575"));
	CHECK(believed("f", "120777 0 0 0:0"));
	CHECK(!believed("d", "100755 0 0 0:0"));
	CHECK(believed("d", "41777 0 0 0:0"));
	if (getuid())
		return;
	/* planted by another user of the host */
	CHECK(believed("f", "104755 0 0 0:0"));
	CHECK(!chown("in/f", 1234, 1234));
	CHECK(!believed("f", "104755 0 0 0:0"));
	CHECK(!chown("in/f", 0, 0));
}

static void check_changes(void)
{
	struct host_hostfs_attr chmod = { .what = HOST_HOSTFS_MODE,
		.mode = 06751, .uid = 8, .gid = 9 };
	struct host_hostfs_attr chown = { .what = HOST_HOSTFS_GID, .gid = 77 };
	struct host_hostfs_at at = in_root("dev"), link = in_root("link");
	struct host_hostfs_stat st;
	struct stat host;
	char text[16];

	CHECK_INT(host_hostfs_make(root, &at, S_IFBLK | 0640, 5, 6, 7, 8, NULL,
				   &st), 0);
	CHECK(S_ISBLK(st.mode) && st.uid == 5 && st.rdev_minor == 8);
	CHECK_INT(host_hostfs_setattr(root, &at, &chmod), 0);
	CHECK_INT(host_hostfs_setattr(root, &at, &chown), 0);
	CHECK_INT(host_hostfs_stat(root, &at, &st), 0);
	CHECK_INT(st.mode, S_IFBLK | 06751);
	CHECK(st.uid == 5 && st.gid == 77 && st.rdev_major == 7);
	CHECK(!stat("in/dev", &host) && host.st_mode == (S_IFREG | 0600));
	CHECK_INT(host_hostfs_make(root, &link, S_IFLNK | 0777, 0, 0, 0, 0,
				   "text", &st), 0);
	CHECK_INT(host_hostfs_readlink(root, &link, text, sizeof(text)), 4);
	CHECK(!memcmp(text, "text", 4));
	CHECK_INT(host_hostfs_readlink(root, &at, text, sizeof(text)), -EINVAL);
	CHECK_INT(host_hostfs_setattr(root, &link, &chmod), -EOPNOTSUPP);
	/* one without a record gets all of it */
	at = in_root("plain");
	CHECK(!mknod("in/plain", S_IFREG | 0444, 0));
	CHECK_INT(host_hostfs_setattr(root, &at, &chmod), 0);
	CHECK_INT(host_hostfs_stat(root, &at, &st), 0);
	CHECK(st.has_record && st.mode == (S_IFREG | 06751) && st.uid == 8 &&
	      st.gid == 9);
	/* what takes none is left alone */
	at = in_root("real");
	CHECK(!symlink("../out", "in/real"));
	CHECK_INT(host_hostfs_setattr(root, &at, &chown), -EPERM);
	CHECK_INT(host_hostfs_readlink(root, &at, text, sizeof(text)), 6);
}

static void check_refused(void)
{
	struct host_hostfs *none;

	CHECK_INT(host_hostfs_mount(NULL, "/proc/self", HOST_HOSTFS_RECORDS,
				    &none), -EOPNOTSUPP);
}

int main(void)
{
	char dir[] = "hostfs_owner.XXXXXX", command[64];

	if (!mkdtemp(dir) || chdir(dir) || mkdir("in", 0755))
		return 99;
	umask(0);
	if (setxattr("in", "user.x", "", 0, 0)) {
		puts("skip: no user attributes here");
		CHECK(!rmdir("in") && !chdir("..") && !rmdir(dir));
		return 77;
	}
	CHECK_INT(host_hostfs_mount("in", "/", HOST_HOSTFS_RECORDS, &root), 0);
	check_records();
	check_changes();
	check_refused();
	host_hostfs_unmount(root);
	snprintf(command, sizeof(command), "cd .. && rm -rf %s", dir);
	CHECK(!system(command));
	return check_failures ? 1 : 0;
}
