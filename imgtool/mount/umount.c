/* SPDX-License-Identifier: GPL-2.0 */
/*
 * imgtool umount. Only what imgtool has mounted: the table of mounts tells.
 * The mount point itself is not looked at, because that fails once the server
 * of the mount has died.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "imgtool/mount/mount.h"
#include "imgtool/msg.h"

/* How long to wait for the end of a server that nothing uses any more; ms. */
#define SERVER_END 60000

const struct verb_option verb_umount_options[] = {
	{ "lazy", 'z', NULL, "even if it is in use: it goes when nobody uses it" },
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

/* An absolute path without symlinks, of which the last part need not be
 * there; NULL: reported. */
static char *find_point(const char *given)
{
	char *path = mem_strdup(given), *last, *dir, *point;
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		path[--n] = 0;
	last = strrchr(path, '/');
	last = last ? last + 1 : path;
	if (!strcmp(last, ".") || !strcmp(last, "..") || !*last) {
		point = realpath(path, NULL);
	} else {
		char *parent = mem_printf("%.*s.", (int)(last - path), path);

		dir = realpath(parent, NULL);
		point = dir ? mem_printf("%s/%s", strcmp(dir, "/") ? dir : "",
					 last) : NULL;
		free(dir);
		free(parent);
	}
	free(path);
	if (!point)
		msg_errno(given, errno, "cannot be found");
	return point;
}

/* The table writes space, tab, newline and backslash as \ooo. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*to++ = (s[1] - '0') << 6 | (s[2] - '0') << 3 |
				(s[3] - '0');
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = 0;
}

/* The type of what is mounted on POINT last; "" if nothing is. */
static void find_type(const char *point, char *type, size_t size)
{
	FILE *table = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, *rest, *at;
	size_t room = 0;
	int i;

	*type = 0;
	while (table && getline(&line, &room, table) > 0) {
		/* id parent dev root POINT options... - TYPE source ... */
		rest = line;
		for (i = 0, at = NULL; i < 5 && rest; i++)
			at = strsep(&rest, " ");
		rest = rest ? strstr(rest, " - ") : NULL;
		if (!rest || !at)
			continue;
		unescape(at);
		if (strcmp(at, point))
			continue;
		rest += 3;
		snprintf(type, size, "%.*s", (int)strcspn(rest, " "), rest);
	}
	free(line);
	if (table)
		fclose(table);
}

/* The process that serves a mount, as a descriptor to wait with. -1: it is
 * dead, or does not talk to us. */
static int find_server(const char *point)
{
	int fd = open(point, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int32_t pid = 0;

	if (fd < 0)
		return -1;
	if (ioctl(fd, MOUNT_IOC_SERVER, &pid))
		pid = 0;
	close(fd);
	return pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

/* As an ordinary user: fusermount3 may. It says itself what is wrong. */
static int ask_fusermount(const char *point, bool lazy)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execlp("fusermount3", "fusermount3", lazy ? "-uz" : "-u", "--",
		       point, (char *)NULL);
		msg_errno("fusermount3", errno, "cannot be run (Debian has it "
			  "in the package fuse3)");
		_exit(1);
	}
	if (pid < 0)
		return msg_errno(point, errno, "fork");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status ? -1 : 0;
}

static int unmount_one(const char *given, const char *point, bool lazy)
{
	if (geteuid())
		return ask_fusermount(point, lazy);
	if (umount2(point, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)))
		return msg_errno(given, errno, "cannot be unmounted");
	return 0;
}

static int unmount(const char *given, const char *point, bool lazy)
{
	struct pollfd server = { .events = POLLIN };
	char type[64];
	int r;

	find_type(point, type, sizeof(type));
	if (!*type)
		return msg_error(given, "nothing is mounted here");
	if (strcmp(type, "fuse.imgtool"))
		return msg_error(given, "is a mount of type %s, not one of "
				 "imgtool's", type);
	server.fd = lazy ? -1 : find_server(point);
	r = unmount_one(given, point, lazy);
	/* Whose process it really is, only the server says: not for ever. */
	if (r == 0 && server.fd >= 0)
		poll(&server, 1, SERVER_END);
	if (server.fd >= 0)
		close(server.fd);
	return r;
}

int verb_umount(int argc, char **argv)
{
	bool lazy = false;
	const struct verb_setting settings[] = {
		{ 'z', .flag = &lazy }, { 0 },
	};
	struct verb_args args;
	char *point;
	int i, status = STATUS_OK;

	if (verb_args_read(&args, argc, argv, settings) < 0)
		return args.status;
	if (!args.argc)
		return verb_usage_error(NULL, "needs a mount point");
	for (i = 0; i < args.argc; i++) {
		point = find_point(args.argv[i]);
		if (!point || unmount(args.argv[i], point, lazy) < 0)
			status = STATUS_FAILED;
		free(point);
	}
	return status;
}
