/* SPDX-License-Identifier: GPL-2.0 */
/*
 * imgtool cow check: is the backing there, and is it the one?
 *
 * The header may name any file. By its name we only look at a file; it is
 * opened (to see of what size a device, or the disk in a COW file is) if the
 * command line allows it or it is beside the COW file, as in cow_open.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/cow/cow.h"
#include "imgtool/cow/findings.h"
#include "imgtool/msg.h"
#include "ubd/host/cow_open.h"

/* The backing's true name, in out; *allowed: may be opened. */
static bool find(struct check *check, char *out, bool *allowed)
{
	char real[PATH_MAX], *joined;
	const char *name = cow_options.backing ?: check->h.backing;
	size_t dir;
	bool ok;

	*allowed = cow_options.backing || cow_options.allow;
	if (!realpath(check->file, real))
		strcpy(real, "/");
	dir = (size_t)(strrchr(real, '/') - real) + 1;
	if (name[0] == '/' || cow_options.backing)
		joined = mem_strdup(name);
	else
		joined = mem_printf("%.*s%s", (int)dir, real, name);
	ok = realpath(joined, out) != NULL;
	if (!ok)
		found(check, FOUND_ERROR, "backing-missing", "%s: %s", name,
		      strerror(errno));
	else if (!strncmp(real, out, dir) && !strchr(out + dir, '/'))
		*allowed = true;
	free(joined);
	return ok;
}

/* The size of what is in the file: a device, or a COW file. */
static bool inner_size(const char *path, uint64_t *size, bool *cow)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	unsigned char head[COW_HEADER_MOST];
	struct cow_header *inner;
	struct stat st;
	bool ok = fd >= 0 && !fstat(fd, &st);
	ssize_t n = 0;

	if (ok && S_ISBLK(st.st_mode))
		ok = !ioctl(fd, BLKGETSIZE64, size);
	else if (ok && S_ISREG(st.st_mode))
		ok = (n = io_file_head(fd, head, sizeof(head))) >= 0;
	inner = mem_alloc(sizeof(*inner));
	if (n > 0 && !cow_parse(head, (size_t)n, (uint64_t)st.st_size, inner)) {
		*size = inner->size;
		*cow = true;
	}
	free(inner);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* A COW file as backing: can it be opened, with all below it? */
static void check_chain(struct check *check, const char *path)
{
	struct cow_opening o = { .file = path, .any_backing = cow_options.allow };
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	struct image *img;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (cow_open(fd, (uint64_t)st.st_size, &o, &img))
		found(check, FOUND_ERROR, "backing-chain", "%s", o.err);
	else
		img->fmt->close(img);
}

static void check_size(struct check *check, const char *path,
		       const struct stat *st, bool allowed)
{
	uint64_t size = (uint64_t)st->st_size;
	bool cow = false;

	if (S_ISREG(st->st_mode) && size == check->h.size)
		return;
	if (!allowed) {
		found(check, FOUND_WARNING, "backing-unseen", "%s is %s, in "
		      "another directory: to have it looked at, give "
		      "--backing or --allow-backing", path,
		      S_ISREG(st->st_mode) ? "a file of another size" :
					     "a device");
		return;
	}
	if (!inner_size(path, &size, &cow))
		found(check, FOUND_ERROR, "backing-missing", "%s: %s", path,
		      strerror(errno));
	else if (size != check->h.size)
		found(check, FOUND_ERROR, "backing-size", "%s has %" PRIu64
		      " bytes, the header says %" PRIu64, path, size,
		      (uint64_t)check->h.size);
	else if (cow)
		check_chain(check, path);
}

void check_backing(struct check *check)
{
	char path[PATH_MAX];
	struct stat st;
	bool allowed;

	if (!find(check, path, &allowed))
		return;
	if (stat(path, &st)) {
		found(check, FOUND_ERROR, "backing-missing", "%s: %s", path,
		      strerror(errno));
		return;
	}
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
		found(check, FOUND_ERROR, "backing-kind", "%s is neither a "
		      "regular file nor a block device", path);
		return;
	}
	check_size(check, path, &st, allowed);
	if (S_ISBLK(st.st_mode))
		found(check, FOUND_NOTE, "backing-device", "%s is a device: "
		      "whether it has changed is not known", path);
	else if ((uint32_t)st.st_mtime != check->h.mtime)
		found(check, FOUND_ERROR, "backing-mtime", "%s was changed "
		      "after the COW file was made (mtime %u, not %u): if its "
		      "contents are the same, set its mtime back (touch -d "
		      "@%u)", path, (uint32_t)st.st_mtime, check->h.mtime,
		      check->h.mtime);
}
