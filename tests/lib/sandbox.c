// SPDX-License-Identifier: GPL-2.0
/*
 * sandbox [-l] [-m] [-s SIZE] [-k DIR]... COMMAND...
 *
 * Runs COMMAND as a container would, with nothing but system calls: a
 * read-only root, a tmpfs of SIZE (64m) that is not executable on /dev/shm,
 * /tmp and /var/tmp; as nobody, without capabilities, no_new_privs, and under
 * the system call filter of sandbox_filter.c. HOME is /nonexistent, TMPDIR is
 * /tmp, and so is the current directory.
 *
 *	-k DIR	stays in sight (read-only) though it is below one of these
 *	-l	a container manager listens to some of the calls
 *	-m	the mounts only
 *
 * An ordinary user gets the same in a user namespace, but for being nobody.
 * Exit status 77: the host denies such mounts or namespaces.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

enum { STATUS_DENIED = 77, STATUS_CANNOT = 125, NOBODY = 65534, MAX_KEPT = 8 };

static struct kept {
	const char *dir;
	int fd;
} kept[MAX_KEPT];
static int nr_kept;

static void die(const char *what)
{
	bool denied = errno == EPERM || errno == EACCES || errno == ENOSYS;

	fprintf(stderr, "sandbox: %s: %s\n", what, strerror(errno));
	exit(denied ? STATUS_DENIED : STATUS_CANNOT);
}

static void must(int ret, const char *what)
{
	if (ret < 0)
		die(what);
}

/* ---- namespaces ---- */

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

static void write_map(const char *path, unsigned int id)
{
	char line[32];

	snprintf(line, sizeof(line), "%u %u 1", id, id);
	write_file(path, line);
}

static void enter_user_namespace(void)
{
	unsigned int uid = getuid(), gid = getgid();

	must(unshare(CLONE_NEWUSER), "user namespace");
	write_file("/proc/self/setgroups", "deny");
	write_map("/proc/self/uid_map", uid);
	write_map("/proc/self/gid_map", gid);
}

/* ---- mounts ---- */

static void change_mounts(const char *path, unsigned int flags,
			  const struct mount_attr *attr)
{
	must((int)syscall(SYS_mount_setattr, AT_FDCWD, path, flags, attr,
			  sizeof(*attr)), path);
}

static void make_read_only(void)
{
	struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY,
				 .propagation = MS_PRIVATE };
	struct mount_attr rw = { .attr_clr = MOUNT_ATTR_RDONLY };

	change_mounts("/", AT_RECURSIVE, &ro);
	change_mounts("/proc", 0, &rw);
}

static void pick_up_kept(void)
{
	for (struct kept *k = kept; k < kept + nr_kept; k++) {
		k->fd = (int)syscall(SYS_open_tree, AT_FDCWD, k->dir,
				     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				     AT_RECURSIVE);
		must(k->fd, k->dir);
	}
}

static void make_dirs(const char *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", dir);
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	mkdir(path, 0755);
}

static void put_down_kept(void)
{
	for (struct kept *k = kept; k < kept + nr_kept; k++) {
		make_dirs(k->dir);
		must((int)syscall(SYS_move_mount, k->fd, "", AT_FDCWD, k->dir,
				  MOVE_MOUNT_F_EMPTY_PATH), k->dir);
		close(k->fd);
	}
}

static void mount_tmpfs(const char *dir, const char *size)
{
	char options[64];

	snprintf(options, sizeof(options), "mode=1777,size=%s", size);
	must(mount("tmpfs", dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		   options), dir);
}

static void set_up_mounts(const char *size)
{
	if (getuid() != 0)
		enter_user_namespace();
	must(unshare(CLONE_NEWNS), "mount namespace");
	make_read_only();
	pick_up_kept();
	mount_tmpfs("/dev/shm", size);
	mount_tmpfs("/tmp", size);
	mount_tmpfs("/var/tmp", size);
	put_down_kept();
	must(chdir("/tmp"), "/tmp");
	setenv("TMPDIR", "/tmp", 1);
	setenv("HOME", "/nonexistent", 1);
}

/* ---- rights ---- */

static void become_nobody(void)
{
	if (getuid() != 0)
		return;
	must(setgroups(0, NULL), "setgroups");
	must(setresgid(NOBODY, NOBODY, NOBODY), "setresgid");
	must(setresuid(NOBODY, NOBODY, NOBODY), "setresuid");
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = { 0 };

	must((int)syscall(SYS_capset, &head, none), "capset");
}

static void empty_bounding_set(void)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		must(prctl(PR_CAPBSET_DROP, cap), "bounding set");
}

static void drop_rights(bool listen)
{
	empty_bounding_set();
	become_nobody();
	drop_capabilities();
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	must(sandbox_filter(listen), "seccomp filter");
}

static int usage(void)
{
	fprintf(stderr,
		"usage: sandbox [-l] [-m] [-s SIZE] [-k DIR]... COMMAND...\n");
	return STATUS_CANNOT;
}

int main(int argc, char **argv)
{
	bool mounts_only = false, listen = false;
	const char *size = "64m";
	int opt;

	while ((opt = getopt(argc, argv, "+lms:k:")) != -1) {
		if (opt == 'm')
			mounts_only = true;
		else if (opt == 'l')
			listen = true;
		else if (opt == 's')
			size = optarg;
		else if (opt == 'k' && nr_kept < MAX_KEPT)
			kept[nr_kept++].dir = optarg;
		else
			return usage();
	}
	if (optind == argc)
		return usage();
	set_up_mounts(size);
	if (!mounts_only)
		drop_rights(listen);
	execvp(argv[optind], argv + optind);
	fprintf(stderr, "sandbox: %s: %s\n", argv[optind], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}
