// SPDX-License-Identifier: GPL-2.0
/*
 * OFD locks: they belong to the open file, not to a process, go when it is
 * closed by whatever way, and conflict with the process-owned fcntl() locks
 * that other kernels and tools use.
 *
 * Who holds one is not told by F_GETLK (its pid is -1), but is written in the
 * holder's /proc/PID/fdinfo:
 *
 *	lock:	1: OFDLCK  ADVISORY  WRITE -1 08:01:1234 0 EOF
 *
 * The device and inode there are the file system's own view (btrfs and
 * overlayfs show others to stat()), so we look for a descriptor that is the
 * same file by stat() and has any lock line.
 */
#define _GNU_SOURCE 1
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock.h"

/* How often and when we look again for a holder that cannot be seen. */
#define LOOKS	20
#define LOOK_MS	50

static bool same_file(const char *path, const struct stat *st)
{
	struct stat other;

	return stat(path, &other) == 0 && other.st_dev == st->st_dev &&
	       other.st_ino == st->st_ino;
}

static bool has_lock(const char *fdinfo)
{
	FILE *f = fopen(fdinfo, "re");
	char line[128];
	bool found = false;

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = !strncmp(line, "lock:", 5) &&
			(strstr(line, "OFDLCK") || strstr(line, "POSIX"));
	fclose(f);
	return found;
}

/* Does process pid hold a lock on the file, through a descriptor other than
 * our `own`? */
static bool holds(const char *pid, const struct stat *st, int own)
{
	bool self = strtol(pid, NULL, 10) == getpid(), found = false;
	struct dirent *e;
	char path[300];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (e = readdir(dir))) {
		if (e->d_name[0] == '.' || (self && atoi(e->d_name) == own))
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/fd/%.16s", pid,
			 e->d_name);
		if (!same_file(path, st))
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/fdinfo/%.16s", pid,
			 e->d_name);
		found = has_lock(path);
	}
	closedir(dir);
	return found;
}

static void name_process(const char *pid, char *holder, size_t size)
{
	char path[64], comm[32] = "?";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	f = fopen(path, "re");
	if (f) {
		if (fgets(comm, sizeof(comm), f))
			comm[strcspn(comm, "\n")] = '\0';
		fclose(f);
	}
	if (strtol(pid, NULL, 10) == getpid())
		snprintf(holder, size, "another disk of this kernel");
	else
		snprintf(holder, size, "process %.16s (%s)", pid, comm);
}

/* False: nobody can be seen to hold it. */
static bool find_holder(int fd, char *holder, size_t size)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	struct stat st;
	bool found = false;

	snprintf(holder, size, "a process not visible here");
	if (!proc)
		return false;
	while (!found && !fstat(fd, &st) && (e = readdir(proc))) {
		found = isdigit((unsigned char)e->d_name[0]) &&
			holds(e->d_name, &st, fd);
		if (found)
			name_process(e->d_name, holder, size);
	}
	closedir(proc);
	return found;
}

int lock_image(int fd, bool writing, char *holder, size_t size)
{
	struct flock l = {
		.l_type = writing ? F_WRLCK : F_RDLCK,
		.l_whence = SEEK_SET,
	};

	int looks = 0;

	while (fcntl(fd, F_OFD_SETLK, &l)) {
		if (errno != EAGAIN && errno != EACCES)
			return -errno;
		if (find_holder(fd, holder, size) || looks++ == LOOKS)
			return -EAGAIN;
		poll(NULL, 0, LOOK_MS);
	}
	return 0;
}
