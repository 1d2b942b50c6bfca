// SPDX-License-Identifier: GPL-2.0
/*
 * --script: a script of the host becomes a file in /dev, which is in memory
 * here whatever the image has. Its name is the script's own, for what it and
 * its interpreter call it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/agent/agent.h"

#define SCRIPT_DIR "/dev/umkit"

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			data += n;
			size -= n;
		}
	}
	return 0;
}

char *script_place(const struct start *start)
{
	const char *name = start->script_name;
	char *path;
	int fd, err;

	if (agent_native || !*name || strchr(name, '/') ||
	    asprintf(&path, SCRIPT_DIR "/%s", name) < 0) {
		ctl_fail(AGENT_EXIT_FAILED, name, "no place for a script here");
		return NULL;
	}
	mkdir(SCRIPT_DIR, 0755);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	err = fd < 0 ||
	      write_all(fd, start->script, start->head.script_size) ? errno : 0;
	if (fd >= 0)
		close(fd);
	if (!err)
		return path;
	ctl_fail(AGENT_EXIT_FAILED, path, "cannot be written in the guest: %s",
		 strerror(err));
	return NULL;
}
