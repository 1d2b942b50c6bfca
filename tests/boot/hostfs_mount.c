// SPDX-License-Identifier: GPL-2.0
/*
 * Every spelling of a hostfs mount by both kinds of system call: hostfs_mount
 * DIR. DIR, of the host, has the files "mark" and "a,b/mark", and "=eq/mark".
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* libc's has another idea of what <linux/mount.h> has */
extern int mount(const char *source, const char *target, const char *type,
		 unsigned long flags, const void *data);
extern int umount2(const char *target, int flags);

#define AT	"/mnt"
#define CHECK(what, as) ((what) ? (void)0 : die(#what, as, __LINE__))

static void die(const char *what, const char *as, int line)
{
	fprintf(stderr, "hostfs_mount:%d: %s: %s: not so: %s\n", line, as, what,
		strerror(errno));
	exit(1);
}

static const char *dir;

/* Is it there, read-only or not? Then it is taken away. */
static void check(const char *as, bool ro)
{
	struct statvfs sv;
	int fd;

	CHECK(!access(AT "/mark", F_OK), as);
	CHECK(!statvfs(AT, &sv) && !!(sv.f_flag & ST_RDONLY) == ro, as);
	fd = open(AT "/new", O_CREAT | O_WRONLY, 0600);
	CHECK(ro ? fd < 0 && errno == EROFS : fd >= 0, as);
	if (fd >= 0)
		CHECK(!close(fd) && !unlink(AT "/new"), as);
	CHECK(!umount2(AT, 0), as);
}

/* ---- mount(2): the directory is %s in format */

static int by_data(const char *format, unsigned long flags)
{
	char data[5000];

	snprintf(data, sizeof(data), format, dir);
	return mount("none", AT, "hostfs", flags, data) ? errno : 0;
}

/* Does /proc/mounts show it? */
static bool shown(const char *option)
{
	char line[6000];
	FILE *f = fopen("/proc/mounts", "r");
	bool found = false;

	CHECK(f, "/proc/mounts");
	while (fgets(line, sizeof(line), f))
		found |= strstr(line, " " AT " hostfs ") && strstr(line, option);
	fclose(f);
	return found;
}

static int remount_by_data(const char *format)
{
	char data[5000];

	snprintf(data, sizeof(data), format, dir);
	return mount("none", AT, "hostfs", MS_REMOUNT, data) ? errno : 0;
}

/* All that /proc/mounts shows may be given again; of it, attr_timeout= is
 * changed, the rest is not, and nothing passed over in silence. */
static void remounts(void)
{
	static const char *const bad[] = {
		"hostfs=/", "%s,notify", "ownership=xattr", "uidmap=0:0:5",
		"uidmap=0:0:10,gidmap=0:0:9", "unknown",
	};
	size_t i;

	CHECK(!by_data("%s,uidmap=0:0:10,gidmap=0:0:10", 0), "remount");
	CHECK(!remount_by_data("attr_timeout=0"), "attr_timeout=0");
	CHECK(shown(",attr_timeout=0"), "attr_timeout=0");
	CHECK(!remount_by_data("hostfs=%s,attr_timeout=5,uidmap=0:0:10,gidmap=0:0:10,ownership=host,nonotify"),
	      "all of it");
	CHECK(shown(",attr_timeout=5,"), "attr_timeout=5");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int err = remount_by_data(bad[i]);

		errno = err;
		CHECK(err == EINVAL, bad[i]);
	}
	CHECK(shown(",attr_timeout=5,"), "as before");
	check("remounted", false);
}

static void old_way(void)
{
	static const char *const good[] = {
		"%s", "hostfs=%s", "hostfs=/nowhere,hostfs=%s", "hostfs=/,%s",
		"attr_timeout=0,%s", "%s,attr_timeout=3600000",
		"%s/./", "%s//", "%s,notify", "%s,notify,nonotify",
		"%s,uidmap=0:0:10,20:20:5,gidmap=0:0:10", "%s,ownership=host",
	};
	static const struct {
		const char *format;
		int err;
	} bad[] = {
		{ "hostfs=/../..%s", EACCES },	{ "%s/none", ENOENT },
		{ "%s/mark", ENOTDIR },
		{ "%s,unknown", EINVAL },	{ "%s,attr_timeout=x", EINVAL },
		{ "%s,attr_timeout=3600001", EINVAL },
		{ "%s,uidmap=0:0:0", EINVAL },	{ "%s,uidmap=0:0:5,4:9:1", EINVAL },
		{ "%s,ownership=x", EINVAL },	{ "%s,bind=0", EINVAL },
	};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		CHECK(!by_data(good[i], 0), good[i]);
		check(good[i], false);
		CHECK(!by_data(good[i], MS_RDONLY), good[i]);
		check(good[i], true);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int err = by_data(bad[i].format, 0);

		errno = err;
		CHECK(err == bad[i].err, bad[i].format);
	}
	/* the whole of it */
	CHECK(!mount("none", AT, "hostfs", 0, NULL), "no data");
	CHECK(!access(AT "/proc", F_OK) && !umount2(AT, 0), "no data");
	CHECK(!by_data("%s", 0), "remount");
	CHECK(!mount("none", AT, "hostfs", MS_REMOUNT | MS_RDONLY, NULL),
	      "remount,ro");
	check("remount,ro", true);
	remounts();
}

/* ---- fsopen, fsconfig, fsmount ---- */

struct set {
	const char *key, *value;	/* value NULL: a flag */
};

static int set(int fs, const struct set *s)
{
	return (int)syscall(SYS_fsconfig, fs,
			    s->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
			    s->key, s->value, 0);
}

static int by_fsconfig(const struct set *s)
{
	int fs = (int)syscall(SYS_fsopen, "hostfs", FSOPEN_CLOEXEC), mnt, err = 0;

	CHECK(fs >= 0, "fsopen");
	for (; s->key && !err; s++)
		err = set(fs, s);
	if (err || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0)) {
		err = errno;
		close(fs);
		return err;
	}
	mnt = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	CHECK(mnt >= 0, "fsmount");
	CHECK(!syscall(SYS_move_mount, mnt, "", AT_FDCWD, AT,
		       MOVE_MOUNT_F_EMPTY_PATH), "move_mount");
	close(mnt);
	close(fs);
	return 0;
}

static void remount(const char *flag)
{
	int fs = (int)syscall(SYS_fspick, AT_FDCWD, AT, FSPICK_CLOEXEC);
	const struct set s = { flag, NULL };

	CHECK(fs >= 0 && !set(fs, &s), flag);
	CHECK(!syscall(SYS_fsconfig, fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL,
		       0), flag);
	close(fs);
}

static void new_way(void)
{
	char comma[5000], equals[5000];
	const struct set good[][5] = {
		{ { "source", "none" }, { dir, NULL } },
		{ { "source", "none" }, { "hostfs", dir } },
		{ { "hostfs", dir } },
		{ { dir, NULL }, { "attr_timeout", "0" }, { "notify", NULL } },
		{ { "hostfs", "/nowhere" }, { dir, NULL } },
		/* what a mount program makes of uidmap=0:0:10,20:20:5 */
		{ { dir, NULL }, { "uidmap", "0:0:10" }, { "20:20:5", NULL },
		  { "gidmap", "0:0:10,20:20:5" } },
		{ { "ownership", "host" }, { "hostfs", dir } },
		/* names that mount(2) cannot have */
		{ { "hostfs", comma } },
		{ { equals, "eq" } },
		{ { comma, NULL } },
	};
	const struct set bad[][3] = {
		{ { dir, NULL }, { "unknown", NULL } },
		{ { dir, NULL }, { "attr_timeout", NULL } },
		{ { dir, NULL }, { "20:20:5", NULL } },
	};
	size_t i;

	snprintf(comma, sizeof(comma), "%s/a,b", dir);
	snprintf(equals, sizeof(equals), "%s/", dir);
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		errno = by_fsconfig(good[i]);
		CHECK(!errno, good[i][0].key);
		check(good[i][0].key, false);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		errno = by_fsconfig(bad[i]);
		CHECK(errno == EINVAL, bad[i][1].key);
	}
	CHECK(!by_fsconfig((const struct set[3]){ { dir, NULL }, { "ro", NULL } }),
	      "ro");
	check("ro", true);
	CHECK(!by_fsconfig(good[0]), "remount");
	remount("ro");
	remount("rw");
	remount("ro");
	check("remount ro", true);
}

int main(int argc, char **argv)
{
	CHECK(argc == 2, "arguments");
	dir = argv[1];
	old_way();
	new_way();
	return 0;
}
