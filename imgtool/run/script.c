// SPDX-License-Identifier: GPL-2.0
/* --script: a script of the host, read as a whole before the guest starts. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/run/run.h"

/* It has to fit into one message, with arguments and environment. */
#define SCRIPT_MAX (3u << 20)

static int read_all(struct run_options *options, const char *object, int fd)
{
	size_t room = 65536, size = 0;
	char *data = mem_alloc(room);
	ssize_t n;

	while ((n = read(fd, data + size, room - size))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || size + n > SCRIPT_MAX) {
			free(data);
			return n < 0 ? msg_errno(object, errno,
						 "cannot be read") :
				       msg_error(object,
						 "is longer than 3M, which is too much for a script");
		}
		size += n;
		if (size == room) {
			char *larger = mem_alloc(2 * room);

			memcpy(larger, data, size);
			free(data);
			data = larger;
			room *= 2;
		}
	}
	options->script_data = data;
	options->script_size = size;
	return 0;
}

/* All of standard input is the script, and the command gets an empty one. */
static int read_input(struct run_options *options)
{
	int null;

	if (isatty(0))
		return msg_error("standard input",
				 "is a terminal, which the command needs: give the script as a file");
	if (read_all(options, "standard input", 0))
		return -1;
	null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, 0) < 0)
		return msg_errno("/dev/null", errno, "cannot be used");
	if (null > 2)
		close(null);
	return 0;
}

int script_read(struct run_options *options)
{
	const char *file = options->script, *slash = strrchr(file, '/');
	int fd, result;

	options->script_name = "script";
	if (!strcmp(file, "-"))
		return read_input(options);
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return msg_errno(file, errno, "cannot be opened");
	result = read_all(options, file, fd);
	close(fd);
	options->script_name = slash ? slash + 1 : file;
	return result;
}
