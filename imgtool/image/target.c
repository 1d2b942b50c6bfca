/* SPDX-License-Identifier: GPL-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "imgtool/image/target.h"
#include "imgtool/msg.h"

/* A directory is no image, but must not turn "dir:x" into something else. */
static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISDIR(st.st_mode);
}

/* Take @N off the end of FILE. */
static unsigned int take_partition(char *file)
{
	char *at = strrchr(file, '@'), *end;
	unsigned long n;

	if (!at || !isdigit((unsigned char)at[1]))
		return 0;
	n = strtoul(at + 1, &end, 10);
	if (*end || n < 1 || n > 255)
		return 0;
	*at = 0;
	return n;
}

static bool try_prefix(struct target *target, const char *text, size_t length)
{
	char *file = mem_strdup(text);

	file[length] = 0;
	target->partition = 0;
	if (!is_file(file)) {
		target->partition = take_partition(file);
		if (!target->partition || !is_file(file)) {
			free(file);
			return false;
		}
	}
	target->file = file;
	target->path = text[length] ? mem_strdup(text + length + 1) : NULL;
	return true;
}

int target_parse(struct target *target, const char *text, bool report)
{
	size_t length = strlen(text);

	memset(target, 0, sizeof(*target));
	for (;; length--) {
		if ((!text[length] || text[length] == ':') &&
		    try_prefix(target, text, length))
			return 0;
		if (!length)
			break;
	}
	if (report) {
		struct stat st;

		if (!stat(text, &st) && S_ISDIR(st.st_mode))
			msg_error(text, "is a directory, not an image");
		else
			msg_errno(text, ENOENT, "no such image");
	}
	return -1;
}

void target_exact(struct target *target, const char *file,
		  unsigned int partition, const char *path)
{
	target->file = mem_strdup(file);
	target->partition = partition;
	target->path = path ? mem_strdup(path) : NULL;
}

void target_free(struct target *target)
{
	free(target->file);
	free(target->path);
	memset(target, 0, sizeof(*target));
}
